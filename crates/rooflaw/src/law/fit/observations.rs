//! What laws are fitted to: positive variables and a loss per row.

use super::FitError;

/// Rows of positive variables with a loss, a weight and a group each, column by column.
#[derive(Clone, Debug, PartialEq)]
pub struct Observations {
    pub(super) names: Vec<String>,
    /// Natural logarithms of the variables, in the order of `names`.
    pub(super) logs: Vec<Vec<f64>>,
    pub(super) loss: Vec<f64>,
    pub(super) weight: Vec<f64>,
    pub(super) group: Vec<usize>,
    pub(super) n_groups: usize,
}

impl Observations {
    /// Rows with losses (any unit; positive), weight 1, each a group of its own, and no variables yet.
    ///
    /// # Errors
    /// A loss that is not a positive number.
    pub fn new(loss: Vec<f64>) -> Result<Observations, FitError> {
        positive("loss", &loss)?;
        let n = loss.len();
        Ok(Observations {
            names: Vec::new(),
            logs: Vec::new(),
            loss,
            weight: vec![1.0; n],
            group: (0..n).collect(),
            n_groups: n,
        })
    }

    /// The same with a variable more.
    ///
    /// # Errors
    /// Not as many values as rows, or one that is not a positive number.
    pub fn with_variable(mut self, name: &str, values: &[f64]) -> Result<Observations, FitError> {
        self.same_length(name, values.len())?;
        positive(name, values)?;
        self.names.push(name.to_owned());
        self.logs.push(values.iter().map(|value| value.ln()).collect());
        Ok(self)
    }

    /// The same with weights: the objective is the sum of weight times the row's term. A row with standard
    /// error σ weighs 1/σ².
    ///
    /// # Errors
    /// Not as many values as rows, or one that is not a positive number.
    pub fn with_weights(mut self, weights: Vec<f64>) -> Result<Observations, FitError> {
        self.same_length("weight", weights.len())?;
        positive("weight", &weights)?;
        self.weight = weights;
        Ok(self)
    }

    /// The same with groups: rows with equal labels belong together (checkpoints of one run), and are left
    /// out and resampled together.
    ///
    /// # Errors
    /// Not as many labels as rows.
    pub fn with_groups<S: AsRef<str>>(mut self, labels: &[S]) -> Result<Observations, FitError> {
        self.same_length("group", labels.len())?;
        let mut seen = std::collections::BTreeMap::new();
        self.group = labels
            .iter()
            .map(|label| {
                let next = seen.len();
                *seen.entry(label.as_ref()).or_insert(next)
            })
            .collect();
        self.n_groups = seen.len();
        Ok(self)
    }

    /// How many rows.
    #[must_use]
    pub const fn n_rows(&self) -> usize {
        self.loss.len()
    }

    /// How many groups.
    #[must_use]
    pub const fn n_groups(&self) -> usize {
        self.n_groups
    }

    /// The groups that have a row left, in order.
    pub(super) fn present_groups(&self) -> Vec<usize> {
        let mut present = vec![false; self.n_groups];
        for &group in &self.group {
            present[group] = true;
        }
        (0..self.n_groups).filter(|&group| present[group]).collect()
    }

    /// How many groups have a row left.
    pub(super) fn groups_present(&self) -> usize {
        self.present_groups().len()
    }

    /// The group of each row, numbered from 0 in order of appearance.
    #[must_use]
    pub fn groups(&self) -> &[usize] {
        &self.group
    }

    /// The loss of each row.
    #[must_use]
    pub fn losses(&self) -> &[f64] {
        &self.loss
    }

    /// The rows that `keep` accepts by index.
    #[must_use]
    pub fn filter(&self, keep: impl Fn(usize) -> bool) -> Observations {
        let multiples: Vec<f64> = (0..self.n_rows())
            .map(|row| f64::from(u8::from(keep(row))))
            .collect();
        self.multiplied(&multiples)
    }

    /// Each row's weight times `multiples`, rows with 0 left out.
    pub(super) fn multiplied(&self, multiples: &[f64]) -> Observations {
        let rows: Vec<usize> = (0..self.n_rows()).filter(|&row| multiples[row] > 0.0).collect();
        let pick = |column: &Vec<f64>| -> Vec<f64> { rows.iter().map(|&row| column[row]).collect() };
        Observations {
            names: self.names.clone(),
            logs: self.logs.iter().map(pick).collect(),
            loss: pick(&self.loss),
            weight: rows
                .iter()
                .map(|&row| self.weight[row] * multiples[row])
                .collect(),
            group: rows.iter().map(|&row| self.group[row]).collect(),
            n_groups: self.n_groups,
        }
    }

    /// The logarithms of a variable.
    pub(super) fn log_of(&self, name: &str) -> Result<&[f64], FitError> {
        self.names
            .iter()
            .position(|found| found == name)
            .map(|index| self.logs[index].as_slice())
            .ok_or_else(|| FitError::UnknownVariable {
                name: name.to_owned(),
                known: self.names.join(", "),
            })
    }

    fn same_length(&self, column: &str, found: usize) -> Result<(), FitError> {
        if found == self.n_rows() {
            return Ok(());
        }
        Err(FitError::Length {
            column: column.to_owned(),
            found,
            expected: self.n_rows(),
        })
    }
}

fn positive(column: &str, values: &[f64]) -> Result<(), FitError> {
    match values
        .iter()
        .position(|value| !(*value > 0.0 && value.is_finite()))
    {
        None => Ok(()),
        Some(row) => Err(FitError::NotPositive {
            column: column.to_owned(),
            row,
            value: values[row],
        }),
    }
}
