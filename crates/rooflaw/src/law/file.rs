//! Reading a law's TOML file.

use super::ensemble::MAX_MEMBERS;
use super::fit::{Coefficient, Form};
use super::terms::additive;
use super::{About, Ensemble, Family, Feature, FittedRange, LawFile, LossLaw, NotALossLaw, RunsRecord};
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
pub(super) struct File {
    name: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    loss: String,
    unit: Option<String>,
    quality: Option<String>,
    note: Option<String>,
    form: FormName,
    pub(super) irreducible_loss: Option<f64>,
    #[serde(default)]
    pub(super) fix_irreducible_loss: bool,
    #[serde(default)]
    pub(super) exponents: BTreeMap<String, ExponentFile>,
    #[serde(default)]
    pub(super) terms: Vec<TermFile>,
    routed: Option<RoutedFile>,
    #[serde(default)]
    fitted_range: BTreeMap<Feature, [f64; 2]>,
    runs: Option<RunsRecord>,
    ensemble: Option<EnsembleFile>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExponentFile {
    pub(super) value: Option<f64>,
    pub(super) start: Option<[f64; 2]>,
    pub(super) bounds: Option<[f64; 2]>,
    #[serde(default)]
    pub(super) fixed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TermFile {
    pub(super) name: String,
    pub(super) coefficient: Option<f64>,
    #[serde(default)]
    pub(super) fixed: bool,
    pub(super) powers: BTreeMap<String, PowerFile>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a number, or a named exponent such as \"-alpha\" or \"0.5*beta\""
)]
pub(super) enum PowerFile {
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

pub(super) fn wrong<T>(
    field: impl Into<String>,
    value: impl ToString,
    accepted: &str,
) -> Result<T, LawFileError> {
    Err(LawFileError::Value {
        field: field.into(),
        value: value.to_string(),
        accepted: accepted.to_owned(),
    })
}

pub(super) fn exponent(field: String, value: f64) -> Result<f64, LawFileError> {
    if value.is_finite() && value.abs() <= 1e12 {
        return Ok(value);
    }
    wrong(field, format!("{value:e}"), "a finite number up to 1e12")
}

/// Large ones belong to large exponents: `c/D^1.2` with `D` of 1e12 tokens.
pub(super) fn coefficient(field: String, value: f64) -> Result<f64, LawFileError> {
    if value.is_finite() && value.abs() <= 1e30 {
        return Ok(value);
    }
    wrong(field, format!("{value:e}"), "a finite number up to 1e30")
}

pub(super) fn ordered(field: String, [low, high]: [f64; 2]) -> Result<(f64, f64), LawFileError> {
    if low <= high && low.is_finite() && high.is_finite() {
        return Ok((low, high));
    }
    wrong(
        field,
        format!("[{low}, {high}]"),
        "two finite numbers, the smaller first",
    )
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
                unit: file.unit,
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
