//! What one entry of a foreign file says, whichever format it has: keys with texts, numbers and samples.

use super::MeasurementError;
use super::cells::{count, not_negative, whole};

/// The value of a key.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Field {
    /// A text, a number, a truth value; as text.
    Text(String),
    /// Numbers.
    Numbers(Vec<f64>),
    /// An object.
    Record(Record),
    /// Anything else, named.
    Other(&'static str),
}

/// An object, or a row with the names of its columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Record {
    /// Where it is in the file.
    pub(super) place: String,
    /// Keys and their values; nothing that is null or an empty text.
    pub(super) fields: Vec<(String, Field)>,
}

impl Record {
    /// Adds a text; an empty one is none.
    pub(super) fn add(&mut self, key: &str, text: &str) {
        let text = text.trim();
        if !text.is_empty() {
            self.fields.push((key.to_owned(), Field::Text(text.to_owned())));
        }
    }

    /// What a key has.
    pub(super) fn field(&self, key: &str) -> Option<&Field> {
        self.fields
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, field)| field)
    }

    /// Whether there is such a key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.field(key).is_some()
    }

    /// An error about a key.
    pub(super) fn wrong(&self, key: &str, found: &str, expected: &str) -> MeasurementError {
        MeasurementError::value(&self.place, key, found, expected)
    }

    /// The text of a key.
    pub(super) fn text(&self, key: &str) -> Result<Option<&str>, MeasurementError> {
        match self.field(key) {
            None => Ok(None),
            Some(Field::Text(text)) => Ok(Some(text)),
            Some(Field::Numbers(_)) => Err(self.wrong(key, "[…]", "a text or a number")),
            Some(Field::Record(_)) => Err(self.wrong(key, "{…}", "a text or a number")),
            Some(Field::Other(what)) => Err(self.wrong(key, what, "a text or a number")),
        }
    }

    /// The text of the first of these keys that is there, or none.
    pub(super) fn first(&self, keys: &[&str]) -> Result<&str, MeasurementError> {
        for key in keys {
            if let Some(text) = self.text(key)? {
                return Ok(text);
            }
        }
        Ok("")
    }

    /// The samples of a key.
    pub(super) fn numbers(&self, key: &str) -> Result<Option<&[f64]>, MeasurementError> {
        match self.field(key) {
            None => Ok(None),
            Some(Field::Numbers(numbers)) => Ok(Some(numbers)),
            Some(Field::Text(text)) => Err(self.wrong(key, text, "a list of numbers")),
            Some(Field::Record(_)) => Err(self.wrong(key, "{…}", "a list of numbers")),
            Some(Field::Other(what)) => Err(self.wrong(key, what, "a list of numbers")),
        }
    }

    /// The object of a key.
    pub(super) fn record(&self, key: &str) -> Option<&Record> {
        match self.field(key) {
            Some(Field::Record(record)) => Some(record),
            _ => None,
        }
    }

    /// A whole number.
    pub(super) fn whole(&self, key: &str, least: u64) -> Result<Option<u64>, MeasurementError> {
        let text = self.text(key)?;
        text.map(|text| whole(&self.place, key, text, least)).transpose()
    }

    /// A count of tokens, sequences or threads.
    pub(super) fn count(&self, key: &str, least: u32) -> Result<Option<u32>, MeasurementError> {
        let text = self.text(key)?;
        text.map(|text| count(&self.place, key, text, least)).transpose()
    }

    /// A whole number of either sign.
    pub(super) fn integer(&self, key: &str) -> Result<Option<i64>, MeasurementError> {
        let text = self.text(key)?;
        text.map(|text| text.parse().map_err(|_| self.wrong(key, text, "a whole number")))
            .transpose()
    }

    /// A number that is not negative; NaN and infinities, which failed runs leave behind, are none.
    pub(super) fn number(&self, key: &str) -> Result<Option<f64>, MeasurementError> {
        match self.text(key)? {
            Some(text) if text.parse().is_ok_and(|number: f64| !number.is_finite()) => Ok(None),
            text => text.map(|text| not_negative(&self.place, key, text)).transpose(),
        }
    }

    /// Whether a switch is on.
    pub(super) fn is_on(&self, key: &str) -> Result<bool, MeasurementError> {
        match self.text(key)? {
            None | Some("0" | "false" | "False") => Ok(false),
            Some("1" | "true" | "True") => Ok(true),
            Some(text) => Err(self.wrong(key, text, "true or false")),
        }
    }
}
