//! What one thread has found so far; partial results merge into the same whole in any order.

use super::{SeveralOutcome, SeveralQuery};
use crate::frontier::Frontier;
use crate::search::Budgets;
use std::ops::Range;

pub(super) struct Partial {
    frontier: Frontier<2>,
    /// Loss, share and index of the best within all budgets.
    best: Option<(f64, f64, u64)>,
    /// By target.
    least: Vec<[f64; 6]>,
    n_feasible: u64,
    n_architectures: u64,
    /// Points of the current chunk.
    points: Vec<([f64; 2], u64)>,
}

/// The better of two; ordered by loss, share and index.
fn better(a: Option<(f64, f64, u64)>, b: Option<(f64, f64, u64)>) -> Option<(f64, f64, u64)> {
    match (a, b) {
        (Some(a), Some(b)) => {
            let order = a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2));
            Some(if order.is_le() { a } else { b })
        }
        (one, other) => one.or(other),
    }
}

impl Partial {
    pub(super) fn new(n_targets: usize) -> Partial {
        Partial {
            frontier: Frontier::new(),
            best: None,
            least: vec![[f64::INFINITY; 6]; n_targets],
            n_feasible: 0,
            n_architectures: 0,
            points: Vec::new(),
        }
    }

    pub(super) fn visit(&mut self, query: &SeveralQuery<'_>, range: Range<u64>) {
        let limits = &query.space.limits;
        let divisor = query.divisor();
        let Partial {
            best,
            least,
            n_architectures,
            points,
            ..
        } = self;
        points.clear();
        query.visit(range, |index, architecture| {
            let (mut share, mut loss) = (0.0, f64::NAN);
            let (mut is_admitted, mut is_within) = (true, true);
            for (target, least) in query.targets.iter().zip(least.iter_mut()) {
                let evaluation = target.evaluator.evaluate(architecture);
                if !limits.admit(&evaluation.parameters) {
                    return;
                }
                for (value, least) in Budgets::quantities(&evaluation).into_iter().zip(least) {
                    *least = if value < *least { value } else { *least };
                }
                is_admitted &= target.budgets.without(query.objective).admit(&evaluation);
                is_within &= target.budgets.admit(&evaluation);
                share = query.add_share(share, target, &evaluation);
                loss = evaluation.loss;
            }
            *n_architectures += 1;
            let share = share / divisor;
            if is_admitted {
                points.push(([share, loss], index));
            }
            if is_within && loss.is_finite() {
                *best = better(*best, Some((loss, share, index)));
            }
        });
        self.n_feasible += self.points.len() as u64;
        self.frontier.extend(self.points.iter().copied());
    }

    #[cfg(feature = "parallel")]
    pub(super) fn merge(mut self, other: Partial) -> Partial {
        for (mine, theirs) in self.least.iter_mut().zip(&other.least) {
            *mine = std::array::from_fn(|place| mine[place].min(theirs[place]));
        }
        Partial {
            frontier: self.frontier.merge(other.frontier),
            best: better(self.best, other.best),
            least: self.least,
            n_feasible: self.n_feasible + other.n_feasible,
            n_architectures: self.n_architectures + other.n_architectures,
            points: self.points,
        }
    }

    pub(super) fn finish(self, query: &SeveralQuery<'_>) -> SeveralOutcome {
        let frontier = self.frontier.finish();
        SeveralOutcome {
            frontier: frontier.iter().filter_map(|entry| query.at(entry.id)).collect(),
            best: self.best.and_then(|(.., index)| query.at(index)),
            least: self.least.iter().map(Budgets::of_quantities).collect(),
            n_feasible: self.n_feasible,
            n_combinations: query.space.len(),
            n_architectures: self.n_architectures,
        }
    }
}
