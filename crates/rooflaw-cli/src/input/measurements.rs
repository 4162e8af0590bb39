//! Files of measurements, and the models they are of.

use super::files::{model, read_at_most};
use anyhow::{Context as _, Result, bail};
use rooflaw::architecture::Architecture;
use rooflaw::measurements::{self, Given, Measurement, MeasurementError};
use rooflaw::models;
use rooflaw::runs::MAX_RUN_BYTES;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Folders below the one given that are searched.
const MAX_DEPTH: usize = 8;
/// Files and folders looked at.
const MAX_ENTRIES: usize = 100_000;
/// The ends of names that measurements have.
const EXTENSIONS: [&str; 6] = ["csv", "json", "jsonl", "ndjson", "md", "markdown"];

/// Measurements, each with the file it is from, and what was left out.
#[derive(Default)]
pub struct Measurements {
    /// What was read.
    pub rows: Vec<(PathBuf, Measurement)>,
    /// Entries and files that are no measurements: where, and why.
    pub skipped: Vec<(String, String)>,
}

/// Reads files of measurements, and those that folders hold.
///
/// # Errors
/// A file that is named and holds none, or a folder that holds no such file.
pub fn measurements(paths: &[PathBuf], given: &Given) -> Result<Measurements> {
    let mut found = Measurements::default();
    for path in paths {
        if !path.is_dir() {
            read(path, given, &mut found).with_context(|| path.display().to_string())?;
            continue;
        }
        if let Some(results) = rooflaw_measure::results_folder(path) {
            found.bundle(&results, given)?;
            continue;
        }
        let before = found.rows.len();
        for file in files(path)? {
            let shown = file.display().to_string();
            match read(&file, given, &mut found) {
                Ok(()) => {}
                // Beside measurements lie configurations and notes.
                Err(error) if is_something_else(&error) => {
                    found.skipped.push((shown, "no measurements".to_owned()));
                }
                Err(error) => return Err(error.context(shown)),
            }
        }
        if found.rows.len() == before {
            bail!(
                "{} holds no file of measurements: expected some of .{}",
                path.display(),
                EXTENSIONS.join(", .")
            );
        }
    }
    Ok(found)
}

impl Measurements {
    /// Adds what a bundle of `rooflaw measure plan` brought back.
    fn bundle(&mut self, results: &Path, given: &Given) -> Result<()> {
        let read = rooflaw_measure::read_results(results, given)?;
        // Configurations are named from the folder.
        let file = results.join("results.json");
        self.rows
            .extend(read.rows.into_iter().map(|row| (file.clone(), row)));
        self.skipped
            .extend(read.skipped.into_iter().map(|(name, skipped)| {
                let place = results.join(name);
                (format!("{}: {}", place.display(), skipped.place), skipped.reason)
            }));
        Ok(())
    }
}

