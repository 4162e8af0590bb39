//! Tables of runs: from a file or from folders of trainings, and the rows of them that are wanted.

use super::files::{is_path, model, read_at_most};
use super::run_folders;
use anyhow::{Context as _, Result};
use clap::Args;
use rooflaw::architecture::Architecture;
use rooflaw::models;
use rooflaw::runs::{Filter, MAX_RUN_BYTES, RunTable};
use std::path::Path;

/// A table of runs, and what was left out of it.
pub struct Runs {
    /// The table.
    pub table: RunTable,
    /// Runs that are in no row, and why.
    pub left_out: Vec<String>,
}

impl Runs {
    /// The table; what was left out is said.
    ///
    /// # Errors
    /// A terminal that has gone away.
    pub fn told(self) -> Result<RunTable> {
        for text in &self.left_out {
            crate::output::warning(text)?;
        }
        Ok(self.table)
    }
}

/// A table of runs: from a file, or from the trainings that a folder holds.
pub fn runs(path: &Path) -> Result<Runs> {
    if path.is_dir() {
        return run_folders::runs(path);
    }
    let table = table(path)?;
    Ok(Runs {
        table,
        left_out: Vec::new(),
    })
}

/// A table of runs from a file: JSON Lines if it is called so, else CSV. Paths in its column `config` are relative to its
/// folder.
fn table(path: &Path) -> Result<RunTable> {
    let bytes = read_at_most(path, MAX_RUN_BYTES as u64, "a table of runs")?;
    let resolve = |name: &str| -> Result<Architecture, String> {
        let beside = path.with_file_name(name);
        if !is_path(name) {
            // As everywhere, a name means the published model, whatever folders there are.
            match models::find(name) {
                Ok(known) => return Ok(known.architecture),
                Err(unknown) if !beside.join("config.json").is_file() => return Err(unknown.to_string()),
                Err(_) => {}
            }
        }
        // A path with a folder: a bare name would be looked up again.
        let found = model(&Path::new(".").join(beside).to_string_lossy());
        Ok(found.map_err(|error| format!("{error:#}"))?.architecture)
    };
    let table = if is_json_lines(path) {
        RunTable::from_jsonl_with(&bytes, &resolve)
    } else {
        RunTable::from_csv_with(&bytes, &resolve)
    };
    table.with_context(|| path.display().to_string())
}

/// Whether a file is JSON Lines by its name.
pub fn is_json_lines(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "jsonl" || extension == "ndjson")
}

/// Which rows of a table are wanted.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Rows")]
pub struct SelectArgs {
    /// Only rows that pass comparisons joined by commas: 'tokens>=1e9,n_layers<=32', 'group!=NAME'
    #[arg(long = "where", value_name = "FILTER")]
    filter: Option<Filter>,
    /// Drop the rows of the N largest losses, after --where
    #[arg(long, value_name = "N", default_value_t = 0)]
    drop_largest: usize,
}

impl SelectArgs {
    /// These arguments as they are typed, each with a space before it.
    pub fn words(&self) -> String {
        let mut words = String::new();
        if let Some(filter) = &self.filter {
            words.push_str(&format!(" --where {}", super::shell_word(&filter.to_string())));
        }
        if self.drop_largest > 0 {
            words.push_str(&format!(" --drop-largest {}", self.drop_largest));
        }
        words
    }

    /// The rows that are wanted.
    ///
    /// # Errors
    /// A filter on a column that the table lacks, or no row left.
    pub fn select(&self, table: RunTable) -> Result<RunTable> {
        let table = match &self.filter {
            Some(filter) => table.filter(filter).context("--where")?,
            None => table,
        };
        match self.drop_largest {
            0 => Ok(table),
            count => table.drop_largest(count).context("--drop-largest"),
        }
    }
}
