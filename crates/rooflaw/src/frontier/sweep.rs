//! The exact frontier of a list of entries: sort, then one sweep.

use super::dominance::compare;
use super::entry::{Entry, lexicographic_positions, position};
use super::staircase::Staircase;

/// The frontier of canonical entries, in lexicographic order of objectives.
///
/// Sorts lexicographically, so that an entry can only be dominated by one before it, and then sweeps along the
/// first objective with the minima of the others (Kung, Luccio & Preparata, "On finding the maxima of a set of
/// vectors", JACM 1975). `O(n log n)` for up to three objectives. Beyond three, each entry is compared with the
/// frontier so far: `O(n f)` for a frontier of `f`.
pub(super) fn frontier_of<const N: usize>(entries: &[Entry<N>]) -> Vec<Entry<N>> {
    let slots = lexicographic_positions(entries);
    let sorted = slots.iter().map(|&slot| entries[position(slot)]);
    match N {
        2 => sweep_2d(sorted),
        3 => sweep_3d(sorted),
        _ => sweep_any(sorted),
    }
}

fn sweep_2d<const N: usize>(sorted: impl Iterator<Item = Entry<N>>) -> Vec<Entry<N>> {
    let mut lowest = None;
    sorted
        .filter(|entry| {
            let y = entry.objectives[1];
            // The first entry is kept even at y = +inf, so a sentinel value would not do.
            let kept = lowest.is_none_or(|low| y < low);
            if kept {
                lowest = Some(y);
            }
            kept
        })
        .collect()
}

fn sweep_3d<const N: usize>(sorted: impl Iterator<Item = Entry<N>>) -> Vec<Entry<N>> {
    let mut stairs = Staircase::default();
    sorted
        .filter(|entry| {
            let (y, z) = (entry.objectives[1], entry.objectives[2]);
            let kept = !stairs.covers(y, z);
            if kept {
                stairs.insert(y, z, |_, _| ());
            }
            kept
        })
        .collect()
}

fn sweep_any<const N: usize>(sorted: impl Iterator<Item = Entry<N>>) -> Vec<Entry<N>> {
    let mut kept: Vec<Entry<N>> = Vec::new();
    for entry in sorted {
        // Weak dominance: an identical vector before it has the lower id.
        if !kept.iter().any(|k| compare(&k.objectives, &entry.objectives).0) {
            kept.push(entry);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontier::oracle::{self, entries};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn one_to_four_objectives_equal_brute_force(points in prop::collection::vec(oracle::point::<4>(), 0..80)) {
            let cut = |n: usize| -> Vec<[f64; 4]> {
                points.iter().map(|p| std::array::from_fn(|k| if k < n { p[k] } else { 0.0 })).collect()
            };
            let four = frontier_of(&entries(&points));
            prop_assert_eq!(four, oracle::frontier(&points));
            let one: Vec<[f64; 1]> = cut(1).iter().map(|p| [p[0]]).collect();
            prop_assert_eq!(frontier_of(&entries(&one)), oracle::frontier(&one));
            let two: Vec<[f64; 2]> = cut(2).iter().map(|p| [p[0], p[1]]).collect();
            prop_assert_eq!(frontier_of(&entries(&two)), oracle::frontier(&two));
            let three: Vec<[f64; 3]> = cut(3).iter().map(|p| [p[0], p[1], p[2]]).collect();
            prop_assert_eq!(frontier_of(&entries(&three)), oracle::frontier(&three));
        }
    }
}
