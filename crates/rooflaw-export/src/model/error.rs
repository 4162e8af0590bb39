//! What can be wrong with a model's `config.json`.

use rooflaw::architecture::hf::HfError;
use serde_json::Value;

/// Why a model cannot be read from a `config.json`, or written as one.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// Its architecture cannot.
    #[error(transparent)]
    Hf(#[from] HfError),
    /// A field that changes the computation to one that is not done here.
    #[error("{field} = {value}: expected {accepted}")]
    Field {
        /// The field, as spelled in the file.
        field: String,
        /// The value found, abbreviated.
        value: String,
        /// What would be accepted.
        accepted: String,
    },
}

impl ConfigError {
    pub(super) fn field(field: &str, value: impl ToString, accepted: impl Into<String>) -> ConfigError {
        ConfigError::Field {
            field: field.to_owned(),
            value: value.to_string(),
            accepted: accepted.into(),
        }
    }

    /// The error of a value as it is in the file.
    pub(super) fn value(field: &str, value: &Value, accepted: impl Into<String>) -> ConfigError {
        const LIMIT: usize = 60;
        let shown = match value {
            // Not printed to be cut: it may be as large as the file.
            Value::Array(entries) => format!("a list of {}", entries.len()),
            Value::Object(_) => "an object".to_owned(),
            other => other.to_string().chars().take(LIMIT).collect(),
        };
        ConfigError::field(field, shown, accepted)
    }
}
