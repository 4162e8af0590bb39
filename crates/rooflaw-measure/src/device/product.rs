//! The rate of matrix products.

use super::rounds::best;
use ndarray::Array2;
use ndarray::linalg::general_mat_mul;
use serde::Serialize;
use std::hint::black_box;

/// What some threads together reach, each with a product of its own.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ProductRate {
    /// Threads.
    pub threads: usize,
    /// fp32, operations/s; a multiply-add counts 2.
    pub fp32_flop_per_s: f64,
}

/// Rows and columns: the three matrices of a thread fit a cache of 8 MB, and are far too large for the inner ones.
pub(super) const SIDE: usize = 768;
/// Products of each thread.
const ROUNDS: usize = 20;

/// The rate that `threads` reach.
pub(super) fn product_rate(threads: usize) -> ProductRate {
    ProductRate {
        threads,
        fp32_flop_per_s: rate(threads, SIDE),
    }
}

fn rate(threads: usize, side: usize) -> f64 {
    let matrix = |seed: usize| {
        Array2::from_shape_fn((side, side), |(row, column)| {
            ((row * 7 + column * seed) % 13) as f32 - 6.0
        })
    };
    let matrices = || (matrix(3), matrix(5), Array2::<f32>::zeros((side, side)));
    let seconds = best(threads, ROUNDS, matrices, |(a, b, c)| {
        general_mat_mul(1.0, black_box(a), b, 0.0, c);
        black_box(c);
    });
    2.0 * (side as f64).powi(3) * threads as f64 / seconds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_finite_and_positive() {
        let rate = rate(2, 32);
        assert!(rate.is_finite() && rate > 0.0, "{rate}");
    }
}
