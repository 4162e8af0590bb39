//! Rejection of most dominated points before any sort: a cascade of pivots and a table.

use super::dominance::compare;
use super::entry::Entry;
use super::table::Table;

/// Points that one call of [`Sieve::survivors`] takes at most.
pub(super) const BLOCK: usize = 512;
/// Pivots of each kind at most.
const MOST_PIVOTS: usize = 12;
/// Candidates for pivots, spread evenly along the frontier that offers them.
const MOST_CANDIDATES: usize = 64;
/// Sampled points that the candidates are judged by; a multiple of 64, as each is one bit.
const MOST_SAMPLES: usize = 512;
/// A pivot before the table must reject one in this many of the points that reach it: it is several times as cheap
/// as the table.
const STRONG: usize = 6;
/// A pivot after the table, or the table itself, must reject one in this many: a test costs a few nanoseconds, and a
/// point that survives costs up to 100 ns in the sort and the sweep.
const WEAK: usize = 32;

/// What is tried on each point, in this order. Pivots are points of the input, so what they reject is dominated, or
/// identical to a point of lower id; the table is made of such points too.
#[derive(Clone, Debug)]
pub(super) struct Sieve<const N: usize> {
    strong: Vec<Entry<N>>,
    table: Option<Table<N>>,
    weak: Vec<Entry<N>>,
}

impl<const N: usize> Default for Sieve<N> {
    fn default() -> Self {
        Self {
            strong: Vec::new(),
            table: None,
            weak: Vec::new(),
        }
    }
}

/// Whether `pivot` makes a point superfluous. False for a point with a NaN coordinate.
#[inline(always)]
pub(super) fn rejects<const N: usize>(pivot: &Entry<N>, objectives: &[f64; N], id: u64) -> bool {
    let (no_greater, less) = compare(&pivot.objectives, objectives);
    no_greater & (less | (pivot.id < id))
}

impl<const N: usize> Sieve<N> {
    /// Chooses pivots from `frontier` that together reject as much as they can of `sample`.
    ///
    /// Greedy maximum coverage: each pivot is the candidate that rejects most of what is left. Bounded work, whatever
    /// the sizes: 64 candidates against 512 samples.
    pub fn choose(frontier: &[Entry<N>], sample: &[Entry<N>]) -> Self {
        let sample: Vec<&Entry<N>> = spread(sample, MOST_SAMPLES).collect();
        let candidates: Vec<(&Entry<N>, Vec<u64>)> = spread(frontier, MOST_CANDIDATES)
            .map(|c| (c, bits(&sample, |e| rejects(c, &e.objectives, e.id))))
            .collect();
        let mut alive = bits(&sample, |_| true);
        let strong = greedy(&candidates, &mut alive, STRONG);
        let mut table = Table::of(frontier);
        if let Some(some) = &table {
            let hit = bits(&sample, |e| some.rejects(&e.objectives));
            if gain(&hit, &alive) * WEAK > size(&alive) {
                alive.iter_mut().zip(&hit).for_each(|(a, h)| *a &= !h);
            } else {
                table = None;
            }
        }
        let weak = greedy(&candidates, &mut alive, WEAK);
        Self { strong, table, weak }
    }

    /// Writes the positions in `0..count` of the points that nothing rejects; how many there are.
    ///
    /// `count` is at most [`BLOCK`]; `point` gives the objectives and the id at a position. Each test passes over
    /// what the one before it left, without a branch on the outcome: whether a point is rejected is random, and a
    /// mispredicted branch would cost more than the comparisons.
    #[inline(always)]
    pub fn survivors<'a>(
        &self,
        count: usize,
        point: impl Fn(usize) -> (&'a [f64; N], u64),
        alive: &mut [u16; BLOCK],
    ) -> usize {
        let mut left = count;
        let mut strong = self.strong.iter();
        if let Some(pivot) = strong.next() {
            left = 0;
            for i in 0..count {
                let (objectives, id) = point(i);
                alive[left % BLOCK] = i as u16;
                left += usize::from(!rejects(pivot, objectives, id));
            }
        } else {
            alive
                .iter_mut()
                .zip(0..)
                .take(count)
                .for_each(|(slot, i)| *slot = i);
        }
        for pivot in strong {
            left = thin(alive, left, |i| {
                let (objectives, id) = point(i);
                rejects(pivot, objectives, id)
            });
        }
        if let Some(table) = &self.table {
            left = thin(alive, left, |i| table.rejects(point(i).0));
        }
        for pivot in &self.weak {
            left = thin(alive, left, |i| {
                let (objectives, id) = point(i);
                rejects(pivot, objectives, id)
            });
        }
        left
    }
}

