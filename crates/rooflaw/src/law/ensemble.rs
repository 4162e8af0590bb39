//! The refits that a law's intervals come from.

use super::fit::prediction_interval;
use super::{Family, Features, Kernel, LossLaw};
use serde::Serialize;

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

/// Where a loss lies with a given probability, nats/token.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LossInterval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl LossInterval {
    /// The interval of a loss that is higher by a known amount.
    #[must_use]
    pub fn above(self, amount: f64) -> LossInterval {
        LossInterval {
            low: self.low + amount,
            high: self.high + amount,
        }
    }

    /// Half of its width.
    #[must_use]
    pub fn half_width(&self) -> f64 {
        0.5 * (self.high - self.low)
    }
}

/// The probability with which intervals contain what they are of, wherever a loss is shown.
pub const COVERAGE: f64 = 0.9;

impl LossLaw {
    /// The interval that holds the loss of a new run with probability [`COVERAGE`]: the members' spread and the scatter of
    /// runs about the law; `None` for a law without an ensemble.
    #[must_use]
    pub fn interval(&self, features: &Features) -> Option<LossInterval> {
        let ensemble = self.ensemble.as_ref()?;
        interval(&self.member_losses(features), ensemble.residual_sd)
    }

    /// The interval of `exp(loss at a − loss at b)`, the ratio of perplexities that the law itself predicts, without the
    /// scatter of runs; `None` for a law without an ensemble.
    #[must_use]
    pub fn perplexity_ratio_interval(&self, a: &Features, b: &Features) -> Option<LossInterval> {
        let losses = self.member_losses(a).into_iter().zip(self.member_losses(b));
        let ratios: Vec<f64> = losses.map(|(a, b)| (a - b).exp()).collect();
        interval(&ratios, 0.0)
    }

    /// The law with the numbers of a member of its ensemble, and without an ensemble of its own; `None` where there is no
    /// such member.
    #[must_use]
    pub fn member(&self, index: usize) -> Option<LossLaw> {
        let numbers = self.ensemble.as_ref()?.members.get(index)?;
        let form = self.family.with(numbers)?;
        Some(LossLaw {
            kernel: Kernel::new(&form, self.training_tokens),
            numbers: numbers.clone(),
            form,
            ensemble: None,
            ..self.without_ensemble()
        })
    }

    /// The law without what its intervals come from.
    #[must_use]
    pub fn without_ensemble(&self) -> LossLaw {
        LossLaw {
            id: self.id.clone(),
            about: self.about.clone(),
            form: self.form.clone(),
            fitted_range: self.fitted_range,
            runs: self.runs.clone(),
            ensemble: None,
            family: self.family.clone(),
            numbers: self.numbers.clone(),
            training_tokens: self.training_tokens,
            kernel: self.kernel.clone(),
        }
    }

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

fn interval(members: &[f64], residual_sd: f64) -> Option<LossInterval> {
    let (low, high) = prediction_interval(members, residual_sd, COVERAGE)?;
    Some(LossInterval { low, high })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::{self, Feature};

    #[test]
    fn members_are_laws_that_predict_as_the_ensemble_does() {
        let law = law::presets()
            .into_iter()
            .find(|law| law.ensemble.is_some() && law.uses(Feature::ActiveParameters))
            .unwrap();
        let law = if law.needs_tokens() {
            law.with_training_tokens(1e11)
        } else {
            law
        };
        let point = Features::new(16.0, 1024.0, 4.0, 0.25, 256.0)
            .with(Feature::Parameters, 2e9)
            .with(Feature::ActiveParameters, 5e8)
            .with(Feature::NonEmbeddingParameters, 1.9e9)
            .with(Feature::NExperts, 4.0);
        let losses = law.member_losses(&point);
        assert!(losses.len() > 10);
        for (index, expected) in losses.iter().enumerate() {
            let member = law.member(index).unwrap();
            let tokens = point.with(Feature::Tokens, 1e11);
            let found = member.evaluate(if law.needs_tokens() { &tokens } else { &point });
            assert!((found / expected - 1.0).abs() < 1e-12, "{found} {expected}");
            assert_eq!(member.ensemble, None);
        }
        assert!(law.member(losses.len()).is_none());
        assert_eq!(law.without_ensemble().evaluate(&point), law.evaluate(&point));
    }
}
