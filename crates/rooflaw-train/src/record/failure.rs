//! `failure.json`.

use super::FORMAT;
use serde::{Deserialize, Serialize};

/// What kind of thing went wrong, for whoever decides whether to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// A loss or gradient that is not finite: it would come again.
    NotFinite,
    /// Data that are damaged or do not fit the model.
    Data,
    /// A disk that is full or not writable.
    Disk,
    /// The device that computes, or its driver.
    Device,
    /// A model or batch that the engine does not compute.
    Engine,
    /// A checkpoint or record that is damaged.
    Record,
}

/// Why the last try failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// [`FORMAT`].
    pub format: u32,
    /// What kind of thing went wrong.
    pub kind: FailureKind,
    /// In words.
    pub message: String,
    /// Steps done before.
    pub step: u64,
}

impl Failure {
    /// A failure after so many steps.
    #[must_use]
    pub fn new(kind: FailureKind, message: String, step: u64) -> Failure {
        Failure {
            format: FORMAT,
            kind,
            message,
            step,
        }
    }
}
