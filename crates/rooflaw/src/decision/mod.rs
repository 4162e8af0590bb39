//! Decisions under uncertainty: which architecture to build when neither the law nor the latencies are known for certain.
//!
//! The law's uncertainty is its ensemble of refits; the latencies' is that of a device's coefficients, common to all
//! architectures on it, and the scatter of each architecture about them: together, what the intervals of latencies state. Both are drawn many times, independently, from a
//! seed. In a draw, everything is certain, and there is a frontier and a best choice. From all draws follow, for each
//! candidate,
//!
//! - the probability that it is on the frontier: that no candidate which is at most as slow has a loss lower by more than
//!   a tolerance. In a dense space thousands of architectures are next to each other; without a tolerance each would be on
//!   the frontier with next to no probability, whatever its merit;
//! - the probability that it meets the budgets;
//! - the expected regret of choosing it: its loss above the lowest that meets the budgets in the draw. A choice that
//!   misses them counts as what would then be built instead: the [`Decision::fallback`], the lowest expected loss among
//!   those that meet them with [`SAFE`] probability, and a penalty if one is asked for.
//!
//! What would be worth knowing: were the law known, or the latencies, or both, before choosing, the least expected regret
//! would be less ([`Information`]).
//!
//! The loss of a draw is that of the law, the expected loss of a run: the scatter of runs about it, which nobody can
//! choose, is left out.

mod band;
mod candidates;
mod draws;
mod judge;

pub use band::FrontierBand;
pub use candidates::Coverage;

use crate::architecture::Architecture;
use crate::calibration::Achieved;
use crate::device::Device;
use crate::law::LossLaw;
use crate::operators::Assumptions;
use crate::roofline::Evaluator;
use crate::search::{Budgets, Candidate, Objective};
use crate::space::DesignSpace;
use serde::Serialize;

/// One set of formats on a device.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The device.
    pub device: &'a Device,
    /// What the operator list takes into account.
    pub assumptions: &'a Assumptions,
    /// The most probable law and rates.
    pub evaluator: &'a Evaluator,
    /// What the latencies rest on; `None` takes them for certain.
    pub achieved: Option<&'a Achieved>,
}

/// What is to be decided.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The architectures.
    pub space: &'a DesignSpace,
    /// The law; one without an ensemble is taken for certain.
    pub law: &'a LossLaw,
    /// Sets of formats to choose from.
    pub settings: &'a [Setting<'a>],
    /// The latency of the frontier.
    pub objective: Objective,
    /// The budgets.
    pub budgets: Budgets,
    /// The architecture whose latency in the first setting is the budget on the objective's, whatever it is in a draw;
    /// `None` where the budget is a number.
    pub reference: Option<&'a Architecture>,
    /// How.
    pub options: Options,
}

/// How much is drawn, and what counts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Options {
    /// Searches of the whole space under draws, whose frontiers are the candidates.
    pub searches: usize,
    /// Draws by which candidates are judged.
    pub draws: usize,
    /// The seed of all draws.
    pub seed: u64,
    /// Loss by which another architecture must be better to push one off the frontier, in the law's unit.
    pub tolerance: f64,
    /// What missing a budget costs beside the fallback's loss, in the law's unit.
    pub miss_penalty: f64,
    /// Most candidates that are judged.
    pub most_candidates: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            searches: 64,
            draws: 1000,
            seed: 0,
            tolerance: 0.005,
            miss_penalty: 0.0,
            most_candidates: 5000,
        }
    }
}

/// The probability with which the fallback meets the budgets.
pub const SAFE: f64 = 0.99;

/// The share of draws below a regret's quantile.
pub const REGRET_QUANTILE: f64 = 0.9;

/// A candidate, judged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Choice {
    /// The position of its setting.
    pub position: usize,
    /// What it is, and what is most probable of it.
    #[serde(flatten)]
    pub candidate: Candidate,
    /// The mean of its loss over the law's members.
    pub expected_loss: f64,
    /// The probability that it is on the frontier.
    pub on_frontier: f64,
    /// The probability that it meets the budgets.
    pub within_budgets: f64,
    /// The expected regret of choosing it, in the law's unit.
    pub expected_regret: f64,
    /// The regret that is exceeded in one of ten draws.
    pub high_regret: f64,
}

/// The least expected regret, now and if more were known; differences are what the knowledge is worth at most.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Information {
    /// Of the robust choice, as things are.
    pub regret: f64,
    /// Were the law known.
    pub regret_law_known: f64,
    /// Were the device's coefficients known, and not the scatter of each candidate's latencies about them.
    pub regret_device_known: f64,
    /// Were all latencies known.
    pub regret_latencies_known: f64,
}

impl Information {
    /// What knowing the law would be worth: the most that training runs can be.
    #[must_use]
    pub fn value_of_law(&self) -> f64 {
        self.regret - self.regret_law_known
    }

    /// What knowing the device would be worth: the most that calibrating it can be.
    #[must_use]
    pub fn value_of_device(&self) -> f64 {
        self.regret - self.regret_device_known
    }

    /// What knowing the latencies would be worth: the most that measuring every candidate can be.
    #[must_use]
    pub fn value_of_latencies(&self) -> f64 {
        self.regret - self.regret_latencies_known
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decision {
    /// How.
    pub options: Options,
    /// Whether the law is uncertain: the members that were drawn from, or 0.
    pub n_members: usize,
    /// Whether any latency is uncertain.
    pub are_latencies_uncertain: bool,
    /// The candidates, the least expected regret first.
    pub choices: Vec<Choice>,
    /// The place in `choices` of the one that is best if nothing is uncertain; `None` where nothing meets the budgets.
    pub nominal: Option<usize>,
    /// The place of the one whose [`Choice::high_regret`] is least.
    pub cautious: Option<usize>,
    /// The place of what is built where a choice misses the budgets.
    pub fallback: Option<usize>,
    /// The share of draws in which no candidate meets the budgets.
    pub nothing_within_budgets: f64,
    /// What more knowledge would be worth.
    pub information: Information,
    /// Which architectures are candidates, and how many are not.
    pub coverage: Coverage,
    /// Where the frontier is to be expected.
    pub band: FrontierBand,
}

impl Decision {
    /// The least expected regret; `None` without candidates.
    #[must_use]
    pub fn robust(&self) -> Option<&Choice> {
        self.choices.first()
    }
}

/// Decides. `progress` is told how many more combinations of the space are done, of [`Options::searches`] times its size,
/// from any thread. The result is the same for any number of threads.
#[must_use]
pub fn decide(question: &Question<'_>, progress: &(dyn Fn(u64) + Sync)) -> Decision {
    let uncertain = draws::Uncertain::new(question);
    let (candidates, coverage) = candidates::gather(&uncertain, progress);
    let outcomes = uncertain.outcomes(&candidates);
    judge::judge(&uncertain, candidates, coverage, &outcomes)
}

#[cfg(test)]
mod tests;
