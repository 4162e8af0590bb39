//! The search of arXiv 2602.10377: a Latin hypercube, then again and again sparse parts of the frontier found and the
//! neighbourhoods of its points, until the budget is used up.
//!
//! The paper gives no numbers beside the budget; those here were chosen before the results were looked at.

use crate::ledger::{Improvement, Ledger};
use crate::problem::Problem;
use crate::sampling::latin_hypercube;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Points of the Latin hypercube.
const INITIAL: u32 = 400;
/// Candidates drawn from one state of the frontier, half in gaps and half in neighbourhoods.
const BATCH: usize = 100;
/// Draws for one candidate before one from anywhere is taken: a neighbourhood may be known already.
const TRIES: usize = 20;
/// Furthest step on an axis, in values.
const FURTHEST: u32 = 2;

/// One run.
pub fn search(problem: &Problem, budget: u64, seed: u64) -> Vec<Improvement> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut ledger = Ledger::new(problem, budget);
    for index in latin_hypercube(problem, INITIAL, &mut random) {
        ledger.evaluate(index);
    }
    while !ledger.is_full() {
        let frontier: Vec<Improvement> = ledger.frontier().to_vec();
        let gaps = gaps(&frontier);
        for number in 0..BATCH {
            let isolated = number % 2 == 0;
            let evaluated = (0..TRIES).any(|_| {
                let candidate = if isolated {
                    within_gap(problem, &frontier, &gaps, &mut random)
                } else {
                    neighbour(problem, &frontier, &mut random)
                };
                candidate.is_some_and(|index| ledger.evaluate(index))
            });
            while !evaluated && !ledger.is_full() {
                if ledger.evaluate(random.random_range(0..problem.space.len())) {
                    break;
                }
            }
        }
    }
    ledger.into_improvements()
}

/// For each pair of neighbours, the share of the frontier's length up to its end: latency in ratios, both objectives in
/// units of the frontier's extent.
fn gaps(frontier: &[Improvement]) -> Vec<f64> {
    let (Some(first), Some(last)) = (frontier.first(), frontier.last()) else {
        return Vec::new();
    };
    let extent = [
        (last.point[0] / first.point[0]).ln(),
        first.point[1] - last.point[1],
    ];
    let mut length = 0.0;
    let mut ends: Vec<f64> = frontier
        .windows(2)
        .map(|pair| {
            let slower = (pair[1].point[0] / pair[0].point[0]).ln() / extent[0];
            let better = (pair[0].point[1] - pair[1].point[1]) / extent[1];
            length += slower.hypot(better);
            length
        })
        .collect();
    for end in &mut ends {
        *end /= length;
    }
    ends
}

/// An architecture between the ends of a gap, or a step beyond them, on each axis; long gaps are drawn more often.
fn within_gap(
    problem: &Problem,
    frontier: &[Improvement],
    gaps: &[f64],
    random: &mut ChaCha8Rng,
) -> Option<u64> {
    let at = random.random::<f64>();
    let gap = gaps.partition_point(|end| *end <= at);
    let [one, other] = [frontier.get(gap)?, frontier.get(gap + 1)?].map(|end| problem.positions(end.index));
    let ends = one.iter().zip(&other).zip(&problem.extents);
    let positions: Vec<u32> = ends
        .map(|((one, other), extent)| {
            let low = one.min(other).saturating_sub(1);
            let high = (one.max(other) + 1).min(extent - 1);
            random.random_range(low..=high)
        })
        .collect();
    Some(problem.index(&positions))
}

/// A frontier point moved a step or two on one axis or on two.
fn neighbour(problem: &Problem, frontier: &[Improvement], random: &mut ChaCha8Rng) -> Option<u64> {
    if frontier.is_empty() {
        return None;
    }
    let from = frontier.get(random.random_range(0..frontier.len()))?;
    let mut positions = problem.positions(from.index);
    for _ in 0..random.random_range(1..=2) {
        let axis = random.random_range(0..positions.len());
        let far = random.random_range(1..=FURTHEST);
        let (place, extent) = (positions.get_mut(axis)?, problem.extents.get(axis)?);
        *place = if random.random::<bool>() {
            (*place + far).min(extent - 1)
        } else {
            place.saturating_sub(far)
        };
    }
    Some(problem.index(&positions))
}
