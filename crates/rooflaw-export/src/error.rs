//! What can stand in the way of an export.

use crate::model::ConfigError;
use rooflaw::architecture::ArchitectureError;
use std::io;
use std::path::{Path, PathBuf};

/// Why an architecture cannot be exported, or was not.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The architecture is not consistent.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// The architecture has a feature that the target lacks.
    #[error("cannot export {feature}: {reason}")]
    Inexpressible {
        /// The feature.
        feature: String,
        /// What stands in the way.
        reason: &'static str,
    },
    /// Weights in a format that the target is not written in.
    #[error("weights = {format}: expected {accepted}")]
    Format {
        /// The format asked for.
        format: String,
        /// Those there are.
        accepted: &'static str,
    },
    /// A model that no `config.json` describes.
    #[error(transparent)]
    Model(#[from] ConfigError),
    /// A given model's `config.json` that is not read, or computes what is not computed here.
    #[error("{}: {cause}", .path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: ConfigError,
    },
    /// Weights in memory that are too many or too few.
    #[error("weights: {found} values: expected {expected}, the architecture's parameters")]
    Values {
        /// How many there are.
        found: usize,
        /// How many the architecture has.
        expected: usize,
    },
    /// A file that is not what it should be.
    #[error("{}: {cause}", .path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it, and what would be accepted.
        cause: String,
    },
    /// Tensors that the architecture needs and the given weights lack, or the other way round.
    #[error("{}: {wrong} {names}: expected the tensors of its config.json", .path.display())]
    Tensors {
        /// The folder.
        path: PathBuf,
        /// `missing` or `extra`.
        wrong: &'static str,
        /// The first few names, and how many more there are.
        names: String,
    },
    /// A given tensor of another shape or type.
    #[error("{}: tensor {name} is {found}: expected {accepted}", .path.display())]
    Tensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its shape, type or contents.
        found: String,
        /// What would be accepted.
        accepted: String,
    },
    /// A file that cannot be read.
    #[error("cannot read {}: {cause}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// A disk that is full or not writable.
    #[error("cannot write: {0}")]
    Write(#[source] io::Error),
    /// The caller asked to stop.
    #[error("interrupted: nothing was written")]
    Interrupted,
}

impl ExportError {
    pub(crate) fn inexpressible(feature: impl Into<String>, reason: &'static str) -> ExportError {
        ExportError::Inexpressible {
            feature: feature.into(),
            reason,
        }
    }

    pub(crate) fn file(path: &Path, cause: impl Into<String>) -> ExportError {
        ExportError::File {
            path: path.to_path_buf(),
            cause: cause.into(),
        }
    }

    pub(crate) fn read(path: &Path, cause: io::Error) -> ExportError {
        ExportError::Read {
            path: path.to_path_buf(),
            cause,
        }
    }
}
