//! Tables of training runs: what a law is fitted to.
//!
//! One row for each measured loss, as CSV with a header or as JSON Lines:
//!
//! | column | meaning |
//! |---|---|
//! | `loss` | required; any unit, the same in all rows |
//! | `n_layers`, `hidden_size`, `ffn_ratio`, `activation_rate`, `kv_dim`, `n_experts` | the architecture, as in [`crate::law::Feature`] |
//! | `parameters`, `active_parameters`, `non_embedding_parameters` | its size, as in [`crate::architecture::Parameters`] |
//! | `config` | a config.json, or the name of a published model, in place of these columns |
//! | `tokens`, `training_flop` | its training |
//! | `x_…` | a variable of your own |
//! | `standard_error` | of the loss, in its unit: the row weighs 1/σ² |
//! | `weight` | multiplies the row's share of the objective |
//! | `group` | rows of one run: its name |
//! | `unit`, `tokenizer` | of the loss; rows must agree |
//!
//! Every number must be positive. Repeated trainings of one architecture are rows of different groups.

mod columns;
mod config;
mod digest;
mod error;
mod filter;
mod folder;
pub mod import;
mod read;
mod rows;
mod write;

pub use columns::VARIABLES;
pub use config::Resolve;
pub use error::{RunError, RunWarning};
pub use filter::{Filter, FilterError};
pub use folder::{FinishedRun, FinishedRunError, MAX_RECORD_BYTES};
pub use rows::MAX_RUN_BYTES;
pub(crate) use rows::{Sink, csv as csv_rows, text};
pub(crate) use write::digits;

use crate::law::fit::{FitError, Form, Observations};
use read::Builder;

/// Checked training runs, column by column.
#[derive(Clone, Debug, PartialEq)]
pub struct RunTable {
    /// Name and values of each variable, one value for each row; a table that was read has them in the order of
    /// [`VARIABLES`], then those of your own by name.
    pub variables: Vec<(String, Vec<f64>)>,
    /// The loss of each row, in [`RunTable::unit`].
    pub loss: Vec<f64>,
    /// The standard error of each loss, in its unit.
    pub standard_error: Option<Vec<f64>>,
    /// What each row's share of the objective is multiplied with.
    pub weight: Option<Vec<f64>>,
    /// The run that each row belongs to.
    pub group: Option<Vec<String>>,
    /// What the loss is measured in, such as `nats/token`.
    pub unit: Option<String>,
    /// Which tokenizer the loss is counted in.
    pub tokenizer: Option<String>,
}

impl RunTable {
    /// Reads CSV without a column `config`.
    ///
    /// # Errors
    /// Anything of [`RunError`], with the line.
    pub fn from_csv(bytes: &[u8]) -> Result<RunTable, RunError> {
        RunTable::csv(bytes, None)
    }

    /// Reads CSV; `resolve` finds the configurations that rows name.
    ///
    /// # Errors
    /// Anything of [`RunError`], with the line.
    pub fn from_csv_with(bytes: &[u8], resolve: &Resolve<'_>) -> Result<RunTable, RunError> {
        RunTable::csv(bytes, Some(resolve))
    }

    /// Reads JSON Lines without a key `config`: an object for each row, its keys the columns.
    ///
    /// # Errors
    /// Anything of [`RunError`], with the line.
    pub fn from_jsonl(bytes: &[u8]) -> Result<RunTable, RunError> {
        RunTable::jsonl(bytes, None)
    }

    /// Reads JSON Lines; `resolve` finds the configurations that rows name.
    ///
    /// # Errors
    /// Anything of [`RunError`], with the line.
    pub fn from_jsonl_with(bytes: &[u8], resolve: &Resolve<'_>) -> Result<RunTable, RunError> {
        RunTable::jsonl(bytes, Some(resolve))
    }

    fn csv(bytes: &[u8], resolve: Option<&Resolve<'_>>) -> Result<RunTable, RunError> {
        let mut builder = Builder::new(resolve);
        rows::csv(bytes, &mut builder)?;
        builder.finish()
    }

    fn jsonl(bytes: &[u8], resolve: Option<&Resolve<'_>>) -> Result<RunTable, RunError> {
        let mut builder = Builder::new(resolve);
        rows::jsonl(bytes, &mut builder)?;
        builder.finish()
    }

    /// How many rows.
    #[must_use]
    pub const fn n_rows(&self) -> usize {
        self.loss.len()
    }

    /// How many independent runs: groups, or rows without groups.
    #[must_use]
    pub fn n_runs(&self) -> usize {
        let Some(groups) = &self.group else {
            return self.n_rows();
        };
        let mut names: Vec<&str> = groups.iter().map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        names.len()
    }

    /// What limits a fit to these runs; with a form, also whether they are enough for it.
    #[must_use]
    pub fn warnings(&self, form: Option<&Form>) -> Vec<RunWarning> {
        let mut warnings = Vec::new();
        for (column, values) in &self.variables {
            // That dense models have one expert needs no saying.
            let is_dense = |value| value == 1.0 && matches!(column.as_str(), "n_experts" | "activation_rate");
            if let Some(&value) = values.first()
                && values.iter().all(|&other| other == value)
                && !is_dense(value)
            {
                let column = column.clone();
                warnings.push(RunWarning::Constant { column, value });
            }
        }
        let (rows, groups) = (self.n_rows(), self.n_runs());
        if groups < rows {
            warnings.push(RunWarning::Grouped { rows, groups });
        }
        if let Some(parameters) = form.map(Form::n_free).filter(|&parameters| groups < parameters) {
            warnings.push(RunWarning::FewRuns { groups, parameters });
        }
        for (name, value) in [("unit", &self.unit), ("tokenizer", &self.tokenizer)] {
            if value.is_none() {
                warnings.push(RunWarning::NotRecorded(name));
            }
        }
        warnings
    }

    /// The rows as a fit wants them: a row weighs its weight over its squared standard error.
    ///
    /// # Errors
    /// A number that is not positive, which only a table made by hand can have.
    pub fn observations(&self) -> Result<Observations, FitError> {
        let mut observations = Observations::new(self.loss.clone())?;
        for (name, values) in &self.variables {
            observations = observations.with_variable(name, values)?;
        }
        let mut weights = self.weight.clone().unwrap_or_else(|| vec![1.0; self.n_rows()]);
        if let Some(errors) = &self.standard_error {
            for (weight, error) in weights.iter_mut().zip(errors) {
                *weight /= error * error;
            }
        }
        observations = observations.with_weights(weights)?;
        match &self.group {
            Some(groups) => observations.with_groups(groups),
            None => Ok(observations),
        }
    }
}

#[cfg(test)]
mod filter_tests;
#[cfg(test)]
mod tests;
