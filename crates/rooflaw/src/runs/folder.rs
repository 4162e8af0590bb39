//! Folders of `rooflaw train`: what `run.json` and `result.json` say, as rows of a table.

use super::RunTable;
use super::config::{DERIVED, derived};
use crate::architecture::{Architecture, ArchitectureError};
use serde::Deserialize;

/// Version of the folders read.
const FORMAT: u32 = 1;

/// Longest `run.json` or `result.json` read, bytes; they have a few kB.
pub const MAX_RECORD_BYTES: usize = 1 << 20;

/// A training that is done.
#[derive(Clone, Debug, PartialEq)]
pub struct FinishedRun {
    /// What the run is called.
    pub name: String,
    /// What was trained.
    pub architecture: Architecture,
    /// Tokens trained on.
    pub tokens: u64,
    /// Predicted compute of the training, FLOP.
    pub training_flop: f64,
    /// Loss on what is held out, nats per token.
    pub validation_loss: f64,
    /// SHA-256 of the data set, training and held-out documents together.
    pub data_sha256: String,
    /// SHA-256 of the tokenizer.
    pub tokenizer_sha256: String,
}

/// Why a run's folder cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FinishedRunError {
    /// Longer than [`MAX_RECORD_BYTES`].
    #[error("{file}: {bytes} bytes: expected at most 1 MiB")]
    TooLong {
        /// Which file.
        file: &'static str,
        /// Its length.
        bytes: usize,
    },
    /// Not what `rooflaw train` writes.
    #[error("{file}: {message}")]
    Json {
        /// Which file.
        file: &'static str,
        /// What the parser says.
        message: String,
    },
    /// An architecture that is none.
    #[error("run.json: {0}")]
    Architecture(#[from] ArchitectureError),
    /// A value that a finished run cannot have.
    #[error("{file}: {field} = {value}: expected {accepted}")]
    Value {
        /// Which file.
        file: &'static str,
        /// The field.
        field: &'static str,
        /// What it holds.
        value: String,
        /// What would be accepted.
        accepted: &'static str,
    },
    /// Losses that do not compare.
    #[error("{first} and {second} were trained with different tokenizers: expected runs of one")]
    Tokenizers {
        /// A run.
        first: String,
        /// A run with another tokenizer.
        second: String,
    },
    /// No run at all.
    #[error("no run that is done")]
    Empty,
}

#[derive(Deserialize)]
struct Record {
    format: u32,
    architecture: Architecture,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    sha256: String,
    tokenizer_sha256: String,
}

#[derive(Deserialize)]
struct Outcome {
    format: u32,
    validation_loss: f64,
    tokens: u64,
    training_flop: f64,
}

const RUN: &str = "run.json";
const RESULT: &str = "result.json";

fn parse<'a, T: Deserialize<'a>>(file: &'static str, bytes: &'a [u8]) -> Result<T, FinishedRunError> {
    if bytes.len() > MAX_RECORD_BYTES {
        let bytes = bytes.len();
        return Err(FinishedRunError::TooLong { file, bytes });
    }
    serde_json::from_slice(bytes).map_err(|error| FinishedRunError::Json {
        file,
        message: error.to_string(),
    })
}

fn check_format(file: &'static str, format: u32) -> Result<(), FinishedRunError> {
    if format == FORMAT {
        return Ok(());
    }
    Err(FinishedRunError::Value {
        file,
        field: "format",
        value: format.to_string(),
        accepted: "1",
    })
}

impl FinishedRun {
    /// Reads a run's `run.json` and `result.json`; it is to be called `name`. Names come from folders: control characters
    /// become blanks.
    ///
    /// # Errors
    /// What is not a record of a run that is done.
    pub fn read(name: &str, run: &[u8], result: &[u8]) -> Result<FinishedRun, FinishedRunError> {
        let record: Record = parse(RUN, run)?;
        check_format(RUN, record.format)?;
        record.architecture.validate()?;
        let outcome: Outcome = parse(RESULT, result)?;
        check_format(RESULT, outcome.format)?;
        let positive = [
            ("validation_loss", outcome.validation_loss),
            ("tokens", outcome.tokens as f64),
            ("training_flop", outcome.training_flop),
        ];
        for (field, value) in positive {
            if !(value > 0.0 && value.is_finite()) {
                return Err(FinishedRunError::Value {
                    file: RESULT,
                    field,
                    value: value.to_string(),
                    accepted: "a positive number",
                });
            }
        }
        Ok(FinishedRun {
            name: name.replace(char::is_control, " ").trim().to_owned(),
            architecture: record.architecture,
            tokens: outcome.tokens,
            training_flop: outcome.training_flop,
            validation_loss: outcome.validation_loss,
            data_sha256: record.data.sha256,
            tokenizer_sha256: record.data.tokenizer_sha256,
        })
    }
}

impl RunTable {
    /// A row for each run: its last loss. Whether they were evaluated on the same documents is the caller's to look at
    /// ([`FinishedRun::data_sha256`]).
    ///
    /// # Errors
    /// No run, or runs of different tokenizers.
    pub fn from_finished(runs: &[FinishedRun]) -> Result<RunTable, FinishedRunError> {
        let first = runs.first().ok_or(FinishedRunError::Empty)?;
        let other = |run: &&FinishedRun| run.tokenizer_sha256 != first.tokenizer_sha256;
        if let Some(second) = runs.iter().find(other) {
            return Err(FinishedRunError::Tokenizers {
                first: first.name.clone(),
                second: second.name.clone(),
            });
        }
        let known: Vec<_> = runs.iter().map(|run| derived(&run.architecture)).collect();
        let column = |(index, feature): (usize, crate::law::Feature)| {
            let values = known.iter().map(|values| values[index]).collect();
            (feature.to_string(), values)
        };
        let mut variables: Vec<(String, Vec<f64>)> = DERIVED.into_iter().enumerate().map(column).collect();
        let of = |value: fn(&FinishedRun) -> f64| runs.iter().map(value).collect();
        variables.push(("tokens".to_owned(), of(|run| run.tokens as f64)));
        variables.push(("training_flop".to_owned(), of(|run| run.training_flop)));
        super::columns::sort(&mut variables);
        Ok(RunTable {
            variables,
            loss: of(|run| run.validation_loss),
            standard_error: None,
            weight: None,
            group: Some(runs.iter().map(|run| run.name.clone()).collect()),
            unit: Some("nats/token".to_owned()),
            tokenizer: Some(format!("sha256:{}", first.tokenizer_sha256)),
        })
    }
}
