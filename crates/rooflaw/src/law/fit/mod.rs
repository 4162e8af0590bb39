//! Fitting laws to runs.
//!
//! A [`Form`] says which law, [`Observations`] hold the runs, an [`Objective`] says what is minimised and
//! [`Starts`] where descents begin; [`fit`] returns the best optimum found with its [`Quality`] and how many
//! starts agree on it.
//!
//! Coefficients enter linearly and exponents do not. Least squares on the loss uses that (variable
//! projection); on the logarithm of the loss, and with Huber's robust loss, all unknowns descend together by
//! damped Newton steps with analytic second derivatives. The routed law of Clark et al. is in [`routed`].

mod bootstrap;
mod columns;
mod compare;
mod descent;
mod error;
mod extension;
mod family;
mod form;
mod identify;
mod information;
mod interval;
mod intervals;
mod nnls;
mod observations;
mod options;
pub(crate) mod parallel;
mod path;
mod power_basis;
mod problem;
mod profile;
mod quality;
mod random;
mod retraction;
mod robust;
pub mod routed;
mod sensitivity;
mod small;
mod validate;
mod varpro;

pub use bootstrap::bootstrap;
pub use compare::{Candidate, Compared, Comparison, compare, most_trusted};
pub use error::FitError;
pub use extension::{Extension, best_extension};
pub use family::{LawFit, LawForm};
pub use form::{Coefficient, Exponent, ExponentParameter, Form, FormTerm};
pub use identify::{
    Identifiability, MOST_SPAN, MOST_WIDTH, ParameterReport, Reason, TRADE_OFF, TradeOff, Verdict, identify,
};
pub use information::{Weakest, most_informative};
pub use interval::{Interval, prediction_interval, residual_scale};
pub use intervals::{IntervalMethod, ParameterIntervals, bootstrap_intervals, parameter_intervals};
pub use observations::Observations;
pub use options::{Objective, Start, Starts};
pub use profile::{Profile, ProfilePoint, Profiles, profile};
pub use quality::Quality;
pub use sensitivity::{Parameter, Values, sensitivities};
pub use validate::{CrossValidation, ExtrapolatedRow, ExtrapolationTest, Folds, cross_validate, extrapolate};

use descent::Scratch;
use power_basis::PowerBasis;
use problem::{Problem, Scale};
use random::Random;
use serde::Serialize;

/// A start counts as being at the optimum when its objective exceeds the best by no more than this share.
pub const AT_OPTIMUM: f64 = 1e-6;

/// A mean objective below this is agreement to all digits that matter: there is nothing left to descend.
const EXACT: f64 = 1e-22;

/// A coefficient that least squares leaves at 0 begins its logarithmic descent at this share of the mean
/// loss.
const REVIVED: f64 = 1e-3;

/// A fitted law.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fit {
    /// What was fitted.
    pub form: Form,
    /// What was minimised.
    pub objective: Objective,
    /// The irreducible loss `E`, in the unit of the loss.
    pub irreducible_loss: f64,
    /// The coefficient of each term.
    pub coefficients: Vec<f64>,
    /// The value of each exponent parameter.
    pub exponents: Vec<f64>,
    /// The objective as a sum over rows, as [`Objective`] writes it. Divide by the rows for the mean that
    /// some papers print.
    pub value: f64,
    /// Agreement on the fitted rows.
    pub quality: Quality,
    /// What became of the starts.
    pub convergence: Convergence,
}

/// What became of the starts of a fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Convergence {
    /// Descents begun.
    pub starts: usize,
    /// Descents that ended at a stationary point; the others ran out of steps or of digits.
    pub converged: usize,
    /// Descents that ended within [`AT_OPTIMUM`] of the best.
    pub at_optimum: usize,
    /// Whether the best descent converged.
    pub best_converged: bool,
    /// Evaluations of the objective on all rows, over all descents.
    pub evaluations: usize,
}

impl Convergence {
    /// The share of the starts at the optimum; 0 without starts.
    #[must_use]
    pub fn share_at_optimum(&self) -> f64 {
        if self.starts == 0 {
            return 0.0;
        }
        self.at_optimum as f64 / self.starts as f64
    }
}

impl Fit {
    /// The losses that the law predicts for the variables of `observations`.
    ///
    /// # Errors
    /// A variable of the law that `observations` lack.
    pub fn predict(&self, observations: &Observations) -> Result<Vec<f64>, FitError> {
        predict(
            &self.form,
            self.irreducible_loss,
            &self.coefficients,
            &self.exponents,
            observations,
        )
    }

