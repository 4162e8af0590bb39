//! Files and folders that are whole or not there: written beside their target, then renamed.

use crate::ExportError;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// What temporary names begin with.
const PREFIX: &str = ".rooflaw-";

fn parent_of(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The folder in which a target is written, which must exist.
fn place_of(target: &Path) -> Result<&Path, ExportError> {
    let parent = parent_of(target);
    if target.file_name().is_none() || !parent.is_dir() {
        let cause = format!("no folder {}: expected one that exists", parent.display());
        return Err(ExportError::file(target, cause));
    }
    Ok(parent)
}

/// Without the temporary name, which tells the user nothing.
fn cannot_write(error: &std::io::Error) -> ExportError {
    ExportError::Write(match error.raw_os_error() {
        Some(code) => std::io::Error::from_raw_os_error(code),
        None => std::io::Error::from(error.kind()),
    })
}

/// A file on its way to its target; removed when dropped before [`StagedFile::commit`].
#[derive(Debug)]
pub struct StagedFile {
    file: tempfile::NamedTempFile,
    target: PathBuf,
}

impl StagedFile {
    /// Creates a temporary file beside `target`, which is left as it is.
    ///
    /// # Errors
    /// A target that is a folder, or in none, and a folder that is not writable.
    pub fn new(target: &Path) -> Result<StagedFile, ExportError> {
        if target.is_dir() {
            return Err(ExportError::file(target, "a folder: expected a file"));
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX);
        // Other than what temporary files have: as any new file.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(place_of(target)?);
        Ok(StagedFile {
            file: file.map_err(|error| cannot_write(&error))?,
            target: target.to_path_buf(),
        })
    }

    /// Where to write.
    pub fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Moves the file to its target once it is on the disk, replacing what is there.
    ///
    /// # Errors
    /// A disk that is full or not writable; the target is then what it was.
    pub fn commit(self) -> Result<(), ExportError> {
        self.file.as_file().sync_all().map_err(ExportError::Write)?;
        let persisted = self.file.persist(&self.target);
        persisted.map(drop).map_err(|error| cannot_write(&error.error))
    }
}

/// A folder on its way to its target; removed when dropped before [`StagedFolder::commit`].
#[derive(Debug)]
pub struct StagedFolder {
    staging: tempfile::TempDir,
    target: PathBuf,
}

/// Where the files are, inside the temporary folder, whose permissions are stricter than a user expects.
const INSIDE: &str = "files";

impl StagedFolder {
    /// Creates a temporary folder beside `target`, which must not exist, or be empty: files of another model among
    /// these would be taken for theirs.
    ///
    /// # Errors
    /// A target that is a file, or holds files, or is in no folder; and a folder that is not writable.
    pub fn new(target: &Path) -> Result<StagedFolder, ExportError> {
        if let Ok(mut entries) = fs::read_dir(target) {
            if entries.next().is_some() {
                let cause = "a folder that is not empty: expected a new or an empty one";
                return Err(ExportError::file(target, cause));
            }
        } else if target.exists() {
            return Err(ExportError::file(target, "a file: expected a folder"));
        }
        let staging = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir_in(place_of(target)?);
        let staged = StagedFolder {
            staging: staging.map_err(|error| cannot_write(&error))?,
            target: target.to_path_buf(),
        };
        fs::create_dir(staged.inside()).map_err(ExportError::Write)?;
        Ok(staged)
    }

    fn inside(&self) -> PathBuf {
        self.staging.path().join(INSIDE)
    }

    /// Creates a file in the folder.
    ///
    /// # Errors
    /// A disk that is full or not writable.
    pub fn create(&self, name: &str) -> Result<File, ExportError> {
        File::create(self.inside().join(name)).map_err(ExportError::Write)
    }

    /// Moves the folder to its target once its files are on the disk.
    ///
    /// # Errors
    /// A disk that is full or not writable; the target is then what it was.
    pub fn commit(self) -> Result<(), ExportError> {
        for entry in fs::read_dir(self.inside()).map_err(ExportError::Write)? {
            let path = entry.map_err(ExportError::Write)?.path();
            // Windows wants a handle that can write.
            let synced = File::options()
                .write(true)
                .open(path)
                .and_then(|file| file.sync_all());
            synced.map_err(ExportError::Write)?;
        }
        if self.target.is_dir() {
            // Empty, or this fails.
            fs::remove_dir(&self.target).map_err(ExportError::Write)?;
        }
        fs::rename(self.inside(), &self.target).map_err(ExportError::Write)
    }
}
