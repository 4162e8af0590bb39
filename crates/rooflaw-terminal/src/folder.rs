//! A folder of results: everything is written beside it first, then moved in, so that no file is ever half written.

use anyhow::{Context as _, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// Files on their way into a folder.
pub struct Folder {
    /// Beside the target, so that moving is renaming; removed with whatever is in it when this is dropped.
    staging: tempfile::TempDir,
    target: PathBuf,
    files: Vec<PathBuf>,
    created: Created,
}

/// Folders created above the target, outermost first; removed when this is dropped, unless something is in them.
struct Created(Vec<PathBuf>);

impl Drop for Created {
    fn drop(&mut self) {
        for folder in self.0.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Where the files are staged, inside the temporary folder, whose permissions are stricter than a user expects.
const INSIDE: &str = "files";

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

impl Folder {
    /// Whether `target` can be a folder of results, before the work is done that fills it. Writes nothing.
    ///
    /// # Errors
    /// A target that is a file, or is below one.
    pub fn check(target: &Path) -> Result<()> {
        let shown = target.display();
        for (depth, place) in target.ancestors().enumerate() {
            match fs::metadata(place) {
                Ok(metadata) if metadata.is_dir() => return Ok(()),
                Ok(_) if depth == 0 => bail!("--out {shown} is a file: expected a folder"),
                Ok(_) => bail!("--out {shown}: {} is a file, not a folder", place.display()),
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// Prepares to fill `target`, which is created if need be; files of the same names are replaced.
    ///
    /// # Errors
    /// A target that is a file, or beside which nothing can be written.
    pub fn new(target: &Path) -> Result<Folder> {
        Folder::check(target)?;
        let parent = parent_of(target);
        let mut missing: Vec<PathBuf> = parent
            .ancestors()
            .take_while(|place| !place.exists())
            .map(Path::to_path_buf)
            .collect();
        missing.reverse();
        let created = Created(missing);
        fs::create_dir_all(parent).with_context(|| format!("--out: cannot create {}", parent.display()))?;
        let mut builder = tempfile::Builder::new();
        let staging = builder.prefix(".rooflaw-").tempdir_in(parent);
        let folder = Folder {
            staging: staging
                .map_err(|error| std::io::Error::from(error.kind()))
                .with_context(|| format!("--out {}: cannot write beside it", target.display()))?,
            target: target.to_path_buf(),
            files: Vec::new(),
            created,
        };
        fs::create_dir(folder.inside())?;
        Ok(folder)
    }

    fn inside(&self) -> PathBuf {
        self.staging.path().join(INSIDE)
    }

    /// Adds a file; `name` may have folders in it.
    ///
    /// # Errors
    /// A disk that is full or not writable.
    pub fn add(&mut self, name: &str, contents: impl AsRef<[u8]>) -> Result<()> {
        let path = self.inside().join(name);
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
    /// A target that is not writable, or where a folder has the name of a file or the other way round.
    pub fn commit(mut self) -> Result<()> {
        let moved = if self.target.exists() {
            self.replace()
        } else {
            // All at once.
            fs::rename(self.inside(), &self.target)
                .with_context(|| format!("cannot write {}", self.target.display()))
        };
        if moved.is_ok() {
            self.created.0.clear();
        }
        moved
    }

    fn replace(&self) -> Result<()> {
        for file in &self.files {
            let to = self.target.join(file);
            if to.is_dir() {
                bail!("{} is a folder: expected a file or nothing", to.display());
            }
            for above in file.ancestors().skip(1).map(|place| self.target.join(place)) {
                if above.exists() && !above.is_dir() {
                    bail!("{} is a file: expected a folder or nothing", above.display());
                }
            }
        }
        for file in &self.files {
            let to = self.target.join(file);
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
            }
            fs::rename(self.inside().join(file), &to)
                .with_context(|| format!("cannot write {}", to.display()))?;
        }
        Ok(())
    }
}
