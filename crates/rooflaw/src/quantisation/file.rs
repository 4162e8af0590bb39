//! A quantisation loss's TOML file.

use super::{FormatLoss, QuantisationLoss, Scaling, is_free};
use crate::format::WeightFormat;
use crate::toml_file::{self, TomlError};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantisationFileError {
    /// Not TOML, or not the keys of a quantisation loss.
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
        accepted: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    source: String,
    note: Option<String>,
    parameters: f64,
    tokens: Option<f64>,
    loss: BTreeMap<String, f64>,
    #[serde(default)]
    error: BTreeMap<String, f64>,
    scaling: Option<Scaling>,
}

fn check(
    field: &str,
    value: f64,
    range: std::ops::RangeInclusive<f64>,
    accepted: &'static str,
) -> Result<f64, QuantisationFileError> {
    if range.contains(&value) {
        return Ok(value);
    }
    Err(QuantisationFileError::Value {
        field: field.to_owned(),
        value: value.to_string(),
        accepted,
    })
}

impl QuantisationLoss {
    /// Reads a file. `id` is its stem. `data/quantisation/README.md` describes the keys.
    ///
    /// # Errors
    /// Text that is too long, is not TOML, has unknown or missing keys, formats that there are not, or impossible numbers.
    pub fn from_toml(id: &str, text: &str) -> Result<QuantisationLoss, QuantisationFileError> {
        let file: File = toml_file::parse(text)?;
        let count = |field: &str, value: f64| check(field, value, 1.0..=1e18, "a number from 1 to 1e18");
        let format = |table: &str, name: &str| {
            let wrong = |accepted: &'static str| QuantisationFileError::Value {
                field: table.to_owned(),
                value: name.chars().take(40).collect(),
                accepted,
            };
            let weights: WeightFormat = name
                .parse()
                .map_err(|_| wrong("weight formats, such as Q8_0, Q4_K_M or w4a16"))?;
            if is_free(weights) {
                return Err(wrong("quantised weight formats: 16 bits cost nothing"));
            }
            Ok(weights)
        };
        let nats = |field: String, value: f64| check(&field, value, 0.0..=100.0, "nats/token from 0 to 100");
        let mut errors: Vec<(WeightFormat, f64)> = Vec::new();
        for (name, &value) in &file.error {
            errors.push((format("error", name)?, nats(format!("error.{name}"), value)?));
        }
        let mut formats: Vec<FormatLoss> = Vec::new();
        for (name, &value) in &file.loss {
            let weights = format("loss", name)?;
            if formats.iter().any(|known| known.weights == weights) {
                return Err(QuantisationFileError::Value {
                    field: "loss".to_owned(),
                    value: name.clone(),
                    accepted: "each format once",
                });
            }
            let error = errors.iter().find(|(of, _)| *of == weights);
            formats.push(FormatLoss {
                weights,
                loss: nats(format!("loss.{name}"), value)?,
                error: error.map(|(_, error)| *error),
            });
        }
        if formats.is_empty() {
            return Err(QuantisationFileError::Value {
                field: "loss".to_owned(),
                value: "{}".to_owned(),
                accepted: "at least one format",
            });
        }
        if let Some(scaling) = &file.scaling {
            let power = |field: &str, value: f64| check(field, value, -10.0..=10.0, "a power from -10 to 10");
            power("scaling.parameters", scaling.parameters)?;
            power("scaling.tokens", scaling.tokens)?;
            for value in scaling.range.parameters.into_iter().flatten() {
                count("scaling.range.parameters", value)?;
            }
        }
        Ok(QuantisationLoss {
            id: id.to_owned(),
            name: file.name,
            source: file.source,
            note: file.note,
            parameters: count("parameters", file.parameters)?,
            tokens: file.tokens.map(|tokens| count("tokens", tokens)).transpose()?,
            formats,
            scaling: file.scaling,
        })
    }
}
