//! The crate `pareto_front` on the same points.

use pareto_front::{Dominate, ParetoFront};
use std::time::Instant;

struct Indexed<const N: usize> {
    objectives: [f64; N],
    index: usize,
}

impl<const N: usize> Dominate for Indexed<N> {
    /// Weak dominance, so that the crate too keeps the first of identical points.
    fn dominate(&self, other: &Self) -> bool {
        self.objectives.iter().zip(&other.objectives).all(|(a, b)| a <= b)
    }
}

/// Whether the crate, which compares each point with its list, ends in seconds.
pub fn feasible(count: usize, frontier: usize) -> bool {
    count.saturating_mul(frontier) <= 5_000_000_000
}

/// The indices of the non-dominated points, ascending; `None` where that takes more than ten seconds.
pub fn indices<const N: usize>(points: &[[f64; N]]) -> Option<Vec<usize>> {
    let start = Instant::now();
    let mut list = ParetoFront::new();
    for (index, &objectives) in points.iter().enumerate() {
        list.push(Indexed { objectives, index });
        if index % 4096 == 0 && start.elapsed().as_secs() >= 10 {
            return None;
        }
    }
    let mut indices: Vec<usize> = list.iter().map(|point| point.index).collect();
    indices.sort_unstable();
    Some(indices)
}
