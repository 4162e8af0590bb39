//! Rejection of most dominated points before any sort: a short cascade of pivots.

use super::dominance::compare;
use super::entry::Entry;

/// Points that one call of [`Sieve::survivors`] takes at most.
pub(super) const BLOCK: usize = 512;
/// More pivots than this gain less than they cost, on every distribution measured.
const MOST_PIVOTS: usize = 24;
/// Candidates for pivots, spread evenly along the frontier that offers them.
const MOST_CANDIDATES: usize = 128;
/// Sampled points that the candidates are judged by; a multiple of 64, as each is one bit.
const MOST_SAMPLES: usize = 1024;
/// A pivot must reject at least one in this many of the points that reach it: a test costs about 1 ns, and a point
/// that survives costs up to 100 ns in the sort and the sweep.
const LEAST_REJECTION: usize = 64;

/// Pivots in the order in which they are tried. All are points of the input, so what they reject is dominated, or
/// identical to a point of lower id.
#[derive(Clone, Debug, Default)]
pub(super) struct Sieve<const N: usize> {
    pivots: Vec<Entry<N>>,
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
    /// the sizes: 128 candidates against 1,024 samples.
    pub fn choose(frontier: &[Entry<N>], sample: &[Entry<N>]) -> Self {
        let sample: Vec<&Entry<N>> = spread(sample, MOST_SAMPLES).collect();
        let candidates: Vec<(&Entry<N>, Vec<u64>)> = spread(frontier, MOST_CANDIDATES)
            .map(|c| (c, sample.chunks(64).map(|word| rejected_bits(c, word)).collect()))
            .collect();
        let mut alive: Vec<u64> = sample
            .chunks(64)
            .map(|word| u64::MAX >> (64 - word.len() as u32))
            .collect();
        let mut pivots = Vec::new();
        while pivots.len() < MOST_PIVOTS {
            let gain = |bits: &[u64]| {
                bits.iter()
                    .zip(&alive)
                    .map(|(b, a)| (b & a).count_ones() as usize)
                    .sum()
            };
            let best = candidates
                .iter()
                .map(|(c, bits)| (gain(bits), c, bits))
                .max_by_key(|best: &(usize, _, _)| best.0);
            let Some((gained, pivot, bits)) = best else { break };
            let left: usize = alive.iter().map(|a| a.count_ones() as usize).sum();
            if gained == 0 || gained * LEAST_REJECTION < left {
                break;
            }
            pivots.push(**pivot);
            alive.iter_mut().zip(bits).for_each(|(a, b)| *a &= !b);
        }
        Self { pivots }
    }

    /// Writes the positions in `0..count` of the points that no pivot rejects; how many there are.
    ///
    /// `count` is at most [`BLOCK`]; `point` gives the objectives and the id at a position. Each pivot passes over
    /// what the one before it left, without a branch on the outcome: whether a point is rejected is random, and a
    /// mispredicted branch would cost more than the comparisons.
    #[inline(always)]
    pub fn survivors<'a>(
        &self,
        count: usize,
        point: impl Fn(usize) -> (&'a [f64; N], u64),
        alive: &mut [u16; BLOCK],
    ) -> usize {
        let Some((first, rest)) = self.pivots.split_first() else {
            alive
                .iter_mut()
                .enumerate()
                .take(count)
                .for_each(|(i, slot)| *slot = i as u16);
            return count;
        };
        let mut left = 0;
        for i in 0..count {
            let (objectives, id) = point(i);
            alive[left % BLOCK] = i as u16;
            left += usize::from(!rejects(first, objectives, id));
        }
        for pivot in rest {
            let before = left;
            left = 0;
            for k in 0..before {
                let i = alive[k % BLOCK];
                let (objectives, id) = point(usize::from(i));
                alive[left % BLOCK] = i;
                left += usize::from(!rejects(pivot, objectives, id));
            }
            if left == 0 {
                break;
            }
        }
        left
    }
}

/// At most `most` items, evenly spaced.
fn spread<T>(items: &[T], most: usize) -> impl Iterator<Item = &T> {
    let count = items.len().min(most);
    (0..count).filter_map(move |k| items.get(k * items.len() / count))
}

fn rejected_bits<const N: usize>(pivot: &Entry<N>, word: &[&Entry<N>]) -> u64 {
    word.iter().rev().fold(0, |bits, e| {
        bits << 1 | u64::from(rejects(pivot, &e.objectives, e.id))
    })
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
        assert!(Sieve::choose(&entries(&line), &entries(&line)).pivots.is_empty());
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
