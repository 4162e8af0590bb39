//! Tables of training runs: what a law is fitted to.
//!
//! One row for each measured loss, as CSV with a header or as JSON Lines:
//!
//! | column | meaning |
//! |---|---|
//! | `loss` | required; any unit, the same in all rows |
//! | `n_layers`, `hidden_size`, `ffn_ratio`, `activation_rate`, `kv_dim` | the architecture, as in [`crate::law::Feature`] |
//! | `parameters`, `active_parameters`, `tokens`, `training_flop` | size and training |
//! | `x_…` | a variable of your own |
//! | `standard_error` | of the loss, in its unit: the row weighs 1/σ² |
//! | `weight` | multiplies the row's share of the objective |
//! | `group` | rows of one run: its name |
//! | `unit`, `tokenizer` | of the loss; rows must agree |
//!
//! Every number must be positive. Repeated trainings of one architecture are rows of different groups.

mod error;
mod raw;

pub use error::{RunError, RunWarning};
pub use raw::MAX_RUN_BYTES;

use crate::law::fit::{FitError, Form, Observations};
use crate::near_miss::near_miss;
use raw::Raw;
use std::collections::BTreeMap;

/// Columns that laws can be written in, besides those that begin with `x_`.
pub const VARIABLES: [&str; 9] = [
    "n_layers",
    "hidden_size",
    "ffn_ratio",
    "activation_rate",
    "kv_dim",
    "parameters",
    "active_parameters",
    "tokens",
    "training_flop",
];
const OTHERS: [&str; 6] = ["loss", "standard_error", "weight", "group", "unit", "tokenizer"];

/// Checked training runs, column by column.
#[derive(Clone, Debug, PartialEq)]
pub struct RunTable {
    /// Name and values of each variable, one value for each row.
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
    /// Reads CSV.
    ///
    /// # Errors
    /// Anything of [`RunError`], with the line.
    pub fn from_csv(bytes: &[u8]) -> Result<RunTable, RunError> {
        RunTable::from_raw(&raw::csv(bytes)?)
    }

    /// Reads JSON Lines: an object for each row, its keys the columns.
    ///
    /// # Errors
    /// Anything of [`RunError`], with the line.
    pub fn from_jsonl(bytes: &[u8]) -> Result<RunTable, RunError> {
        RunTable::from_raw(&raw::jsonl(bytes)?)
    }

    fn from_raw(raw: &Raw) -> Result<RunTable, RunError> {
        if raw.rows.is_empty() {
            return Err(RunError::Empty);
        }
        check_names(&raw.header)?;
        let mut variables = Vec::new();
        for (index, name) in raw.header.iter().enumerate() {
            if is_variable(name) {
                variables.push((name.clone(), numbers(raw, index)?));
            }
        }
        if variables.is_empty() {
            return Err(RunError::MissingColumn(
                "of a variable, such as `tokens` or `parameters`",
            ));
        }
        let find = |name: &str| raw.header.iter().position(|found| found == name);
        let optional = |name: &str| find(name).map(|index| numbers(raw, index)).transpose();
        let table = RunTable {
            variables,
            loss: optional("loss")?.ok_or(RunError::MissingColumn("`loss`"))?,
            standard_error: optional("standard_error")?,
            weight: optional("weight")?,
            group: find("group").map(|index| texts(raw, index)).transpose()?,
            unit: find("unit").map(|index| agreed(raw, index, "unit")).transpose()?,
            tokenizer: find("tokenizer")
                .map(|index| agreed(raw, index, "tokenizer"))
                .transpose()?,
        };
        table.check_duplicates(raw)?;
        Ok(table)
    }

    /// Rows with equal variables are one run twice when their group is one too, or, without groups, their
    /// loss.
    fn check_duplicates(&self, raw: &Raw) -> Result<(), RunError> {
        let mut seen = BTreeMap::new();
        for (row, (line, _)) in raw.rows.iter().enumerate() {
            let mut key: Vec<u64> = self
                .variables
                .iter()
                .map(|(_, values)| values[row].to_bits())
                .collect();
            if self.group.is_none() {
                key.push(self.loss[row].to_bits());
            }
            let group = self.group.as_ref().map(|groups| groups[row].as_str());
            if let Some(first) = seen.insert((key, group), *line) {
                return Err(RunError::Duplicate { line: *line, first });
            }
        }
        Ok(())
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
            if let Some(&value) = values.first()
                && values.iter().all(|&other| other == value)
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

fn is_variable(name: &str) -> bool {
    VARIABLES.contains(&name) || (name.starts_with("x_") && name.len() > 2)
}

fn check_names(header: &[String]) -> Result<(), RunError> {
    let known = || OTHERS.into_iter().chain(VARIABLES);
    for (index, name) in header.iter().enumerate() {
        if !is_variable(name) && !OTHERS.contains(&name.as_str()) {
            return Err(RunError::UnknownColumn {
                name: name.clone(),
                near: near_miss(name, known()).map(str::to_owned),
                expected: known().collect::<Vec<_>>().join(", "),
            });
        }
        if header[..index].contains(name) {
            return Err(RunError::RepeatedColumn(name.clone()));
        }
    }
    Ok(())
}

fn numbers(raw: &Raw, column: usize) -> Result<Vec<f64>, RunError> {
    let name = &raw.header[column];
    let most = if name == "activation_rate" { 1.0 } else { f64::MAX };
    let parse = |(line, cells): &(usize, Vec<String>)| {
        let cell = &cells[column];
        let number = cell
            .parse()
            .ok()
            .filter(|&number: &f64| number > 0.0 && number <= most);
        number.ok_or_else(|| RunError::Value {
            line: *line,
            column: name.clone(),
            value: cell.clone(),
            expected: if most == 1.0 {
                "a number in (0, 1]"
            } else {
                "a positive number"
            },
        })
    };
    raw.rows.iter().map(parse).collect()
}

fn texts(raw: &Raw, column: usize) -> Result<Vec<String>, RunError> {
    let parse = |(line, cells): &(usize, Vec<String>)| {
        if cells[column].is_empty() {
            return Err(RunError::Value {
                line: *line,
                column: raw.header[column].clone(),
                value: String::new(),
                expected: "a name",
            });
        }
        Ok(cells[column].clone())
    };
    raw.rows.iter().map(parse).collect()
}

/// The one value of a column.
fn agreed(raw: &Raw, column: usize, name: &'static str) -> Result<String, RunError> {
    let values = texts(raw, column)?;
    let first = values.first().cloned().ok_or(RunError::Empty)?;
    match values.iter().position(|value| *value != first) {
        None => Ok(first),
        Some(row) => Err(RunError::Mixed {
            line: raw.rows[row].0,
            column: name,
            first,
            second: values[row].clone(),
        }),
    }
}

#[cfg(test)]
mod tests;
