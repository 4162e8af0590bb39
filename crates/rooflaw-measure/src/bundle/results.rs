//! What a bundle's script brought back.

use crate::MeasureError;
use rooflaw::architecture::hf;
use rooflaw::measurements::{self, Given, Measurement, Skipped};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Largest file read, bytes; those of one process have some kB.
const MAX_BYTES: u64 = 16 << 20;
/// Most files read.
const MAX_FILES: usize = 100_000;

/// What a folder of results holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Results {
    /// The measurements, a row for each process; paths of configurations are seen from the folder.
    pub rows: Vec<Measurement>,
    /// What was left out, by file.
    pub skipped: Vec<(String, Skipped)>,
}

/// The folder `results` of a bundle, given that folder or the bundle's; `None` for another folder.
#[must_use]
pub fn results_folder(given: &Path) -> Option<PathBuf> {
    let is_bundle = |folder: &Path| folder.join("configs").is_dir() && folder.join(super::SCRIPT).is_file();
    let inside = given.join("results");
    if is_bundle(given) && inside.is_dir() {
        return Some(inside);
    }
    let is_results = given.file_name().is_some_and(|name| name == "results");
    (is_results && is_bundle(&given.join(".."))).then(|| given.to_path_buf())
}

/// Reads the folder `results` of a bundle: every `*.json` in it, each model's configuration from `configs`. `given` says
/// what the files do not, such as the device.
///
/// # Errors
/// A folder that cannot be read, or has no file that is one of measurements. A file that is none beside others that are,
/// and measurements of another model than their configuration's, are left out and named.
pub fn read_results(folder: &Path, given: &Given) -> Result<Results, MeasureError> {
    let wrong = |cause: String| MeasureError::Folder {
        path: folder.to_path_buf(),
        cause,
    };
    let entries = fs::read_dir(folder).map_err(|error| wrong(format!("cannot read: {error}")))?;
    let mut names: Vec<String> = entries
        .take(MAX_FILES)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".json"))
        .collect();
    names.sort();
    let mut results = Results::default();
    let mut parameters: BTreeMap<String, Option<u64>> = BTreeMap::new();
    for name in &names {
        let (rows, skipped) = match read(&folder.join(name), given) {
            Ok(found) => found,
            Err(reason) => (
                Vec::new(),
                vec![Skipped {
                    place: String::new(),
                    reason,
                }],
            ),
        };
        results
            .skipped
            .extend(skipped.into_iter().map(|skipped| (name.clone(), skipped)));
        for mut row in rows {
            let config = row
                .config
                .clone()
                .unwrap_or_else(|| format!("configs/{}.json", row.model));
            let counted = parameters
                .entry(config.clone())
                .or_insert_with(|| count(&folder.join(&config)));
            match (*counted, row.n_parameters) {
                (Some(expected), Some(found)) if expected != found => {
                    let reason = format!(
                        "the runtime counts {found} parameters, {config} has {expected}: another model"
                    );
                    let place = row.model.clone();
                    results.skipped.push((name.clone(), Skipped { place, reason }));
                    continue;
                }
                (Some(_), _) => row.config = Some(config),
                // A model of the catalogue needs none.
                (None, _) => {}
            }
            results.rows.push(row);
        }
    }
    if results.rows.is_empty() {
        return Err(wrong(match results.skipped.first() {
            Some((name, skipped)) => format!("no measurements ({name}: {})", skipped.reason),
            None => "holds no *.json: expected the folder `results` of `rooflaw measure plan`".to_owned(),
        }));
    }
    Ok(results)
}

fn read(path: &Path, given: &Given) -> Result<(Vec<Measurement>, Vec<Skipped>), String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("cannot read: {error}"))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!("larger than {} MiB", MAX_BYTES >> 20));
    }
    measurements::read(&bytes, Some("json"), given).map_err(|error| error.to_string())
}

/// Parameters of a configuration, if it is there.
fn count(config: &Path) -> Option<u64> {
    let mut bytes = Vec::new();
    File::open(config)
        .and_then(|file| file.take(hf::MAX_BYTES as u64 + 1).read_to_end(&mut bytes))
        .ok()?;
    Some(hf::read(&bytes).ok()?.architecture.parameters().total)
}
