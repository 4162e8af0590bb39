//! Exponents as law files write them: a number, or a named exponent with a factor: `-alpha`, `0.5*beta`.

use super::fit::Exponent;
use std::fmt;

/// An exponent in a term of a law file.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Power {
    /// A number.
    Number(f64),
    /// `factor · name`.
    Named {
        /// What the named exponent is multiplied with.
        factor: f64,
        /// Its name.
        name: String,
    },
}

impl Power {
    /// Reads `alpha`, `-alpha`, `2*alpha`, `-0.5 * alpha`; `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Power> {
        let (factor, name) = match text.split_once('*') {
            Some((factor, name)) => (factor.trim().parse().ok()?, name.trim()),
            None => match text.trim().strip_prefix('-') {
                Some(name) => (-1.0, name.trim()),
                None => (1.0, text.trim()),
            },
        };
        let usual = |c: char| c.is_alphanumeric() || c == '_';
        let named = name.starts_with(|c: char| c.is_alphabetic()) && name.chars().all(usual);
        let sensible = f64::is_finite(factor) && factor != 0.0 && factor.abs() <= 100.0;
        (named && sensible).then(|| Power::Named {
            factor,
            name: name.to_owned(),
        })
    }

    /// How a file writes the exponent of a form.
    pub(super) fn of(exponent: Exponent, name: impl Fn(usize) -> String) -> Power {
        match exponent {
            Exponent::Fixed(number) => Power::Number(number),
            Exponent::Parameter { parameter, factor } => Power::Named {
                factor,
                name: name(parameter),
            },
        }
    }
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Power::Number(number) => write!(f, "{number}"),
            Power::Named { factor, name } if *factor == 1.0 => f.write_str(name),
            Power::Named { factor, name } if *factor == -1.0 => write!(f, "-{name}"),
            Power::Named { factor, name } => write!(f, "{factor}*{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for text in ["alpha", "-alpha_l", "0.5*beta1", "-2*γ"] {
            assert_eq!(Power::parse(text).unwrap().to_string(), text);
        }
        for wrong in ["", "-", "2", "a b", "x^2", "inf*a", "0*a", "a*2", "*a", "1e9*a"] {
            assert_eq!(Power::parse(wrong), None, "{wrong}");
        }
    }
}
