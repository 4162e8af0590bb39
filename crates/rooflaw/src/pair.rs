//! Two numbers in one vector register.
//!
//! The evaluation loop works on two numbers wherever it can: a prefill and a decode step, two logarithms. Left to
//! vectorise arrays of two, the compiler takes some `max` for two branches that nothing can predict; a [`Pair`] says
//! what is meant. Every x86-64 and every 64-bit ARM has such registers; elsewhere it is an array.

use bytemuck::cast;
use std::ops::{Add, Div, Mul, Sub};
use wide::{CmpGe, CmpLe, f64x2, u64x2};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pair(f64x2);

/// 2^52: integers added to it appear in the lowest bits of the sum.
pub(crate) const TWO_52: f64 = 4_503_599_627_370_496.0;
const MANTISSA_BITS: u32 = 52;
const MANTISSA: u64 = (1 << MANTISSA_BITS) - 1;
/// Bits of a number a little below √½, and from it to 1.
const SQRT_HALF: u64 = 0x3fe6_a09e_0000_0000;
const SQRT_HALF_TO_ONE: u64 = 0x3ff0_0000_0000_0000 - SQRT_HALF;

impl Pair {
    /// Two numbers.
    #[inline(always)]
    pub(crate) fn new(first: f64, second: f64) -> Pair {
        Pair(f64x2::new([first, second]))
    }

    /// One number twice.
    #[inline(always)]
    pub(crate) fn all(value: f64) -> Pair {
        Pair(f64x2::new([value; 2]))
    }

    #[inline(always)]
    pub(crate) fn first(self) -> f64 {
        self.0.to_array()[0]
    }

    #[inline(always)]
    pub(crate) fn second(self) -> f64 {
        self.0.to_array()[1]
    }

    /// The larger of the first and of the second numbers, none of them NaN: one instruction, where [`f64::max`] takes
    /// care of NaN with several.
    #[inline(always)]
    pub(crate) fn larger(self, other: Pair) -> Pair {
        Pair(self.0.fast_max(other.0))
    }

    /// Whether every number lies between two others; NaN does not.
    #[inline(always)]
    pub(crate) fn all_within<const N: usize>(pairs: &[Pair; N], least: f64, most: f64) -> bool {
        let mut within = Pair::all(0.0).0.cmp_ge(Pair::all(0.0).0);
        for Pair(pair) in pairs {
            within = within & pair.cmp_ge(Pair::all(least).0) & pair.cmp_le(Pair::all(most).0);
        }
        within.move_mask() == 3
    }

    /// The exponents of 2 and the mantissas, between √½ and √2, of positive and normal numbers.
    #[inline(always)]
    pub(crate) fn split(self) -> (Pair, Pair) {
        let bits = |value: u64| u64x2::new([value; 2]);
        let shifted = cast::<f64x2, u64x2>(self.0) + bits(SQRT_HALF_TO_ONE);
        let exponents = (shifted >> MANTISSA_BITS) | bits(TWO_52.to_bits());
        let mantissas = (shifted & bits(MANTISSA)) + bits(SQRT_HALF);
        (
            Pair(cast(exponents)) - Pair::all(TWO_52 + 1023.0),
            Pair(cast(mantissas)),
        )
    }

    /// Times 2 to the integers in the lowest bits of `exponents`.
    #[inline(always)]
    pub(crate) fn scaled(self, exponents: Pair) -> Pair {
        let exponents = cast::<f64x2, u64x2>(exponents.0) << MANTISSA_BITS;
        Pair(cast(cast::<f64x2, u64x2>(self.0) + exponents))
    }
}

impl Add for Pair {
    type Output = Pair;

    #[inline(always)]
    fn add(self, other: Pair) -> Pair {
        Pair(self.0 + other.0)
    }
}

impl Sub for Pair {
    type Output = Pair;

    #[inline(always)]
    fn sub(self, other: Pair) -> Pair {
        Pair(self.0 - other.0)
    }
}

impl Mul for Pair {
    type Output = Pair;

    #[inline(always)]
    fn mul(self, other: Pair) -> Pair {
        Pair(self.0 * other.0)
    }
}

impl Mul<f64> for Pair {
    type Output = Pair;

    #[inline(always)]
    fn mul(self, factor: f64) -> Pair {
        self * Pair::all(factor)
    }
}

impl Div for Pair {
    type Output = Pair;

    #[inline(always)]
    fn div(self, other: Pair) -> Pair {
        Pair(self.0 / other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Pair, TWO_52};

    #[test]
    fn a_number_is_its_mantissa_times_its_power_of_two() {
        for number in [1e-300, 0.1, 0.5, 0.707, 0.708, 1.0, 1.4, 1.5, 896.0, 1e300] {
            let (exponents, mantissas) = Pair::new(number, 3.0).split();
            assert_eq!(mantissas.first() * exponents.first().exp2(), number);
            assert!((0.707..1.415).contains(&mantissas.first()), "{number}");
            assert_eq!((exponents.second(), mantissas.second()), (2.0, 0.75));
        }
        let scaled = Pair::new(1.0, 1.5).scaled(Pair::new(1.5 * TWO_52 - 3.0, 1.5 * TWO_52 + 2.0));
        assert_eq!((scaled.first(), scaled.second()), (0.125, 6.0));
    }

    #[test]
    fn nan_lies_within_nothing() {
        let within = |pairs| Pair::all_within(&pairs, 1.0, 2.0);
        assert!(within([Pair::new(1.0, 2.0), Pair::all(1.5)]));
        for value in [0.9, 2.1, f64::NAN, f64::INFINITY, -1.5] {
            assert!(!within([Pair::all(1.5), Pair::new(1.5, value)]));
            assert!(!within([Pair::new(value, 1.5), Pair::all(1.5)]));
        }
    }
}
