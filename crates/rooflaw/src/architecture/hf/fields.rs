//! Typed access to a configuration's fields; every complaint names the field and the model type.

use super::classes::{Class, Nesting};
use super::error::{HfError, shown};
use serde_json::{Map, Value};

/// What a multimodal model may state for all its parts at once.
const OF_THE_WHOLE: [&str; 4] = [
    "dtype",
    "torch_dtype",
    "quantization_config",
    "tie_word_embeddings",
];

/// The fields of a language model.
pub(super) struct Fields<'a> {
    model: &'a Map<String, Value>,
    /// The object around `text_config`, where a multimodal model keeps what concerns its whole.
    outer: &'a Map<String, Value>,
    model_type: &'static str,
}

impl<'a> Fields<'a> {
    /// The fields of `outer`, or of its text part.
    pub(super) fn new(outer: &'a Map<String, Value>, class: &Class) -> Result<Fields<'a>, HfError> {
        let mut fields = Fields {
            model: outer,
            outer,
            model_type: class.model_type,
        };
        if class.nesting == Nesting::TextConfig {
            match fields.find("text_config") {
                Some(Value::Object(model)) => fields.model = model,
                Some(other) => {
                    return Err(fields.wrong("text_config", shown(other), "an object".to_owned()));
                }
                None => return Err(fields.missing("text_config")),
            }
        }
        Ok(fields)
    }

    /// A field that is neither absent nor null; most say the same by either.
    pub(super) fn find(&self, name: &str) -> Option<&'a Value> {
        let present = |map: &'a Map<String, Value>| map.get(name).filter(|value| !value.is_null());
        let found = present(self.model);
        if found.is_none() && OF_THE_WHOLE.contains(&name) {
            return present(self.outer);
        }
        found
    }

    /// The error for a field that is needed and not there.
    pub(super) fn missing(&self, field: &'static str) -> HfError {
        HfError::Missing {
            field,
            model_type: self.model_type,
        }
    }

    /// The error for a field whose value is not accepted.
    pub(super) fn wrong(&self, field: &str, value: String, accepted: String) -> HfError {
        HfError::Value {
            model_type: self.model_type,
            field: field.to_owned(),
            value,
            accepted,
        }
    }

    fn integer(&self, name: &str, value: &Value) -> Result<u32, HfError> {
        value
            .as_u64()
            .and_then(|integer| u32::try_from(integer).ok())
            .ok_or_else(|| {
                self.wrong(
                    name,
                    shown(value),
                    format!("an integer between 0 and {}", u32::MAX),
                )
            })
    }

    /// A non-negative integer that may be absent or null.
    pub(super) fn optional_count(&self, name: &str) -> Result<Option<u32>, HfError> {
        self.find(name).map(|value| self.integer(name, value)).transpose()
    }

    /// A non-negative integer that must be there.
    pub(super) fn count(&self, name: &'static str) -> Result<u32, HfError> {
        self.optional_count(name)?.ok_or_else(|| self.missing(name))
    }

    /// A non-negative integer, with the class's default if it has one.
    pub(super) fn count_or(&self, name: &'static str, default: Option<u32>) -> Result<u32, HfError> {
        self.optional_count(name)?
            .or(default)
            .ok_or_else(|| self.missing(name))
    }

    /// A non-negative integer that must be there but may be null, which then says something.
    pub(super) fn nullable_count(&self, name: &'static str) -> Result<Option<u32>, HfError> {
        if self.model.contains_key(name) {
            self.optional_count(name)
        } else {
            Err(self.missing(name))
        }
    }

    /// A non-negative integer that null takes away and absence leaves at the class's default.
    pub(super) fn count_unless_null(&self, name: &str, default: Option<u32>) -> Result<Option<u32>, HfError> {
        if self.model.contains_key(name) {
            self.optional_count(name)
        } else {
            Ok(default)
        }
    }

    /// A non-negative integer of 1 or more, `default` when absent or null.
    pub(super) fn positive_or(&self, name: &'static str, default: u32) -> Result<u32, HfError> {
        match self.count_or(name, Some(default))? {
            0 => Err(self.wrong(name, "0".to_owned(), "a positive integer".to_owned())),
            count => Ok(count),
        }
    }

    /// A non-negative integer under the first of several names: `transformers` has renamed some fields.
    pub(super) fn renamed_count(&self, names: &[&'static str]) -> Result<Option<u32>, HfError> {
        for name in names {
            if let Some(count) = self.optional_count(name)? {
                return Ok(Some(count));
            }
        }
        Ok(None)
    }

    /// A truth value, `default` when absent or null.
    pub(super) fn flag_or(&self, name: &str, default: bool) -> Result<bool, HfError> {
        match self.find(name) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(self.wrong(name, shown(other), "true or false".to_owned())),
        }
    }

    /// A string that may be absent or null.
    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, HfError> {
        match self.find(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(name, shown(other), "a string".to_owned())),
        }
    }

    /// A list that may be absent or null.
    pub(super) fn list(&self, name: &str) -> Result<Option<&'a [Value]>, HfError> {
        match self.find(name) {
            None => Ok(None),
            Some(Value::Array(entries)) => Ok(Some(entries)),
            Some(other) => Err(self.wrong(name, shown(other), "a list".to_owned())),
        }
    }

    /// A list of non-negative integers that may be absent or null.
    pub(super) fn counts(&self, name: &str) -> Result<Option<Vec<u32>>, HfError> {
        let Some(entries) = self.list(name)? else {
            return Ok(None);
        };
        entries
            .iter()
            .map(|entry| self.integer(name, entry))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// A list with one entry per layer.
    pub(super) fn per_layer<'b, T>(
        &self,
        name: &str,
        entries: &'b [T],
        n_layers: u32,
    ) -> Result<&'b [T], HfError> {
        if u32::try_from(entries.len()) == Ok(n_layers) {
            return Ok(entries);
        }
        let accepted = format!("{n_layers} entries, one per hidden layer");
        Err(self.wrong(name, format!("a list of {}", entries.len()), accepted))
    }
}
