//! How a predicted loss answers to each of a law's numbers: what standard errors, identifiability and the
//! choice of runs are made of.

use super::columns::add_scaled;
use super::{Coefficient, Exponent, Fit, FitError, Form, Observations};
use serde::Serialize;

/// The numbers of a law, in the order of its [`Form`].
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    /// The irreducible loss `E`, in the unit of the loss.
    pub irreducible_loss: f64,
    /// The coefficient of each term.
    pub coefficients: Vec<f64>,
    /// The value of each exponent parameter.
    pub exponents: Vec<f64>,
}

impl Values {
    /// All of them in one list: `E`, coefficients, exponents.
    #[must_use]
    pub fn numbers(&self) -> Vec<f64> {
        let mut numbers = vec![self.irreducible_loss];
        numbers.extend(&self.coefficients);
        numbers.extend(&self.exponents);
        numbers
    }
}

/// A number of a law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Parameter {
    /// `E`.
    IrreducibleLoss,
    /// The coefficient of a term, by its index.
    Coefficient(usize),
    /// An exponent, by its index among [`Form::exponents`].
    Exponent(usize),
}

impl Values {
    /// One of them; NaN for one that there is not.
    #[must_use]
    pub fn get(&self, parameter: Parameter) -> f64 {
        let found = match parameter {
            Parameter::IrreducibleLoss => Some(&self.irreducible_loss),
            Parameter::Coefficient(index) => self.coefficients.get(index),
            Parameter::Exponent(index) => self.exponents.get(index),
        };
        found.copied().unwrap_or(f64::NAN)
    }
}

impl Form {
    /// The numbers that the data must determine, in the order `E`, coefficients, exponents.
    #[must_use]
    pub fn free_parameters(&self) -> Vec<Parameter> {
        let mut free = Vec::new();
        if self.irreducible_loss == Coefficient::Free {
            free.push(Parameter::IrreducibleLoss);
        }
        let coefficients = self.terms.iter().enumerate();
        free.extend(
            coefficients
                .filter(|(_, term)| term.coefficient == Coefficient::Free)
                .map(|(index, _)| Parameter::Coefficient(index)),
        );
        let exponents = self.exponents.iter().enumerate();
        free.extend(
            exponents
                .filter(|(_, exponent)| exponent.lower < exponent.upper)
                .map(|(index, _)| Parameter::Exponent(index)),
        );
        free
    }

    /// What people call a number: `irreducible_loss`, `coefficient of depth`, `alpha`.
    #[must_use]
    pub fn parameter_name(&self, parameter: Parameter) -> String {
        match parameter {
            Parameter::IrreducibleLoss => "irreducible_loss".to_owned(),
            Parameter::Coefficient(index) => {
                let name = self.terms.get(index).map_or("", |term| term.name.as_str());
                format!("coefficient of {name}")
            }
            Parameter::Exponent(index) => {
                let name = self.exponents.get(index).map(|exponent| exponent.name.clone());
                name.unwrap_or_default()
            }
        }
    }
}

impl Fit {
    /// The fitted numbers.
    #[must_use]
    pub fn values(&self) -> Values {
        Values {
            irreducible_loss: self.irreducible_loss,
            coefficients: self.coefficients.clone(),
            exponents: self.exponents.clone(),
        }
    }
}

/// `∂ ln ŷ / ∂φ` at every row, a column for each of [`Form::free_parameters`]; φ is `ln E`, `ln c` and θ, so
/// that each entry is a relative change of the loss. A coefficient of 0 has the column 0.
///
/// # Errors
/// A variable of the form that `observations` lack.
pub fn sensitivities(
    form: &Form,
    values: &Values,
    observations: &Observations,
) -> Result<Vec<Vec<f64>>, FitError> {
    let n = observations.n_rows();
    let mut total = vec![values.irreducible_loss; n];
    let mut terms = Vec::with_capacity(form.terms.len());
    for (term, coefficient) in form.terms.iter().zip(&values.coefficients) {
        let mut logs = vec![coefficient.ln(); n];
        for (variable, exponent) in &term.powers {
            let power = match *exponent {
                Exponent::Fixed(power) => power,
                Exponent::Parameter { parameter, factor } => {
                    factor * values.exponents.get(parameter).copied().unwrap_or_default()
                }
            };
            add_scaled(&mut logs, power, observations.log_of(variable)?);
        }
        let term: Vec<f64> = logs.into_iter().map(f64::exp).collect();
        add_scaled(&mut total, 1.0, &term);
        terms.push(term);
    }
    let share = |part: &[f64]| -> Vec<f64> {
        part.iter()
            .zip(&total)
            .map(|(part, total)| part / total)
            .collect()
    };
    let mut columns = Vec::new();
    for parameter in form.free_parameters() {
        columns.push(match parameter {
            Parameter::IrreducibleLoss => share(&vec![values.irreducible_loss; n]),
            Parameter::Coefficient(index) => share(&terms[index]),
            Parameter::Exponent(wanted) => {
                let mut column = vec![0.0; n];
                for (term, values) in form.terms.iter().zip(&terms) {
                    let share = share(values);
                    for (variable, exponent) in &term.powers {
                        let Exponent::Parameter { parameter, factor } = *exponent else {
                            continue;
                        };
                        if parameter != wanted {
                            continue;
                        }
                        let logs = observations.log_of(variable)?;
                        for ((out, share), log) in column.iter_mut().zip(&share).zip(logs) {
                            *out += factor * share * log;
                        }
                    }
                }
                column
            }
        });
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::super::predict;
    use super::*;

    /// Against differences of predictions.
    #[test]
    fn agrees_with_differences() {
        let form = Form::codesign();
        let values = Values {
            irreducible_loss: 2.53,
            coefficients: vec![9.96, 0.031, 500.0, 0.2],
            exponents: vec![1.63, 1.09, 0.17, -0.33, 0.97, 0.05],
        };
        let observations = Observations::new(vec![3.0; 3])
            .and_then(|o| o.with_variable("n_layers", &[4.0, 12.0, 32.0]))
            .and_then(|o| o.with_variable("activation_rate", &[1.0, 0.25, 0.0625]))
            .and_then(|o| o.with_variable("ffn_ratio", &[4.0, 1.0, 0.5]))
            .and_then(|o| o.with_variable("hidden_size", &[768.0, 1536.0, 3072.0]))
            .and_then(|o| o.with_variable("kv_dim", &[768.0, 512.0, 3072.0]))
            .unwrap();
        let losses = |values: &Values| {
            predict(
                &form,
                values.irreducible_loss,
                &values.coefficients,
                &values.exponents,
                &observations,
            )
            .unwrap()
        };
        let columns = sensitivities(&form, &values, &observations).unwrap();
        let step = 1e-5;
        for (parameter, column) in form.free_parameters().into_iter().zip(&columns) {
            let moved = |by: f64| {
                let mut values = values.clone();
                match parameter {
                    Parameter::IrreducibleLoss => values.irreducible_loss *= by.exp(),
                    Parameter::Coefficient(index) => values.coefficients[index] *= by.exp(),
                    Parameter::Exponent(index) => values.exponents[index] += by,
                }
                losses(&values)
            };
            for ((up, down), slope) in moved(step).iter().zip(moved(-step)).zip(column) {
                let difference = (up / down).ln() / (2.0 * step);
                assert!(
                    (difference - slope).abs() < 1e-7,
                    "{parameter:?}: {difference} is not {slope}"
                );
            }
        }
    }
}
