//! Test support: the frontier by its definition, and point generators that reach the corner cases.

use super::dominance::dominates;
use super::entry::Entry;
use proptest::prelude::*;

/// The canonical entries of `points`, with their indices as ids.
pub(super) fn entries<const N: usize>(points: &[[f64; N]]) -> Vec<Entry<N>> {
    points
        .iter()
        .enumerate()
        .filter_map(|(i, p)| Entry::canonical(p, i as u64))
        .collect()
}

/// The frontier by comparing all pairs, sorted lexicographically.
pub(super) fn frontier<const N: usize>(points: &[[f64; N]]) -> Vec<Entry<N>> {
    let all = entries(points);
    let beaten = |e: &Entry<N>| {
        all.iter()
            .any(|o| dominates(&o.objectives, &e.objectives) || (o.objectives == e.objectives && o.id < e.id))
    };
    let mut kept: Vec<Entry<N>> = all.iter().filter(|e| !beaten(e)).copied().collect();
    kept.sort_by(|a, b| a.objectives.partial_cmp(&b.objectives).unwrap());
    kept
}

/// The indices of [`frontier`].
pub(super) fn indices<const N: usize>(points: &[[f64; N]]) -> Vec<usize> {
    frontier(points).iter().map(|e| e.id as usize).collect()
}

/// A coordinate: a small grid for ties, reals, clusters one ulp wide, and special values.
fn coordinate() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => (0_i32..6).prop_map(f64::from),
        4 => -1.0..1.0_f64,
        2 => (0_u64..4).prop_map(|k| f64::from_bits(1.0_f64.to_bits() + k)),
        1 => prop::sample::select(vec![0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 5e-324, -5e-324]),
    ]
}

/// A point of `N` such coordinates.
pub(super) fn point<const N: usize>() -> impl Strategy<Value = [f64; N]> {
    prop::collection::vec(coordinate(), N).prop_map(|v| std::array::from_fn(|k| v[k]))
}

/// A seeded generator (SplitMix64) for data sets too large to shrink.
pub(super) struct Generator(pub u64);

impl Generator {
    /// The next value, uniform in `[0, 1)`.
    pub fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as f64 / 2.0_f64.powi(64)
    }

    /// `count` points near a concave surface, near enough that a few per cent are on the frontier.
    pub fn shell<const N: usize>(&mut self, count: usize) -> Vec<[f64; N]> {
        (0..count)
            .map(|_| {
                let raw: [f64; N] = std::array::from_fn(|_| self.uniform() + 1e-9);
                let radius = raw.iter().map(|x| x * x).sum::<f64>().sqrt() * (1.0 + 0.05 * self.uniform());
                raw.map(|x| 1.0 - x / radius)
            })
            .collect()
    }

    /// `count` points uniform on a grid of `levels` values per axis.
    pub fn grid<const N: usize>(&mut self, count: usize, levels: f64) -> Vec<[f64; N]> {
        (0..count)
            .map(|_| std::array::from_fn(|_| (self.uniform() * levels).floor()))
            .collect()
    }
}
