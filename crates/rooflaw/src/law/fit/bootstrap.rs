//! Refits on resampled groups.

use super::descent::{self, Scratch};
use super::random::Random;
use super::{Fit, FitError, Form, Objective, Observations, Problem, Start, Starts, fit, parallel, report};

impl Fit {
    /// The start from which a refit to similar rows takes few steps: this fit.
    #[must_use]
    pub fn as_start(&self) -> Start {
        let log = |coefficient: &f64| coefficient.max(1e-12).ln();
        let coefficients = std::iter::once(&self.irreducible_loss).chain(&self.coefficients);
        Start {
            exponents: self.exponents.clone(),
            log_coefficients: Some(coefficients.map(log).collect()),
        }
    }
}

/// Refits to `count` resamples of the groups with replacement (as many as there are), each descending from
/// `fit`. A resample that cannot be fitted, such as one where a variable is constant, is an error in its
/// place.
///
/// Equal seeds give equal refits; the first ones do not depend on `count`.
#[must_use]
pub fn bootstrap(
    base: &Fit,
    observations: &Observations,
    count: usize,
    seed: u64,
) -> Vec<Result<Fit, FitError>> {
    let start = base.as_start();
    parallel::map(count, Scratch::default, |scratch, index| {
        let multiples = multiples(observations, seed, index);
        refit(
            &base.form,
            base.objective,
            &observations.multiplied(&multiples),
            &start,
            scratch,
        )
    })
}

/// How often resample `index` has each row.
pub(super) fn multiples(observations: &Observations, seed: u64, index: usize) -> Vec<f64> {
    let mut random = Random::stream(seed, index);
    let present = observations.present_groups();
    let mut drawn = vec![0.0; observations.n_groups];
    for _ in 0..present.len() {
        drawn[present[random.below(present.len())]] += 1.0;
    }
    observations.group.iter().map(|&group| drawn[group]).collect()
}

/// One descent, on this thread.
fn refit(
    form: &Form,
    objective: Objective,
    observations: &Observations,
    start: &Start,
    scratch: &mut Scratch,
) -> Result<Fit, FitError> {
    let problem = Problem::new(form, observations)?;
    let delta = match objective {
        Objective::LeastSquares => {
            return fit(form, observations, objective, &Starts::Given(vec![start.clone()]));
        }
        Objective::LogLeastSquares => f64::INFINITY,
        Objective::LogHuber { delta } => delta,
    };
    let logs = start.log_coefficients.clone().unwrap_or_default();
    let x = problem.unknowns(&logs, &start.exponents);
    scratch.forget();
    let found = descent::minimise(&problem, delta, x, descent::TIGHT, scratch);
    let end = super::End {
        x: found.x,
        value: if delta.is_infinite() {
            2.0 * found.value
        } else {
            found.value
        },
        evaluations: found.evaluations,
        converged: found.converged,
    };
    let (best, convergence) = super::gathered(vec![end], problem.n_rows())?;
    report(form, observations, objective, &problem, &best, convergence)
}
