//! A folder of results: everything is written beside it first, then moved in, so that no file is ever half written.

use anyhow::{Context as _, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// Files on their way into a folder.
pub struct Folder {
    staging: tempfile::TempDir,
    target: PathBuf,
    files: Vec<PathBuf>,
}

impl Folder {
    /// Prepares to fill `target`, which is created if need be; files of the same names are replaced.
    ///
    /// # Errors
    /// A target that is a file, or beside which nothing can be written.
    pub fn new(target: &Path) -> Result<Folder> {
        if target.exists() && !target.is_dir() {
            bail!("--out {} is a file: expected a folder", target.display());
        }
        let parent = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
        let staging = tempfile::Builder::new()
            .prefix(".rooflaw-")
            .tempdir_in(parent)
            .with_context(|| format!("cannot write beside --out {}", target.display()))?;
        Ok(Folder {
            staging,
            target: target.to_path_buf(),
            files: Vec::new(),
        })
    }

    /// Adds a file; `name` may have folders in it.
    ///
    /// # Errors
    /// A disk that is full or not writable.
    pub fn add(&mut self, name: &str, contents: impl AsRef<[u8]>) -> Result<()> {
        let path = self.staging.path().join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, contents).with_context(|| format!("cannot write {name}"))?;
        self.files.push(PathBuf::from(name));
        Ok(())
    }

    /// Moves everything into the target.
    ///
    /// # Errors
    /// A target that is not writable.
    pub fn commit(self) -> Result<()> {
        for file in &self.files {
            let to = self.target.join(file);
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
            }
            fs::rename(self.staging.path().join(file), &to)
                .with_context(|| format!("cannot write {}", to.display()))?;
        }
        Ok(())
    }
}
