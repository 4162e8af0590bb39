//! Arithmetic over whole columns of rows, written so that the compiler makes vector instructions of it.
//!
//! The exponential and the logarithm are our own because a call per row to the platform's would prevent that.
//! Sums run in a fixed order, so that a fit gives the same bits however many threads there are.

const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// 1.5·2⁵²: adding it to a small number leaves the nearest integer in the low bits of the sum.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// Arguments of the exponential are held within ±600, so that sums of a few neither overflow nor vanish.
const MOST: f64 = 600.0;

/// The smaller one, without the care for NaN that costs `f64::min` two more instructions.
#[inline]
pub(super) const fn smaller(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

/// The larger one, as [`smaller`].
#[inline]
pub(super) const fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// `eˣ` to about one unit in the last place, for `x` clamped to ±600.
#[inline(always)]
pub(super) fn exp(x: f64) -> f64 {
    let x = larger(smaller(x, MOST), -MOST);
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = x - k * LN_2_HIGH - k * LN_2_LOW;
    // Taylor's series: the term left out is below 2^-53 for |r| ≤ ln 2 / 2. Estrin's order keeps the chains
    // short.
    let r2 = r * r;
    let r4 = r2 * r2;
    let a = (1.0 + r) + r2 * (0.5 + r * (1.0 / 6.0));
    let b = (1.0 / 24.0 + r * (1.0 / 120.0)) + r2 * (1.0 / 720.0 + r * (1.0 / 5040.0));
    let c = (1.0 / 40_320.0 + r * (1.0 / 362_880.0)) + r2 * (1.0 / 3_628_800.0 + r * (1.0 / 39_916_800.0));
    let series = a + r4 * (b + r4 * (c + r4 * (1.0 / 479_001_600.0)));
    let scale = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1023 << 52));
    series * scale
}

/// `ln x` to about one unit in the last place, for positive normal `x`.
#[inline(always)]
pub(super) fn ln(x: f64) -> f64 {
    // x = 2^k · m with m in [√½, √2): subtracting the bits of √½ makes the exponent field round the way
    // wanted.
    const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    let offset = x.to_bits().wrapping_sub(SQRT_HALF);
    // The exponent as a float without a conversion instruction, which SSE2 lacks for 64-bit integers.
    let biased = (offset >> 52).wrapping_add(1023) & 0x7ff;
    let k = f64::from_bits(biased | 0x4330_0000_0000_0000) - (4_503_599_627_370_496.0 + 1023.0);
    let m = f64::from_bits((offset & 0x000f_ffff_ffff_ffff).wrapping_add(SQRT_HALF));
    let f = (m - 1.0) / (m + 1.0);
    let s = f * f;
    let s2 = s * s;
    let s4 = s2 * s2;
    let a = (1.0 / 3.0 + s * (1.0 / 5.0)) + s2 * (1.0 / 7.0 + s * (1.0 / 9.0));
    let b = (1.0 / 11.0 + s * (1.0 / 13.0)) + s2 * (1.0 / 15.0 + s * (1.0 / 17.0));
    let series = s * (a + s4 * (b + s4 * (1.0 / 19.0)));
    k * LN_2_HIGH + (2.0 * f + (2.0 * f * series + k * LN_2_LOW))
}

/// `Σ aᵢ bᵢ`, summed in eight interleaved chains: the same order on every machine.
#[inline(always)]
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a_chunks, a_rest) = a.as_chunks::<8>();
    let (b_chunks, b_rest) = b.as_chunks::<8>();
    for (x, y) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..8 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7])) + rest
}

/// `Σ aᵢ`, in the order of [`dot`].
#[inline(always)]
pub(super) fn sum(a: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (chunks, rest) = a.as_chunks::<8>();
    for x in chunks {
        for lane in 0..8 {
            sums[lane] += x[lane];
        }
    }
    let rest: f64 = rest.iter().sum();
    ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7])) + rest
}

/// `y ← y + factor · x`.
#[inline(always)]
pub(super) fn add_scaled(y: &mut [f64], factor: f64, x: &[f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += factor * x;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_good_as_the_standard_library() {
        for i in -20_000..20_000 {
            let x = f64::from(i) * 0.029_871;
            let expected = x.clamp(-600.0, 600.0).exp();
            assert!((exp(x) / expected - 1.0).abs() < 5e-16, "exp({x})");
            let y = (x * 0.05).exp();
            assert!((ln(y) - y.ln()).abs() <= 3e-16 * (1.0 + y.ln().abs()), "ln({y})");
        }
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(ln(1.0), 0.0);
    }

    #[test]
    fn sums_of_any_length() {
        for n in 0..40 {
            let a: Vec<f64> = (0..n).map(f64::from).collect();
            assert_eq!(sum(&a), f64::from(n * (n - 1) / 2).max(0.0));
            assert_eq!(dot(&a, &vec![2.0; a.len()]), 2.0 * sum(&a));
        }
    }
}
