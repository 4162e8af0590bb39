//! What a run tells about a law: rows of sensitivities, in coordinates where a spread of runs tells as much of each.
//!
//! A run with variables x and noise σ adds `f fᵀ / σ²` to the information on the law's numbers, f being the change of
//! its loss with each number (Fedorov 1972, "Theory of Optimal Experiments"). A law is not linear in its exponents, so
//! f depends on values: designs are locally optimal (Chernoff 1953).

use super::{Candidates, PlanError};
use crate::law::fit::{Form, Observations, Parameter, Values, predict, sensitivities};
use crate::runs::RunTable;
use nalgebra::DMatrix;
use serde::Serialize;

/// How far a run's loss lies from the law, one standard deviation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "sd")]
pub enum Noise {
    /// The same for every run, in the unit of the loss; right for a fit of least squares on the loss.
    Absolute(f64),
    /// The same share of every loss; right for a fit on the logarithm of the loss.
    Relative(f64),
}

impl Noise {
    /// The standard deviation, in the unit of the loss or as a share of it.
    #[must_use]
    pub const fn sd(self) -> f64 {
        match self {
            Noise::Absolute(sd) | Noise::Relative(sd) => sd,
        }
    }
}

/// What runs are planned for.
#[derive(Clone, Copy, Debug)]
pub struct Problem<'a> {
    /// The law.
    pub form: &'a Form,
    /// Its numbers, as far as they are known: at least one set. With several, such as refits to resampled runs, a plan
    /// does well on average over them (Chaloner & Verdinelli 1995, "Bayesian Experimental Design: A Review", §4).
    /// The first is the best guess, for which errors are reported.
    pub values: &'a [Values],
    /// The runs that could be done.
    pub candidates: &'a Candidates,
    /// Where predictions are wanted; `None` for the candidates.
    pub targets: Option<&'a Candidates>,
    /// The runs that are in. Each row counts, also those of one group; `standard_error` and `weight` count as in a fit,
    /// a row with neither as a run to come.
    pub existing: Option<&'a RunTable>,
    /// The noise of runs to come.
    pub noise: Noise,
}

/// What is known beforehand, as a share of a run spread over the space, in every direction. It keeps matrices
/// invertible while there are fewer runs than numbers, and is too little to matter once there are enough.
pub(super) const PRIOR: f64 = 1e-4;

/// Directions in which rows vary by less than this share of their greatest variation tell nothing.
const NOTHING: f64 = 1e-9;

/// Rows of `rank` numbers, one after the other.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    values: Vec<f64>,
    rank: usize,
}

impl Rows {
    pub(super) fn iter(&self) -> std::slice::ChunksExact<'_, f64> {
        self.values.chunks_exact(self.rank)
    }

    pub(super) fn get(&self, index: usize) -> &[f64] {
        self.values
            .get(index * self.rank..(index + 1) * self.rank)
            .unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        self.values.len() / self.rank.max(1)
    }
}

/// One set of values: what each run tells, in units of a run's information.
#[derive(Clone, Debug)]
pub(super) struct Information {
    /// Directions that rows tell something about.
    pub(super) rank: usize,
    /// A row for each candidate.
    pub(super) candidates: Rows,
    /// A row for each target.
    pub(super) targets: Rows,
    /// Information of the runs that are in, without the prior.
    pub(super) existing: DMatrix<f64>,
    /// Parameters by rank: parameters are this times the coordinates of rows' duals.
    pub(super) transform: DMatrix<f64>,
    /// How much of each parameter lies in directions that no row tells anything about, 0 to 1.
    pub(super) hidden: Vec<f64>,
}

impl Information {
    /// # Errors
    /// Values that do not fit the form, variables that are missing, or rows that tell nothing.
    pub(super) fn new(problem: &Problem<'_>, values: &Values) -> Result<Information, PlanError> {
        check_values(problem.form, values)?;
        let rows = |observations: &Observations| rows_of(problem, values, observations);
        let candidates = rows(&problem.candidates.observations()?)?;
        let targets = match problem.targets {
            Some(targets) => rows(&targets.observations()?)?,
            None => candidates.clone(),
        };
        let existing = match problem.existing {
            Some(runs) => {
                let mut found = rows(&runs.observations()?)?;
                for (row, share) in precision(runs, problem.noise).into_iter().enumerate() {
                    found.row_mut(row).scale_mut(share.sqrt());
                }
                found
            }
            None => DMatrix::zeros(0, candidates.ncols()),
        };
        let basis = Basis::new(&[&candidates, &targets, &existing])?;
        let existing = &existing * &basis.transform;
        Ok(Information {
            rank: basis.transform.ncols(),
            candidates: basis.rows(&candidates),
            targets: basis.rows(&targets),
            existing: existing.transpose() * existing,
            transform: basis.transform,
            hidden: basis.hidden,
        })
    }

    /// Information before any run is chosen: of those that are in, and the prior.
    pub(super) fn start(&self) -> DMatrix<f64> {
        &self.existing + DMatrix::identity(self.rank, self.rank) * PRIOR
    }
}

fn check_values(form: &Form, values: &Values) -> Result<(), PlanError> {
    let (terms, exponents) = (form.terms.len(), form.exponents.len());
    let wrong = |found: String| PlanError::Values {
        terms,
        exponents,
        found,
    };
    if values.coefficients.len() != terms || values.exponents.len() != exponents {
        return Err(wrong(format!(
            "{} and {}",
            values.coefficients.len(),
            values.exponents.len()
        )));
    }
    let numbers = std::iter::once(&values.irreducible_loss).chain(&values.coefficients);
    if numbers.clone().any(|number| *number < 0.0)
        || numbers.chain(&values.exponents).any(|number| !number.is_finite())
    {
        return Err(wrong("a number that is not finite, or negative".to_owned()));
    }
    Ok(())
}