    /// `ln y − ln ŷ` of each row.
    ///
    /// # Errors
    /// A variable of the law that `observations` lack.
    pub fn log_residuals(&self, observations: &Observations) -> Result<Vec<f64>, FitError> {
        let rows = self.predict(observations)?.into_iter().zip(&observations.loss);
        Ok(rows.map(|(predicted, loss)| (loss / predicted).ln()).collect())
    }
}

/// The losses that a form predicts with given numbers, published ones say: `E`, a coefficient for each term,
/// a value for each exponent parameter.
///
/// # Errors
/// A variable of the form that `observations` lack.
pub fn predict(
    form: &Form,
    irreducible_loss: f64,
    coefficients: &[f64],
    exponents: &[f64],
    observations: &Observations,
) -> Result<Vec<f64>, FitError> {
    let mut predicted = vec![irreducible_loss; observations.n_rows()];
    for (term, coefficient) in form.terms.iter().zip(coefficients) {
        let mut logs = vec![coefficient.ln(); observations.n_rows()];
        for (variable, exponent) in &term.powers {
            let power = match *exponent {
                Exponent::Fixed(power) => power,
                Exponent::Parameter { parameter, factor } => {
                    factor * exponents.get(parameter).copied().unwrap_or_default()
                }
            };
            columns::add_scaled(&mut logs, power, observations.log_of(variable)?);
        }
        for (predicted, log) in predicted.iter_mut().zip(logs) {
            *predicted += log.exp();
        }
    }
    Ok(predicted)
}

/// The objective of given predictions, as a sum over the rows of `observations`.
#[must_use]
pub fn objective_value(objective: Objective, predicted: &[f64], observations: &Observations) -> f64 {
    let rows = predicted.iter().zip(&observations.loss).zip(&observations.weight);
    rows.map(|((predicted, loss), weight)| {
        let log = || (loss / predicted).ln();
        weight
            * match objective {
                Objective::LeastSquares => (loss - predicted).powi(2),
                Objective::LogLeastSquares => log().powi(2),
                Objective::LogHuber { delta } => {
                    let size = log().abs();
                    let inner = size.min(delta);
                    inner * (size - 0.5 * inner)
                }
            }
    })
    .sum()
}

/// Fits a form to observations from every start and returns the best optimum.
///
/// # Errors
/// Fewer rows than parameters, a variable that is missing or constant, a form that contradicts itself, or
/// starts none of which leads to a finite objective.
pub fn fit(
    form: &Form,
    observations: &Observations,
    objective: Objective,
    starts: &Starts,
) -> Result<Fit, FitError> {
    let problem = Problem::new(form, observations)?;
    let starts = listed(form, starts)?;
    let (best, convergence) = optimise(&problem, objective, &starts)?;
    report(form, observations, objective, &problem, &best, convergence)
}

/// Where a descent ended, in the unknowns of the problem; `value` as [`Objective`] writes it.
#[derive(Clone, Debug)]
struct End {
    x: Vec<f64>,
    value: f64,
    evaluations: usize,
    converged: bool,
}

fn listed(form: &Form, starts: &Starts) -> Result<Vec<Start>, FitError> {
    let wrong = |what: String| FitError::Form { what };
    match starts {
        Starts::Random { count, seed } => Ok((0..*count)
            .map(|index| {
                let mut random = Random::stream(*seed, index);
                let draw = |exponent: &ExponentParameter| random.uniform(exponent.start.0, exponent.start.1);
                Start::at(form.exponents.iter().map(draw).collect())
            })
            .collect()),
        Starts::Given(starts) => {
            for start in starts {
                let logs = start
                    .log_coefficients
                    .as_ref()
                    .map_or(form.terms.len() + 1, Vec::len);
                if start.exponents.len() != form.exponents.len() || logs != form.terms.len() + 1 {
                    return Err(wrong(
                        "starts have another number of values than the law".to_owned(),
                    ));
                }
            }
            Ok(starts.clone())
        }
    }
}

