//! A point with its identity, and the total order that makes every result canonical.

use super::radix;

/// One point of a frontier.
///
/// Inside this module an entry is always canonical: no coordinate is NaN or `-0.0`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry<const N: usize> {
    /// One value per objective, each in the caller's own unit; all are minimised.
    pub objectives: [f64; N],
    /// The caller's name for the point; among identical objective vectors the lowest is kept.
    pub id: u64,
}

impl<const N: usize> Entry<N> {
    /// The canonical entry of a point, or `None` where a coordinate is NaN.
    #[inline]
    pub(super) fn canonical(objectives: &[f64; N], id: u64) -> Option<Self> {
        if objectives.iter().any(|x| x.is_nan()) {
            return None;
        }
        // -0.0 + 0.0 is +0.0, and every other value is unchanged.
        Some(Self {
            objectives: objectives.map(|x| x + 0.0),
            id,
        })
    }
}

/// Maps a canonical coordinate to an integer of the same order.
#[inline]
fn ordered_bits(x: f64) -> u64 {
    let bits = x.to_bits();
    let sign = 1 << 63;
    if bits & sign == 0 { bits | sign } else { !bits }
}

/// The positions of `entries` in order of objectives, lexicographically, then of id. `O(n log n)`.
///
/// Sorts integers that hold one coordinate above the position, then each run of equal coordinates by the next one.
/// That is about three times as fast as sorting entries by a lexicographic comparison, since the first coordinate
/// settles nearly all of the order and integers compare without branches.
pub(super) fn lexicographic_positions<const N: usize>(entries: &[Entry<N>]) -> Vec<u128> {
    let mut slots: Vec<u128> = entries
        .iter()
        .zip(0_u64..)
        .map(|(entry, place)| keyed(entry, 0, place))
        .collect();
    radix::sort(&mut slots);
    sort_ties(0, entries, &mut slots);
    slots
}

/// The position that a slot of [`lexicographic_positions`] holds.
#[inline(always)]
pub(super) fn position(slot: u128) -> usize {
    slot as u64 as usize
}

/// The key of an entry on `axis`, where the axis after the last objective is the id, above its position.
#[inline]
fn keyed<const N: usize>(entry: &Entry<N>, axis: usize, position: u64) -> u128 {
    let key = entry.objectives.get(axis).map_or(entry.id, |&x| ordered_bits(x));
    (u128::from(key) << 64) | u128::from(position)
}

/// Sorts each run of slots that agree on `axis` by the axes after it.
fn sort_ties<const N: usize>(axis: usize, entries: &[Entry<N>], slots: &mut [u128]) {
    if axis == N {
        return;
    }
    for run in slots.chunk_by_mut(|a, b| a >> 64 == b >> 64) {
        if run.len() > 1 {
            for slot in run.iter_mut() {
                *slot = keyed(&entries[position(*slot)], axis + 1, *slot as u64);
            }
            run.sort_unstable();
            sort_ties(axis + 1, entries, run);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordered_bits_follow_the_order_of_floats() {
        let ascending = [
            f64::NEG_INFINITY,
            -1e300,
            -1.0,
            -1e-310,
            0.0,
            5e-324,
            1.0,
            1e300,
            f64::INFINITY,
        ];
        for pair in ascending.windows(2) {
            assert!(ordered_bits(pair[0]) < ordered_bits(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn canonical_entries_have_no_nan_and_no_negative_zero() {
        assert_eq!(Entry::canonical(&[0.0, f64::NAN], 3), None);
        let entry = Entry::canonical(&[-0.0, f64::INFINITY], 3).unwrap();
        assert_eq!(entry.objectives[0].to_bits(), 0);
        assert_eq!(entry.objectives[1], f64::INFINITY);
    }

    #[test]
    fn ties_fall_through_the_axes_to_the_id() {
        let points = [([1.0, 1.0], 9), ([1.0, 1.0], 2), ([1.0, 0.0], 7), ([0.0, 5.0], 8)];
        let entries = points.map(|(objectives, id)| Entry { objectives, id });
        let ids: Vec<u64> = lexicographic_positions(&entries)
            .iter()
            .map(|&s| entries[position(s)].id)
            .collect();
        assert_eq!(ids, [8, 7, 2, 9]);
    }
}
