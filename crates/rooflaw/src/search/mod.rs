//! The exact frontier of a design space on a device.
//!
//! Two ways lead to the same bytes. [`Query::run`] evaluates every architecture and keeps none but the frontier;
//! [`Query::search`] does so for small spaces, and finds the frontier of large ones by bounds, without visiting them.

mod bounds;
mod budgets;
mod effort;
mod partial;

pub use bounds::Gap;
pub use budgets::{Application, Budgets, Objective};
pub use effort::{Effort, Method, Reason, Watch};

use crate::architecture::Architecture;
use crate::format::Formats;
use crate::roofline::{Evaluation, Evaluator};
use crate::space::{Cursor, DesignSpace, Regions};
use partial::Partial;
use serde::Serialize;
use std::sync::atomic::{AtomicBool, Ordering};

/// What to search for.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    /// The architectures.
    pub space: &'a DesignSpace,
    /// One evaluator for each set of formats to compare.
    pub evaluators: &'a [Evaluator],
    /// The latency to minimise together with the loss.
    pub objective: Objective,
    /// What a candidate may take. The one on the objective's own latency does not cut the frontier.
    pub budgets: Budgets,
    /// Minimise memory as well: a frontier in three objectives.
    pub minimize_memory: bool,
}

/// A point of the frontier.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Candidate {
    /// Its index in the space.
    pub index: u64,
    /// The architecture.
    pub architecture: Architecture,
    /// What is predicted of it.
    pub evaluation: Evaluation,
}

/// The frontier for one set of formats.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FormatOutcome {
    /// The formats.
    pub formats: Formats,
    /// The non-dominated candidates, fastest first.
    pub frontier: Vec<Candidate>,
    /// The candidate of the lowest loss within all budgets; of equals the fastest. None when nothing meets them.
    pub best: Option<Candidate>,
    /// The smallest value of each budgeted quantity over the space, whatever the other budgets.
    pub least: Budgets,
    /// Architectures within every budget but the objective's; `None` when they were not counted: bounds do not visit them.
    pub n_feasible: Option<u64>,
    /// What a search that was stopped may have missed; `None` for an exact frontier.
    pub gap: Option<Gap>,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// One result for each evaluator, in their order.
    pub by_format: Vec<FormatOutcome>,
    /// Combinations of the space.
    pub n_combinations: u64,
    /// Those that its constraints admit; `None` when they were not counted: bounds do not visit them.
    pub n_architectures: Option<u64>,
    /// How it was searched.
    pub effort: Effort,
}

/// Combinations visited between two calls of the progress function, and the unit of parallel work.
const CHUNK: u64 = 1 << 14;

/// Spaces of up to so many combinations are enumerated unless bounds are asked for: they take less than a second.
const SMALL: u64 = 2_000_000;

