//! What can stand in the way of a measurement.

use rooflaw::architecture::hf::HfError;
use rooflaw_export::ExportError;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why something could not be measured. Messages do not name the model, unless they say so: the caller knows it.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// A model whose architecture no `config.json` that is written here can say.
    #[error("{model}: its config.json cannot be written: {cause}")]
    Config {
        /// The model.
        model: String,
        /// What stands in the way.
        cause: HfError,
    },
    /// One of several models is what it is about.
    #[error("{model}: {cause}")]
    Model {
        /// The model.
        model: String,
        /// What stands in the way.
        cause: Box<MeasureError>,
    },
    /// llama-bench is not there, or is no program.
    #[error("{}: {cause}: expected the program llama-bench of llama.cpp", .path.display())]
    Program {
        /// Where it was looked for.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// The model cannot be exported.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The disk has no room for the model.
    #[error("the disk of {} has {} left, the model takes {}: free some, or give another --out",
        .path.display(), megabytes(*.free), megabytes(*.needed))]
    Room {
        /// The folder.
        path: PathBuf,
        /// Bytes left.
        free: u64,
        /// Bytes needed.
        needed: u64,
    },
    /// llama-bench ended with an error.
    #[error("llama-bench {status}{}", detail(.stderr))]
    Crashed {
        /// How it ended, and what that may mean.
        status: String,
        /// The last that it said.
        stderr: String,
    },
    /// llama-bench took longer than allowed.
    #[error("llama-bench did not end within {} s and was killed: give a longer --timeout, or fewer tokens", .limit.as_secs_f64())]
    TimedOut {
        /// The time allowed.
        limit: Duration,
    },
    /// llama-bench printed something else than its JSON.
    #[error("llama-bench printed {found}: expected the JSON of `-o json`{}", detail(.stderr))]
    Garbage {
        /// What is wrong with it.
        found: String,
        /// The last that it said on standard error.
        stderr: String,
    },
    /// llama-bench measured another model than was predicted.
    #[error(
        "llama-bench counts {found} {what}, predicted {predicted}: the measurement is not of this architecture"
    )]
    Mismatch {
        /// `parameters` or `bytes of weights`.
        what: &'static str,
        /// What it counts.
        found: u64,
        /// What the export predicts.
        predicted: u64,
    },
    /// The results cannot be kept.
    #[error("cannot write {}: {cause}", .path.display())]
    Keep {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// A folder of results that cannot be gone on with.
    #[error("{}: {cause}", .path.display())]
    Folder {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it, and what would be accepted.
        cause: String,
    },
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl MeasureError {
    /// Whether other models would fail as well.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        matches!(
            self,
            MeasureError::Program { .. }
                | MeasureError::Keep { .. }
                | MeasureError::Interrupted
                | MeasureError::Export(ExportError::Interrupted)
        )
    }

    /// Whether it is the caller who asked to stop.
    #[must_use]
    pub const fn is_interrupt(&self) -> bool {
        matches!(
            self,
            MeasureError::Interrupted | MeasureError::Export(ExportError::Interrupted)
        )
    }
}

/// Bytes for people.
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// The last thing that a program said, if it said anything.
fn detail(stderr: &str) -> String {
    if stderr.is_empty() {
        String::new()
    } else {
        format!("; it said: {stderr}")
    }
}
