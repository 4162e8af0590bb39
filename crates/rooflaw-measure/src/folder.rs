//! The folder that measurements are kept in: a table, raw samples, configurations. Whatever stops the work, what is in
//! it is whole.

use crate::{MeasureError, Model};
use rooflaw::architecture::hf;
use rooflaw::device::Phase;
use rooflaw::format::WeightFormat;
use rooflaw::measurements::{Measurement, MeasurementTable};
use serde::Serialize;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// The table.
pub const TABLE: &str = "measurements.csv";
/// Every process with its samples, one JSON object a line.
pub const RAW: &str = "raw.jsonl";
/// What temporary names begin with.
const TEMPORARY: &str = ".rooflaw-";

/// A folder of measurements, which nobody else changes meanwhile.
#[derive(Debug)]
pub struct MeasurementFolder {
    path: PathBuf,
    table: MeasurementTable,
    /// Locked as long as this exists.
    raw: File,
}

/// What distinguishes one's own measurements on one device.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key<'a> {
    pub(crate) model: &'a str,
    pub(crate) weights: WeightFormat,
    pub(crate) threads: u32,
    pub(crate) phase: Phase,
    pub(crate) context_tokens: u32,
    pub(crate) tokens: u32,
}

impl Key<'_> {
    fn is_of(&self, row: &Measurement) -> bool {
        row.model == self.model
            && row.weights == self.weights
            // Of a GPU they are not said.
            && row.threads.is_none_or(|threads| threads == self.threads)
            && row.phase == self.phase
            && (row.context_tokens, row.tokens, row.batch) == (self.context_tokens, self.tokens, 1)
    }
}

impl MeasurementFolder {
    /// Opens a folder, which is created if need be, with the measurements that are in it. What an earlier session left
    /// half done is removed.
    ///
    /// # Errors
    /// A folder that cannot be created or written, that another process is measuring into, or whose table is damaged.
    pub fn open(path: &Path) -> Result<MeasurementFolder, MeasureError> {
        let keep = |place: &Path| {
            let place = place.to_path_buf();
            move |cause| MeasureError::Keep { path: place, cause }
        };
        let wrong = |place: PathBuf, cause: String| MeasureError::Folder { path: place, cause };
        fs::create_dir_all(path.join("configs")).map_err(keep(path))?;
        let raw_path = path.join(RAW);
        let raw = File::options()
            .read(true)
            .append(true)
            .create(true)
            .open(&raw_path)
            .map_err(keep(&raw_path))?;
        if fs4::FileExt::try_lock(&raw).is_err() {
            let cause = "another rooflaw measures into it: expected to be alone in the folder";
            return Err(wrong(path.to_path_buf(), cause.to_owned()));
        }
        let table_path = path.join(TABLE);
        let table = match fs::read(&table_path) {
            Ok(bytes) => MeasurementTable::from_csv(&bytes)
                .map_err(|cause| wrong(table_path.clone(), format!("{cause}; mend it, or move it away")))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => MeasurementTable::default(),
            Err(cause) => {
                return Err(wrong(table_path, format!("cannot read: {cause}")));
            }
        };
        let mut folder = MeasurementFolder {
            path: path.to_path_buf(),
            table,
            raw,
        };
        folder.tidy().map_err(keep(path))?;
        Ok(folder)
    }

    /// Removes temporary files of a session that was killed, and the half of a line it may have written.
    fn tidy(&mut self) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if !entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else {
                fs::remove_file(entry.path())?;
            }
        }
        let mut text = Vec::new();
        self.raw.seek(SeekFrom::Start(0))?;
        self.raw.read_to_end(&mut text)?;
        let whole = text
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |last| last + 1);
        if whole < text.len() {
            self.raw.set_len(whole as u64)?;
        }
        Ok(())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The measurements in it.
    #[must_use]
    pub fn rows(&self) -> &[Measurement] {
        &self.table.rows
    }

    pub(crate) fn row(&self, key: &Key<'_>) -> Option<&Measurement> {
        self.rows().iter().find(|row| key.is_of(row))
    }

    /// A folder for temporary files, removed when dropped, or by whoever opens this folder next.
    pub(crate) fn temporary(&self) -> Result<tempfile::TempDir, MeasureError> {
        let mut builder = tempfile::Builder::new();
        let made = builder.prefix(TEMPORARY).tempdir_in(&self.path);
        made.map_err(|error| self.cannot("", error.kind().into()))
    }

    fn cannot(&self, name: &str, cause: io::Error) -> MeasureError {
        MeasureError::Keep {
            path: self.path.join(name),
            cause,
        }
    }

    /// Keeps a model's config.json.
    ///
    /// # Errors
    /// Another architecture of the same name, and a disk that is full.
    pub fn add_config(&self, model: &Model) -> Result<(), MeasureError> {
        let name = model.config_path();
        let path = self.path.join(&name);
        if let Ok(there) = fs::read(&path) {
            // The same architecture may be written in several ways.
            if hf::read(&there).is_ok_and(|there| there.architecture == model.architecture) {
                return Ok(());
            }
            let cause = "another architecture of this name: expected another name, or another --out";
            return Err(MeasureError::Folder {
                path,
                cause: cause.to_owned(),
            });
        }
        self.replace(&name, model.config.as_bytes())
    }

    /// Adds a line to the raw samples.
    pub(crate) fn add_raw(&mut self, line: &impl Serialize) -> Result<(), MeasureError> {
        let cannot = |folder: &MeasurementFolder, cause| folder.cannot(RAW, cause);
        let mut text = serde_json::to_vec(line).map_err(|error| cannot(self, error.into()))?;
        text.push(b'\n');
        let before = self.raw.metadata().map_err(|error| cannot(self, error))?.len();
        self.raw.write_all(&text).map_err(|error| {
            // A disk that is full has room for a shorter file.
            let _ = self.raw.set_len(before);
            cannot(self, error)
        })
    }

    /// Adds rows to the table: all of them, or none.
    pub(crate) fn add_rows(&mut self, rows: &[Measurement]) -> Result<(), MeasureError> {
        let mut table = self.table.clone();
        table.rows.extend_from_slice(rows);
        let text = table.to_csv().map_err(|cause| MeasureError::Folder {
            path: self.path.join(TABLE),
            cause: cause.to_string(),
        })?;
        self.replace(TABLE, text.as_bytes())?;
        self.table = table;
        Ok(())
    }

    /// Writes a file beside its target, then moves it there.
    fn replace(&self, name: &str, contents: &[u8]) -> Result<(), MeasureError> {
        let write = || -> Result<(), rooflaw_export::ExportError> {
            let mut staged = rooflaw_export::StagedFile::new(&self.path.join(name))?;
            staged
                .file()
                .write_all(contents)
                .map_err(rooflaw_export::ExportError::Write)?;
            staged.commit()
        };
        write().map_err(|error| match error {
            rooflaw_export::ExportError::Write(cause) => self.cannot(name, cause),
            other => self.cannot(name, io::Error::other(other.to_string())),
        })
    }
}