/// Sensitivities, a row for each observation, of the loss or of its logarithm as the noise wants it.
fn rows_of(
    problem: &Problem<'_>,
    values: &Values,
    observations: &Observations,
) -> Result<DMatrix<f64>, PlanError> {
    let form = problem.form;
    let columns = sensitivities(form, values, observations)?;
    let mut rows = DMatrix::from_fn(observations.n_rows(), columns.len(), |row, column| {
        columns[column][row]
    });
    if let Noise::Absolute(_) = problem.noise {
        let losses = predict(
            form,
            values.irreducible_loss,
            &values.coefficients,
            &values.exponents,
            observations,
        )?;
        for (row, loss) in losses.into_iter().enumerate() {
            rows.row_mut(row).scale_mut(loss);
        }
    }
    match rows.iter().find(|value| !value.is_finite()) {
        None => Ok(rows),
        Some(&value) => Err(PlanError::Number {
            what: "a change of the loss with the law's numbers",
            value,
            expected: "a finite number",
        }),
    }
}

/// The precision of each run that is in, over that of a run to come.
fn precision(runs: &RunTable, noise: Noise) -> Vec<f64> {
    let of_row = |row: usize| {
        let weight = runs.weight.as_ref().map_or(1.0, |weights| weights[row]);
        let error = runs.standard_error.as_ref().map(|errors| match noise {
            Noise::Absolute(sd) => sd / errors[row],
            Noise::Relative(sd) => sd * runs.loss[row] / errors[row],
        });
        weight * error.map_or(1.0, |ratio| ratio * ratio)
    };
    (0..runs.n_rows()).map(of_row).collect()
}

/// Coordinates in which the mean of `z zᵀ` over pools of rows is the identity, so that criteria do not depend on units
/// or on where logarithms are centred.
struct Basis {
    transform: DMatrix<f64>,
    hidden: Vec<f64>,
}

impl Basis {
    fn new(pools: &[&DMatrix<f64>]) -> Result<Basis, PlanError> {
        let n_columns = pools.first().map_or(0, |pool| pool.ncols());
        let pools: Vec<_> = pools.iter().filter(|pool| pool.nrows() > 0).collect();
        let share = |pool: &DMatrix<f64>| 1.0 / (pool.nrows() as f64 * pools.len() as f64).sqrt();
        let n_rows: usize = pools.iter().map(|pool| pool.nrows()).sum();
        // Never fewer rows than columns: blank ones change nothing.
        let mut all = DMatrix::zeros(n_rows.max(n_columns), n_columns);
        let mut first = 0;
        for pool in &pools {
            let mut part = all.rows_mut(first, pool.nrows());
            part.copy_from(*pool);
            part.scale_mut(share(pool));
            first += pool.nrows();
        }
        let norms: Vec<f64> = all.column_iter().map(|column| column.norm()).collect();
        let inverse = |norm: f64| if norm > 0.0 { 1.0 / norm } else { 0.0 };
        for (mut column, &norm) in all.column_iter_mut().zip(&norms) {
            column.scale_mut(inverse(norm));
        }
        // By QR rather than by the Gram matrix, whose condition is the square.
        let decomposed = all.qr().r().svd(false, true);
        let most = decomposed.singular_values.iter().copied().fold(0.0, f64::max);
        let Some(directions) = decomposed.v_t.filter(|_| most > 0.0) else {
            return Err(PlanError::Uninformative);
        };
        let kept: Vec<(usize, f64)> = decomposed
            .singular_values
            .iter()
            .copied()
            .enumerate()
            .filter(|(_, value)| *value > NOTHING * most)
            .collect();
        let transform = DMatrix::from_fn(n_columns, kept.len(), |row, column| {
            let (direction, value) = kept[column];
            inverse(norms[row]) * directions[(direction, row)] / value
        });
        let hidden = (0..n_columns).map(|row| {
            let seen: f64 = kept
                .iter()
                .map(|(direction, _)| directions[(*direction, row)].powi(2))
                .sum();
            if norms[row] > 0.0 {
                (1.0 - seen).max(0.0).sqrt()
            } else {
                1.0
            }
        });
        Ok(Basis {
            hidden: hidden.collect(),
            transform,
        })
    }

    fn rows(&self, rows: &DMatrix<f64>) -> Rows {
        let turned = (rows * &self.transform).transpose();
        Rows {
            rank: self.transform.ncols(),
            values: turned.as_slice().to_vec(),
        }
    }
}

/// The law's free numbers with their names.
pub(super) fn names(form: &Form) -> Vec<(Parameter, String)> {
    let free = form.free_parameters().into_iter();
    free.map(|parameter| (parameter, form.parameter_name(parameter)))
        .collect()
}

/// How often each candidate is among the runs that are in: rows that agree in every variable both have.
pub(super) fn repeated(candidates: &Candidates, existing: Option<&RunTable>) -> Vec<usize> {
    let mut used = vec![0; candidates.len()];
    let Some(runs) = existing else { return used };
    let shared: Vec<(&[f64], &[f64])> = runs
        .variables
        .iter()
        .filter_map(|(name, theirs)| Some((candidates.variable(name)?, theirs.as_slice())))
        .collect();
    if shared.is_empty() {
        return used;
    }
    for row in 0..runs.n_rows() {
        for (index, used) in used.iter_mut().enumerate() {
            let same = |(ours, theirs): &(&[f64], &[f64])| (ours[index] / theirs[row] - 1.0).abs() < 1e-9;
            *used += usize::from(shared.iter().all(same));
        }
    }
    used
}
