//! The frontier of a stream.

use super::entry::Entry;
use super::sieve::{BLOCK, Sieve};
use super::sweep::frontier_of;
use super::whole::below_stairs;

/// Survivors collected before the first compaction: few, as there are no pivots until then.
const FIRST_PENDING: usize = 512;
/// Survivors collected before each later compaction, at least.
const LEAST_PENDING: usize = 4096;
/// Recent points kept to choose pivots by.
const RING: usize = 1024;
/// One point in this many is kept so; prime, so that periodic streams are sampled at every phase.
const RECENT_STEP: usize = 61;

/// The exact frontier of a stream of points of any length, minimising `N` objectives.
///
/// The result is a function of the set of `(objectives, id)` pairs alone: the same, byte for byte, however the stream
/// is cut into chunks and in whatever order accumulators are merged. Of identical objective vectors the lowest id is
/// kept; points with a NaN coordinate are skipped; `-0.0` is returned as `0.0`.
///
/// Memory is proportional to the frontier: at most as many undecided points again, or 4,096. A dominated point costs
/// a few comparisons with pivots; a point that survives them costs `O(log f)` amortised for a frontier of `f` in two
/// and three objectives, and `O(f)` beyond.
///
/// ```
/// use rooflaw::frontier::Frontier;
///
/// let mut left = Frontier::new();
/// left.extend([([1.0, 4.0], 0), ([2.0, 5.0], 1)]);
/// let mut right = Frontier::new();
/// right.extend([([3.0, 2.0], 2), ([1.0, 4.0], 3)]);
/// let ids: Vec<u64> = left.merge(right).finish().iter().map(|entry| entry.id).collect();
/// assert_eq!(ids, [0, 2]);
/// ```
#[derive(Clone, Debug)]
pub struct Frontier<const N: usize> {
    /// The frontier of all that has been compacted, in lexicographic order.
    kept: Vec<Entry<N>>,
    /// Points that the sieve let through since.
    pending: Vec<Entry<N>>,
    sieve: Sieve<N>,
    /// The last points seen, thinned; rejected ones too, so that pivots are judged by the whole stream.
    recent: Vec<Entry<N>>,
    next_recent: usize,
    search: Search,
}

/// Whether searching `kept` rejects enough of what the pivots leave to be worth its time. Two objectives only.
#[derive(Clone, Copy, Debug, Default)]
struct Search {
    on: bool,
    tried: usize,
    rejected: usize,
}