fn files(root: &Path) -> Result<Vec<PathBuf>> {
    let shown = root.display();
    let entries = walkdir::WalkDir::new(root)
        .max_depth(MAX_DEPTH)
        .sort_by_file_name();
    let mut files = Vec::new();
    for (seen, entry) in entries.into_iter().enumerate() {
        if seen >= MAX_ENTRIES {
            bail!("{shown} holds more than {MAX_ENTRIES} files: expected a folder of measurements");
        }
        let entry = entry.with_context(|| format!("cannot search {shown}"))?;
        let extension = extension(entry.path());
        if entry.file_type().is_file() && extension.is_some_and(|found| EXTENSIONS.contains(&&*found)) {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

fn extension(path: &Path) -> Option<String> {
    Some(path.extension()?.to_str()?.to_ascii_lowercase())
}

fn is_something_else(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref::<MeasurementError>(),
        Some(
            MeasurementError::NotMeasurements(_)
                | MeasurementError::Empty
                | MeasurementError::UnknownColumn { .. }
                | MeasurementError::MissingColumn(_)
        )
    )
}

fn read(path: &Path, given: &Given, found: &mut Measurements) -> Result<()> {
    let bytes = read_at_most(path, MAX_RUN_BYTES as u64, "measurements")?;
    let (rows, skipped) = measurements::read(&bytes, extension(path).as_deref(), given)?;
    found
        .rows
        .extend(rows.into_iter().map(|row| (path.to_path_buf(), row)));
    let place = |place: &str| format!("{}: {place}", path.display());
    found.skipped.extend(
        skipped
            .into_iter()
            .map(|skipped| (place(&skipped.place), skipped.reason)),
    );
    Ok(())
}

/// Which architectures measured models have.
#[derive(Default)]
pub struct ModelNames {
    /// Configurations by the names that measurements have for their models.
    pub named: Vec<(String, String)>,
    /// A folder of configurations: `NAME.json`, or `NAME/config.json`.
    pub configs: Option<PathBuf>,
    known: BTreeMap<(PathBuf, String, Option<String>), Result<Architecture, String>>,
}

/// How far the parameters that a runtime counts may be from those of the configuration.
const SAME_PARAMETERS: f64 = 0.03;

impl ModelNames {
    /// With names and a folder, both of which may be empty.
    pub fn new(named: &[(String, String)], configs: Option<&Path>) -> ModelNames {
        ModelNames {
            named: named.to_vec(),
            configs: configs.map(Path::to_path_buf),
            known: BTreeMap::new(),
        }
    }

    /// The architecture of a measurement that was read from `file`.
    ///
    /// # Errors
    /// A model that is not known, or another one than the measurement's parameters are of; in words.
    pub fn architecture(&mut self, file: &Path, measurement: &Measurement) -> Result<Architecture, String> {
        let folder = file.parent().unwrap_or(Path::new("")).to_path_buf();
        let key = (folder, measurement.model.clone(), measurement.config.clone());
        let architecture = match self.known.get(&key) {
            Some(known) => known.clone()?,
            None => {
                let found = self
                    .find(&key.0, measurement)
                    .map_err(|error| format!("{error:#}"));
                self.known.entry(key).or_insert(found).clone()?
            }
        };
        let counted = architecture.parameters().total as f64;
        match measurement.n_parameters {
            Some(stated) if (stated as f64 / counted - 1.0).abs() > SAME_PARAMETERS => Err(format!(
                "{} has {} parameters there, and its configuration {}",
                name(measurement),
                crate::output::parameters(stated),
                crate::output::parameters(counted as u64)
            )),
            _ => Ok(architecture),
        }
    }

    fn find(&self, folder: &Path, measurement: &Measurement) -> Result<Architecture> {
        let wanted = measurement.model.trim();
        let named = self
            .named
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        if let Some((_, config)) = named {
            return Ok(model(config)?.architecture);
        }
        if let Some(config) = &measurement.config {
            // A path with a folder: a bare name would be looked up.
            let path = Path::new(".").join(folder.join(config));
            return Ok(model(&path.to_string_lossy())?.architecture);
        }
        let stem = wanted.rsplit(['/', '\\']).next().unwrap_or_default();
        if let Some(configs) = self
            .configs
            .as_deref()
            .filter(|_| !stem.is_empty() && stem != "..")
        {
            let files = [
                configs.join(format!("{stem}.json")),
                configs.join(stem).join("config.json"),
            ];
            if let Some(file) = files.iter().find(|file| file.is_file()) {
                let path = Path::new(".").join(file);
                return Ok(model(&path.to_string_lossy())?.architecture);
            }
        }
        match models::find(wanted) {
            Ok(known) => Ok(known.architecture),
            Err(_) => bail!(
                "unknown model `{wanted}`: give --model '{wanted}=CONFIG', or a folder with {stem}.json as --configs"
            ),
        }
    }
}

/// What a measurement calls its model.
pub fn name(measurement: &Measurement) -> &str {
    let config = measurement.config.as_deref().unwrap_or_default();
    if measurement.model.is_empty() {
        config
    } else {
        &measurement.model
    }
}
