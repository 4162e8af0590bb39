//! The refits that a law's intervals come from.

use super::{Family, Features, Kernel, LossLaw};

/// Refits of a law to resampled runs, and the scatter of runs about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Ensemble {
    /// The numbers of each refit, in the order of [`Family::n_numbers`].
    pub members: Vec<Vec<f64>>,
    /// Standard deviation of the natural logarithm of a new run's loss about the law.
    pub residual_sd: f64,
}

/// Most members that a file may hold.
pub const MAX_MEMBERS: usize = 10_000;

impl LossLaw {
    /// What each member of the ensemble predicts, nats/token; empty without an ensemble.
    #[must_use]
    pub fn member_losses(&self, features: &Features) -> Vec<f64> {
        let Some(ensemble) = &self.ensemble else {
            return Vec::new();
        };
        let features = self.trained(features);
        let loss =
            |numbers: &Vec<f64>| Some(Kernel::new(&self.family.with(numbers)?, None).evaluate(&features));
        ensemble.members.iter().filter_map(loss).collect()
    }
}

impl Family {
    /// How many numbers determine a law of this family: `L∞`, coefficients and named exponents in order, or the six of the
    /// routed law.
    #[must_use]
    pub fn n_numbers(&self) -> usize {
        match self {
            Family::AdditivePower(form) => 1 + form.terms.len() + form.exponents.len(),
            Family::Routed => 6,
        }
    }
}