impl Query<'_> {
    /// Evaluates the whole space. `progress` is told how many more combinations are done, from any thread.
    ///
    /// The result is the same, byte for byte, for any number of threads.
    #[must_use]
    pub fn run(&self, progress: &(dyn Fn(u64) + Sync)) -> Outcome {
        let watch = Watch {
            advance: progress,
            stop: &|| false,
        };
        self.enumerate(Reason::Asked, &watch)
    }

    /// Finds the frontier by a method, or by the one that suits the size of the space.
    ///
    /// The result does not depend on the method nor, byte for byte, on the number of threads. A watch that stops the search
    /// gets what was found by then; of a search by bounds with a proof of how far from exact it can be
    /// ([`FormatOutcome::gap`]).
    #[must_use]
    pub fn search(&self, method: Method, watch: &Watch<'_>) -> Outcome {
        if let Some(reason) = self.enumerates(method) {
            return self.enumerate(reason, watch);
        }
        if self.minimize_memory {
            self.bounded::<3>(watch)
        } else {
            self.bounded::<2>(watch)
        }
    }

    /// Why [`Query::search`] would enumerate the space; `None` where it would search it by bounds.
    #[must_use]
    pub fn enumerates(&self, method: Method) -> Option<Reason> {
        match method {
            Method::Enumeration => Some(Reason::Asked),
            _ if !self.evaluators.iter().all(bounds::apply) => Some(Reason::NoBounds),
            Method::Auto if self.space.len() <= SMALL => Some(Reason::Small),
            Method::Auto | Method::Bounds => None,
        }
    }

    fn bounded<const N: usize>(&self, watch: &Watch<'_>) -> Outcome {
        let regions = Regions::new(self.space);
        // Each format's search settles the whole space.
        let n_formats = self.evaluators.len() as u64;
        let watch = &Watch {
            advance: &|settled| (watch.advance)(settled / n_formats),
            ..*watch
        };
        let mut outcome = Outcome {
            by_format: Vec::new(),
            n_combinations: self.space.len(),
            n_architectures: None,
            effort: Effort::by_bounds(),
        };
        for evaluator in self.evaluators {
            let Some(found) = bounds::search::<N>(self, &regions, evaluator, watch) else {
                return self.enumerate(Reason::NoBounds, watch);
            };
            outcome.effort.n_evaluations += found.evaluated;
            outcome.effort.n_boxes += found.boxes;
            outcome.effort.is_exact &= found.gap.is_none();
            outcome.by_format.push(FormatOutcome {
                gap: found.gap,
                ..self.conclude(evaluator, &found.frontier, found.least)
            });
        }
        outcome
    }

    fn enumerate(&self, reason: Reason, watch: &Watch<'_>) -> Outcome {
        if self.minimize_memory {
            self.enumerate_in::<3>(reason, watch, |evaluation, latency| {
                [latency, evaluation.loss, evaluation.memory.total_bytes()]
            })
        } else {
            self.enumerate_in::<2>(reason, watch, |evaluation, latency| [latency, evaluation.loss])
        }
    }

    fn enumerate_in<const N: usize>(
        &self,
        reason: Reason,
        watch: &Watch<'_>,
        objectives: impl Fn(&Evaluation, f64) -> [f64; N] + Sync,
    ) -> Outcome {
        let size = self.space.len();
        let stopped = AtomicBool::new(false);
        let chunk = |mut partial: Partial<N>, number: u64| {
            if stopped.load(Ordering::Relaxed) || (watch.stop)() {
                stopped.store(true, Ordering::Relaxed);
                return partial;
            }
            let first = number * CHUNK;
            // Saturating: a space may have nearly 2^64 combinations.
            let last = size.min(first.saturating_add(CHUNK));
            partial.visit(self, first..last, &objectives);
            (watch.advance)(last - first);
            partial
        };
        let n_chunks = size.div_ceil(CHUNK);
        let new = || Partial::new(self.evaluators.len());
        #[cfg(feature = "parallel")]
        let partial = {
            use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
            (0..n_chunks)
                .into_par_iter()
                .fold(new, chunk)
                .reduce(new, Partial::merge)
        };
        #[cfg(not(feature = "parallel"))]
        let partial = (0..n_chunks).fold(new(), chunk);
        let mut effort = Effort::by_enumeration(reason);
        effort.n_evaluations = partial.n_evaluations();
        effort.is_exact = !stopped.into_inner();
        partial.finish(self, effort)
    }

    /// The candidate at an index of the space, seen by one of the evaluators.
    #[must_use]
    pub fn candidate(&self, index: u64, evaluator: &Evaluator) -> Option<Candidate> {
        let architecture = Cursor::new(self.space, index).architecture()?;
        Some(Candidate {
            index,
            architecture,
            evaluation: evaluator.evaluate(&architecture),
        })
    }

    /// Up to `n` candidates within the space's limits, evenly spread over its indices: a picture of the whole.
    #[must_use]
    pub fn sample(&self, n: u64, evaluator: &Evaluator) -> Vec<Candidate> {
        // An odd stride near the golden ratio visits every axis's values rather than a lattice of them.
        let size = self.space.len();
        let stride = ((size as f64 * 0.618_033_988_749_895) as u64) | 1;
        let mut index = 0;
        (0..n.min(size))
            .filter_map(|_| {
                index = ((u128::from(index) + u128::from(stride)) % u128::from(size)) as u64;
                self.candidate(index, evaluator)
            })
            .filter(|candidate| self.space.limits.admit(&candidate.evaluation.parameters))
            .collect()
    }
}

#[cfg(test)]
mod tests;
