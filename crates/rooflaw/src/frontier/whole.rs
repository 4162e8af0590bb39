//! Frontiers of a slice held in memory.

use super::entry::Entry;
use super::sieve::{BLOCK, Sieve, rejects};
use super::sweep::frontier_of;

/// Points sampled to choose pivots by. The share of uniform points that survive falls with it, and the cost of the
/// sample's own frontier rises: 4,096 takes about 0.3 ms.
const SAMPLE: usize = 4096;
/// Points per sampled one at least, so that the sample of a small set is not most of the work.
const LEAST_STRIDE: usize = 8;

/// The indices of the non-dominated points, in ascending order of the first objective.
///
/// `points[i]` holds the two objectives of point `i`, both minimised, in any units. The order of the input changes
/// nothing but which of several identical points is kept, which is the one of lowest index. Points with a NaN
/// coordinate are skipped. `O(n log n)` at worst and `O(n)` comparisons with a few pivots where most points are
/// dominated (see Kung, Luccio & Preparata 1975 for the sweep).
#[must_use]
pub fn frontier_2d(points: &[[f64; 2]]) -> Vec<usize> {
    indices(points)
}

/// The indices of the non-dominated points, in lexicographic order of the objectives.
///
/// `points[i]` holds the three objectives of point `i`, all minimised, in any units. Identical points are reduced to
/// the one of lowest index, and points with a NaN coordinate are skipped. `O(n log n)` at worst: a sweep along the
/// first objective over a staircase of the other two (Kung, Luccio & Preparata 1975).
#[must_use]
pub fn frontier_3d(points: &[[f64; 3]]) -> Vec<usize> {
    indices(points)
}

/// The objectives of the frontier of `points`, in lexicographic order, with no `-0.0`.
pub(super) fn frontier_values<const N: usize>(points: &[[f64; N]]) -> Vec<[f64; N]> {
    frontier_of(&candidates(points))
        .iter()
        .map(|entry| entry.objectives)
        .collect()
}

fn indices<const N: usize>(points: &[[f64; N]]) -> Vec<usize> {
    frontier_of(&candidates(points))
        .iter()
        .map(|entry| entry.id as usize)
        .collect()
}

/// The entries that pivots taken from a sample of `points` do not reject.
fn candidates<const N: usize>(points: &[[f64; N]]) -> Vec<Entry<N>> {
    let sample = sample(points);
    let stairs = frontier_of(&sample);
    let sieve = Sieve::choose(&stairs, &sample);
    // Searching the sample's staircase pays only where it would reject much of what reaches it.
    let search = N == 2 && stairs.len() * 2 < sample.len();
    let mut alive = [0; BLOCK];
    let mut kept = Vec::new();
    for (block, chunk) in points.chunks(BLOCK).enumerate() {
        let base = (block * BLOCK) as u64;
        let left = sieve.survivors(chunk.len(), |i| (&chunk[i], base + i as u64), &mut alive);
        for &i in &alive[..left] {
            let (objectives, id) = (&chunk[usize::from(i)], base + u64::from(i));
            if !(search && below_stairs(&stairs, objectives, id)) {
                kept.extend(Entry::canonical(objectives, id));
            }
        }
    }
    kept
}

/// Whether a step of a two-objective frontier, sorted by the first objective, makes the point superfluous.
#[inline]
pub(super) fn below_stairs<const N: usize>(stairs: &[Entry<N>], objectives: &[f64; N], id: u64) -> bool {
    let step = stairs.partition_point(|entry| entry.objectives[0] <= objectives[0]);
    step.checked_sub(1)
        .is_some_and(|s| rejects(&stairs[s], objectives, id))
}

/// One point from each of at most [`SAMPLE`] equal strides, at a place that varies so that periodic data cannot hide.
fn sample<const N: usize>(points: &[[f64; N]]) -> Vec<Entry<N>> {
    let stride = points.len().div_ceil(SAMPLE).max(LEAST_STRIDE);
    let place = |k: usize| (k.wrapping_mul(0x9e37_79b9) >> 7) % stride;
    (0..points.len().div_ceil(stride))
        .filter_map(|k| {
            let index = k * stride + place(k);
            points.get(index).and_then(|p| Entry::canonical(p, index as u64))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontier::oracle::{self, Generator};
    use proptest::prelude::*;

    #[test]
    fn documented_corner_cases() {
        assert!(frontier_2d(&[]).is_empty());
        assert!(frontier_2d(&[[f64::NAN, 0.0]]).is_empty());
        assert_eq!(frontier_2d(&[[f64::INFINITY; 2]; 2]), [0]);
        assert_eq!(
            frontier_2d(&[[0.0, 1.0], [-0.0, 1.0], [1.0, -0.0], [1.0, 0.0]]),
            [0, 2]
        );
        assert_eq!(
            frontier_3d(&[[2.0, 1.0, 0.0], [1.0, 2.0, f64::INFINITY], [2.0, 1.0, 0.0]]),
            [1, 0]
        );
    }

    /// Sizes above the sample's, where the sieve and the sample's staircase both act.
    fn check_large<const N: usize>(points: &[[f64; N]]) {
        assert_eq!(indices(points), oracle::indices(points));
        let mut sorted = points.to_vec();
        sorted.sort_by(|a, b| a.partial_cmp(b).unwrap());
        let expected = oracle::indices(&sorted);
        assert_eq!(indices(&sorted), expected);
        sorted.reverse();
        let reversed: Vec<[f64; N]> = indices(&sorted).iter().map(|&i| sorted[i]).collect();
        sorted.reverse();
        assert_eq!(reversed, expected.iter().map(|&i| sorted[i]).collect::<Vec<_>>());
    }

    #[test]
    fn large_sets_equal_brute_force_in_any_order() {
        let mut generator = Generator(2);
        check_large(&generator.shell::<2>(4600));
        check_large(&generator.shell::<3>(4600));
        check_large(&generator.grid::<2>(4600, 50.0));
        check_large(&generator.grid::<3>(4600, 12.0));
        check_large(
            &(0..4600)
                .map(|_| [generator.uniform(), generator.uniform()])
                .collect::<Vec<_>>(),
        );
        check_large(&vec![[1.0, 1.0, 1.0]; 4600]);
    }

    proptest! {
        #[test]
        fn two_objectives_equal_brute_force(points in prop::collection::vec(oracle::point::<2>(), 0..300)) {
            prop_assert_eq!(frontier_2d(&points), oracle::indices(&points));
        }

        #[test]
        fn three_objectives_equal_brute_force(points in prop::collection::vec(oracle::point::<3>(), 0..300)) {
            prop_assert_eq!(frontier_3d(&points), oracle::indices(&points));
        }

        #[test]
        fn order_of_the_input_is_immaterial(
            (points, shuffled) in prop::collection::vec(oracle::point::<3>(), 0..120)
                .prop_flat_map(|points| (Just(points.clone()), Just(points).prop_shuffle())),
        ) {
            let bits = |p: &[[f64; 3]]| -> Vec<[u64; 3]> {
                frontier_3d(p).iter().map(|&i| p[i].map(|x| (x + 0.0).to_bits())).collect()
            };
            prop_assert_eq!(bits(&points), bits(&shuffled));
        }
    }
}
