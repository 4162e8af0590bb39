//! Loss laws: the loss of a trained model as a function of its architecture.
//!
//! A law is data: a TOML file with a form, coefficients and the range it was fitted on. The one form there is so far,
//! `additive_power`, is `L = L∞ + Σᵢ cᵢ · Πⱼ featureⱼ^eᵢⱼ`, which covers the co-design law (arXiv 2602.10377),
//! and additive width/depth laws. [`LossLaw::evaluate`] allocates nothing.

mod feature;
mod file;
pub mod fit;
mod range;

pub use feature::{Feature, Features};
pub use file::LawFileError;
pub use range::{Extrapolation, FittedRange};

use crate::{architecture::Architecture, embedded, near_miss::near_miss};
use serde::Serialize;

/// Most terms a law can have.
pub const MAX_TERMS: usize = 8;

/// A fitted loss law.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LossLaw {
    /// Identifier, the stem of its file.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Where the form and the coefficients come from.
    pub source: String,
    /// What the loss is: of which set, in which unit.
    pub loss: String,
    /// How well it fits, as published.
    pub quality: Option<String>,
    /// What to know before trusting it.
    pub note: Option<String>,
    /// `L∞`, nats/token.
    pub irreducible_loss: f64,
    /// The power terms.
    pub terms: Vec<Term>,
    /// The range of each feature over the fitted runs.
    pub fitted_range: FittedRange,
    #[serde(skip)]
    kernel: Kernel,
}

/// `coefficient · Π feature^exponent`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Term {
    /// What the term stands for.
    pub name: String,
    /// The factor in front, nats/token.
    pub coefficient: f64,
    /// The exponent of each feature; absent ones are 0.
    pub exponents: Vec<(Feature, f64)>,
}

/// The law as the evaluation loop wants it: fixed arrays, logarithms of the coefficients.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Kernel {
    n_terms: usize,
    uses: [bool; Feature::COUNT],
    sign: [f64; MAX_TERMS],
    log_coefficient: [f64; MAX_TERMS],
    exponents: [[f64; Feature::COUNT]; MAX_TERMS],
}

impl Kernel {
    fn new(terms: &[Term]) -> Kernel {
        let mut kernel = Kernel {
            n_terms: 0,
            uses: [false; Feature::COUNT],
            sign: [0.0; MAX_TERMS],
            log_coefficient: [0.0; MAX_TERMS],
            exponents: [[0.0; Feature::COUNT]; MAX_TERMS],
        };
        for (index, term) in terms
            .iter()
            .filter(|term| term.coefficient != 0.0)
            .take(MAX_TERMS)
            .enumerate()
        {
            kernel.n_terms = index + 1;
            kernel.sign[index] = term.coefficient.signum();
            kernel.log_coefficient[index] = term.coefficient.abs().ln();
            for &(feature, exponent) in &term.exponents {
                kernel.exponents[index][feature as usize] = exponent;
                kernel.uses[feature as usize] = true;
            }
        }
        kernel
    }
}

impl LossLaw {
    /// The loss at given features, nats/token.
    #[must_use]
    #[inline]
    pub fn evaluate(&self, features: &Features) -> f64 {
        let kernel = &self.kernel;
        let mut logs = [0.0; Feature::COUNT];
        for (index, log) in logs.iter_mut().enumerate() {
            if kernel.uses[index] {
                *log = features.values()[index].ln();
            }
        }
        let mut loss = self.irreducible_loss;
        for term in 0..kernel.n_terms {
            let mut exponent = kernel.log_coefficient[term];
            for (power, log) in kernel.exponents[term].iter().zip(&logs) {
                exponent += power * log;
            }
            loss += kernel.sign[term] * exponent.exp();
        }
        loss
    }

    /// The loss of an architecture trained as the law's runs were, nats/token.
    #[must_use]
    #[inline]
    pub fn loss(&self, architecture: &Architecture) -> f64 {
        self.evaluate(&Features::of(architecture))
    }

