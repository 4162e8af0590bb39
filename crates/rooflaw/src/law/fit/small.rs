//! Small dense linear algebra: a handful of unknowns.
//!
//! The orthonormal basis is our own: with nalgebra's pivoted Householder decomposition in its place the 4,500
//! starts of `examples/fit_timing` take 1.22 times the CPU time (0.34 s against 0.28 s). Its Cholesky
//! decomposition costs nothing against our own.

use super::columns::{add_scaled, dot};
use nalgebra::{Cholesky, DMatrix, DVectorViewMut};

/// Solves `A x = b` for symmetric positive definite `A` (`n × n`, row by row; the lower triangle is read); `b`
/// becomes `x`. `false`, and `b` as it was, when `A` is not positive definite to working precision.
pub(super) fn solve_positive(a: &[f64], n: usize, b: &mut [f64]) -> bool {
    let matrix = DMatrix::from_fn(n, n, |i, j| a[i.max(j) * n + i.min(j)]);
    let Some(factor) = Cholesky::new(matrix) else {
        return false;
    };
    // A pivot that is all rounding error means a singular matrix.
    let l = factor.l_dirty();
    if (0..n).any(|j| l[(j, j)] * l[(j, j)] <= 1e-14 * a[j * n + j].abs()) {
        return false;
    }
    factor.solve_mut(&mut DVectorViewMut::from_slice(b, n));
    true
}

/// Orthonormal basis of the columns of a matrix by modified Gram–Schmidt, each column orthogonalised twice,
/// which is as accurate as Householder's reflections.
pub(super) struct Orthogonal {
    /// The orthonormal columns; empty for a column that depends on those before it.
    pub(super) columns: Vec<Vec<f64>>,
    /// Upper triangle, column by column: `r[j][k]`, `k ≤ j`.
    pub(super) r: Vec<Vec<f64>>,
}

impl Orthogonal {
    /// Decomposes columns of equal length.
    pub(super) fn new(matrix: &[&[f64]]) -> Orthogonal {
        let mut columns: Vec<Vec<f64>> = Vec::with_capacity(matrix.len());
        let mut r = Vec::with_capacity(matrix.len());
        for source in matrix {
            let mut column = source.to_vec();
            let size = dot(&column, &column).sqrt();
            let mut factors = vec![0.0; columns.len() + 1];
            for _ in 0..2 {
                for (factor, earlier) in factors.iter_mut().zip(&columns) {
                    if !earlier.is_empty() {
                        let along = dot(earlier, &column);
                        *factor += along;
                        add_scaled(&mut column, -along, earlier);
                    }
                }
            }
            let left = dot(&column, &column).sqrt();
            if left > 1e-11 * size && left.is_finite() {
                for value in &mut column {
                    *value /= left;
                }
                if let Some(last) = factors.last_mut() {
                    *last = left;
                }
            } else {
                column.clear();
            }
            columns.push(column);
            r.push(factors);
        }
        Orthogonal { columns, r }
    }

    /// `Qᵀ y`; 0 for dependent columns.
    pub(super) fn project(&self, y: &[f64]) -> Vec<f64> {
        let along = |column: &Vec<f64>| if column.is_empty() { 0.0 } else { dot(column, y) };
        self.columns.iter().map(along).collect()
    }

    /// Solves `R x = z`; 0 for dependent columns.
    pub(super) fn back_substitute(&self, z: &[f64]) -> Vec<f64> {
        let mut x = z.to_vec();
        for j in (0..x.len()).rev() {
            if self.columns[j].is_empty() {
                x[j] = 0.0;
                continue;
            }
            x[j] /= self.r[j][j];
            let value = x[j];
            for (earlier, factor) in x[..j].iter_mut().zip(&self.r[j]) {
                *earlier -= factor * value;
            }
        }
        x
    }

    /// Removes from `y` what lies in the span of the columns.
    pub(super) fn remove(&self, y: &mut [f64]) {
        for column in self.columns.iter().filter(|column| !column.is_empty()) {
            let along = dot(column, y);
            add_scaled(y, -along, column);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cholesky_solves_and_refuses() {
        let a = [4.0, 2.0, 2.0, 3.0];
        let mut b = vec![8.0, 7.0];
        assert!(solve_positive(&a, 2, &mut b));
        assert!((b[0] - 1.25).abs() < 1e-15 && (b[1] - 1.5).abs() < 1e-15);
        assert!(!solve_positive(&[1.0, 2.0, 2.0, 1.0], 2, &mut [1.0, 1.0]));
        assert!(!solve_positive(&[1.0, 1.0, 1.0, 1.0], 2, &mut [1.0, 1.0]));
    }

    #[test]
    fn a_dependent_column_gets_nothing() {
        let (one, two) = (vec![1.0, 1.0, 1.0], vec![2.0, 2.0, 2.0]);
        let q = Orthogonal::new(&[&one, &two]);
        let x = q.back_substitute(&q.project(&[3.0, 3.0, 3.0]));
        assert!((x[0] - 3.0).abs() < 1e-15);
        assert_eq!(x[1], 0.0);
    }
}
