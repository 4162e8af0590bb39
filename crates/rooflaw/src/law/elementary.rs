//! Logarithms and exponentials of two numbers at once, which is all that a power law takes.
//!
//! The standard library's, one number at a time, would take a third of an evaluation, and more on wasm32, where they
//! are a software library. These have no branch and no table. The tests hold them to the standard library's.

use crate::pair::{Pair, TWO_52};
use std::f64::consts::LOG2_E;

/// `ln 2`: the leading 32 bits, whose product with an exponent is exact, and the rest.
const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// 2/3 + 2/5 z + 2/7 z² + … for 0 ≤ z ≤ 0.02945: the polynomial through that series at seven Chebyshev nodes, which is
/// off by 3.2e-16 at most, 5e-18 of the logarithm; the series itself takes ten terms.
const ARTANH: [f64; 7] = [
    0.666_666_666_666_667,
    0.399_999_999_998_992_4,
    0.285_714_286_260_958_9,
    0.222_222_111_151_441_6,
    0.181_828_905_566_956_02,
    0.153_316_740_301_678_6,
    0.146_170_375_487_916_5,
];

/// 1/6 − z/360 + z²/15120 − … for 0 ≤ z ≤ 0.1202, through five Chebyshev nodes; off by 7e-19 of the exponential.
const COTH: [f64; 5] = [
    0.166_666_666_666_666_6,
    -0.002_777_777_777_756_395_7,
    6.613_756_471_400_626e-5,
    -1.653_405_968_872_539e-6,
    4.143_749_871_385_379e-8,
];

/// `Σ coefficient · xⁿ` up to `x⁷`, the lowest power first; by Estrin's scheme, of which fewer steps wait for one
/// another than of Horner's. Coefficients there are not are skipped when this is compiled.
#[inline(always)]
fn polynomial<const N: usize>(x: Pair, coefficients: [f64; N]) -> Pair {
    let x2 = x * x;
    let x4 = x2 * x2;
    let two = |n: usize| match coefficients.get(n..) {
        Some([a, b, ..]) => Pair::all(*a) + x * *b,
        Some([a]) => Pair::all(*a),
        _ => Pair::all(0.0),
    };
    let four = |n: usize| {
        if n + 2 < N {
            two(n) + two(n + 2) * x2
        } else {
            two(n)
        }
    };
    if N > 4 { four(0) + four(4) * x4 } else { four(0) }
}

/// Natural logarithms of positive and normal numbers, to four units in the last place.
#[inline(always)]
pub(super) fn ln(numbers: Pair) -> Pair {
    let (exponents, mantissas) = numbers.split();
    // ln m = 2 artanh s = s (2 + z (2/3 + 2/5 z + 2/7 z² + …)) with s = (m − 1)/(m + 1), |s| < 0.172, z = s².
    let one = Pair::all(1.0);
    let s = (mantissas - one) / (mantissas + one);
    let z = s * s;
    let series = z * polynomial(z, ARTANH);
    exponents * LN_2_HIGH + (s + s + (s * series + exponents * LN_2_LOW))
}

/// Exponentials of numbers within ±[`LARGEST_POWER`], to two units in the last place.
#[inline(always)]
pub(super) fn exp(numbers: Pair) -> Pair {
    // A number is an exponent of 2, an integer, times ln 2, and a remainder |r| < 0.35; adding 1.5 · 2^52 rounds.
    let rounding = Pair::all(1.5 * TWO_52);
    let rounded = numbers * LOG2_E + rounding;
    let exponents = rounded - rounding;
    let r = numbers - exponents * LN_2_HIGH - exponents * LN_2_LOW;
    // exp r = 1 + 2r/(q − r) with q = r·coth(r/2) = 2 + z (1/6 − z/360 + z²/15120 − …), z = r².
    let z = r * r;
    let q = Pair::all(2.0) + z * polynomial(z, COTH);
    (Pair::all(1.0) + (r + r) / (q - r)).scaled(rounded)
}

/// Beyond it, exponentials come near what an `f64` holds.
pub(super) const LARGEST_POWER: f64 = 700.0;

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers spread over many magnitudes and mantissas.
    fn spread(n: u32) -> impl Iterator<Item = f64> {
        (0..n).map(|i| (f64::from(i) * 0.618_033_988_749_895).fract())
    }

    #[test]
    fn logarithms_are_those_of_the_standard_library() {
        for fraction in spread(200_000) {
            for number in [
                (fraction * 1400.0 - 700.0).exp(),
                0.5 + fraction,
                1.0 + fraction * 1e-6,
            ] {
                let log = ln(Pair::new(2.0, number)).second();
                let expected = number.ln();
                assert!(
                    (log - expected).abs() <= 4.0 * f64::EPSILON * expected.abs(),
                    "ln {number:e}: {log:e} is not {expected:e}"
                );
            }
        }
        assert_eq!(ln(Pair::all(1.0)).first(), 0.0);
    }

    #[test]
    fn exponentials_are_those_of_the_standard_library() {
        for fraction in spread(200_000) {
            for number in [fraction * 1400.0 - 700.0, fraction - 0.5, fraction * 1e-6] {
                let power = exp(Pair::new(number, 1.0)).first();
                let expected = number.exp();
                assert!(
                    (power - expected).abs() <= 2.0 * f64::EPSILON * expected,
                    "exp {number:e}: {power:e} is not {expected:e}"
                );
            }
        }
        assert_eq!(exp(Pair::all(0.0)).first(), 1.0);
    }
}
