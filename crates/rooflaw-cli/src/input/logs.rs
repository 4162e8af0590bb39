//! Logs of trainings: files that are named, and those that a folder holds.

use super::files::read_at_most;
use super::model;
use anyhow::{Context as _, Result, bail};
use rooflaw::runs::MAX_RUN_BYTES;
use rooflaw::runs::import::{ImportedRun, MAX_EVENT_BYTES, MAX_EXPORT_BYTES, hf_trainer, tensorboard, wandb};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Folders below the one given that are searched.
const MAX_DEPTH: usize = 8;
/// Files and folders looked at.
const MAX_ENTRIES: usize = 100_000;

/// What was found.
pub struct Logs {
    /// The runs, by the name of their folder.
    pub runs: Vec<ImportedRun>,
    /// What was passed over.
    pub warnings: Vec<String>,
}

/// What wrote a log.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    HfTrainer,
    TensorBoard,
    Wandb,
}

impl Kind {
    fn of(path: &Path) -> Option<Kind> {
        let name = path.file_name()?.to_string_lossy();
        if name.contains("tfevents") {
            return Some(Kind::TensorBoard);
        }
        match path.extension()?.to_str()? {
            "json" => Some(Kind::HfTrainer),
            "csv" => Some(Kind::Wandb),
            _ => None,
        }
    }
}

/// A log and the run it is of.
struct Log {
    kind: Kind,
    path: PathBuf,
    /// The folder of the run; checkpoints are folders inside it.
    folder: PathBuf,
    name: String,
}

/// Reads logs: files, or every `trainer_state.json` and event file below a folder. With `configs`, a config.json beside a
/// log is the run's architecture.
///
/// # Errors
/// A file that is no log, a folder that holds none, two runs that would have one name.
pub fn find_logs(paths: &[PathBuf], configs: bool) -> Result<Logs> {
    let mut logs = Vec::new();
    for path in paths {
        if path.is_dir() {
            search(path, &mut logs)?;
        } else {
            let kind = Kind::of(path).with_context(|| {
                let shown = path.display();
                format!(
                    "{shown}: expected a trainer_state.json, an events.out.tfevents.* file, a W&B .csv or a folder"
                )
            })?;
            logs.push(log(kind, path, None));
        }
    }
    let warnings = without_copies(&mut logs);
    let mut runs: BTreeMap<String, (PathBuf, Vec<ImportedRun>)> = BTreeMap::new();
    for log in logs {
        for run in read(&log, configs).with_context(|| log.path.display().to_string())? {
            // A run may be in two exports, whatever the files are called.
            let place = if log.kind == Kind::Wandb {
                PathBuf::new()
            } else {
                log.folder.clone()
            };
            let (folder, parts) = runs
                .entry(run.name.clone())
                .or_insert_with(|| (place.clone(), Vec::new()));
            if *folder != place {
                bail!(
                    "two runs are called `{}`: {} and {}; expected folders of different names, or one that holds both",
                    run.name,
                    folder.display(),
                    place.display()
                );
            }
            parts.push(run);
        }
    }
    Ok(Logs {
        runs: runs
            .into_values()
            .filter_map(|(_, parts)| merged(parts))
            .collect(),
        warnings,
    })
}

/// The logs of one run as one: later checkpoints know better.
fn merged(mut parts: Vec<ImportedRun>) -> Option<ImportedRun> {
    parts.sort_by_key(ImportedRun::last_step);
    parts.into_iter().reduce(|mut run, part| {
        run.merge(part);
        run
    })
}

fn search(root: &Path, logs: &mut Vec<Log>) -> Result<()> {
    let shown = root.display();
    let before = logs.len();
    let entries = walkdir::WalkDir::new(root)
        .max_depth(MAX_DEPTH)
        .sort_by_file_name();
    for (seen, entry) in entries.into_iter().enumerate() {
        if seen >= MAX_ENTRIES {
            bail!("{shown} holds more than {MAX_ENTRIES} files: expected the folder of some runs");
        }
        let entry = entry.with_context(|| format!("cannot search {shown}"))?;
        let name = entry.file_name().to_string_lossy();
        let wanted = name == "trainer_state.json" || name.contains(".tfevents.");
        if let Some(kind) = Kind::of(entry.path()).filter(|_| wanted && entry.file_type().is_file()) {
            logs.push(log(kind, entry.path(), Some(root)));
        }
    }
    if logs.len() == before {
        bail!("{shown} holds no trainer_state.json and no events.out.tfevents.* ({MAX_DEPTH} folders deep)");
    }
    Ok(())
}

/// A log; its run is called after its folder, as seen from the folder that was searched.
fn log(kind: Kind, path: &Path, root: Option<&Path>) -> Log {
    let mut folder = path.parent().unwrap_or(Path::new(""));
    if kind == Kind::HfTrainer && is_checkpoint(folder) {
        folder = folder.parent().unwrap_or(folder);
    }
    let whole = Path::new(".").join(folder);
    let whole = whole.canonicalize().unwrap_or(whole);
    let below = root.and_then(|root| folder.strip_prefix(root).ok());
    let name = match below.filter(|below| !below.as_os_str().is_empty()) {
        Some(below) => below.to_string_lossy().into_owned(),
        None => whole
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
    };
    Log {
        kind,
        path: path.to_path_buf(),
        folder: whole,
        name,
    }
}

/// `checkpoint-1000`.
fn is_checkpoint(folder: &Path) -> bool {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    name.as_deref()
        .and_then(|name| name.strip_prefix("checkpoint-"))
        .is_some_and(|step| !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Leaves out event files that a Trainer wrote below the folder of its `trainer_state.json`, which has the same numbers.
fn without_copies(logs: &mut Vec<Log>) -> Vec<String> {
    let mut copies: BTreeMap<PathBuf, usize> = logs
        .iter()
        .filter(|log| log.kind == Kind::HfTrainer)
        .map(|log| (log.folder.clone(), 0))
        .collect();
    logs.retain(|log| {
        if log.kind != Kind::TensorBoard {
            return true;
        }
        let above = log.folder.ancestors().find(|folder| copies.contains_key(*folder));
        let Some(count) = above.and_then(|folder| copies.get_mut(folder)) else {
            return true;
        };
        *count += 1;
        false
    });
    let left_out = copies.into_iter().filter(|(_, count)| *count > 0);
    left_out
        .map(|(folder, count)| {
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            let files = if count == 1 { "event file" } else { "event files" };
            format!("{count} {files} below {name} left out: its trainer_state.json has the same logs")
        })
        .collect()
}

fn read(log: &Log, configs: bool) -> Result<Vec<ImportedRun>> {
    let limit = match log.kind {
        Kind::TensorBoard => MAX_EVENT_BYTES,
        Kind::HfTrainer => MAX_RUN_BYTES,
        Kind::Wandb => MAX_EXPORT_BYTES,
    };
    let bytes = read_at_most(&log.path, limit as u64, "the log of a training")?;
    let mut run = match log.kind {
        Kind::HfTrainer => hf_trainer(&log.name, &bytes)?,
        Kind::TensorBoard => tensorboard(&log.name, &bytes)?,
        Kind::Wandb => return Ok(wandb(&bytes)?),
    };
    let beside = log.path.with_file_name("config.json");
    let config = [beside, log.folder.join("config.json")]
        .into_iter()
        .find(|path| path.is_file());
    if let Some(config) = config.filter(|_| configs) {
        let found =
            model(&config.to_string_lossy()).context("its config.json (--no-config leaves it aside)")?;
        run.architecture = Some(found.architecture);
    }
    Ok(vec![run])
}
