//! The dominance relation.

/// Whether `a` dominates `b`: no objective is greater and at least one is less.
///
/// Comparisons are IEEE 754, so `-0.0` equals `0.0`, and a point with a NaN coordinate neither dominates nor is
/// dominated. Both slices hold one value per objective, in the same units; all are minimised. `O(N)`.
#[inline]
#[must_use]
pub fn dominates<const N: usize>(a: &[f64; N], b: &[f64; N]) -> bool {
    let (no_greater, less) = compare(a, b);
    no_greater & less
}

/// Whether every coordinate of `a` is `<=` that of `b`, and whether any is `<`.
///
/// Free of branches, because the caller's inputs make each comparison unpredictable.
#[inline(always)]
pub(super) fn compare<const N: usize>(a: &[f64; N], b: &[f64; N]) -> (bool, bool) {
    let mut no_greater = true;
    let mut less = false;
    for (x, y) in a.iter().zip(b) {
        no_greater &= x <= y;
        less |= x < y;
    }
    (no_greater, less)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_strict_coordinate_is_enough_and_necessary() {
        assert!(dominates(&[1.0, 2.0], &[1.0, 3.0]));
        assert!(dominates(&[0.0, 2.0], &[1.0, 3.0]));
        assert!(!dominates(&[1.0, 2.0], &[1.0, 2.0]));
        assert!(!dominates(&[0.0, 4.0], &[1.0, 3.0]));
    }

    #[test]
    fn signed_zeros_are_equal() {
        assert!(!dominates(&[-0.0, 1.0], &[0.0, 1.0]));
        assert!(!dominates(&[0.0, 1.0], &[-0.0, 1.0]));
        assert!(dominates(&[0.0, 0.5], &[-0.0, 1.0]));
    }

    #[test]
    fn infinities_compare_and_nan_does_not() {
        assert!(dominates(&[1.0, f64::INFINITY], &[2.0, f64::INFINITY]));
        assert!(dominates(&[f64::NEG_INFINITY, 0.0], &[-1e300, 0.0]));
        assert!(!dominates(&[f64::NAN, 0.0], &[1.0, 1.0]));
        assert!(!dominates(&[0.0, 0.0], &[f64::NAN, 1.0]));
    }
}
