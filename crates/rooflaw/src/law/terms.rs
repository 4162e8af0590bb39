//! The terms of a law file: powers of features, with exponents that are numbers or have names.

use super::file::{ExponentFile, File, LawFileError, PowerFile, coefficient, exponent, ordered, wrong};
use super::fit::{Coefficient, Exponent, ExponentParameter, Form, FormTerm};
use super::power::Power;
use super::{Feature, MAX_TERMS};
use crate::near_miss::near_miss;

/// A variable that runs can have.
fn variable(term: &str, name: &str) -> Result<(), LawFileError> {
    if Feature::named(name).is_some() || name == "training_flop" || (name.starts_with("x_") && name.len() > 2)
    {
        return Ok(());
    }
    let features = Feature::ALL.map(Feature::name);
    let near = near_miss(name, features);
    let meant = near.map_or_else(String::new, |near| format!(" (did you mean `{near}`?)"));
    wrong(
        format!("powers of term `{term}`"),
        format!("`{name}`{meant}"),
        &format!(
            "{}, or a column of your own that begins with `x_`",
            features.join(", ")
        ),
    )
}

/// The form, and its numbers as far as the file has them: `L∞`, coefficients, named exponents.
pub(super) fn additive(file: &File) -> Result<(Form, Vec<Option<f64>>), LawFileError> {
    if file.terms.is_empty() || file.terms.len() > MAX_TERMS {
        return wrong(
            "terms",
            format!("{} entries", file.terms.len()),
            &format!("1 to {MAX_TERMS}"),
        );
    }
    let mut exponents: Vec<ExponentParameter> = Vec::new();
    let mut values = Vec::new();
    let mut terms = Vec::new();
    let mut coefficients = Vec::new();
    for term in &file.terms {
        let number = term
            .coefficient
            .map(|value| coefficient(format!("coefficient of term `{}`", term.name), value))
            .transpose()?;
        let mut powers = Vec::new();
        for (name, power) in &term.powers {
            variable(&term.name, name)?;
            let field = format!("exponent of {name} in term `{}`", term.name);
            powers.push((
                name.clone(),
                match power {
                    PowerFile::Number(value) => Exponent::Fixed(exponent(field, *value)?),
                    PowerFile::Named(text) => {
                        let Some(Power::Named { factor, name }) = Power::parse(text) else {
                            return wrong(
                                field,
                                format!("\"{text}\""),
                                "a number, or a named exponent such as \"-alpha\" or \"0.5*beta\"",
                            );
                        };
                        let known = exponents.iter().position(|found| found.name == name);
                        let parameter = match known {
                            Some(index) => index,
                            None => {
                                let (parameter, value) = declared(&name, file.exponents.get(&name))?;
                                exponents.push(parameter);
                                values.push(value);
                                exponents.len() - 1
                            }
                        };
                        Exponent::Parameter { parameter, factor }
                    }
                },
            ));
        }
        terms.push(FormTerm {
            name: term.name.clone(),
            coefficient: held(&term.name, term.fixed, number)?,
            powers,
        });
        coefficients.push(number);
    }
    if let Some(unused) = file
        .exponents
        .keys()
        .find(|name| exponents.iter().all(|e| e.name != **name))
    {
        return wrong(
            format!("exponents.{unused}"),
            "declared",
            &format!("a term with it, as in `powers = {{ n_layers = \"-{unused}\" }}`"),
        );
    }
    let irreducible = file
        .irreducible_loss
        .map(|value| coefficient("irreducible_loss".to_owned(), value))
        .transpose()?;
    let form = Form {
        irreducible_loss: held("irreducible_loss", file.fix_irreducible_loss, irreducible)?,
        exponents,
        terms,
    };
    let numbers = std::iter::once(irreducible)
        .chain(coefficients)
        .chain(values)
        .collect();
    Ok((form, numbers))
}

/// A coefficient that fits find, or that they leave alone.
fn held(name: &str, fixed: bool, value: Option<f64>) -> Result<Coefficient, LawFileError> {
    match (fixed, value) {
        (false, _) => Ok(Coefficient::Free),
        (true, Some(value)) if value >= 0.0 => Ok(Coefficient::Fixed(value)),
        (true, value) => wrong(
            format!("`{name}`, which is fixed,"),
            value.map_or_else(|| "nothing".to_owned(), |value| value.to_string()),
            "a number that is not negative",
        ),
    }
}

fn declared(
    name: &str,
    file: Option<&ExponentFile>,
) -> Result<(ExponentParameter, Option<f64>), LawFileError> {
    let mut parameter = ExponentParameter::new(name);
    let Some(file) = file else {
        return Ok((parameter, None));
    };
    let field = |key: &str| format!("exponents.{name}.{key}");
    let value = file
        .value
        .map(|value| exponent(field("value"), value))
        .transpose()?;
    if let Some(start) = file.start {
        let (low, high) = ordered(field("start"), start)?;
        parameter = parameter.starting(low, high);
    }
    if let Some(bounds) = file.bounds {
        let (low, high) = ordered(field("bounds"), bounds)?;
        parameter = parameter.within(low, high);
    }
    match (file.fixed, value) {
        (true, Some(value)) => parameter = parameter.fixed(value),
        (true, None) => return wrong(field("fixed"), "true", "a `value` beside it"),
        (false, _) => {}
    }
    Ok((parameter, value))
}
