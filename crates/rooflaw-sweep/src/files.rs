//! Files that are whole or not there.

use crate::error::SweepError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;

/// Writes a file beside its place and renames it there.
///
/// # Errors
/// A disk that is full or not writable; what was there is then as it was.
pub fn write(path: &Path, contents: &[u8]) -> Result<(), SweepError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(SweepError::io("create", folder))?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".rooflaw-");
    // As any new file, not private as temporary ones are: others of the group may share the sweep.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder
        .tempfile_in(folder)
        .map_err(SweepError::io("write", path))?;
    file.write_all(contents)
        .and_then(|()| file.as_file().sync_all())
        .map_err(SweepError::io("write", path))?;
    file.persist(path)
        .map_err(|error| SweepError::io("write", path)(error.error))?;
    Ok(())
}

/// Writes a value as JSON.
///
/// # Errors
/// As [`write()`].
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<(), SweepError> {
    let invalid = |error: serde_json::Error| SweepError::io("write", path)(error.into());
    let mut text = serde_json::to_vec_pretty(value).map_err(invalid)?;
    text.push(b'\n');
    write(path, &text)
}

/// The bytes of a file of at most `limit`; `None` where there is none.
///
/// # Errors
/// A file that cannot be read, or is larger.
pub fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, SweepError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(SweepError::io("open", path)(error)),
    };
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(SweepError::io("read", path))?;
    if bytes.len() as u64 > limit {
        return Err(SweepError::File {
            path: path.to_path_buf(),
            message: format!("larger than {} MiB", limit >> 20),
        });
    }
    Ok(Some(bytes))
}

/// A JSON file; `None` where there is none.
///
/// # Errors
/// As [`read`], and what is not the JSON expected.
pub fn read_json<T: DeserializeOwned>(path: &Path, limit: u64) -> Result<Option<T>, SweepError> {
    let Some(bytes) = read(path, limit)? else {
        return Ok(None);
    };
    let parsed = serde_json::from_slice(&bytes).map_err(|error| SweepError::File {
        path: path.to_path_buf(),
        message: error.to_string(),
    })?;
    Ok(Some(parsed))
}