/// Drops the positions among the first `left` that `rejected` holds for; how many stay.
#[inline(always)]
fn thin(alive: &mut [u16; BLOCK], left: usize, rejected: impl Fn(usize) -> bool) -> usize {
    let mut kept = 0;
    for k in 0..left {
        let i = alive[k % BLOCK];
        alive[kept % BLOCK] = i;
        kept += usize::from(!rejected(usize::from(i)));
    }
    kept
}

/// Takes candidates while one rejects at least one in `share` of what is alive, and removes what each rejects.
fn greedy<const N: usize>(
    candidates: &[(&Entry<N>, Vec<u64>)],
    alive: &mut [u64],
    share: usize,
) -> Vec<Entry<N>> {
    let mut pivots = Vec::new();
    while pivots.len() < MOST_PIVOTS {
        let Some((pivot, hit)) = candidates.iter().max_by_key(|(_, hit)| gain(hit, alive)) else {
            break;
        };
        let gained = gain(hit, alive);
        if gained == 0 || gained * share < size(alive) {
            break;
        }
        pivots.push(**pivot);
        alive.iter_mut().zip(hit).for_each(|(a, h)| *a &= !h);
    }
    pivots
}

fn size(bits: &[u64]) -> usize {
    bits.iter().map(|word| word.count_ones() as usize).sum()
}

fn gain(hit: &[u64], alive: &[u64]) -> usize {
    hit.iter()
        .zip(alive)
        .map(|(h, a)| (h & a).count_ones() as usize)
        .sum()
}

/// One bit per entry, lowest first.
fn bits<const N: usize>(entries: &[&Entry<N>], test: impl Fn(&Entry<N>) -> bool) -> Vec<u64> {
    let word = |part: &[&Entry<N>]| {
        part.iter()
            .rev()
            .fold(0, |word, &e| word << 1 | u64::from(test(e)))
    };
    entries.chunks(64).map(word).collect()
}

/// At most `most` items, evenly spaced.
fn spread<T>(items: &[T], most: usize) -> impl Iterator<Item = &T> {
    let count = items.len().min(most);
    (0..count).filter_map(move |k| items.get(k * items.len() / count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontier::oracle::{self, Generator, entries};
    use proptest::prelude::*;

    fn kept_ids<const N: usize>(sieve: &Sieve<N>, points: &[[f64; N]]) -> Vec<u64> {
        let mut alive = [0; BLOCK];
        let left = sieve.survivors(points.len(), |i| (&points[i], i as u64), &mut alive);
        alive[..left].iter().map(|&i| u64::from(i)).collect()
    }

    #[test]
    fn pivots_reject_nearly_all_of_uniform_points() {
        let mut generator = Generator(1);
        let points: Vec<[f64; 2]> = (0..BLOCK)
            .map(|_| [generator.uniform(), generator.uniform()])
            .collect();
        let sieve = Sieve::choose(&oracle::frontier(&points), &entries(&points));
        assert!(kept_ids(&sieve, &points).len() < BLOCK / 10);
    }

    #[test]
    fn a_sample_that_is_all_frontier_yields_no_pivots() {
        let line: Vec<[f64; 2]> = (0..300).map(|i| [f64::from(i), f64::from(-i)]).collect();
        let sieve = Sieve::choose(&entries(&line), &entries(&line));
        assert!(sieve.strong.is_empty() && sieve.table.is_none() && sieve.weak.is_empty());
    }

    #[test]
    fn an_identical_point_of_lower_id_survives() {
        let pivot = Entry {
            objectives: [1.0, 1.0],
            id: 5,
        };
        assert!(!rejects(&pivot, &[1.0, 1.0], 4));
        assert!(!rejects(&pivot, &[1.0, 1.0], 5));
        assert!(rejects(&pivot, &[1.0, 1.0], 6));
        assert!(!rejects(&pivot, &[1.0, f64::NAN], 6));
    }

    proptest! {
        #[test]
        fn the_frontier_survives(points in prop::collection::vec(oracle::point::<3>(), 1..150)) {
            let frontier = oracle::frontier(&points);
            let kept = kept_ids(&Sieve::choose(&frontier, &entries(&points)), &points);
            prop_assert!(frontier.iter().all(|e| kept.contains(&e.id)));
        }
    }
}
