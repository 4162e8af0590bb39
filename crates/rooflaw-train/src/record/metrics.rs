//! `metrics.jsonl`, and TensorBoard's copy of it.

use super::RunFolderError;
use super::events::{EventFile, Scalars};
use rooflaw_export::StagedFile;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// A line of `metrics.jsonl`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Metrics {
    /// A step was trained.
    Trained(Trained),
    /// The held-out sequences were evaluated.
    Validated(Validated),
}

/// A training step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trained {
    /// Steps done, this one included.
    pub step: u64,
    /// Tokens trained on, this step's included.
    pub tokens: u64,
    /// Loss of the step's batch before its update, nats per token.
    pub loss: f64,
    /// The load-balancing loss, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_balancing: Option<f64>,
    /// Norm of all gradients together, before clipping.
    pub gradient_norm: f64,
    /// Learning rate of the update.
    pub learning_rate: f64,
    /// Speed of the step.
    pub tokens_per_s: f64,
    /// Since the run began, without work that was lost, seconds.
    pub wall_seconds: f64,
}

/// An evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validated {
    /// Steps done.
    pub step: u64,
    /// Tokens trained on.
    pub tokens: u64,
    /// Loss on held-out sequences, nats per token.
    pub validation_loss: f64,
    /// Tokens that were predicted.
    pub validation_tokens: u64,
    /// Since the run began, without work that was lost, seconds.
    pub wall_seconds: f64,
}

impl Metrics {
    /// Steps done.
    #[must_use]
    pub const fn step(&self) -> u64 {
        match self {
            Metrics::Trained(trained) => trained.step,
            Metrics::Validated(validated) => validated.step,
        }
    }

    /// What TensorBoard is told.
    fn scalars(&self) -> Scalars {
        match self {
            Metrics::Trained(trained) => {
                let mut scalars = vec![
                    ("train/loss", trained.loss),
                    ("train/learning_rate", trained.learning_rate),
                    ("train/gradient_norm", trained.gradient_norm),
                    ("train/tokens_per_s", trained.tokens_per_s),
                    ("train/tokens", trained.tokens as f64),
                ];
                scalars.extend(trained.load_balancing.map(|loss| ("train/load_balancing", loss)));
                scalars
            }
            Metrics::Validated(validated) => vec![("eval/loss", validated.validation_loss)],
        }
    }
}

/// The files that metrics are appended to.
#[derive(Debug)]
pub(crate) struct MetricsLog {
    path: PathBuf,
    file: File,
    events: EventFile,
    last_validated: Option<u64>,
}

/// Its name in the folder.
const NAME: &str = "metrics.jsonl";

impl MetricsLog {
    /// Opens the log of a run that has done `step` steps: what is said of later ones was lost with them, and is cut off.
    pub(crate) fn open(folder: &Path, step: u64) -> Result<MetricsLog, RunFolderError> {
        let path = folder.join(NAME);
        let kept = kept(&path, step)?;
        let mut text = String::new();
        for metrics in &kept {
            text.push_str(&line(metrics));
        }
        let cannot = RunFolderError::write(&path);
        let mut staged = StagedFile::new(&path).map_err(RunFolderError::staged(&path))?;
        staged.file().write_all(text.as_bytes()).map_err(&cannot)?;
        staged.commit().map_err(RunFolderError::staged(&path))?;
        let file = File::options().append(true).open(&path).map_err(&cannot)?;
        let events = kept.iter().map(|metrics| (metrics.step(), metrics.scalars()));
        let validated = |metrics: &Metrics| match metrics {
            Metrics::Validated(validated) => Some(validated.step),
            Metrics::Trained(_) => None,
        };
        Ok(MetricsLog {
            events: EventFile::begin(folder, events)?,
            last_validated: kept.iter().rev().find_map(validated),
            path,
            file,
        })
    }

    /// The step after which was last evaluated.
    pub(crate) const fn last_validated(&self) -> Option<u64> {
        self.last_validated
    }

    /// Adds a line.
    pub(crate) fn add(&mut self, metrics: &Metrics) -> Result<(), RunFolderError> {
        // In one write: whoever reads meanwhile sees whole lines.
        self.file
            .write_all(line(metrics).as_bytes())
            .map_err(RunFolderError::write(&self.path))?;
        if let Metrics::Validated(validated) = metrics {
            self.last_validated = Some(validated.step);
        }
        self.events.add(metrics.step(), &metrics.scalars())
    }

    /// Makes sure that all lines are on the disk.
    pub(crate) fn sync(&self) -> Result<(), RunFolderError> {
        self.file.sync_data().map_err(RunFolderError::write(&self.path))?;
        self.events.sync()
    }
}

fn line(metrics: &Metrics) -> String {
    // Numbers and fixed names: this does not fail.
    let mut line = serde_json::to_string(metrics).unwrap_or_default();
    line.push('\n');
    line
}

/// The lines of the first `step` steps; a last one that was cut short is none of them.
fn kept(path: &Path, step: u64) -> Result<Vec<Metrics>, RunFolderError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(RunFolderError::read(path)(error)),
    };
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let mut kept = Vec::new();
    for (index, line) in whole.lines().enumerate() {
        let metrics: Metrics = serde_json::from_str(line).map_err(|_| {
            let cause = format!("line {}: expected a training step or an evaluation", index + 1);
            RunFolderError::damaged(path, cause)
        })?;
        if metrics.step() <= step {
            kept.push(metrics);
        }
    }
    Ok(kept)
}
