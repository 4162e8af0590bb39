//! Folders of `rooflaw train`: those below a folder, as a table.

use super::files::read_at_most;
use super::runs::Runs;
use anyhow::{Context as _, Result, bail};
use rooflaw::runs::{FinishedRun, MAX_RECORD_BYTES, RunTable};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// Folders below the one given that are searched.
const MAX_DEPTH: usize = 8;
/// Files and folders looked at.
const MAX_ENTRIES: usize = 1_000_000;
/// Runs that are named one by one where they are left out.
const MAX_NAMED: usize = 5;

/// Why a run failed, as its `failure.json` tells it.
#[derive(Deserialize)]
struct Failure {
    message: String,
}

/// The trainings below a folder, or the one that it is; those that are not done are left out.
///
/// # Errors
/// A folder without trainings, or whose trainings are all not done; a record that cannot be read.
pub fn runs(path: &Path) -> Result<Runs> {
    let shown = path.display();
    let folders = search(path)?;
    if folders.is_empty() {
        bail!(
            "{shown} holds no training: expected a folder of `rooflaw train` (with its run.json), or one of such"
        );
    }
    let (mut finished, mut unfinished, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for folder in &folders {
        let name = name(path, folder);
        if folder.join("result.json").is_file() {
            let read = |file: &str| {
                let limit = MAX_RECORD_BYTES as u64;
                read_at_most(&folder.join(file), limit, "the record of a training")
            };
            let run = FinishedRun::read(&name, &read("run.json")?, &read("result.json")?);
            finished.push(run.with_context(|| folder.display().to_string())?);
        } else if let Some(why) = failure(folder) {
            failed.push((name, why));
        } else {
            unfinished.push(name);
        }
    }
    let total = folders.len();
    let left_out = left_out(total, &unfinished, &failed);
    if finished.is_empty() {
        bail!("{shown}: no training is done; {}", left_out.join("; "));
    }
    let mut warnings = left_out;
    let mut data: Vec<&str> = finished.iter().map(|run| run.data_sha256.as_str()).collect();
    data.sort_unstable();
    data.dedup();
    if data.len() > 1 {
        warnings.push(format!(
            "the trainings are of {} data sets: their losses compare as far as what these hold out does",
            data.len()
        ));
    }
    let table = RunTable::from_finished(&finished).with_context(|| shown.to_string())?;
    Ok(Runs {
        table,
        left_out: warnings,
    })
}

/// The folders that have a `run.json`, by path; nothing is searched below one.
fn search(path: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    let mut walk = WalkDir::new(path)
        .max_depth(MAX_DEPTH)
        .sort_by_file_name()
        .into_iter();
    let mut entries = 0;
    while let Some(entry) = walk.next() {
        let entry = entry.with_context(|| path.display().to_string())?;
        entries += 1;
        if entries > MAX_ENTRIES {
            bail!(
                "{} holds more than {MAX_ENTRIES} files: give the folder of the trainings",
                path.display()
            );
        }
        if !entry.file_type().is_dir() {
            continue;
        }
        // What is half-written, and what tools keep for themselves.
        let is_hidden = entry.depth() > 0 && entry.file_name().to_string_lossy().starts_with('.');
        let is_run = entry.path().join("run.json").is_file();
        if is_run {
            folders.push(entry.path().to_path_buf());
        }
        if is_hidden || is_run {
            walk.skip_current_dir();
        }
    }
    Ok(folders)
}

/// What a run is called: its path below the folder given, or that folder's own name.
fn name(path: &Path, folder: &Path) -> String {
    let below = folder.strip_prefix(path).unwrap_or(folder).to_string_lossy();
    if !below.is_empty() {
        return below.into_owned();
    }
    let own = path.canonicalize().ok();
    let own = own.as_deref().and_then(Path::file_name);
    own.map_or_else(|| "run".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn failure(folder: &Path) -> Option<String> {
    let limit = MAX_RECORD_BYTES as u64;
    let bytes = read_at_most(&folder.join("failure.json"), limit, "why a training failed").ok()?;
    let failure: Failure = serde_json::from_slice(&bytes).ok()?;
    Some(failure.message)
}

fn left_out(total: usize, unfinished: &[String], failed: &[(String, String)]) -> Vec<String> {
    let are = |count: usize| if count == 1 { "is" } else { "are" };
    let mut texts = Vec::new();
    if !unfinished.is_empty() {
        let count = unfinished.len();
        let more = if count > MAX_NAMED { ", …" } else { "" };
        let named = &unfinished[..count.min(MAX_NAMED)];
        texts.push(format!(
            "{count} of {total} trainings {} not done and left out: {}{more}",
            are(count),
            named.join(", ")
        ));
    }
    for (name, why) in &failed[..failed.len().min(MAX_NAMED)] {
        texts.push(format!("{name} failed and is left out: {why}"));
    }
    if failed.len() > MAX_NAMED {
        let more = failed.len() - MAX_NAMED;
        texts.push(format!("{more} more failed and {} left out", are(more)));
    }
    texts
}
