//! What a run's folder says: the truth of a sweep.

use crate::error::SweepError;
use crate::files;
use serde::Deserialize;
use std::fs::File;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// Largest result or failure read, bytes.
const MAX_RECORD_BYTES: u64 = 1 << 20;
/// What is read of the end of a file that grows, bytes.
const TAIL_BYTES: u64 = 64 << 10;

/// A run's result.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct RunResult {
    /// Validation loss at the end, nats per token.
    pub validation_loss: f64,
    /// Training tokens.
    #[serde(default)]
    pub tokens: Option<u64>,
    /// How long training took, over all attempts, seconds.
    #[serde(default)]
    pub wall_seconds: Option<f64>,
}

/// Why a trainer gave up.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Failure {
    /// Which kind of failure.
    #[serde(default)]
    pub kind: String,
    /// In words.
    pub message: String,
}

/// Where a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
pub struct Progress {
    /// Steps done.
    pub step: u64,
    /// The last training loss, nats per token.
    #[serde(default)]
    pub loss: Option<f64>,
    /// Training tokens so far.
    #[serde(default)]
    pub tokens: Option<u64>,
    /// Tokens/s of late.
    #[serde(default)]
    pub tokens_per_s: Option<f64>,
}

impl Failure {
    /// Whether the same training may succeed later: a disk that is full can be emptied; a loss that is not finite comes
    /// again, as do data that are damaged.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self.kind.as_str(), "disk" | "io" | "device" | "memory")
    }
}

/// Whether a run has its result.
///
/// # Errors
/// A folder that cannot be looked at.
pub fn is_done(run: &Path) -> Result<bool, SweepError> {
    let path = run.join("result.json");
    path.try_exists().map_err(SweepError::io("look at", &path))
}

/// A run's result, when it has one.
///
/// # Errors
/// A file that cannot be read, or is no result.
pub fn result(run: &Path) -> Result<Option<RunResult>, SweepError> {
    files::read_json(&run.join("result.json"), MAX_RECORD_BYTES)
}

/// Why the last try failed.
#[must_use]
pub fn failure(run: &Path) -> Option<Failure> {
    files::read_json(&run.join("failure.json"), MAX_RECORD_BYTES)
        .ok()
        .flatten()
}

/// Where a run is: the last whole line of its metrics that tells a step.
#[must_use]
pub fn progress(run: &Path) -> Option<Progress> {
    let tail = tail(&run.join("metrics.jsonl"))?;
    tail.lines()
        .rev()
        .find_map(|line| serde_json::from_str(line).ok())
}

/// The last line of a log that is not empty.
#[must_use]
pub fn last_words(log: &Path) -> Option<String> {
    let tail = tail(log)?;
    let line = tail.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.trim_start_matches("error: ").chars().take(500).collect())
}

fn tail(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))
        .ok()?;
    let mut bytes = Vec::new();
    match file.take(TAIL_BYTES).read_to_end(&mut bytes) {
        Ok(_) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == ErrorKind::Interrupted => None,
        Err(_) => None,
    }
}
