//! What one thread has found so far; partial results merge into the same whole in any order.

use super::{Budgets, Effort, FormatOutcome, Outcome, Query};
use crate::frontier::{Entry, Frontier};
use crate::roofline::{Evaluation, Evaluator};
use crate::space::Cursor;
use std::ops::Range;

pub(super) struct Partial<const N: usize> {
    by_format: Vec<PartialFormat<N>>,
    n_architectures: u64,
    /// Points of the current chunk, for one evaluator at a time.
    points: Vec<([f64; N], u64)>,
}

struct PartialFormat<const N: usize> {
    frontier: Frontier<N>,
    least: [f64; 6],
    n_feasible: u64,
}

impl<const N: usize> Partial<N> {
    pub(super) fn new(n_formats: usize) -> Self {
        let format = || PartialFormat {
            frontier: Frontier::new(),
            least: [f64::INFINITY; 6],
            n_feasible: 0,
        };
        Partial {
            by_format: (0..n_formats).map(|_| format()).collect(),
            n_architectures: 0,
            points: Vec::new(),
        }
    }

    pub(super) fn visit(
        &mut self,
        query: &Query<'_>,
        range: Range<u64>,
        objectives: &impl Fn(&Evaluation, f64) -> [f64; N],
    ) {
        let limits = &query.space.limits;
        let filters = query.filters();
        for (position, (evaluator, found)) in query.evaluators.iter().zip(&mut self.by_format).enumerate() {
            self.points.clear();
            let mut cursor = Cursor::new(query.space, range.start);
            while cursor.index() < range.end {
                let index = cursor.index();
                let architecture = cursor.architecture();
                cursor.advance();
                let Some(architecture) = architecture else {
                    continue;
                };
                let evaluation = evaluator.evaluate(&architecture);
                if !limits.admit(&evaluation.parameters) {
                    continue;
                }
                if position == 0 {
                    self.n_architectures += 1;
                }
                let mut within = true;
                for ((value, least), limit) in Budgets::quantities(&evaluation)
                    .into_iter()
                    .zip(&mut found.least)
                    .zip(&filters)
                {
                    *least = if value < *least { value } else { *least };
                    within &= value <= *limit;
                }
                if within {
                    self.points.push((
                        objectives(&evaluation, query.objective.latency_s(&evaluation)),
                        index,
                    ));
                }
            }
            found.n_feasible += self.points.len() as u64;
            found.frontier.extend(self.points.iter().copied());
        }
    }

    #[cfg(feature = "parallel")]
    pub(super) fn merge(mut self, other: Self) -> Self {
        self.n_architectures += other.n_architectures;
        self.by_format = self
            .by_format
            .into_iter()
            .zip(other.by_format)
            .map(|(a, b)| PartialFormat {
                frontier: a.frontier.merge(b.frontier),
                least: std::array::from_fn(|i| a.least[i].min(b.least[i])),
                n_feasible: a.n_feasible + b.n_feasible,
            })
            .collect();
        self
    }

    pub(super) fn finish(self, query: &Query<'_>, effort: Effort) -> Outcome {
        let by_format = self
            .by_format
            .into_iter()
            .zip(query.evaluators)
            .map(|(found, evaluator)| {
                let least = found
                    .least
                    .map(|value| Some(value).filter(|value| value.is_finite()));
                FormatOutcome {
                    n_feasible: Some(found.n_feasible),
                    ..query.conclude(evaluator, &found.frontier.finish(), least)
                }
            });
        Outcome {
            by_format: by_format.collect(),
            n_combinations: query.space.len(),
            n_architectures: Some(self.n_architectures),
            effort,
        }
    }

    /// Evaluations made, of all formats together.
    pub(super) fn n_evaluations(&self) -> u64 {
        self.n_architectures * self.by_format.len() as u64
    }
}

impl Query<'_> {
    /// The most of each quantity that can be budgeted, infinite where nothing limits it. The budget on the objective's own
    /// latency does not cut the frontier.
    pub(super) fn filters(&self) -> [f64; 6] {
        let budgets = self.budgets.without(self.objective).entries();
        budgets.map(|(_, limit)| limit.unwrap_or(f64::INFINITY))
    }

    /// What is made of a frontier and of the least of each quantity that can be budgeted.
    pub(super) fn conclude<const N: usize>(
        &self,
        evaluator: &Evaluator,
        frontier: &[Entry<N>],
        least: [Option<f64>; 6],
    ) -> FormatOutcome {
        let frontier: Vec<_> = frontier
            .iter()
            .filter_map(|entry| self.candidate(entry.id, evaluator))
            .collect();
        let within_all = frontier
            .iter()
            .filter(|candidate| self.budgets.admit(&candidate.evaluation));
        let best = within_all
            // The frontier is sorted by latency: of equal losses the first, fastest one stays.
            .min_by(|a, b| a.evaluation.loss.total_cmp(&b.evaluation.loss))
            .copied();
        let [
            ttft_s,
            tpot_s,
            total_s,
            memory_bytes,
            total_parameters,
            active_parameters,
        ] = least;
        FormatOutcome {
            formats: *evaluator.roofline().formats(),
            best,
            least: Budgets {
                ttft_s,
                tpot_s,
                total_s,
                memory_bytes,
                total_parameters,
                active_parameters,
            },
            n_feasible: None,
            gap: None,
            frontier,
        }
    }
}
