//! A plan for other trainers: for each run what to train and how, and a table to bring the losses back in.

use crate::error::SweepError;
use crate::files;
use crate::plan::Plan;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;

/// What a folder of external runs is for.
const README: &str = "\
# Runs to train

Each folder is a run: `config.json` (Hugging Face), `recipe.toml` (how to train it) and `run.json` (its seed, its training
tokens, the hash of the data). Train it with whatever you have, on the same data for all, and keep the folders.

Bringing the losses back, either way:

- Logs of the Hugging Face `Trainer` (`trainer_state.json`, with `include_num_input_tokens_seen`) or of TensorBoard, left in the
  run's folder beside its `config.json`:
  `rooflaw runs import . --last --unit nats/token --tokenizer NAME --out losses.csv`
- By hand: fill the column `loss` of `runs.csv`.

Then `rooflaw fit losses.csv` (or `runs.csv`).
";

/// Writes the folder, which must be empty or new.
///
/// # Errors
/// A folder with something in it, two runs whose names make one folder, a disk that is not writable.
pub fn write(plan: &Plan, folder: &Path) -> Result<(), SweepError> {
    let is_taken = folder
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_some());
    if is_taken || folder.is_file() {
        return Err(SweepError::File {
            path: folder.to_path_buf(),
            message: "there is something: expected a new or empty folder".to_owned(),
        });
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    let invalid = |error: csv::Error| SweepError::Plan(error.to_string());
    writer
        .write_record(["group", "config", "tokens", "loss"])
        .map_err(invalid)?;
    let mut names = BTreeSet::new();
    for run in &plan.runs {
        let name = folder_name(&run.name);
        if !names.insert(name.clone()) {
            return Err(SweepError::Plan(format!(
                "{}: another run's folder is called `{name}` as well",
                run.name
            )));
        }
        let of_run = folder.join(&name);
        let recipe = plan.recipe(run).unwrap_or_default();
        let about = json!({
            "id": run.id,
            "name": run.name,
            "seed": run.seed,
            "tokens": run.predicted.tokens,
            "training_flop": run.predicted.training_flop,
            "data_hash": plan.data.hash,
        });
        files::write_json(&of_run.join("config.json"), &run.config)?;
        files::write(&of_run.join("recipe.toml"), recipe.as_bytes())?;
        files::write_json(&of_run.join("run.json"), &about)?;
        let config = format!("{name}/config.json");
        let tokens = run.predicted.tokens.to_string();
        writer
            .write_record([&name, &config, &tokens, ""])
            .map_err(invalid)?;
    }
    let table = writer
        .into_inner()
        .map_err(|error| SweepError::Plan(error.to_string()))?;
    files::write(&folder.join("runs.csv"), &table)?;
    files::write(&folder.join("README.md"), README.as_bytes())
}

/// A name that is one folder everywhere.
fn folder_name(name: &str) -> String {
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '-'
        }
    };
    let name: String = name.chars().map(safe).collect();
    match name.trim_start_matches('.') {
        "" => "run".to_owned(),
        name => name.to_owned(),
    }
}
