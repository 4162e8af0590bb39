//! A law of given numbers as one that could be fitted, so that runs can be planned for it.

use crate::law::LossLaw;
use crate::law::fit::{Coefficient, Exponent, ExponentParameter, Form, FormTerm, Values};

/// The form of a law, all of its numbers free, and their values.
///
/// A law's file has numbers, not names, for exponents: equal exponents of one variable in different terms are taken
/// for one parameter, as `α_r` of the co-design law is.
#[must_use]
pub fn form_of(law: &LossLaw) -> (Form, Values) {
    let mut exponents: Vec<(String, f64, String)> = Vec::new();
    let mut terms = Vec::new();
    for term in &law.terms {
        let mut powers = Vec::new();
        for &(feature, value) in term.exponents.iter().filter(|(_, value)| *value != 0.0) {
            let variable = feature.name();
            let known = exponents
                .iter()
                .position(|(name, other, _)| name == variable && *other == value);
            let parameter = known.unwrap_or_else(|| {
                let name = format!("exponent of {variable} in {}", term.name);
                exponents.push((variable.to_owned(), value, name));
                exponents.len() - 1
            });
            powers.push((
                variable.to_owned(),
                Exponent::Parameter {
                    parameter,
                    factor: 1.0,
                },
            ));
        }
        terms.push(FormTerm {
            name: term.name.clone(),
            coefficient: Coefficient::Free,
            powers,
        });
    }
    let values = Values {
        irreducible_loss: law.irreducible_loss,
        coefficients: law.terms.iter().map(|term| term.coefficient).collect(),
        exponents: exponents.iter().map(|(_, value, _)| *value).collect(),
    };
    let parameter = |(_, value, name): &(String, f64, String)| {
        let (low, high) = (value * 0.5, value * 1.5);
        ExponentParameter::new(name).starting(low.min(high), low.max(high))
    };
    let form = Form {
        irreducible_loss: Coefficient::Free,
        exponents: exponents.iter().map(parameter).collect(),
        terms,
    };
    (form, values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law;

    #[test]
    fn the_codesign_law_has_its_eleven_numbers() {
        let (form, values) = form_of(&law::find("co-design").unwrap());
        assert_eq!(form.n_free(), Form::codesign().n_free());
        assert_eq!(values.coefficients, [9.96, 0.031, 500.0, 0.20]);
        assert_eq!(values.exponents.len(), 6);
    }
}
