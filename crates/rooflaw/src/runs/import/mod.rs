//! Tables of runs from the logs of others: Hugging Face `trainer_state.json`, TensorBoard event files, Weights & Biases CSV
//! exports.
//!
//! Each format is read to [`ImportedRun`]s: scalars by step, under the names they were logged with. [`table`] then decides
//! which scalar is the loss and where the tokens are, and says what it decided. Bytes in, numbers out: reading files is the
//! caller's.

mod error;
mod hf_trainer;
mod table;
mod tags;
mod tensorboard;
mod variables;
mod wandb;

#[cfg(test)]
mod tests;

pub use error::{ImportError, ImportWarning};
pub use hf_trainer::hf_trainer;
pub use table::{Imported, Options, TokenSource, table};
pub use tensorboard::{MAX_EVENT_BYTES, tensorboard};
pub use wandb::{MAX_EXPORT_BYTES, wandb};

use crate::architecture::Architecture;
use std::collections::BTreeMap;

/// Most scalars of a run, counted by name: a log of more is none.
const MAX_TAGS: usize = 10_000;

/// A scalar by optimiser step.
pub type Series = BTreeMap<u64, f64>;

/// What was logged of one training. Scalars may be NaN: a diverged run logs that.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportedRun {
    /// What the run is called.
    pub name: String,
    /// What was logged step by step, by the name it was logged with.
    pub series: BTreeMap<String, Series>,
    /// Scalars without a step, by name: a summary at the end of the run.
    pub summary: BTreeMap<String, f64>,
    /// What was trained, if known; the readers here leave it to whoever finds a config.json beside a log.
    pub architecture: Option<Architecture>,
    /// What to know of the log.
    pub warnings: Vec<ImportWarning>,
}

impl ImportedRun {
    /// A run of which nothing is logged yet. Names come from files and folders: control characters become blanks.
    #[must_use]
    pub fn new(name: &str) -> ImportedRun {
        ImportedRun {
            name: name.replace(char::is_control, " ").trim().to_owned(),
            ..ImportedRun::default()
        }
    }

    /// Adds what another file logged of the same run: a training that was resumed. Where both have a scalar of a step, the
    /// other's is taken.
    pub fn merge(&mut self, other: ImportedRun) {
        for (tag, series) in other.series {
            self.series.entry(tag).or_default().extend(series);
        }
        self.summary.extend(other.summary);
        self.architecture = other.architecture.or(self.architecture);
        self.warnings.extend(other.warnings);
    }

    /// The last step of which anything is logged.
    #[must_use]
    pub fn last_step(&self) -> Option<u64> {
        let last = |series: &Series| series.keys().next_back().copied();
        self.series.values().filter_map(last).max()
    }

    fn add(&mut self, step: u64, tag: &str, value: f64) -> Result<(), ImportError> {
        if let Some(series) = self.series.get_mut(tag) {
            series.insert(step, value);
            return Ok(());
        }
        if self.series.len() >= MAX_TAGS {
            return Err(ImportError::TooManyTags);
        }
        self.series.insert(tag.to_owned(), Series::from([(step, value)]));
        Ok(())
    }

    /// Every tag that has a value somewhere.
    fn tags(&self) -> impl Iterator<Item = &str> {
        self.series.keys().chain(self.summary.keys()).map(String::as_str)
    }
}
