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
pub use wandb::wandb;

use crate::architecture::Architecture;
use std::collections::BTreeMap;

/// Scalars by the name they were logged with.
pub type Scalars = BTreeMap<String, f64>;

/// What was logged of one training. Scalars may be NaN: a diverged run logs that.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportedRun {
    /// What the run is called.
    pub name: String,
    /// Scalars by optimiser step.
    pub steps: BTreeMap<u64, Scalars>,
    /// Scalars without a step: a summary at the end of the run.
    pub summary: Scalars,
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
        for (step, scalars) in other.steps {
            self.steps.entry(step).or_default().extend(scalars);
        }
        self.summary.extend(other.summary);
        self.architecture = other.architecture.or(self.architecture);
        self.warnings.extend(other.warnings);
    }

    fn add(&mut self, step: u64, tag: &str, value: f64) {
        self.steps.entry(step).or_default().insert(tag.to_owned(), value);
    }

    /// Every tag that has a value somewhere.
    fn tags(&self) -> impl Iterator<Item = &str> {
        let scalars = self.steps.values().chain([&self.summary]);
        scalars.flat_map(BTreeMap::keys).map(String::as_str)
    }
}