impl<const N: usize> Default for Frontier<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Frontier<N> {
    /// The frontier of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            kept: Vec::new(),
            pending: Vec::new(),
            sieve: Sieve::default(),
            recent: Vec::new(),
            next_recent: 0,
            search: Search::default(),
        }
    }

    /// Takes points with their ids, from any iterator.
    ///
    /// Ids should be unique to their points: they settle which of several identical points is kept. A chunk of
    /// thousands of points amortises the call; shorter ones are correct and slower.
    pub fn extend(&mut self, chunk: impl IntoIterator<Item = ([f64; N], u64)>) {
        let mut block = [([0.0; N], 0); BLOCK];
        let mut points = chunk.into_iter().fuse();
        loop {
            let mut count = 0;
            for (slot, point) in block.iter_mut().zip(points.by_ref()) {
                *slot = point;
                count += 1;
            }
            if count == 0 {
                return;
            }
            self.take_block(count, |i| (&block[i].0, block[i].1));
        }
    }

    /// Takes a slice of points whose ids count up from `first_id`; the same as [`extend`](Self::extend), without
    /// the copy.
    pub fn extend_from_slice(&mut self, points: &[[f64; N]], first_id: u64) {
        for (block, points) in points.chunks(BLOCK).enumerate() {
            let base = first_id.wrapping_add((block * BLOCK) as u64);
            self.take_block(points.len(), |i| (&points[i], base.wrapping_add(i as u64)));
        }
    }

    /// Takes all that `other` has taken.
    #[must_use]
    pub fn merge(mut self, mut other: Self) -> Self {
        if self.kept.len() < other.kept.len() {
            // The one with the longer history has the better pivots.
            std::mem::swap(&mut self, &mut other);
        }
        self.pending.append(&mut other.kept);
        self.pending.append(&mut other.pending);
        if self.pending.len() >= self.pending_limit() {
            self.compact();
        }
        self
    }

    /// The frontier of all points taken so far, in lexicographic order of the objectives.
    pub fn current(&mut self) -> &[Entry<N>] {
        self.compact();
        &self.kept
    }

    /// The frontier of all points taken, in lexicographic order of the objectives.
    #[must_use]
    pub fn finish(mut self) -> Vec<Entry<N>> {
        self.compact();
        self.kept
    }

    #[inline(always)]
    fn take_block<'a>(&mut self, count: usize, point: impl Fn(usize) -> (&'a [f64; N], u64)) {
        let mut alive = [0; BLOCK];
        let left = self.sieve.survivors(count, &point, &mut alive);
        for &i in &alive[..left] {
            let (objectives, id) = point(usize::from(i));
            if self.search.on {
                let rejected = below_stairs(&self.kept, objectives, id);
                self.search.tried += 1;
                self.search.rejected += usize::from(rejected);
                if rejected {
                    continue;
                }
            }
            self.pending.extend(Entry::canonical(objectives, id));
        }
        for i in (0..count).step_by(RECENT_STEP) {
            let (objectives, id) = point(i);
            if let Some(entry) = Entry::canonical(objectives, id) {
                match self.recent.get_mut(self.next_recent) {
                    Some(slot) => *slot = entry,
                    None => self.recent.push(entry),
                }
                self.next_recent = (self.next_recent + 1) % RING;
            }
        }
        if self.pending.len() >= self.pending_limit() {
            self.compact();
        }
    }

    /// As many as the frontier, so that compactions of a growing frontier cost a constant number of sorts per point.
    fn pending_limit(&self) -> usize {
        if self.kept.is_empty() {
            FIRST_PENDING
        } else {
            self.kept.len().max(LEAST_PENDING)
        }
    }

    fn compact(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let total = self.kept.len() + self.pending.len();
        let undecided = self.pending.len();
        self.pending.append(&mut self.kept);
        self.kept = frontier_of(&self.pending);
        self.pending.clear();
        self.sieve = Sieve::choose(&self.kept, &self.recent);
        let worthwhile = if self.search.on {
            self.search.rejected * 4 >= self.search.tried
        } else {
            (total - self.kept.len()) * 4 >= undecided
        };
        self.search = Search {
            on: N == 2 && worthwhile,
            ..Search::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontier::oracle::{self, Generator};
    use proptest::prelude::*;

    fn bits<const N: usize>(entries: &[Entry<N>]) -> Vec<([u64; N], u64)> {
        entries
            .iter()
            .map(|e| (e.objectives.map(f64::to_bits), e.id))
            .collect()
    }

    fn numbered<const N: usize>(points: &[[f64; N]]) -> Vec<([f64; N], u64)> {
        points.iter().zip(0..).map(|(&p, id)| (p, id)).collect()
    }

    /// Feeds `points` in the chunks that `lengths` gives in turn, dealt to three accumulators that are then merged.
    fn in_pieces<const N: usize>(points: &[([f64; N], u64)], lengths: &[usize]) -> Vec<Entry<N>> {
        let mut parts = [Frontier::new(), Frontier::new(), Frontier::new()];
        let mut rest = points;
        for (turn, length) in lengths.iter().cycle().enumerate() {
            let (chunk, tail) = rest.split_at((*length).min(rest.len()));
            parts[turn % 3].extend(chunk.iter().copied());
            rest = tail;
            if rest.is_empty() {
                break;
            }
        }
        let [a, b, c] = parts;
        if lengths.len().is_multiple_of(2) {
            a.merge(b).merge(c).finish()
        } else {
            c.merge(a.merge(b)).finish()
        }
    }

    fn check_large<const N: usize>(points: &[[f64; N]]) {
        let expected = bits(&oracle::frontier(points));
        let mut whole = Frontier::new();
        whole.extend_from_slice(points, 0);
        assert_eq!(bits(&whole.finish()), expected);
        let mut stream = numbered(points);
        assert_eq!(bits(&in_pieces(&stream, &[1700])), expected);
        stream.reverse();
        assert_eq!(bits(&in_pieces(&stream, &[37, 4000])), expected);
    }

    #[test]
    fn streams_past_several_compactions_equal_brute_force() {
        let mut generator = Generator(3);
        check_large(&generator.shell::<2>(7_000));
        check_large(&generator.shell::<3>(7_000));
        check_large(&generator.grid::<3>(7_000, 40.0));
        check_large(
            &(0..6000)
                .map(|i| [f64::from(i), f64::from(-i)])
                .collect::<Vec<_>>(),
        );
        check_large(
            &(0..6000)
                .map(|i| [f64::from(-i), f64::from(-i)])
                .collect::<Vec<_>>(),
        );
        check_large(&vec![[2.0, 2.0]; 6000]);
    }

    #[test]
    fn the_current_frontier_can_be_read_between_chunks() {
        let mut frontier = Frontier::new();
        frontier.extend([([2.0, 2.0], 10), ([f64::NAN, 0.0], 11)]);
        assert_eq!(
            frontier.current(),
            [Entry {
                objectives: [2.0, 2.0],
                id: 10
            }]
        );
        frontier.extend([([2.0, 2.0], 3), ([3.0, -0.0], 12)]);
        assert_eq!(
            frontier.finish().iter().map(|e| e.id).collect::<Vec<_>>(),
            [3, 12]
        );
    }

    proptest! {
        #[test]
        fn chunks_and_merges_are_immaterial(
            points in prop::collection::vec(oracle::point::<2>(), 1..400)
                .prop_flat_map(|points| Just(numbered(&points)).prop_shuffle()),
            lengths in prop::collection::vec(1_usize..90, 1..6),
        ) {
            let mut in_order = points.clone();
            in_order.sort_by_key(|point| point.1);
            let plain: Vec<[f64; 2]> = in_order.iter().map(|point| point.0).collect();
            prop_assert_eq!(bits(&in_pieces(&points, &lengths)), bits(&oracle::frontier(&plain)));
        }

        #[test]
        fn reading_early_and_often_is_immaterial(
            points in prop::collection::vec(oracle::point::<3>(), 1..300), every in 1_usize..40,
        ) {
            let mut frontier = Frontier::new();
            for chunk in numbered(&points).chunks(every) {
                frontier.extend(chunk.iter().copied());
                frontier.current();
            }
            prop_assert_eq!(bits(&frontier.finish()), bits(&oracle::frontier(&points)));
        }
    }
}
