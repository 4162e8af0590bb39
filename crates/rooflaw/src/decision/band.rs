//! The frontiers of all draws: how often each candidate is on one, and where they lie.

use super::draws::{Found, Outcomes, Uncertain};
use super::judge::sorted;
use crate::law::fit::parallel;
use serde::Serialize;

/// Latency, loss and place of candidates, in the order of their latencies.
pub(super) type Sorted = Vec<(f64, f64, usize)>;

/// Where the frontier is to be expected: at each latency, quantiles over the draws of the lowest loss among candidates
/// that are at most as slow.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FrontierBand {
    /// Latencies, seconds, rising; those at which fewer than 95 of 100 draws have a candidate are left out.
    pub latency_s: Vec<f64>,
    /// The 5 % quantile of the loss.
    pub low: Vec<f64>,
    /// The median.
    pub median: Vec<f64>,
    /// The 95 % quantile.
    pub high: Vec<f64>,
}

/// Latencies of a band.
const STEPS: usize = 48;

/// The share of draws in which each candidate is on the frontier, and the band.
pub(super) fn frontiers(
    uncertain: &Uncertain<'_>,
    candidates: &[Found],
    outcomes: &Outcomes,
) -> (Vec<f64>, FrontierBand) {
    let options = uncertain.question.options;
    let grid = grid(uncertain, candidates);
    let draws = parallel::map(
        options.draws,
        || (),
        |(), draw| {
            let points = sorted(uncertain, outcomes, draw);
            (on_frontier(&points, options.tolerance), lowest(&points, &grid))
        },
    );
    let mut times = vec![0_u32; candidates.len()];
    for j in draws.iter().flat_map(|(on, _)| on) {
        times[*j] += 1;
    }
    let share = |times: u32| f64::from(times) / options.draws.max(1) as f64;
    let mut band = FrontierBand::default();
    for (step, &latency) in grid.iter().enumerate() {
        let mut losses: Vec<f64> = draws.iter().map(|(_, lowest)| lowest[step]).collect();
        losses.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = (share * losses.len() as f64) as usize;
            losses.get(place.min(losses.len().saturating_sub(1))).copied()
        };
        let (Some(low), Some(median), Some(high)) = (at(0.05), at(0.5), at(0.95)) else {
            continue;
        };
        if high.is_finite() {
            band.latency_s.push(latency);
            band.low.push(low);
            band.median.push(median);
            band.high.push(high);
        }
    }
    (times.into_iter().map(share).collect(), band)
}

/// Latencies in equal ratios over what is most probable of the candidates.
fn grid(uncertain: &Uncertain<'_>, candidates: &[Found]) -> Vec<f64> {
    let objective = uncertain.question.objective;
    let latencies = candidates
        .iter()
        .map(|(_, of)| objective.latency_s(&of.evaluation));
    let (low, high) = latencies.fold((f64::INFINITY, 0.0_f64), |(low, high), latency| {
        (low.min(latency), high.max(latency))
    });
    if !(low > 0.0 && high.is_finite() && low <= high) {
        return Vec::new();
    }
    let step = |step: usize| low * (high / low).powf(step as f64 / (STEPS - 1) as f64);
    (0..STEPS).map(step).collect()
}

/// Those that no other one which is at most as slow beats by more than a tolerance.
pub(super) fn on_frontier(points: &[(f64, f64, usize)], tolerance: f64) -> Vec<usize> {
    let mut on = Vec::new();
    let mut lowest = f64::INFINITY;
    for same in points.chunk_by(|a, b| a.0 == b.0) {
        // Sorted by loss where the latency is the same.
        lowest = same.first().map_or(lowest, |(_, loss, _)| lowest.min(*loss));
        on.extend(
            same.iter()
                .filter(|(_, loss, _)| *loss <= lowest + tolerance)
                .map(|(.., place)| *place),
        );
    }
    on
}

/// The lowest loss at most at each latency of a rising grid; infinite where there is none.
fn lowest(points: &[(f64, f64, usize)], grid: &[f64]) -> Vec<f64> {
    let (mut next, mut lowest) = (0, f64::INFINITY);
    grid.iter()
        .map(|&latency| {
            while let Some((_, loss, _)) = points.get(next).filter(|point| point.0 <= latency) {
                lowest = lowest.min(*loss);
                next += 1;
            }
            lowest
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beaten_by_more_than_the_tolerance_is_off() {
        let points = [
            (1.0, 3.0, 7),
            (2.0, 2.0, 4),
            (2.0, 2.5, 5),
            (3.0, 2.004, 1),
            (4.0, 1.0, 0),
        ];
        assert_eq!(on_frontier(&points, 0.0), [7, 4, 0]);
        assert_eq!(on_frontier(&points, 0.005), [7, 4, 1, 0]);
        assert_eq!(
            lowest(&points, &[0.5, 1.0, 3.5, 9.0]),
            [f64::INFINITY, 3.0, 2.0, 1.0]
        );
    }
}