fn optimise(
    problem: &Problem,
    objective: Objective,
    starts: &[Start],
) -> Result<(End, Convergence), FitError> {
    let delta = match objective {
        Objective::LogHuber { delta } if delta > 0.0 => delta,
        Objective::LogHuber { delta } => {
            return Err(FitError::Form {
                what: format!("Huber δ is {delta}: expected a positive number"),
            });
        }
        Objective::LeastSquares | Objective::LogLeastSquares => f64::INFINITY,
    };
    let scale = match objective {
        Objective::LeastSquares => Scale::Absolute,
        Objective::LogLeastSquares | Objective::LogHuber { .. } => Scale::Relative,
    };
    let basis = PowerBasis::new(problem, scale);
    if basis.is_none() && objective == Objective::LeastSquares {
        return Err(FitError::Form {
            what: "fixed coefficient stands before a free exponent: least squares on the loss cannot hold it"
                .to_owned(),
        });
    }
    let joint = (objective == Objective::LeastSquares).then(|| problem.clone().in_loss());
    let problem = joint.as_ref().unwrap_or(problem);
    let coarse = descent::Coarse::of(problem);
    let ends = parallel::map(starts.len(), Scratch::default, |scratch, index| {
        let start = &starts[index];
        let mut exponents = start.exponents.clone();
        for (l, exponent) in exponents.iter_mut().enumerate() {
            let p = 1 + problem.terms.len() + l;
            *exponent = exponent.clamp(problem.lower[p], problem.upper[p]);
        }
        if objective == Objective::LeastSquares {
            let end = projected(basis.as_ref()?, &exponents);
            return Some(without_loss_of_terms(problem, &coarse, end, scratch));
        }
        let x = match (&start.log_coefficients, &basis) {
            (Some(logs), _) => problem.unknowns(logs, &exponents),
            (None, Some(basis)) => {
                let coefficients = varpro::coefficients_at(basis, &exponents);
                basis.unknowns(&exponents, &coefficients, REVIVED)
            }
            (None, None) => problem.unknowns(&vec![0.0; problem.terms.len() + 1], &exponents),
        };
        let found = descent::descend(problem, &coarse, delta, x, scratch);
        Some(End {
            x: found.x,
            value: if delta.is_infinite() {
                2.0 * found.value
            } else {
                found.value
            },
            evaluations: found.evaluations,
            converged: found.converged,
        })
    });
    gathered(ends.into_iter().flatten().collect(), problem.n_rows())
}

fn projected(basis: &PowerBasis<'_>, exponents: &[f64]) -> End {
    let found = varpro::minimise(basis, exponents, varpro::TIGHT);
    End {
        x: basis.unknowns(&found.theta, &found.coefficients, 0.0),
        value: found.value,
        evaluations: found.evaluations,
        converged: found.converged,
    }
}

/// A coefficient that the projection set to 0 leaves its exponents without a say, though other exponents may
/// want the term. A joint descent, in which no coefficient reaches 0, is then tried too.
fn without_loss_of_terms(
    problem: &Problem,
    coarse: &descent::Coarse,
    end: End,
    scratch: &mut Scratch,
) -> End {
    let Some(start) = problem.revived(&end.x) else {
        return end;
    };
    let found = descent::descend(problem, coarse, f64::INFINITY, start, scratch);
    if 2.0 * found.value < end.value * (1.0 - AT_OPTIMUM) {
        return End {
            x: found.x,
            value: 2.0 * found.value,
            evaluations: end.evaluations + found.evaluations,
            converged: found.converged,
        };
    }
    End {
        evaluations: end.evaluations + found.evaluations,
        ..end
    }
}

/// The best end, the first of equals, and what became of all.
fn gathered(ends: Vec<End>, n_rows: usize) -> Result<(End, Convergence), FitError> {
    let best = ends
        .iter()
        .filter(|end| end.value.is_finite())
        .min_by(|a, b| a.value.total_cmp(&b.value))
        .cloned()
        .ok_or(FitError::NoOptimum)?;
    let near = best.value * (1.0 + AT_OPTIMUM) + EXACT * n_rows as f64;
    let convergence = Convergence {
        starts: ends.len(),
        converged: ends.iter().filter(|end| end.converged).count(),
        at_optimum: ends.iter().filter(|end| end.value <= near).count(),
        best_converged: best.converged,
        evaluations: ends.iter().map(|end| end.evaluations).sum(),
    };
    Ok((best, convergence))
}

fn report(
    form: &Form,
    observations: &Observations,
    objective: Objective,
    problem: &Problem,
    best: &End,
    convergence: Convergence,
) -> Result<Fit, FitError> {
    let coefficients = problem.coefficients(&best.x);
    let mut fit = Fit {
        form: form.clone(),
        objective,
        irreducible_loss: coefficients[0],
        coefficients: coefficients[1..].to_vec(),
        exponents: best.x[1 + problem.terms.len()..].to_vec(),
        value: best.value,
        quality: Quality::default(),
        convergence,
    };
    fit.quality = Quality::of(&fit.predict(observations)?, &observations.loss);
    Ok(fit)
}
