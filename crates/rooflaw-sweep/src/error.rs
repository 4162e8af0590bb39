//! What goes wrong with a sweep as a whole; what goes wrong with one run is an [`Outcome`](crate::claim::Outcome).

use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a sweep could not be planned, run or looked at.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SweepError {
    /// A file or folder that cannot be read or written.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file that says what it must not.
    #[error("{}: {message}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong, and what would be accepted.
        message: String,
    },
    /// A plan that makes no sense.
    #[error("{0}")]
    Plan(String),
    /// An architecture of the plan that is not one.
    #[error("{name}: {source}")]
    Architecture {
        /// What the run is called.
        name: String,
        /// What is wrong.
        source: rooflaw::architecture::hf::HfError,
    },
    /// A cluster's command that is missing, failed, or said what is not understood.
    #[error("`{command}`: {message}")]
    Command {
        /// The command.
        command: String,
        /// What happened.
        message: String,
    },
}

impl SweepError {
    /// For `map_err` on what was tried with a path.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SweepError {
        let path = path.to_path_buf();
        move |source| SweepError::Io { doing, path, source }
    }
}
