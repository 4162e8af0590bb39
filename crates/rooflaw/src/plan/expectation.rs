//! The errors to expect of a law fitted to the runs that are in and those chosen.
//!
//! Cramér and Rao's bound at the values given: what a least-squares fit attains once there are enough runs for the law
//! to be nearly linear within its errors. Close to the least number of runs, true errors are larger.

use super::PlanError;
use super::information::{Information, Noise, Problem, Rows, names};
use crate::law::fit::Parameter;
use nalgebra::{DMatrix, SymmetricEigen};
use serde::Serialize;

/// Errors before and after runs, at the first of the values.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Expectation {
    /// The noise of a run that they are for.
    pub noise: Noise,
    /// Each free number of the law.
    pub parameters: Vec<ParameterError>,
    /// Predictions over the targets by the runs that are in; `None` while these leave some undetermined.
    pub before: Option<PredictionError>,
    /// The same with the chosen runs.
    pub after: Option<PredictionError>,
}

/// The standard error of a number of the law.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ParameterError {
    /// Which number.
    #[serde(skip)]
    pub parameter: Parameter,
    /// What people call it.
    pub name: String,
    /// By the runs that are in; `None` while these do not determine it. Relative (of the logarithm) for `E` and
    /// coefficients, absolute for exponents.
    pub before: Option<f64>,
    /// The same with the chosen runs.
    pub after: Option<f64>,
}

/// Standard deviations of predictions over the targets, as the noise is given: in the unit of the loss, or relative.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PredictionError {
    /// Root of the mean variance.
    pub rms: f64,
    /// The largest.
    pub max: f64,
}

/// The errors to expect with any candidates chosen, such as a draw at random.
///
/// # Errors
/// An index that is no candidate, or anything that keeps the problem from being planned for.
pub fn expect(problem: &Problem<'_>, chosen: &[usize]) -> Result<Expectation, PlanError> {
    let mut found = expect_each(problem, &[chosen.to_vec()])?;
    found.pop().ok_or(PlanError::Uninformative)
}

/// The same for several choices, in their order: what does not depend on the choice is worked out once.
///
/// # Errors
/// As those of [`expect`].
pub fn expect_each(problem: &Problem<'_>, choices: &[Vec<usize>]) -> Result<Vec<Expectation>, PlanError> {
    let available = problem.candidates.len();
    if let Some(&index) = choices.iter().flatten().find(|&&index| index >= available) {
        return Err(PlanError::UnknownCandidate { index, available });
    }
    let guess = Problem {
        values: problem.values.get(..1).unwrap_or_default(),
        ..*problem
    };
    let sets = informations(&guess)?;
    choices.iter().map(|chosen| of(problem, &sets, chosen)).collect()
}

/// One for each set of values.
pub(super) fn informations(problem: &Problem<'_>) -> Result<Vec<Information>, PlanError> {
    let value = problem.noise.sd();
    if !(value > 0.0 && value.is_finite()) {
        return Err(PlanError::Number {
            what: "the noise of a run",
            value,
            expected: "a positive number",
        });
    }
    if problem.values.is_empty() {
        return Err(PlanError::Values {
            terms: problem.form.terms.len(),
            exponents: problem.form.exponents.len(),
            found: "none".to_owned(),
        });
    }
    let values = problem.values.iter();
    values.map(|values| Information::new(problem, values)).collect()
}

pub(super) fn of(
    problem: &Problem<'_>,
    sets: &[Information],
    chosen: &[usize],
) -> Result<Expectation, PlanError> {
    let information = sets.first().ok_or(PlanError::Uninformative)?;
    let sd = problem.noise.sd();
    let before = Spectrum::of(information, &[]);
    let after = Spectrum::of(information, chosen);
    let error = |spectrum: &Spectrum, row: usize| {
        let direction: Vec<f64> = information.transform.row(row).iter().copied().collect();
        let seen = information.hidden[row] <= HIDDEN;
        spectrum
            .variance(&direction)
            .filter(|_| seen)
            .map(|variance| sd * variance.sqrt())
    };
    let parameters = names(problem.form).into_iter().enumerate();
    let parameters = parameters.map(|(row, (parameter, name))| ParameterError {
        parameter,
        name,
        before: error(&before, row),
        after: error(&after, row),
    });
    Ok(Expectation {
        noise: problem.noise,
        parameters: parameters.collect(),
        before: before.predictions(&information.targets, sd),
        after: after.predictions(&information.targets, sd),
    })
}

/// A direction with less than this of a run's information, or of the most there is in any direction, is undetermined.
const UNDETERMINED: f64 = 1e-10;

/// A number with more than this of itself in undetermined directions is so too.
const HIDDEN: f64 = 1e-5;

/// Information without the prior, direction by direction.
struct Spectrum {
    directions: DMatrix<f64>,
    information: Vec<f64>,
}

impl Spectrum {
    fn of(information: &Information, chosen: &[usize]) -> Spectrum {
        let mut matrix = information.existing.clone();
        for &index in chosen {
            let row = information.candidates.get(index);
            let row = DMatrix::from_column_slice(row.len(), 1, row);
            matrix += &row * row.transpose();
        }
        let eigen = SymmetricEigen::new(matrix);
        let most = eigen.eigenvalues.iter().copied().fold(1.0, f64::max);
        let determined = |value: &f64| if *value > UNDETERMINED * most { *value } else { 0.0 };
        Spectrum {
            information: eigen.eigenvalues.iter().map(determined).collect(),
            directions: eigen.eigenvectors,
        }
    }

    /// Of a combination of coordinates, in units of the noise's; `None` where it is undetermined.
    fn variance(&self, row: &[f64]) -> Option<f64> {
        let norm: f64 = row.iter().map(|value| value * value).sum();
        let mut variance = 0.0;
        for (direction, information) in self.directions.column_iter().zip(&self.information) {
            let along: f64 = direction.iter().zip(row).map(|(a, b)| a * b).sum();
            if *information > 0.0 {
                variance += along * along / information;
            } else if along * along > HIDDEN * HIDDEN * norm {
                return None;
            }
        }
        Some(variance)
    }

    fn predictions(&self, targets: &Rows, sd: f64) -> Option<PredictionError> {
        let variances: Vec<f64> = targets
            .iter()
            .map(|row| self.variance(row))
            .collect::<Option<_>>()?;
        let mean = variances.iter().sum::<f64>() / variances.len() as f64;
        let max = variances.iter().copied().fold(0.0, f64::max);
        Some(PredictionError {
            rms: sd * mean.sqrt(),
            max: sd * max.sqrt(),
        })
    }
}
