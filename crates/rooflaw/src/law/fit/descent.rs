//! Damped Newton steps on the robust objective: Levenberg–Marquardt far away, Newton near the optimum.

use super::problem::Problem;
use super::robust::{self, Curvature, Derivatives, Workspace};
use super::small::solve_positive;

/// What one descent keeps between calls.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    work: Workspace,
    derivatives: Derivatives,
    free: Vec<usize>,
    matrix: Vec<f64>,
    step: Vec<f64>,
    trial: Vec<f64>,
}

/// Where a descent ended.
#[derive(Clone, Debug)]
pub(super) struct Descent {
    pub(super) x: Vec<f64>,
    /// The objective, a sum.
    pub(super) value: f64,
    /// Steps tried.
    pub(super) evaluations: usize,
    /// Whether Newton's model promises no more than [`Stop::gain`].
    pub(super) converged: bool,
}

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stop {
    /// Relative decrease of the objective below which a step counts as the last.
    pub(super) gain: f64,
    /// Most evaluations of the objective.
    pub(super) evaluations: usize,
    /// Whether to go over to second derivatives once near.
    pub(super) exact: bool,
}

/// To convergence: Newton's model promises a relative decrease below 1e-12.
pub(super) const TIGHT: Stop = Stop {
    gain: 1e-12,
    evaluations: 400,
    exact: true,
};
/// To the neighbourhood of an optimum.
const LOOSE: Stop = Stop {
    gain: 1e-2,
    evaluations: 40,
    exact: false,
};

/// No unknown moves further than this at once: logarithms of coefficients, and exponents of centred variables.
const LONGEST_STEP: f64 = 4.0;

/// First on a part of the rows, where steps are cheap, and then on all of them from there, to convergence.
pub(super) fn descend(
    problem: &Problem,
    coarse: Option<&Problem>,
    delta: f64,
    start: Vec<f64>,
    scratch: &mut Scratch,
) -> Descent {
    let start = match coarse {
        Some(coarse) => minimise(coarse, delta, start, LOOSE, scratch).x,
        None => start,
    };
    minimise(problem, delta, start, TIGHT, scratch)
}

/// A part of the rows that still determines the unknowns well, when there are rows enough for it to pay.
pub(super) fn coarse(problem: &Problem) -> Option<Problem> {
    let enough = (8 * problem.n_unknowns()).max(40);
    let stride = problem.n_rows() / enough;
    (stride >= 3).then(|| problem.thinned(stride))
}

/// Descends from `x` on all rows of `problem`.
pub(super) fn minimise(
    problem: &Problem,
    delta: f64,
    mut x: Vec<f64>,
    stop: Stop,
    scratch: &mut Scratch,
) -> Descent {
    let Scratch {
        work,
        derivatives,
        free,
        matrix,
        step,
        trial,
    } = scratch;
    let mut value = robust::value(problem, delta, &x, work);
    let mut evaluations = 1;
    let mut curvature = Curvature::Reweighted;
    let mut damping = 1e-3;
    let mut converged = false;
    if !value.is_finite() {
        return Descent {
            x,
            value,
            evaluations,
            converged,
        };
    }
    robust::derivatives(problem, delta, &x, curvature, work, derivatives);
    while evaluations < stop.evaluations {
        movable(problem, &x, &derivatives.gradient, free);
        let floor =
            derivatives.scale.iter().fold(0.0, |most: f64, &d| most.max(d)) * 1e-9 + f64::MIN_POSITIVE;
        if !damped_step(derivatives, free, damping, floor, matrix, step) {
            damping = (damping * 8.0).max(1e-5);
            if damping > 1e12 {
                break;
            }
            continue;
        }
        let longest = step.iter().fold(0.0, |most: f64, s| most.max(s.abs()));
        let shorten = if longest > LONGEST_STEP {
            LONGEST_STEP / longest
        } else {
            1.0
        };
        trial.clone_from(&x);
        for (&p, s) in free.iter().zip(step.iter_mut()) {
            trial[p] = (x[p] + shorten * *s).clamp(problem.lower[p], problem.upper[p]);
            *s = trial[p] - x[p];
        }
        let promised = promise(derivatives, free, step);
        // With heavy damping a small promise says nothing about the distance to the optimum.
        let last = promised.abs() <= stop.gain * value
            && damping < 1e-1
            && (curvature == Curvature::Exact || !stop.exact);
        if last && promised.abs() <= 1e-15 * value || value == 0.0 {
            converged = true;
            break;
        }
        let found = robust::value(problem, delta, trial, work);
        evaluations += 1;
        let decrease = value - found;
        if found.is_finite() && decrease > 0.0 {
            let ratio = decrease / promised;
            if ratio > 0.75 {
                damping = (damping * 0.1).max(1e-12);
            } else if ratio < 0.25 {
                damping *= 3.0;
            }
            let near = decrease < 0.1 * value;
            std::mem::swap(&mut x, trial);
            value = found;
            if last {
                converged = true;
                break;
            }
            if stop.exact && near {
                curvature = Curvature::Exact;
            }
            robust::derivatives(problem, delta, &x, curvature, work, derivatives);
        } else {
            // No decrease where none was promised: the rounding of the objective is reached.
            if last || promised.abs() <= 1e-14 * value {
                converged = curvature == Curvature::Exact || !stop.exact;
                break;
            }
            damping = (damping * 8.0).max(1e-5);
            if damping > 1e12 {
                break;
            }
        }
    }
    Descent {
        x,
        value,
        evaluations,
        converged,
    }
}

/// The unknowns that are neither fixed nor held at a bound by the gradient.
fn movable(problem: &Problem, x: &[f64], gradient: &[f64], free: &mut Vec<usize>) {
    free.clear();
    free.extend((0..x.len()).filter(|&p| {
        let (lower, upper) = (problem.lower[p], problem.upper[p]);
        lower < upper && !(x[p] <= lower && gradient[p] > 0.0) && !(x[p] >= upper && gradient[p] < 0.0)
    }));
}

/// Solves `(B + damping · D) s = −g` over the free unknowns; `false` when the matrix is not positive definite.
fn damped_step(
    derivatives: &Derivatives,
    free: &[usize],
    damping: f64,
    floor: f64,
    matrix: &mut Vec<f64>,
    step: &mut Vec<f64>,
) -> bool {
    let (n, m) = (derivatives.gradient.len(), free.len());
    matrix.clear();
    matrix.resize(m * m, 0.0);
    step.clear();
    for (i, &p) in free.iter().enumerate() {
        step.push(-derivatives.gradient[p]);
        for (j, &q) in free[..=i].iter().enumerate() {
            matrix[i * m + j] = derivatives.matrix[p * n + q];
        }
        matrix[i * m + i] += damping * derivatives.scale[p].max(floor);
    }
    solve_positive(matrix, m, step)
}

/// The decrease that the quadratic model without damping promises for a step.
fn promise(derivatives: &Derivatives, free: &[usize], step: &[f64]) -> f64 {
    let n = derivatives.gradient.len();
    let mut decrease = 0.0;
    for (i, &p) in free.iter().enumerate() {
        let mut curved = 0.5 * derivatives.matrix[p * n + p] * step[i];
        for (j, &q) in free[..i].iter().enumerate() {
            curved += derivatives.matrix[p * n + q] * step[j];
        }
        decrease -= step[i] * (derivatives.gradient[p] + curved);
    }
    decrease
}
