//! Why a training stopped.

use crate::engine::EngineError;
use crate::record::{Failure, FailureKind, RunFolderError};
use rooflaw_export::ExportError;
use std::io;
use std::path::Path;

/// What a data set says when it cannot give a sequence.
pub type DataError = Box<dyn std::error::Error + Send + Sync>;

/// Why a training stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The engine failed, or found a loss that is not finite.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The run's folder cannot be read or written.
    #[error(transparent)]
    Folder(#[from] RunFolderError),
    /// The data set is damaged, or has nothing to train on.
    #[error("data: {0}")]
    Data(DataError),
}

impl SessionError {
    pub(crate) fn write(path: &Path, cause: io::Error) -> SessionError {
        RunFolderError::write(path)(cause).into()
    }

    pub(crate) fn read(path: &Path, cause: io::Error) -> SessionError {
        RunFolderError::read(path)(cause).into()
    }

    pub(crate) fn damaged(path: &Path, cause: impl Into<String>) -> SessionError {
        RunFolderError::damaged(path, cause).into()
    }

    pub(crate) fn staged(path: &Path) -> impl Fn(ExportError) -> SessionError + use<> {
        let convert = RunFolderError::staged(path);
        move |error| convert(error).into()
    }

    /// As the run's record tells it.
    #[must_use]
    pub fn failure(&self, step: u64) -> Failure {
        let kind = match self {
            SessionError::Engine(EngineError::NotFinite { .. }) => FailureKind::NotFinite,
            SessionError::Engine(EngineError::Device(_)) => FailureKind::Device,
            SessionError::Engine(_) => FailureKind::Engine,
            SessionError::Data(_) => FailureKind::Data,
            SessionError::Folder(RunFolderError::Write { .. }) => FailureKind::Disk,
            SessionError::Folder(_) => FailureKind::Record,
        };
        Failure::new(kind, self.to_string(), step)
    }
}
