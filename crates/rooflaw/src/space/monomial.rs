//! Products and quotients of variables: `ffn_ratio * hidden_size / experts_per_token`.

use super::span::{Span, Spans};
use super::variable::{Slots, Variable};
use std::str::FromStr;

/// A number times variables, each multiplied or divided by.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Monomial {
    coefficient: f64,
    factors: Vec<(Variable, bool)>,
}

/// Longest expression accepted, in operands.
const MAX_OPERANDS: usize = 16;

impl Monomial {
    #[inline]
    pub(super) fn evaluate(&self, slots: &Slots) -> f64 {
        let mut value = self.coefficient;
        for &(variable, divides) in &self.factors {
            let factor = slots[variable as usize];
            value = if divides { value / factor } else { value * factor };
        }
        value
    }

    /// Where the value lies when each variable lies in its span. The ends are what [`Monomial::evaluate`] computes there,
    /// in the same order: as every rounding is monotone, they hold to the last bit.
    pub(super) fn span(&self, spans: &Spans) -> Span {
        let mut value = Span::of(self.coefficient);
        for &(variable, divides) in &self.factors {
            let factor = spans[variable as usize];
            value = if divides {
                value.over(factor)
            } else {
                value.times(factor)
            };
        }
        value
    }

    /// The exponents of its variables, those of one variable added up.
    pub(super) fn exponents(&self) -> (f64, [i32; Variable::COUNT]) {
        let mut exponents = [0; Variable::COUNT];
        for &(variable, divides) in &self.factors {
            exponents[variable as usize] += if divides { -1 } else { 1 };
        }
        (self.coefficient, exponents)
    }

    pub(super) fn variables(&self) -> impl Iterator<Item = Variable> + '_ {
        self.factors.iter().map(|(variable, _)| *variable)
    }
}

impl FromStr for Monomial {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut monomial = Monomial {
            coefficient: 1.0,
            factors: Vec::new(),
        };
        let mut divides = false;
        let mut operand_next = true;
        for token in text.split_whitespace() {
            if !operand_next {
                divides = match token {
                    "*" => false,
                    "/" => true,
                    _ => {
                        return Err(format!(
                            "`{token}` in `{text}`: expected `*` or `/` between spaces"
                        ));
                    }
                };
            } else if let Ok(number) = token.parse::<f64>() {
                if !(number.is_finite() && number > 0.0) {
                    return Err(format!("`{token}` in `{text}`: expected a positive number"));
                }
                monomial.coefficient = if divides {
                    monomial.coefficient / number
                } else {
                    monomial.coefficient * number
                };
            } else {
                monomial.factors.push((token.parse::<Variable>()?, divides));
            }
            operand_next = !operand_next;
            if monomial.factors.len() > MAX_OPERANDS {
                return Err(format!("`{text}`: expected at most {MAX_OPERANDS} variables"));
            }
        }
        if operand_next {
            return Err(format!("`{text}`: expected a number or a variable at the end"));
        }
        Ok(monomial)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiplies_and_divides_from_left_to_right() {
        let mut slots = [f64::NAN; Variable::COUNT];
        slots[Variable::HiddenSize as usize] = 1024.0;
        slots[Variable::FfnRatio as usize] = 1.5;
        slots[Variable::ExpertsPerToken as usize] = 2.0;
        let monomial: Monomial = "ffn_ratio * hidden_size / experts_per_token / 4".parse().unwrap();
        assert_eq!(monomial.evaluate(&slots), 192.0);
        for wrong in [
            "",
            "hidden_size *",
            "hidden_size head_dim",
            "width",
            "hidden_size * -1",
        ] {
            assert!(wrong.parse::<Monomial>().is_err(), "{wrong}");
        }
    }
}