    /// Each term's share of the loss, nats/token, in the order of [`LossLaw::terms`].
    #[must_use]
    pub fn contributions(&self, features: &Features) -> Vec<(String, f64)> {
        let share = |term: &Term| {
            let power = |&(feature, exponent): &(Feature, f64)| features.get(feature).powf(exponent);
            term.coefficient * term.exponents.iter().map(power).product::<f64>()
        };
        self.terms
            .iter()
            .map(|term| (term.name.clone(), share(term)))
            .collect()
    }

    /// Where, and how far, `features` lie outside the range the law was fitted on.
    #[must_use]
    pub fn extrapolations(&self, features: &Features) -> Vec<Extrapolation> {
        self.fitted_range.extrapolations(features)
    }
}

/// A law name that is not embedded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown law `{name}`{}: `rooflaw laws` lists them; a TOML file of your own works too",
    .near_miss.as_ref().map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default())]
pub struct UnknownLaw {
    /// What was asked for.
    pub name: String,
    /// The most similar name there is.
    pub near_miss: Option<String>,
}

/// Every embedded law, sorted by id.
#[must_use]
pub fn presets() -> Vec<LossLaw> {
    embedded::LAWS
        .iter()
        .filter_map(|(id, text)| LossLaw::from_toml(id, text).ok())
        .collect()
}

/// Finds an embedded law by id.
///
/// # Errors
/// [`UnknownLaw`] with the nearest id.
pub fn find(name: &str) -> Result<LossLaw, UnknownLaw> {
    presets()
        .into_iter()
        .find(|law| law.id.eq_ignore_ascii_case(name))
        .ok_or_else(|| UnknownLaw {
            name: name.to_owned(),
            near_miss: near_miss(name, embedded::LAWS.iter().map(|(id, _)| *id)).map(str::to_owned),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codesign() -> LossLaw {
        find("co-design").unwrap()
    }

    fn features(n_layers: f64, hidden_size: f64, ffn_ratio: f64, activation_rate: f64, gqa: f64) -> Features {
        Features::new(
            n_layers,
            hidden_size,
            ffn_ratio,
            activation_rate,
            hidden_size / gqa,
        )
    }

    /// The values the paper's coefficients give, computed independently of this code.
    #[test]
    fn published_coefficients_give_the_check_values() {
        let law = codesign();
        for (point, expected) in [
            (features(24.0, 1024.0, 4.0, 1.0, 1.0), 3.444),
            (features(24.0, 1024.0, 4.0, 1.0 / 8.0, 1.0), 3.227),
            (features(12.0, 768.0, 4.0, 1.0, 1.0), 3.694),
            (features(32.0, 3072.0, 4.0, 1.0, 1.0), 3.209),
            (features(32.0, 3072.0, 4.0, 1.0 / 16.0, 8.0), 2.894),
            (features(4.0, 768.0, 4.0, 1.0, 1.0), 4.560),
        ] {
            let loss = law.evaluate(&point);
            assert!(
                (loss - expected).abs() < 0.0005,
                "{point:?}: {loss} is not {expected}"
            );
            let summed = law.irreducible_loss
                + law
                    .contributions(&point)
                    .iter()
                    .map(|(_, share)| share)
                    .sum::<f64>();
            assert!((loss - summed).abs() < 1e-12);
        }
    }

    /// Its sparsity term grows with width (β1 < 0), so that dense loss has a minimum near d = 3,950 at fixed kv_dim.
    #[test]
    fn dense_loss_turns_up_beyond_the_grid() {
        let law = codesign();
        let loss = |hidden_size: f64| law.evaluate(&Features::new(24.0, hidden_size, 4.0, 1.0, 1024.0));
        let best = (3000..5000)
            .min_by(|&a, &b| loss(f64::from(a)).total_cmp(&loss(f64::from(b))))
            .unwrap();
        assert!((3900..=4000).contains(&best), "{best}");
    }
}
