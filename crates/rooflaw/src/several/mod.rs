//! One architecture for several targets: for several devices, or for several workloads on one.
//!
//! A target's latency is taken as a share of its budget, so that devices of very different speeds compare: what is
//! minimised together with the loss is the largest share, or the weighted mean of all. The architecture must be within the
//! budgets of every target. Every architecture of the space is evaluated on every target; nothing is approximated.

mod partial;

use crate::architecture::Architecture;
use crate::roofline::{Evaluation, Evaluator};
use crate::search::{Budgets, Objective};
use crate::space::{Cursor, DesignSpace};
use partial::Partial;
use serde::Serialize;
use std::ops::Range;

/// A device with a workload.
#[derive(Clone, Debug)]
pub struct Target {
    /// What predicts on it. The laws of all targets are the same.
    pub evaluator: Evaluator,
    /// What a candidate may take on it.
    pub budgets: Budgets,
    /// The latency that counts as 1, seconds: usually the budget on the objective's.
    pub scale_s: f64,
    /// How much it counts in a mean.
    pub weight: f64,
}

/// How the targets' latencies become one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Across {
    /// The largest share.
    Worst,
    /// The mean of the shares by weight.
    Mean,
}

impl Across {
    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Across::Worst => "worst",
            Across::Mean => "mean",
        }
    }
}

/// What to search for.
#[derive(Clone, Debug)]
pub struct SeveralQuery<'a> {
    /// The architectures.
    pub space: &'a DesignSpace,
    /// The targets.
    pub targets: &'a [Target],
    /// The latency that counts on each.
    pub objective: Objective,
    /// How the targets' latencies become one number.
    pub across: Across,
}

/// An architecture with what is predicted of it on each target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeveralCandidate {
    /// Its index in the space.
    pub index: u64,
    /// The architecture.
    pub architecture: Architecture,
    /// The largest share, or the mean of the shares.
    pub share: f64,
    /// What is predicted, in the order of the targets.
    pub evaluations: Vec<Evaluation>,
}

impl SeveralCandidate {
    /// The law's loss, the same on every target.
    #[must_use]
    pub fn loss(&self) -> f64 {
        self.evaluations
            .first()
            .map_or(f64::NAN, |evaluation| evaluation.loss)
    }
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeveralOutcome {
    /// The non-dominated candidates in share and loss, the smallest share first, of those within every budget but the ones
    /// on the objective's latency.
    pub frontier: Vec<SeveralCandidate>,
    /// The lowest loss within all budgets of all targets; of equals the smallest share, then the lowest index.
    pub best: Option<SeveralCandidate>,
    /// The smallest value of each budgeted quantity on each target, whatever the other budgets.
    pub least: Vec<Budgets>,
    /// Architectures within every budget but the ones on the objective's latency.
    pub n_feasible: u64,
    /// Combinations of the space.
    pub n_combinations: u64,
    /// Architectures evaluated.
    pub n_architectures: u64,
}

/// Combinations visited between two calls of the progress function, and the unit of parallel work.
const CHUNK: u64 = 1 << 14;

impl SeveralQuery<'_> {
    /// Evaluates the whole space. `progress` is told how many more combinations are done, from any thread.
    ///
    /// The result is the same, byte for byte, for any number of threads.
    #[must_use]
    pub fn run(&self, progress: &(dyn Fn(u64) + Sync)) -> SeveralOutcome {
        let size = self.space.len();
        let chunk = |mut partial: Partial, number: u64| {
            let first = number * CHUNK;
            let last = size.min(first.saturating_add(CHUNK));
            partial.visit(self, first..last);
            progress(last - first);
            partial
        };
        let n_chunks = size.div_ceil(CHUNK);
        let new = || Partial::new(self.targets.len());
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

    /// The targets' latencies as one number, added up one target after the other.
    fn add_share(&self, so_far: f64, target: &Target, evaluation: &Evaluation) -> f64 {
        let share = self.objective.latency_s(evaluation) / target.scale_s;
        match self.across {
            Across::Worst => so_far.max(share),
            Across::Mean => so_far + target.weight * share,
        }
    }

    /// What a mean is divided by.
    fn divisor(&self) -> f64 {
        match self.across {
            Across::Worst => 1.0,
            Across::Mean => self.targets.iter().map(|target| target.weight).sum(),
        }
    }

    /// An architecture on every target.
    #[must_use]
    pub fn candidate(&self, index: u64, architecture: Architecture) -> SeveralCandidate {
        let mut share = 0.0;
        let evaluations = self
            .targets
            .iter()
            .map(|target| {
                let evaluation = target.evaluator.evaluate(&architecture);
                share = self.add_share(share, target, &evaluation);
                evaluation
            })
            .collect();
        SeveralCandidate {
            index,
            architecture,
            share: share / self.divisor(),
            evaluations,
        }
    }

    fn at(&self, index: u64) -> Option<SeveralCandidate> {
        let architecture = Cursor::new(self.space, index).architecture()?;
        Some(self.candidate(index, architecture))
    }

    fn visit(&self, range: Range<u64>, mut visitor: impl FnMut(u64, &Architecture)) {
        let mut cursor = Cursor::new(self.space, range.start);
        while cursor.index() < range.end {
            let index = cursor.index();
            let architecture = cursor.architecture();
            cursor.advance();
            if let Some(architecture) = architecture {
                visitor(index, &architecture);
            }
        }
    }
}

#[cfg(test)]
mod tests;
