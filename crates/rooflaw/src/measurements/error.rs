//! Why measurements cannot be read, and why some are left out.

use crate::runs::RunError;
use std::fmt;

/// An entry of a file that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Where: a line of the file, or an object of it.
    pub place: String,
    /// Why.
    pub reason: String,
}

impl Skipped {
    pub(super) fn new(place: &str, reason: impl Into<String>) -> Skipped {
        Skipped {
            place: place.to_owned(),
            reason: reason.into(),
        }
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

/// Measurements that cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MeasurementError {
    /// Too long, no text, or rows of different lengths.
    #[error(transparent)]
    Rows(#[from] RunError),
    /// No row.
    #[error("no measurements: expected a header and at least one row")]
    Empty,
    /// No format that is read here.
    #[error(
        "not measurements: {0}: expected rooflaw's CSV, llama-bench's json, jsonl, csv or md, or the JSON of vLLM's bench \
         latency or bench serve"
    )]
    NotMeasurements(String),
    /// Broken JSON.
    #[error("not JSON: {0}")]
    Json(String),
    /// Every entry was left out.
    #[error("no usable measurement among {entries}: {first}")]
    NothingLeft {
        /// Entries of the file.
        entries: usize,
        /// Why the first was left out.
        first: Skipped,
    },
    /// A column that means nothing here.
    #[error("unknown column `{name}`{}: expected {expected}",
        .near.as_ref().map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default())]
    UnknownColumn {
        /// Its name.
        name: String,
        /// The most similar name there is.
        near: Option<String>,
        /// Every name.
        expected: String,
    },
    /// Two columns of one name.
    #[error("column `{0}` appears twice")]
    RepeatedColumn(String),
    /// A column that no default stands for.
    #[error("no column {0}")]
    MissingColumn(&'static str),
    /// Too few or too many cells in a table of Markdown.
    #[error("{place}: {found} cells, but the header has {expected}")]
    Cells {
        /// Where.
        place: String,
        /// Cells there.
        found: usize,
        /// Cells in the header.
        expected: usize,
    },
    /// A cell or field that holds something else.
    #[error("{place}: {field} is `{value}`, expected {expected}")]
    Value {
        /// Where: a line of the file, or an object of it.
        place: String,
        /// The column or key.
        field: String,
        /// What it holds.
        value: String,
        /// What it should hold.
        expected: String,
    },
    /// A row with two times, or none.
    #[error("{place}: {found}: expected exactly one of tokens_per_s, seconds, milliseconds")]
    OneTime {
        /// Where.
        place: String,
        /// What it has.
        found: String,
    },
    /// What neither the file nor the caller says.
    #[error("{place}: {fact} is not in the file: give {flag}")]
    Missing {
        /// Where.
        place: String,
        /// What is missing.
        fact: &'static str,
        /// How to say it: a column or a flag.
        flag: &'static str,
    },
}

impl MeasurementError {
    /// A value that is not what it should be; long ones are shortened.
    pub(super) fn value(
        place: &str,
        field: &str,
        value: &str,
        expected: impl Into<String>,
    ) -> MeasurementError {
        let mut shown: String = value.chars().take(100).collect();
        if shown.len() < value.len() {
            shown.push('…');
        }
        MeasurementError::Value {
            place: place.to_owned(),
            field: field.to_owned(),
            value: shown,
            expected: expected.into(),
        }
    }
}
