//! CSV exports of Weights & Biases.
//!
//! The runs table has a row a run: `Name`, perhaps `ID`, and columns of the configuration and the summary. A chart has a row
//! a step: the x axis, then `run - metric`, `run - metric__MIN` and `run - metric__MAX` for each line drawn.

use super::tags::{STEPS, TOKENS};
use super::{ImportError, ImportedRun};
use crate::runs::rows::{self, Sink};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Longest export read, bytes: a cell of two of them becomes a named number, which is far more.
pub const MAX_EXPORT_BYTES: usize = 16 << 20;

/// Reads an export of either kind.
///
/// # Errors
/// Another CSV file, a chart against time, a cell that is no number, two runs of one name.
pub fn wandb(bytes: &[u8]) -> Result<Vec<ImportedRun>, ImportError> {
    if bytes.len() > MAX_EXPORT_BYTES {
        return Err(ImportError::TooLong {
            bytes: bytes.len(),
            limit: MAX_EXPORT_BYTES,
        });
    }
    let mut export = Export::default();
    rows::csv(bytes, &mut export)?;
    match export.kind {
        None => Err(ImportError::NotWandb("it is empty")),
        Some(Kind::Chart { .. }) => Ok(export.runs),
        Some(Kind::Runs { .. }) => told_apart(export.runs, &export.ids),
    }
}

#[derive(Default)]
struct Export {
    kind: Option<Kind>,
    runs: Vec<ImportedRun>,
    /// The `ID` of each run of a runs table that has them.
    ids: Vec<String>,
}

enum Kind {
    Runs {
        header: Vec<String>,
        name: usize,
        id: Option<usize>,
    },
    Chart {
        axis: Axis,
        /// Of each column after the first: its run and its metric; none for the extremes of what was smoothed.
        lines: Vec<Option<(usize, String)>>,
    },
}

/// What a chart's first column counts.
enum Axis {
    Steps,
    Tokens(String),
}

impl Sink for Export {
    type Error = ImportError;

    fn header(&mut self, names: Vec<String>) -> Result<(), ImportError> {
        let place = |wanted: &str| names.iter().position(|name| name == wanted);
        if let Some(name) = place("Name") {
            let id = place("ID");
            self.kind = Some(Kind::Runs {
                header: names,
                name,
                id,
            });
            return Ok(());
        }
        let mut known = BTreeMap::new();
        let mut lines = Vec::new();
        for column in names.iter().skip(1) {
            let Some((run, metric)) = column.rsplit_once(" - ") else {
                return Err(ImportError::NotWandb(
                    "expected a column `Name`, or columns such as `run - loss` after the first",
                ));
            };
            let index = *known.entry(run).or_insert_with(|| {
                self.runs.push(ImportedRun::new(run));
                self.runs.len() - 1
            });
            let extreme = metric.ends_with("__MIN") || metric.ends_with("__MAX");
            lines.push((!extreme).then(|| (index, metric.to_owned())));
        }
        if lines.is_empty() {
            return Err(ImportError::NotWandb(
                "expected a column `Name`, or columns such as `run - loss` after the first",
            ));
        }
        let axis = match names.into_iter().next() {
            Some(axis) if STEPS.contains(&axis.as_str()) => Axis::Steps,
            Some(axis) if TOKENS.contains(&axis.as_str()) => Axis::Tokens(axis),
            _ => {
                return Err(ImportError::NotWandb(
                    "its first column is neither steps nor tokens: expected Step, train/global_step, tokens or the like",
                ));
            }
        };
        self.kind = Some(Kind::Chart { axis, lines });
        Ok(())
    }

    fn row(&mut self, line: usize, cells: &[Cow<'_, str>]) -> Result<(), ImportError> {
        match &self.kind {
            Some(Kind::Runs { header, name, id }) => {
                let mut run = ImportedRun::new(&cells[*name]);
                if run.name.is_empty() {
                    let message = "Name is empty".to_owned();
                    return Err(ImportError::Wandb { line, message });
                }
                for (tag, cell) in header.iter().zip(cells) {
                    // Most columns are words.
                    if let Ok(value) = cell.parse() {
                        run.summary.insert(tag.clone(), value);
                    }
                }
                self.ids.extend(id.map(|id| cells[id].clone().into_owned()));
                self.runs.push(run);
            }
            Some(Kind::Chart { axis, lines }) => {
                let number = |cell: &str| -> Result<f64, ImportError> {
                    cell.parse().map_err(|_| ImportError::Wandb {
                        line,
                        message: format!("`{cell}` is no number"),
                    })
                };
                let position = number(&cells[0])?;
                let step = position as u64;
                if step as f64 != position {
                    let message = format!("`{}`: expected a whole number", cells[0]);
                    return Err(ImportError::Wandb { line, message });
                }
                for (column, cell) in lines.iter().zip(&cells[1..]) {
                    let Some((run, metric)) = column else { continue };
                    // Runs are logged at different steps.
                    if cell.is_empty() {
                        continue;
                    }
                    let run = &mut self.runs[*run];
                    run.add(step, metric, number(cell)?)?;
                    if let Axis::Tokens(tag) = axis {
                        run.add(step, tag, position)?;
                    }
                }
            }
            // The header comes first.
            None => {}
        }
        Ok(())
    }
}

/// Names of runs need not differ there; identifiers do.
fn told_apart(mut runs: Vec<ImportedRun>, ids: &[String]) -> Result<Vec<ImportedRun>, ImportError> {
    let mut count = BTreeMap::new();
    for run in &runs {
        *count.entry(run.name.clone()).or_insert(0) += 1;
    }
    for (index, run) in runs.iter_mut().enumerate() {
        if count.get(&run.name).is_some_and(|&count| count > 1) {
            match ids.get(index).filter(|id| !id.is_empty()) {
                Some(id) => run.name = format!("{} ({id})", run.name),
                None => return Err(ImportError::SameName(run.name.clone())),
            }
        }
    }
    Ok(runs)
}
