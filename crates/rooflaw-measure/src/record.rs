//! A process as it is kept in the raw samples.

use crate::load::Load;
use crate::process::Finished;
use crate::{MeasureError, Work};
use rooflaw::format::WeightFormat;
use serde::Serialize;
use serde_json::Value;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

/// A line of the raw samples.
#[derive(Debug, Serialize)]
pub(crate) struct Line<'a> {
    model: &'a str,
    config: String,
    weights: WeightFormat,
    /// When it ended, seconds since 1970.
    unix_time: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    command: Vec<String>,
    /// How long the process took.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    load: Option<Load>,
    /// Whether others used the machine meanwhile.
    busy: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// Its answer, whole.
    #[serde(skip_serializing_if = "Value::is_null")]
    llama_bench: Value,
}

impl<'a> Line<'a> {
    /// A process that gave an answer.
    pub(crate) fn finished(
        work: &'a Work,
        command: &Command,
        finished: &Finished,
        load: Option<Load>,
        busy: bool,
    ) -> Line<'a> {
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        Line {
            command: words.map(|word| word.to_string_lossy().into_owned()).collect(),
            seconds: Some(finished.elapsed.as_secs_f64()),
            load,
            busy,
            // An answer was read from it already.
            llama_bench: serde_json::from_slice(&finished.stdout).unwrap_or_default(),
            ..Line::empty(work)
        }
    }

    /// A model that could not be measured.
    pub(crate) fn failed(work: &'a Work, error: &MeasureError) -> Line<'a> {
        Line {
            error: Some(error.to_string()),
            ..Line::empty(work)
        }
    }

    fn empty(work: &'a Work) -> Line<'a> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Line {
            model: &work.model.name,
            config: work.model.config_path(),
            weights: work.weights,
            unix_time: now.map_or(0, |now| now.as_secs()),
            command: Vec::new(),
            seconds: None,
            load: None,
            busy: false,
            error: None,
            llama_bench: Value::Null,
        }
    }
}
