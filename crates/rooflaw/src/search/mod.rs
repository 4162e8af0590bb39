//! The exact frontier of a design space on a device: every architecture is evaluated, none is kept but the frontier.

mod budgets;
mod partial;

pub use budgets::{Application, Budgets, Objective};

use crate::architecture::Architecture;
use crate::format::Formats;
use crate::roofline::{Evaluation, Evaluator};
use crate::space::{Cursor, DesignSpace};
use partial::Partial;
use serde::Serialize;

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
    /// Architectures within every budget but the objective's.
    pub n_feasible: u64,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// One result for each evaluator, in their order.
    pub by_format: Vec<FormatOutcome>,
    /// Combinations of the space.
    pub n_combinations: u64,
    /// Those that its constraints admit: architectures evaluated.
    pub n_architectures: u64,
}

/// Combinations visited between two calls of the progress function, and the unit of parallel work.
const CHUNK: u64 = 1 << 14;

impl Query<'_> {
    /// Evaluates the whole space. `progress` is told how many more combinations are done, from any thread.
    ///
    /// The result is the same, byte for byte, for any number of threads.
    #[must_use]
    pub fn run(&self, progress: &(dyn Fn(u64) + Sync)) -> Outcome {
        if self.minimize_memory {
            self.run_in::<3>(progress, |evaluation, latency| {
                [latency, evaluation.loss, evaluation.memory.total_bytes()]
            })
        } else {
            self.run_in::<2>(progress, |evaluation, latency| [latency, evaluation.loss])
        }
    }

    fn run_in<const N: usize>(
        &self,
        progress: &(dyn Fn(u64) + Sync),
        objectives: impl Fn(&Evaluation, f64) -> [f64; N] + Sync,
    ) -> Outcome {
        let size = self.space.len();
        let chunk = |mut partial: Partial<N>, number: u64| {
            let first = number * CHUNK;
            // Saturating: a space may have nearly 2^64 combinations.
            let last = size.min(first.saturating_add(CHUNK));
            partial.visit(self, first..last, &objectives);
            progress(last - first);
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
        partial.finish(self)
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
