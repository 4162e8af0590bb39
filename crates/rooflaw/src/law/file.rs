//! A law's TOML file.

use super::{Feature, FittedRange, Kernel, LossLaw, MAX_TERMS, Term};
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
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Form {
    AdditivePower,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LawFile {
    name: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    loss: String,
    quality: Option<String>,
    note: Option<String>,
    form: Form,
    irreducible_loss: f64,
    terms: Vec<TermFile>,
    #[serde(default)]
    fitted_range: BTreeMap<Feature, [f64; 2]>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TermFile {
    name: String,
    coefficient: f64,
    exponents: BTreeMap<Feature, f64>,
}

fn finite(field: String, value: f64) -> Result<f64, LawFileError> {
    if value.is_finite() && value.abs() <= 1e12 {
        return Ok(value);
    }
    Err(LawFileError::Value {
        field,
        value: value.to_string(),
        accepted: "a finite number up to 1e12".to_owned(),
    })
}

impl LossLaw {
    /// Reads a law file. `id` is its file stem. `data/laws/README.md` describes the keys.
    ///
    /// # Errors
    /// Text that is too long, is not TOML, has unknown or missing keys, no term or too many, a number that is not
    /// finite, or a range whose bounds are not positive and in order.
    pub fn from_toml(id: &str, text: &str) -> Result<LossLaw, LawFileError> {
        let file: LawFile = toml_file::parse(text)?;
        let Form::AdditivePower = file.form;
        if file.terms.is_empty() || file.terms.len() > MAX_TERMS {
            return Err(LawFileError::Value {
                field: "terms".to_owned(),
                value: format!("{} entries", file.terms.len()),
                accepted: format!("1 to {MAX_TERMS}"),
            });
        }
        let mut terms = Vec::with_capacity(file.terms.len());
        for term in file.terms {
            let coefficient = finite(format!("coefficient of term `{}`", term.name), term.coefficient)?;
            let mut exponents = Vec::with_capacity(term.exponents.len());
            for (feature, exponent) in term.exponents {
                exponents.push((
                    feature,
                    finite(format!("exponent of {feature} in term `{}`", term.name), exponent)?,
                ));
            }
            terms.push(Term {
                name: term.name,
                coefficient,
                exponents,
            });
        }
        let mut fitted_range = FittedRange::default();
        for (feature, [min, max]) in file.fitted_range {
            if !(min > 0.0 && min <= max && max.is_finite()) {
                return Err(LawFileError::Value {
                    field: format!("fitted_range.{feature}"),
                    value: format!("[{min}, {max}]"),
                    accepted: "two positive numbers, the smaller first".to_owned(),
                });
            }
            fitted_range.set(feature, min, max);
        }
        Ok(LossLaw {
            id: id.to_owned(),
            name: file.name,
            source: file.source,
            loss: file.loss,
            quality: file.quality,
            note: file.note,
            irreducible_loss: finite("irreducible_loss".to_owned(), file.irreducible_loss)?,
            kernel: Kernel::new(&terms),
            terms,
            fitted_range,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded;

    #[test]
    fn every_embedded_law_is_read() {
        for (id, text) in embedded::LAWS {
            LossLaw::from_toml(id, text).unwrap_or_else(|error| panic!("{id}: {error}"));
        }
    }

    #[test]
    fn mistakes_are_named() {
        let (_, text) = embedded::LAWS[0];
        let unknown = text.replace("exponents = { n_layers", "exponents = { depth");
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
