//! How near a run comes to the exact frontier.

use crate::ledger::Improvement;
use crate::problem::{Exact, Point};
use rooflaw::frontier::{frontier_2d, hypervolume_2d};
use std::collections::HashSet;

/// Numbers of evaluations looked at. 1,942 is how many architectures arXiv 2602.10377 measured, 50,000 how many its search
/// predicts.
pub const CHECKPOINTS: [u64; 18] = [
    100, 150, 200, 300, 500, 700, 1_000, 1_400, 1_942, 3_000, 4_000, 5_000, 7_000, 10_000, 15_000, 20_000,
    30_000, 50_000,
];

/// A run so far.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// Hypervolume over that of the exact frontier.
    pub hypervolume: f64,
    /// Loss given away at the latency budget, nats/token; `None` where nothing was found within it.
    pub regret: Option<f64>,
    /// Share of the exact frontier's points that were found.
    pub found: f64,
}

/// The exact frontier as a measure.
pub struct Measure<'a> {
    exact: &'a Exact,
    budget_s: f64,
    reference: Point,
    hypervolume: f64,
    points: HashSet<[u64; 2]>,
}

// Ratios of latency matter, not differences: the slow end would be nearly all of a volume in seconds.
fn logarithmic([latency, loss]: Point) -> Point {
    [latency.ln(), loss]
}

fn bits(point: Point) -> [u64; 2] {
    point.map(f64::to_bits)
}

impl<'a> Measure<'a> {
    /// Hypervolumes are up to the exact frontier's own ends: its slowest latency and its highest loss.
    pub fn new(exact: &'a Exact, budget_s: f64) -> Measure<'a> {
        let worst = |axis: usize| {
            let values = exact.points.iter().map(|point| point[axis]);
            values.fold(f64::NEG_INFINITY, f64::max)
        };
        let reference = [worst(0), worst(1)];
        let mut measure = Measure {
            exact,
            budget_s,
            reference,
            hypervolume: 1.0,
            points: exact.points.iter().copied().map(bits).collect(),
        };
        measure.hypervolume = measure.volume(exact.points.iter().copied());
        measure
    }

    /// The reference point of hypervolumes: seconds, nats/token.
    pub const fn reference(&self) -> Point {
        self.reference
    }

    fn volume(&self, points: impl Iterator<Item = Point>) -> f64 {
        let points: Vec<Point> = points.map(logarithmic).collect();
        hypervolume_2d(&points, &logarithmic(self.reference))
    }

    /// A run after so many evaluations.
    pub fn of(&self, run: &[Improvement], evaluations: u64) -> Measured {
        let so_far = run.partition_point(|found| found.evaluation <= evaluations);
        let points: Vec<Point> = run[..so_far].iter().map(|found| found.point).collect();
        let within = points.iter().filter(|point| point[0] <= self.budget_s);
        let best = within.map(|point| point[1]).reduce(f64::min);
        let hits = frontier_2d(&points)
            .into_iter()
            .filter(|&place| self.points.contains(&bits(points[place])));
        Measured {
            hypervolume: self.volume(points.iter().copied()) / self.hypervolume,
            regret: best.map(|loss| loss - self.exact.best_loss),
            found: hits.count() as f64 / self.exact.points.len() as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_frontier_by_hand() {
        let e = 1.0_f64.exp();
        // Up to (e², 3): (1, 3) adds nothing, (e, 2) a unit square.
        let exact = Exact {
            points: vec![[1.0, 3.0], [e, 2.0], [e * e, 1.0]],
            best_loss: 2.0,
            n_evaluations: 3,
            seconds: 0.0,
        };
        let measure = Measure::new(&exact, 3.0);
        let at = |evaluation: u64, point: Point| Improvement {
            evaluation,
            index: evaluation,
            point,
        };
        let run = [at(2, [1.0, 3.0]), at(5, [e, 2.5]), at(7, [e, 2.0])];
        assert_eq!(measure.of(&run, 1).regret, None);
        let first = measure.of(&run, 4);
        assert_eq!((first.hypervolume, first.regret), (0.0, Some(1.0)));
        let second = measure.of(&run, 6);
        assert!((second.hypervolume - 0.5).abs() < 1e-12 && second.regret == Some(0.5));
        assert!((second.found - 1.0 / 3.0).abs() < 1e-12);
        let last = measure.of(&run, 7);
        assert!((last.hypervolume - 1.0).abs() < 1e-12 && last.regret == Some(0.0));
        assert!((last.found - 2.0 / 3.0).abs() < 1e-12);
    }
}
