//! A file that is whole or not there: written beside its target, then renamed.

use anyhow::{Context as _, Result, bail};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// A file on its way to its target.
pub struct File {
    target: PathBuf,
}

impl File {
    /// Whether `target` can be a file, before the work is done that fills it. Writes nothing.
    ///
    /// # Errors
    /// A target that is a folder, or in none.
    pub fn new(target: &Path) -> Result<File> {
        let shown = target.display();
        if target.is_dir() {
            bail!("--out {shown} is a folder: expected a file");
        }
        if target.file_name().is_none() || !folder(target).is_dir() {
            bail!(
                "--out {shown}: no folder {}: expected one that exists",
                folder(target).display()
            );
        }
        Ok(File {
            target: target.to_path_buf(),
        })
    }

    /// Replaces the file, if there is one.
    ///
    /// # Errors
    /// A disk that is full or not writable; the file is then what it was.
    pub fn write(&self, contents: &str) -> Result<()> {
        let shown = self.target.display();
        let mut builder = tempfile::Builder::new();
        builder.prefix(".rooflaw-");
        // Other than what temporary files have: as any new file.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let cannot = || format!("--out {shown}: cannot write");
        let mut file = builder
            .tempfile_in(folder(&self.target))
            .map_err(|error| std::io::Error::from(error.kind()))
            .with_context(cannot)?;
        file.write_all(contents.as_bytes()).with_context(cannot)?;
        file.persist(&self.target)
            .map_err(|error| error.error)
            .with_context(cannot)?;
        Ok(())
    }
}

fn folder(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
