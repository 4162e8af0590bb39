//! The folder itself: claimed by one process at a time, its files read and written.

use super::{Failure, MetricsLog, RunRecord, RunResult};
use fs4::TryLockError;
use rooflaw_export::{ExportError, StagedFile};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Why a run's folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunFolderError {
    /// Another process trains it.
    #[error("{}: another process trains this run", .path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// The run was begun with other settings.
    #[error("{}: {setting} = {asked}: the run was begun with {there}; expected that, or another folder", .path.display())]
    Differs {
        /// Its `run.json`.
        path: PathBuf,
        /// The first setting that differs.
        setting: String,
        /// What is asked for now.
        asked: String,
        /// What the run was begun with.
        there: String,
    },
    /// A file that is not what it should be.
    #[error("{}: {cause}", .path.display())]
    Damaged {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it, and what would be accepted.
        cause: String,
    },
    /// A file that cannot be read.
    #[error("cannot read {}: {cause}", .path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// A disk that is full or not writable.
    #[error("cannot write {}: {cause}", .path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
}

impl RunFolderError {
    pub(crate) fn read(path: &Path) -> impl Fn(io::Error) -> RunFolderError + use<> {
        let path = path.to_path_buf();
        move |cause| RunFolderError::Read {
            path: path.clone(),
            cause,
        }
    }

    pub(crate) fn write(path: &Path) -> impl Fn(io::Error) -> RunFolderError + use<> {
        let path = path.to_path_buf();
        move |cause| RunFolderError::Write {
            path: path.clone(),
            cause,
        }
    }

    pub(crate) fn damaged(path: &Path, cause: impl Into<String>) -> RunFolderError {
        RunFolderError::Damaged {
            path: path.to_path_buf(),
            cause: cause.into(),
        }
    }

    /// Of what was to be written beside its place and moved there.
    pub(crate) fn staged(path: &Path) -> impl Fn(ExportError) -> RunFolderError + use<> {
        let path = path.to_path_buf();
        move |error| match error {
            ExportError::Write(cause) => RunFolderError::Write {
                path: path.clone(),
                cause,
            },
            other => RunFolderError::damaged(&path, other.to_string()),
        }
    }
}

/// Largest JSON file read; ours have a few kB.
const MAX_JSON_BYTES: u64 = 1 << 20;

/// What temporary names begin with, here and in [`rooflaw_export::StagedFile`].
pub(crate) const TEMPORARY: &str = ".rooflaw-";

const RUN: &str = "run.json";
const RESULT: &str = "result.json";
const FAILURE: &str = "failure.json";
const LOCK: &str = "lock";

/// A run's folder, which this process alone may write.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// Locked as long as it is open: the system lets go of it however the process ends.
    lock: File,
}

impl Drop for RunFolder {
    /// Lets go at once: a program that another thread has just started may have the file open for a moment longer.
    fn drop(&mut self) {
        // Closing the file lets go too, only later.
        let _ = fs4::FileExt::unlock(&self.lock);
    }
}

impl RunFolder {
    /// Takes a run's folder, which is created if it is not there; what a process that was killed left half-written in it is
    /// removed.
    ///
    /// # Errors
    /// A folder that another process has, or that cannot be created or written.
    pub fn claim(path: &Path) -> Result<RunFolder, RunFolderError> {
        fs::create_dir_all(path).map_err(RunFolderError::write(path))?;
        let lock_path = path.join(LOCK);
        let cannot = RunFolderError::write(&lock_path);
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(&cannot)?;
        match fs4::FileExt::try_lock(&lock) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(RunFolderError::Busy {
                    path: path.to_path_buf(),
                });
            }
            Err(TryLockError::Error(cause)) => return Err(cannot(cause)),
        }
        remove_temporary(path)?;
        Ok(RunFolder {
            path: path.to_path_buf(),
            lock,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes down what the run is; a folder that has a run already must have this one.
    ///
    /// # Errors
    /// A run of other settings, or files of what is no run.
    pub fn begin(&self, record: &RunRecord) -> Result<(), RunFolderError> {
        let path = self.path.join(RUN);
        if let Some(there) = read_json::<RunRecord>(&path)? {
            return match record.difference(&there) {
                None => Ok(()),
                Some((setting, asked, there)) => Err(RunFolderError::Differs {
                    path,
                    setting,
                    asked,
                    there,
                }),
            };
        }
        let others = ["metrics.jsonl", "checkpoints", "model", RESULT];
        if let Some(other) = others.iter().find(|name| self.path.join(name).exists()) {
            let cause = format!("holds {other} and no {RUN}: expected a run's folder, or a new one");
            return Err(RunFolderError::damaged(&self.path, cause));
        }
        write_json(&path, record)
    }

    /// What the run is.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn record(&self) -> Result<Option<RunRecord>, RunFolderError> {
        read_json(&self.path.join(RUN))
    }

    /// What came of the run, once it is done.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn result(&self) -> Result<Option<RunResult>, RunFolderError> {
        read_json(&self.path.join(RESULT))
    }

    /// Writes down what came of the run; it is then done.
    ///
    /// # Errors
    /// A disk that is full or not writable.
    pub fn finish(&self, result: &RunResult) -> Result<(), RunFolderError> {
        write_json(&self.path.join(RESULT), result)?;
        let failure = self.path.join(FAILURE);
        match fs::remove_file(&failure) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(RunFolderError::write(&failure)(error)),
            _ => Ok(()),
        }
    }

    /// Writes down why this try failed.
    ///
    /// # Errors
    /// A disk that is full or not writable.
    pub fn fail(&self, failure: &Failure) -> Result<(), RunFolderError> {
        write_json(&self.path.join(FAILURE), failure)
    }

    /// The log of a run that has done `step` steps.
    pub(crate) fn metrics(&self, step: u64) -> Result<MetricsLog, RunFolderError> {
        MetricsLog::open(&self.path, step)
    }
}

/// Removes what a process that was killed left under temporary names.
pub(crate) fn remove_temporary(folder: &Path) -> Result<(), RunFolderError> {
    for entry in fs::read_dir(folder).map_err(RunFolderError::read(folder))? {
        let entry = entry.map_err(RunFolderError::read(folder))?;
        if !entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
            continue;
        }
        let path = entry.path();
        let removed = if path.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        removed.map_err(RunFolderError::write(&path))?;
    }
    Ok(())
}

/// A JSON file; `None` where there is none.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, RunFolderError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(RunFolderError::read(path)(error)),
    };
    let mut bytes = Vec::new();
    file.take(MAX_JSON_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(RunFolderError::read(path))?;
    if bytes.len() as u64 > MAX_JSON_BYTES {
        return Err(RunFolderError::damaged(
            path,
            "larger than 1 MiB: expected a few kB",
        ));
    }
    let parsed = serde_json::from_slice(&bytes);
    parsed
        .map(Some)
        .map_err(|error| RunFolderError::damaged(path, error.to_string()))
}

/// Writes a JSON file beside its place and moves it there.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), RunFolderError> {
    let text =
        serde_json::to_vec_pretty(value).map_err(|error| RunFolderError::damaged(path, error.to_string()))?;
    let mut staged = StagedFile::new(path).map_err(RunFolderError::staged(path))?;
    let written = staged
        .file()
        .write_all(&text)
        .and_then(|()| staged.file().write_all(b"\n"));
    written.map_err(RunFolderError::write(path))?;
    staged.commit().map_err(RunFolderError::staged(path))
}
