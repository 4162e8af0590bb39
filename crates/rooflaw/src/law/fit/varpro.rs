//! Variable projection (Golub & Pereyra 1973): least squares in the exponents alone, the coefficients being
//! solved for at every step; with Kaufman's approximation (1975) of the projected Jacobian and
//! Levenberg–Marquardt's damping.

use super::columns::{add_scaled, dot};
use super::nnls;
use super::small::{Orthogonal, solve_positive};

/// A model `y ≈ Σⱼ cⱼ φⱼ(θ)`, linear in `c`.
pub(super) trait Basis {
    /// What is approximated, row by row, already multiplied by the square roots of the weights.
    fn target(&self) -> &[f64];
    /// Which coefficients may not be negative; one entry for each column.
    fn non_negative(&self) -> &[bool];
    /// Bounds of θ.
    fn bounds(&self) -> (&[f64], &[f64]);
    /// The columns φ at θ, weighted as the target is.
    fn columns(&self, theta: &[f64]) -> Vec<Vec<f64>>;
    /// `Σⱼ cⱼ ∂φⱼ/∂θ_l`, weighted as the target is; `columns` are those of θ.
    fn derivative(&self, theta: &[f64], columns: &[Vec<f64>], coefficients: &[f64], l: usize) -> Vec<f64>;
}

/// Where the projection ended.
#[derive(Clone, Debug)]
pub(super) struct Projection {
    pub(super) theta: Vec<f64>,
    pub(super) coefficients: Vec<f64>,
    /// Weighted sum of squared residuals.
    pub(super) value: f64,
    pub(super) evaluations: usize,
    pub(super) converged: bool,
}

/// The linear problem at one θ.
struct Solved {
    columns: Vec<Vec<f64>>,
    coefficients: Vec<f64>,
    passive: Vec<bool>,
    residual: Vec<f64>,
    value: f64,
}

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Promised relative decrease below which a step is the last.
    gain: f64,
    evaluations: usize,
}

/// To convergence.
pub(super) const TIGHT: Limits = Limits {
    gain: 1e-14,
    evaluations: 300,
};
/// To the neighbourhood of an optimum.
pub(super) const LOOSE: Limits = Limits {
    gain: 1e-3,
    evaluations: 25,
};
/// No exponent moves further than this at once.
const LONGEST_STEP: f64 = 2.0;

/// The coefficients that are best at θ.
pub(super) fn coefficients_at(basis: &impl Basis, theta: &[f64]) -> Vec<f64> {
    solve(basis, theta).coefficients
}

fn solve(basis: &impl Basis, theta: &[f64]) -> Solved {
    let columns = basis.columns(theta);
    let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let (coefficients, passive) =
        nnls::solve(&Orthogonal::new(&slices), basis.target(), basis.non_negative());
    let mut residual = basis.target().to_vec();
    for (column, &c) in columns.iter().zip(&coefficients) {
        add_scaled(&mut residual, -c, column);
    }
    let value = dot(&residual, &residual);
    Solved {
        columns,
        coefficients,
        passive,
        residual,
        value,
    }
}

/// `JᵀJ` (lower triangle) and `Jᵀr` of the projected residual `P⊥ y`, with `J_l = P⊥ Σⱼ cⱼ ∂φⱼ/∂θ_l`.
fn normal_equations(basis: &impl Basis, theta: &[f64], solved: &Solved) -> (Vec<f64>, Vec<f64>) {
    let passive: Vec<&[f64]> = solved
        .columns
        .iter()
        .zip(&solved.passive)
        .filter(|(_, passive)| **passive)
        .map(|(column, _)| column.as_slice())
        .collect();
    let q = Orthogonal::new(&passive);
    let n = theta.len();
    let jacobian: Vec<Vec<f64>> = (0..n)
        .map(|l| {
            let mut column = basis.derivative(theta, &solved.columns, &solved.coefficients, l);
            q.remove(&mut column);
            q.remove(&mut column);
            column
        })
        .collect();
    let mut matrix = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            matrix[i * n + j] = dot(&jacobian[i], &jacobian[j]);
        }
    }
    let right = jacobian
        .iter()
        .map(|column| dot(column, &solved.residual))
        .collect();
    (matrix, right)
}

/// Descends from θ.
pub(super) fn minimise(basis: &impl Basis, start: &[f64], limits: Limits) -> Projection {
    let (lower, upper) = basis.bounds();
    let n = start.len();
    let mut theta: Vec<f64> = (0..n).map(|l| start[l].clamp(lower[l], upper[l])).collect();
    let mut solved = solve(basis, &theta);
    let mut evaluations = 1;
    let mut damping = 1e-3;
    let mut converged = false;
    'points: while solved.value.is_finite() {
        let (matrix, right) = normal_equations(basis, &theta, &solved);
        // Neither fixed nor pressed against a bound; J's sign makes `right` the descent direction.
        let free: Vec<usize> = (0..n)
            .filter(|&l| {
                lower[l] < upper[l]
                    && !(theta[l] <= lower[l] && right[l] < 0.0)
                    && !(theta[l] >= upper[l] && right[l] > 0.0)
            })
            .collect();
        let m = free.len();
        let floor =
            free.iter().fold(0.0, |most: f64, &l| most.max(matrix[l * n + l])) * 1e-12 + f64::MIN_POSITIVE;
        loop {
            let mut damped = vec![0.0; m * m];
            let mut step: Vec<f64> = free.iter().map(|&l| right[l]).collect();
            for (i, &p) in free.iter().enumerate() {
                for (j, &q) in free[..=i].iter().enumerate() {
                    damped[i * m + j] = matrix[p * n + q];
                }
                damped[i * m + i] += damping * matrix[p * n + p].max(floor);
            }
            if !solve_positive(&damped, m, &mut step) {
                damping = (damping * 10.0).max(1e-8);
                if damping > 1e12 {
                    break 'points;
                }
                continue;
            }
            let longest = step.iter().fold(0.0, |most: f64, s| most.max(s.abs()));
            let shorten = if longest > LONGEST_STEP {
                LONGEST_STEP / longest
            } else {
                1.0
            };
            let mut trial = theta.clone();
            let mut promised = 0.0;
            for (&l, s) in free.iter().zip(&step) {
                trial[l] = (theta[l] + shorten * s).clamp(lower[l], upper[l]);
                promised += (trial[l] - theta[l]) * right[l];
            }
            let last = promised.abs() <= limits.gain * solved.value && damping < 1e-1;
            let found = solve(basis, &trial);
            evaluations += 1;
            if found.value < solved.value {
                let decrease = solved.value - found.value;
                damping = if decrease > 0.5 * promised {
                    (damping * 0.1).max(1e-14)
                } else {
                    damping * 2.0
                };
                (theta, solved) = (trial, found);
                if last {
                    converged = true;
                    break 'points;
                }
                if evaluations >= limits.evaluations {
                    break 'points;
                }
                continue 'points;
            }
            if last || m == 0 || promised.abs() <= 1e-15 * solved.value {
                converged = true;
                break 'points;
            }
            damping = (damping * 10.0).max(1e-8);
            if damping > 1e12 || evaluations >= limits.evaluations {
                break 'points;
            }
        }
    }
    Projection {
        theta,
        coefficients: solved.coefficients,
        value: solved.value,
        evaluations,
        converged,
    }
}
