//! Refits on resampled or left-out groups.

use super::descent::{self, Scratch};
use super::random::Random;
use super::{
    Fit, FitError, Form, Objective, Observations, Problem, Start, Starts, fit, optimise, parallel, report,
};

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
        let mut random = Random::stream(seed, index);
        let mut drawn = vec![0.0; observations.n_groups];
        for _ in 0..observations.n_groups {
            drawn[random.below(observations.n_groups)] += 1.0;
        }
        let multiples: Vec<f64> = observations.group.iter().map(|&group| drawn[group]).collect();
        refit(
            &base.form,
            base.objective,
            &observations.multiplied(&multiples),
            &start,
            scratch,
        )
    })
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

/// Predicts each row by a fit to the rows of the other groups: what cross-validated errors are made of. Each
/// fit descends from `base` and from `starts`.
///
/// # Errors
/// A group without which the form cannot be fitted.
pub fn leave_one_group_out(
    base: &Fit,
    observations: &Observations,
    starts: &Starts,
) -> Result<Vec<f64>, FitError> {
    let mut starts = super::listed(&base.form, starts)?;
    starts.push(base.as_start());
    let fits = parallel::map(
        observations.n_groups,
        || (),
        |(), left_out| {
            let rest = observations.filter(|row| observations.group[row] != left_out);
            let problem = Problem::new(&base.form, &rest)?;
            let (best, convergence) = optimise(&problem, base.objective, &starts)?;
            let found = report(&base.form, &rest, base.objective, &problem, &best, convergence)?;
            found.predict(&observations.filter(|row| observations.group[row] == left_out))
        },
    );
    let mut predicted = vec![f64::NAN; observations.n_rows()];
    for (left_out, values) in fits.into_iter().enumerate() {
        let rows = (0..observations.n_rows()).filter(|&row| observations.group[row] == left_out);
        for (row, value) in rows.zip(values?) {
            predicted[row] = value;
        }
    }
    Ok(predicted)
}
