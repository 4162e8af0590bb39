//! Reading a law's TOML file.

use super::ensemble::MAX_MEMBERS;
use super::fit::{Coefficient, Exponent, ExponentParameter, Form, FormTerm};
use super::power::Power;
use super::{
    About, Ensemble, Family, Feature, FittedRange, LawFile, LossLaw, MAX_TERMS, NotALossLaw, RunsRecord,
};
use crate::near_miss::near_miss;
use crate::toml_file::{self, TomlError};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A law file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LawFileError {
    /// Not TOML, or not the keys of a law.
    #[error(transparent)]
    Toml(#[from] TomlError),
    /// A value is impossible.
    #[error("{field} = {value}: expected {accepted}")]
    Value {
        /// The key.
        field: String,
        /// What it holds.
        value: String,
        /// What would be accepted.
        accepted: String,
    },
    /// A law without numbers, or of variables that no architecture has, where one that predicts is needed.
    #[error(transparent)]
    NotALossLaw(#[from] NotALossLaw),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum FormName {
    AdditivePower,
    Routed,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    loss: String,
    quality: Option<String>,
    note: Option<String>,
    form: FormName,
    irreducible_loss: Option<f64>,
    #[serde(default)]
    fix_irreducible_loss: bool,
    #[serde(default)]
    exponents: BTreeMap<String, ExponentFile>,
    #[serde(default)]
    terms: Vec<TermFile>,
    routed: Option<RoutedFile>,
    #[serde(default)]
    fitted_range: BTreeMap<Feature, [f64; 2]>,
    runs: Option<RunsRecord>,
    ensemble: Option<EnsembleFile>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExponentFile {
    value: Option<f64>,
    start: Option<[f64; 2]>,
    bounds: Option<[f64; 2]>,
    #[serde(default)]
    fixed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TermFile {
    name: String,
    coefficient: Option<f64>,
    #[serde(default)]
    fixed: bool,
    powers: BTreeMap<String, PowerFile>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a number, or a named exponent such as \"-alpha\" or \"0.5*beta\""
)]
enum PowerFile {
    Number(f64),
    Named(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoutedFile {
    a: f64,
    b: f64,
    c: f64,
    d: f64,
    expert_start: f64,
    expert_max: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EnsembleFile {
    residual_sd: f64,
    members: Vec<Vec<f64>>,
}

fn wrong<T>(field: impl Into<String>, value: impl ToString, accepted: &str) -> Result<T, LawFileError> {
    Err(LawFileError::Value {
        field: field.into(),
        value: value.to_string(),
        accepted: accepted.to_owned(),
    })
}

fn exponent(field: String, value: f64) -> Result<f64, LawFileError> {
    if value.is_finite() && value.abs() <= 1e12 {
        return Ok(value);
    }
    wrong(field, value, "a finite number up to 1e12")
}

/// Large ones belong to large exponents: `c/D^1.2` with `D` of 1e12 tokens.
fn coefficient(field: String, value: f64) -> Result<f64, LawFileError> {
    if value.is_finite() && value.abs() <= 1e30 {
        return Ok(value);
    }
    wrong(field, value, "a finite number up to 1e30")
}

fn ordered(field: String, [low, high]: [f64; 2]) -> Result<(f64, f64), LawFileError> {
    if low <= high && low.is_finite() && high.is_finite() {
        return Ok((low, high));
    }
    wrong(
        field,
        format!("[{low}, {high}]"),
        "two finite numbers, the smaller first",
    )
}

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
fn additive(file: &File) -> Result<(Form, Vec<Option<f64>>), LawFileError> {
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

fn routed(file: &File) -> Result<Option<Vec<f64>>, LawFileError> {
    if !file.terms.is_empty() || !file.exponents.is_empty() || file.irreducible_loss.is_some() {
        return wrong(
            "form",
            "routed",
            "no `terms`, `exponents` or `irreducible_loss`: its numbers are in `[routed]`",
        );
    }
    let Some(routed) = &file.routed else {
        return Ok(None);
    };
    let numbers = [
        routed.a,
        routed.b,
        routed.c,
        routed.d,
        routed.expert_start,
        routed.expert_max,
    ];
    for (name, value) in ["a", "b", "c", "d", "expert_start", "expert_max"]
        .into_iter()
        .zip(numbers)
    {
        exponent(format!("routed.{name}"), value)?;
    }
    if !(routed.expert_start > 0.0 && routed.expert_max > routed.expert_start) {
        return wrong(
            "routed.expert_max",
            routed.expert_max,
            "more than expert_start, which is positive",
        );
    }
    Ok(Some(numbers.to_vec()))
}

fn ensemble(file: EnsembleFile, n_numbers: usize) -> Result<Ensemble, LawFileError> {
    if !(file.residual_sd >= 0.0 && file.residual_sd <= 10.0) {
        return wrong("ensemble.residual_sd", file.residual_sd, "a number from 0 to 10");
    }
    if file.members.len() > MAX_MEMBERS {
        let many = format!("{} entries", file.members.len());
        return wrong("ensemble.members", many, &format!("at most {MAX_MEMBERS}"));
    }
    for (index, member) in file.members.iter().enumerate() {
        let field = || format!("ensemble.members[{index}]");
        if member.len() != n_numbers {
            return wrong(
                field(),
                format!("{} numbers", member.len()),
                &format!("{n_numbers}"),
            );
        }
        for &value in member {
            coefficient(field(), value)?;
        }
    }
    Ok(Ensemble {
        members: file.members,
        residual_sd: file.residual_sd,
    })
}

impl LawFile {
    /// Reads a law file. `id` is its file stem. `data/laws/README.md` describes the keys.
    ///
    /// # Errors
    /// Text that is too long, is not TOML, has unknown or missing keys, no term or too many, a number that is not
    /// finite, some numbers but not all, or a range whose bounds are not positive and in order.
    pub fn from_toml(id: &str, text: &str) -> Result<LawFile, LawFileError> {
        let mut file: File = toml_file::parse(text)?;
        let (family, numbers) = match file.form {
            FormName::Routed => (Family::Routed, routed(&file)?),
            FormName::AdditivePower => {
                if file.routed.is_some() {
                    return wrong("form", "additive_power", "no table `[routed]`");
                }
                let (form, numbers) = additive(&file)?;
                let missing = numbers.iter().filter(|number| number.is_none()).count();
                if missing > 0 && missing < numbers.len() && !only_fixed(&form, &numbers) {
                    let given = numbers.len() - missing;
                    return wrong(
                        "numbers of the law",
                        format!("{given} of {} given", numbers.len()),
                        "all of irreducible_loss, coefficients and exponents' values, or none (besides fixed ones) for a \
                         law to be fitted",
                    );
                }
                (Family::AdditivePower(form), numbers.into_iter().collect())
            }
        };
        let mut fitted_range = FittedRange::default();
        for (feature, [min, max]) in std::mem::take(&mut file.fitted_range) {
            if !(min > 0.0 && min <= max && max.is_finite()) {
                return wrong(
                    format!("fitted_range.{feature}"),
                    format!("[{min}, {max}]"),
                    "two positive numbers, the smaller first",
                );
            }
            fitted_range.set(feature, min, max);
        }
        let n_numbers = family.n_numbers();
        Ok(LawFile {
            id: id.to_owned(),
            about: About {
                name: file.name,
                source: file.source,
                loss: file.loss,
                quality: file.quality,
                note: file.note,
            },
            numbers,
            fitted_range,
            runs: file.runs,
            ensemble: file.ensemble.map(|file| ensemble(file, n_numbers)).transpose()?,
            family,
        })
    }
}

/// Whether the numbers given are those that fits leave alone.
fn only_fixed(form: &Form, numbers: &[Option<f64>]) -> bool {
    let coefficients = form.terms.iter().map(|term| term.coefficient);
    let free_coefficient = |coefficient: Coefficient| coefficient == Coefficient::Free;
    let free = std::iter::once(form.irreducible_loss)
        .chain(coefficients)
        .map(free_coefficient)
        .chain(
            form.exponents
                .iter()
                .map(|exponent| exponent.lower < exponent.upper),
        );
    free.zip(numbers).all(|(free, number)| !free || number.is_none())
}

impl LossLaw {
    /// Reads the file of a law that has its numbers. `id` is its file stem.
    ///
    /// # Errors
    /// As [`LawFile::from_toml`], and a law that is yet to be fitted.
    pub fn from_toml(id: &str, text: &str) -> Result<LossLaw, LawFileError> {
        Ok(LawFile::from_toml(id, text)?.into_law()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded;

    #[test]
    fn every_embedded_law_is_read() {
        for (id, text) in embedded::LAWS {
            LawFile::from_toml(id, text).unwrap_or_else(|error| panic!("{id}: {error}"));
        }
    }

    #[test]
    fn mistakes_are_named() {
        let (_, text) = embedded::LAWS.iter().find(|(id, _)| *id == "co-design").unwrap();
        let unknown = text.replace("powers = { n_layers", "powers = { depth");
        assert!(
            LossLaw::from_toml("x", &unknown)
                .unwrap_err()
                .to_string()
                .contains("depth")
        );
        let reversed = text.replace("[4.0, 32.0]", "[32.0, 4.0]");
        assert!(
            LossLaw::from_toml("x", &reversed)
                .unwrap_err()
                .to_string()
                .contains("n_layers")
        );
        assert!(LossLaw::from_toml("x", &text.replace("9.96", "inf")).is_err());
    }
}
