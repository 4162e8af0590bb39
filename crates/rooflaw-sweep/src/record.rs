//! What a run's folder says: the truth of a sweep.

use crate::error::SweepError;
use crate::files;
use rooflaw_train::record::{Failure, FailureKind, Metrics, RunResult, Trained};
use std::fs::File;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// Largest result or failure read, bytes.
const MAX_RECORD_BYTES: u64 = 1 << 20;
/// What is read of the end of a file that grows, bytes.
const TAIL_BYTES: u64 = 64 << 10;

/// Whether the same training may succeed later: a disk that is full can be emptied; a loss that is not finite comes again, as do
/// data that are damaged.
#[must_use]
pub const fn may_pass(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Disk | FailureKind::Device)
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

/// Where a run is: the last step that its metrics tell.
#[must_use]
pub fn progress(run: &Path) -> Option<Trained> {
    let tail = tail(&run.join("metrics.jsonl"))?;
    tail.lines()
        .rev()
        .find_map(|line| match serde_json::from_str(line) {
            Ok(Metrics::Trained(trained)) => Some(trained),
            _ => None,
        })
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
