//! The rate of matrix products, by precision.

use super::rounds::best;
use gemmkit::{MatMut, MatRef, Parallelism, bf16, f16, gemm, gemm_i8};
use rooflaw::device::Peaks;
use rooflaw::format::Precision;
use serde::Serialize;
use std::hint::black_box;

/// What some threads together reach, each with a product of its own.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ProductRate {
    /// Threads.
    pub threads: usize,
    /// What is multiplied. fp16 and bf16 are accumulated in fp32, int8 in 32 bits.
    pub precision: Precision,
    /// Operations/s; a multiply-add counts 2.
    pub op_per_s: f64,
}

/// The precisions that are measured.
pub const PRODUCT_PRECISIONS: [Precision; 4] =
    [Precision::Fp32, Precision::Fp16, Precision::Bf16, Precision::Int8];

/// Rows and columns: the three matrices of a thread fit a cache of 8 MB, and are far too large for the inner ones.
pub(super) const SIDE: usize = 768;
/// Products of each thread.
const ROUNDS: usize = 20;

/// The rate that `threads` reach; `None` of a precision that is not measured.
pub(super) fn product_rate(threads: usize, precision: Precision) -> Option<ProductRate> {
    Some(ProductRate {
        threads,
        precision,
        op_per_s: rate(threads, SIDE, precision)?,
    })
}

/// The largest rate of each precision.
pub(super) fn peaks(rates: &[ProductRate], rounded: impl Fn(f64) -> f64) -> Peaks {
    let largest = |precision| {
        rates
            .iter()
            .filter(|rate| rate.precision == precision)
            .map(|rate| rounded(rate.op_per_s))
            .max_by(f64::total_cmp)
    };
    Peaks {
        fp32: largest(Precision::Fp32),
        fp16: largest(Precision::Fp16),
        bf16: largest(Precision::Bf16),
        int8: largest(Precision::Int8),
        ..Peaks::default()
    }
}

fn rate(threads: usize, side: usize, precision: Precision) -> Option<f64> {
    let float = |value: f32| value;
    let seconds = match precision {
        Precision::Fp32 => floats(threads, side, float, [1.0, 0.0]),
        Precision::Fp16 => floats(threads, side, f16::from_f32, [f16::ONE, f16::ZERO]),
        Precision::Bf16 => floats(threads, side, bf16::from_f32, [bf16::ONE, bf16::ZERO]),
        Precision::Int8 => integers(threads, side),
        Precision::Fp8 | Precision::Int4 => return None,
    };
    Some(2.0 * (side as f64).powi(3) * threads as f64 / seconds)
}

/// An entry of a matrix: small, and not all the same.
fn entry(place: usize, seed: usize) -> i8 {
    ((place * seed) % 13) as i8 - 6
}

fn matrix<T>(side: usize, seed: usize, of: impl Fn(i8) -> T) -> Vec<T> {
    (0..side * side).map(|place| of(entry(place, seed))).collect()
}

/// Seconds of a product of floating-point numbers; `one` and `zero` are what scales it and what was there.
fn floats<T: gemmkit::GemmScalar>(
    threads: usize,
    side: usize,
    of: impl Fn(f32) -> T + Sync,
    [one, zero]: [T; 2],
) -> f64 {
    let operands = || {
        let matrix = |seed| matrix(side, seed, |entry| of(f32::from(entry)));
        (matrix(3), matrix(5), vec![zero; side * side])
    };
    best(threads, ROUNDS, operands, |(a, b, c)| {
        let (a, b) = (
            MatRef::from_row_major(black_box(a), side, side),
            MatRef::from_row_major(b, side, side),
        );
        let into = MatMut::from_row_major(c, side, side);
        gemm(one, a, b, zero, into, Parallelism::Serial);
        black_box(c);
    })
}

/// Seconds of a product of 8-bit integers.
fn integers(threads: usize, side: usize) -> f64 {
    let operands = || {
        let matrix = |seed| matrix(side, seed, |entry| entry);
        (matrix(3), matrix(5), vec![0_i32; side * side])
    };
    best(threads, ROUNDS, operands, |(a, b, c)| {
        let (a, b) = (
            MatRef::from_row_major(black_box(a), side, side),
            MatRef::from_row_major(b, side, side),
        );
        let into = MatMut::from_row_major(c, side, side);
        gemm_i8(1, a, b, 0, into, Parallelism::Serial);
        black_box(c);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_finite_and_positive() {
        for precision in PRODUCT_PRECISIONS {
            let rate = rate(2, 32, precision).unwrap();
            assert!(rate.is_finite() && rate > 0.0, "{precision:?} {rate}");
        }
        assert!(rate(1, 32, Precision::Int4).is_none());
    }

    #[test]
    fn the_largest_rates_are_the_peaks() {
        let rate = |threads, precision, op_per_s| ProductRate {
            threads,
            precision,
            op_per_s,
        };
        let rates = [
            rate(1, Precision::Fp32, 3.0),
            rate(2, Precision::Fp32, 5.0),
            rate(1, Precision::Int8, 9.0),
            rate(2, Precision::Int8, 8.0),
        ];
        let found = peaks(&rates, |rate| rate);
        assert_eq!((found.fp32, found.int8, found.fp16), (Some(5.0), Some(9.0), None));
    }

    /// What is timed is the product.
    #[test]
    fn products_are_products() {
        let side = 37;
        let (a, b) = (matrix(side, 3, |entry| entry), matrix(side, 5, |entry| entry));
        let mut c = vec![0_i32; side * side];
        let view = |of| MatRef::from_row_major(of, side, side);
        let into = MatMut::from_row_major(&mut c, side, side);
        gemm_i8(1, view(&a), view(&b), 0, into, Parallelism::Serial);
        for (place, found) in c.into_iter().enumerate() {
            let (row, column) = (place / side, place % side);
            let expected: i32 = (0..side)
                .map(|k| i32::from(a[row * side + k]) * i32::from(b[k * side + column]))
                .sum();
            assert_eq!(found, expected);
        }
    }
}
