//! What a method has evaluated: counted alike for all of them.

use crate::problem::{Point, Prediction, Problem};
use std::collections::HashSet;

/// An architecture that nothing evaluated before it dominated or equalled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Improvement {
    /// How many architectures were evaluated by then, itself among them.
    pub evaluation: u64,
    pub index: u64,
    pub point: Point,
}

/// The evaluations of one run, up to a budget.
///
/// An evaluation is an architecture predicted for the first time: asking again costs nothing, nor do combinations that are
/// no architecture. One that the memory does not hold costs an evaluation.
pub struct Ledger<'a> {
    problem: &'a Problem,
    budget: u64,
    seen: HashSet<u64>,
    evaluations: u64,
    frontier: Vec<Improvement>,
    improvements: Vec<Improvement>,
}

impl<'a> Ledger<'a> {
    /// An empty ledger.
    pub fn new(problem: &'a Problem, budget: u64) -> Ledger<'a> {
        Ledger {
            problem,
            budget,
            seen: HashSet::new(),
            evaluations: 0,
            frontier: Vec::new(),
            improvements: Vec::new(),
        }
    }

    /// Whether the budget is used up.
    pub fn is_full(&self) -> bool {
        self.evaluations >= self.budget
    }

    /// Evaluates an index; false where that costs nothing, for it is no architecture or known, or the budget is used up.
    pub fn evaluate(&mut self, index: u64) -> bool {
        if self.is_full() || !self.seen.insert(index) {
            return false;
        }
        let point = match self.problem.predict(index) {
            Prediction::Excluded => return false,
            Prediction::TooLarge => None,
            Prediction::Fits(point) => Some(point),
        };
        self.evaluations += 1;
        if let Some(point) = point {
            let found = Improvement {
                evaluation: self.evaluations,
                index,
                point,
            };
            if insert(&mut self.frontier, found) {
                self.improvements.push(found);
            }
        }
        true
    }

    /// The frontier of what was evaluated, fastest first.
    pub fn frontier(&self) -> &[Improvement] {
        &self.frontier
    }

    /// Everything that was once on the frontier, in the order of evaluation.
    pub fn into_improvements(self) -> Vec<Improvement> {
        self.improvements
    }
}

/// Inserts into a frontier sorted by latency unless a member dominates or equals the point; says whether it did.
pub fn insert(frontier: &mut Vec<Improvement>, found: Improvement) -> bool {
    let [latency, loss] = found.point;
    let covers = |other: &Improvement| other.point[0] <= latency && other.point[1] <= loss;
    let place = frontier.partition_point(|other| other.point[0] < latency);
    let before = place.checked_sub(1).and_then(|before| frontier.get(before));
    if before.is_some_and(covers) || frontier.get(place).is_some_and(covers) {
        return false;
    }
    let dominated = frontier[place..]
        .iter()
        .take_while(|other| other.point[1] >= loss);
    let end = place + dominated.count();
    frontier.splice(place..end, [found]);
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;
    use rooflaw::frontier::frontier_2d;

    #[test]
    fn the_running_frontier_is_the_frontier_of_all_points() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        for side in [3, 10, 1000] {
            let mut draw = || f64::from(random.random_range(0..side));
            let points: Vec<Point> = (0..500).map(|_| [draw(), draw()]).collect();
            let mut frontier = Vec::new();
            for (index, &point) in points.iter().enumerate() {
                let index = index as u64;
                insert(
                    &mut frontier,
                    Improvement {
                        evaluation: index,
                        index,
                        point,
                    },
                );
            }
            let found: Vec<usize> = frontier.iter().map(|found| found.index as usize).collect();
            assert_eq!(found, frontier_2d(&points));
        }
    }

    #[test]
    fn asking_again_and_what_is_no_architecture_cost_nothing() {
        let problem = Problem::new("default").unwrap();
        let is = |wanted: fn(&Prediction) -> bool| {
            (0..problem.space.len())
                .step_by(101)
                .find(|index| wanted(&problem.predict(*index)))
                .unwrap()
        };
        let excluded = is(|found| *found == Prediction::Excluded);
        let too_large = is(|found| *found == Prediction::TooLarge);
        let fits = is(|found| matches!(found, Prediction::Fits(_)));
        let mut ledger = Ledger::new(&problem, 2);
        assert!(!ledger.evaluate(excluded));
        assert!(ledger.evaluate(fits) && !ledger.evaluate(fits));
        assert!(!ledger.is_full() && ledger.evaluate(too_large) && ledger.is_full());
        assert_eq!(ledger.frontier().len(), 1);
        assert!(!ledger.evaluate(fits + 1));
    }
}
