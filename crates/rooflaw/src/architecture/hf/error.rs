//! What can be wrong with a `config.json`, or with the wish to write one.

use crate::architecture::ArchitectureError;
use crate::near_miss::near_miss;
use serde_json::Value;

/// Why a configuration cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HfError {
    /// Refused before parsing.
    #[error("a config.json of {bytes} bytes: expected at most {limit}")]
    TooLarge {
        /// Size of the input.
        bytes: usize,
        /// Largest accepted size.
        limit: usize,
    },
    /// Malformed JSON.
    #[error("not JSON at line {line}, column {column}: {cause}")]
    Json {
        /// Line of the first error, from 1.
        line: usize,
        /// Column of the first error, in bytes from 1; 0 at the end of a line.
        column: usize,
        /// What the parser objects to.
        cause: String,
    },
    /// JSON, but not a configuration.
    #[error("{found}: expected a JSON object")]
    NotAnObject {
        /// The value, abbreviated.
        found: String,
    },
    /// There is no `model_type`.
    #[error("`model_type` is missing: expected one of {}", known())]
    NoModelType,
    /// A `model_type` that is not known.
    #[error("model_type = {model_type}:{} expected one of {}", did_you_mean(.nearest), known())]
    UnknownModelType {
        /// The value found, abbreviated.
        model_type: String,
        /// The known type with the most similar spelling.
        nearest: Option<&'static str>,
    },
    /// A field without which the architecture is unknown.
    #[error("`{field}` is missing: a {model_type} configuration needs it")]
    Missing {
        /// The field, as spelled in the file.
        field: &'static str,
        /// The model type that needs it.
        model_type: &'static str,
    },
    /// A field of the wrong type, out of range, or at odds with another.
    #[error("{field} = {value}: expected {accepted} ({model_type})")]
    Value {
        /// The model type, which decides what is accepted.
        model_type: &'static str,
        /// The field, as spelled in the file.
        field: String,
        /// The value found, abbreviated.
        value: String,
        /// What would be accepted.
        accepted: String,
    },
    /// The architecture to write is not consistent.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// The architecture to write has a feature that no model type it could be written as has.
    #[error("cannot write {feature}: {reason}")]
    Inexpressible {
        /// The feature.
        feature: String,
        /// What stands in the way.
        reason: &'static str,
    },
    /// An option of the file to write that is out of range.
    #[error("{option} = {value}: expected {accepted}")]
    WriteOption {
        /// The option.
        option: &'static str,
        /// Its value.
        value: String,
        /// What would be accepted.
        accepted: &'static str,
    },
}

impl From<serde_json::Error> for HfError {
    fn from(error: serde_json::Error) -> HfError {
        let (line, column) = (error.line(), error.column());
        let message = error.to_string();
        // The position is a field of its own.
        let cause = message.split(" at line ").next().unwrap_or_default();
        HfError::Json {
            line,
            column,
            cause: cause.to_owned(),
        }
    }
}

/// A value as JSON (so that control characters are escaped), cut to what fits a message.
pub(super) fn shown(value: &Value) -> String {
    const LIMIT: usize = 60;
    match value {
        // Not printed to be cut: the list or object may be as large as the file.
        Value::Array(entries) => format!("a list of {}", entries.len()),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) if text.chars().count() > LIMIT => {
            let start: String = text.chars().take(LIMIT).collect();
            format!("{}…", Value::from(start))
        }
        other => other.to_string(),
    }
}

fn known() -> String {
    super::model_types().collect::<Vec<_>>().join(", ")
}

fn did_you_mean(nearest: &Option<&'static str>) -> String {
    nearest.map_or(String::new(), |name| format!(" did you mean {name}?"))
}

/// The known model type that `name` is most like, if any.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    near_miss(name, super::model_types())
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_misses_are_found() {
        assert_eq!(nearest("Qwen-3"), Some("qwen3"));
        assert_eq!(nearest("lama"), Some("llama"));
        assert_eq!(nearest("gpt-oss"), Some("gpt_oss"));
        assert_eq!(nearest("bert"), None);
        assert_eq!(nearest(&"x".repeat(100_000)), None);
    }
}
