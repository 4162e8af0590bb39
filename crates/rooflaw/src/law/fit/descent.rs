//! Damped Newton steps on the robust objective: Levenberg–Marquardt far away, Newton near the optimum.

use super::power_basis::PowerBasis;
use super::problem::Problem;
use super::retraction::retract;
use super::robust::{self, Curvature, Derivatives, Workspace};
use super::small::solve_positive;
use super::varpro;

/// What one descent keeps between calls.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    work: Workspace,
    derivatives: Derivatives,
    free: Vec<usize>,
    matrix: Vec<f64>,
    step: Vec<f64>,
    full: Vec<f64>,
    trial: Vec<f64>,
    /// Whether `work` holds the rows at the point that the next descent begins at.
    known: bool,
}

impl Scratch {
    /// The next descent is on another problem or from another point.
    pub(super) fn forget(&mut self) {
        self.known = false;
    }
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

/// How to descend, and when to stop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stop {
    /// Relative decrease of the objective below which a step counts as the last.
    pub(super) gain: f64,
    /// Most evaluations of the objective.
    pub(super) evaluations: usize,
    /// Which second derivatives to begin with.
    pub(super) curvature: Curvature,
    /// Whether to go over to the exact ones once near, and to end only on them.
    pub(super) exact: bool,
}

/// To convergence: Newton's model promises a relative decrease below 1e-10.
pub(super) const TIGHT: Stop = Stop {
    gain: 1e-10,
    evaluations: 1500,
    curvature: Curvature::Reweighted,
    exact: true,
};
/// To the neighbourhood of an optimum.
const LOOSE: Stop = Stop {
    gain: 1e-2,
    evaluations: 8,
    curvature: Curvature::Reweighted,
    exact: false,
};
/// A step or two along the path of optima as δ shrinks.
const FOLLOW: Stop = Stop {
    gain: 3e-2,
    evaluations: 6,
    curvature: Curvature::Exact,
    exact: true,
};
/// δ shrinks by this from one stage to the next.
const SHRINK: f64 = 0.5;

/// No unknown moves further than this at once: logarithms of coefficients, and exponents of centred
/// variables.
const LONGEST_STEP: f64 = 4.0;

/// A part of the rows for the first steps, which are many and need not be exact.
#[derive(Debug)]
pub(super) struct Coarse {
    problem: Problem,
}

impl Coarse {
    /// A part of the rows that still determines the unknowns well; all rows when there are few.
    pub(super) fn of(problem: &Problem) -> Coarse {
        let enough = (6 * problem.n_unknowns()).max(40);
        Coarse {
            problem: problem.thinned((problem.n_rows() / enough).max(1)),
        }
    }
}

/// Far from the optimum Huber's loss is all but an absolute value, on which descents crawl, and the unknowns
/// lie in curved valleys. So: a few steps of least squares in all unknowns on a part of the rows; then
/// variable projection there, which crosses the valleys; then all rows with δ shrinking from the size of the
/// residuals to the one asked for; then to convergence.
pub(super) fn descend(
    problem: &Problem,
    coarse: &Coarse,
    delta: f64,
    start: Vec<f64>,
    scratch: &mut Scratch,
) -> Descent {
    let part = &coarse.problem;
    scratch.forget();
    let mut rough = minimise(part, f64::INFINITY, start, LOOSE, scratch);
    if let Some(basis) = PowerBasis::new(part, part.scale) {
        let theta = &rough.x[1 + part.terms.len()..];
        let mut found = varpro::minimise(&basis, theta, varpro::LOOSE);
        if let Some(theta) = basis.revived(&found.theta, &found.coefficients) {
            let again = varpro::minimise(&basis, &theta, varpro::LOOSE);
            if again.value < found.value {
                found = again;
            }
        }
        let x = basis.unknowns(&found.theta, &found.coefficients, 1e-6);
        let value = robust::value(part, f64::INFINITY, &x, &mut scratch.work);
        if value < rough.value {
            (rough.x, rough.value) = (x, value);
        }
    }
    scratch.forget();
    let mut wide = (2.0 * rough.value / part.n_rows() as f64).sqrt();
    let mut x = rough.x;
    let mut evaluations = 0;
    while delta.is_finite() && wide > delta / SHRINK {
        let found = minimise(problem, wide, x, FOLLOW, scratch);
        (x, evaluations) = (found.x, evaluations + found.evaluations);
        wide *= SHRINK;
    }
    let mut found = minimise(problem, delta, x, TIGHT, scratch);
    found.evaluations += evaluations;
    found
}

/// The first of `starts` with the lowest sum of squares; [`minimise`] may begin there.
pub(super) fn best_of(problem: &Problem, starts: Vec<Vec<f64>>, scratch: &mut Scratch) -> Vec<f64> {
    scratch.forget();
    let mut best = (f64::INFINITY, Vec::new());
    for x in starts {
        let value = robust::value(problem, f64::INFINITY, &x, &mut scratch.work);
        if value < best.0 || best.1.is_empty() {
            best = (value, x);
        }
    }
    best.1
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
        full,
        trial,
        known,
    } = scratch;
    let mut value = if *known {
        robust::value_again(problem, delta, work)
    } else {
        robust::value(problem, delta, &x, work)
    };
    let mut evaluations = usize::from(!*known);
    *known = true;
    let mut accepted = 0_u32;
    let mut curvature = stop.curvature;
    let mut growth = 2.0;
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
    robust::derivatives(problem, delta, &x, curvature, true, work, derivatives);
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
        full.clear();
        full.resize(x.len(), 0.0);
        for (&p, s) in free.iter().zip(step.iter_mut()) {
            *s = (x[p] + shorten * *s).clamp(problem.lower[p], problem.upper[p]) - x[p];
            full[p] = *s;
        }
        retract(problem, &x, full, trial);
        let promised = promise(derivatives, free, step);
        // With heavy damping a small promise says nothing about the distance to the optimum.
        let last = promised.abs() <= stop.gain * value
            && damping < 1e-1
            && (curvature == Curvature::Exact || !stop.exact);
        if last && promised.abs() <= 1e-15 * value || value <= super::EXACT * problem.n_rows() as f64 {
            converged = true;
            break;
        }
        let found = robust::value(problem, delta, trial, work);
        evaluations += 1;
        let decrease = value - found;
        *known = found.is_finite() && decrease > 0.0;
        if *known {
            let ratio = decrease / promised;
            // Nielsen's rule: smoother than fixed factors, which alternate between too little and enough.
            let most = if ratio > 0.3 { 0.6 } else { 3.0 };
            damping = (damping * (1.0 - (2.0 * ratio - 1.0).powi(3)).clamp(0.1, most)).max(1e-12);
            growth = 2.0;
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
            accepted += 1;
            robust::derivatives(
                problem,
                delta,
                &x,
                curvature,
                accepted.is_multiple_of(8),
                work,
                derivatives,
            );
        } else {
            // No decrease where none was promised: the rounding of the objective is reached.
            if last || promised.abs() <= 1e-14 * value {
                converged = curvature == Curvature::Exact || !stop.exact;
                break;
            }
            damping = (damping * growth).max(1e-7);
            growth *= 2.0;
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

/// Solves `(B + damping · D) s = −g` over the free unknowns; `false` when the matrix is not positive
/// definite.
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
