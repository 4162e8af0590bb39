//! Loss laws: the loss of a trained model as a function of its architecture and its training.
//!
//! A law is data: a TOML file with a form, its numbers, the range it was fitted on and, when it was fitted here, the
//! ensemble of refits that its intervals come from. `additive_power` is `L = L∞ + Σᵢ cᵢ · Πⱼ featureⱼ^eᵢⱼ`: the
//! co-design law (arXiv 2602.10377), Chinchilla (2203.15556), width/depth laws (2502.06857) and whatever else a file
//! declares; `routed` is the law of Clark et al. (2202.01169). [`LossLaw::loss`] allocates nothing.
//!
//! [`LawFile`] is what a file says, numbers or not; [`LossLaw`] is a law that has its numbers.

mod declared;
mod elementary;
mod ensemble;
mod feature;
mod file;
pub mod fit;
mod fitted;
mod kernel;
mod least;
mod power;
mod range;
mod terms;
mod write;

pub use declared::{About, Family, LawFile, NotALossLaw, RunsRecord};
pub use ensemble::{COVERAGE, Ensemble, LossInterval};
pub use feature::{Feature, Features};
pub use file::LawFileError;
pub use range::{Extrapolation, FittedRange};

pub(crate) use kernel::{Kernel, Prepared};
pub(crate) use least::{FeatureSpans, LeastLoss};

use crate::{architecture::Architecture, embedded, near_miss::near_miss};
use fit::routed::RoutedLaw;
use serde::Serialize;

/// The unit of a law that names none; differences in it are logarithms of ratios of perplexities.
pub const NATS_PER_TOKEN: &str = "nats/token";

/// Most terms a law can have.
pub const MAX_TERMS: usize = 8;

/// A law with its numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LossLaw {
    /// Identifier, the stem of its file.
    pub id: String,
    /// Where it comes from.
    #[serde(flatten)]
    pub about: About,
    /// The formula with its numbers.
    #[serde(flatten)]
    pub form: Formula,
    /// The range of each feature over the fitted runs.
    pub fitted_range: FittedRange,
    /// The runs it was fitted to, when it was fitted here.
    pub runs: Option<RunsRecord>,
    /// The refits that intervals come from; `None` for a law published without.
    #[serde(skip)]
    pub ensemble: Option<Ensemble>,
    /// What refits it: its terms with named exponents.
    #[serde(skip)]
    pub family: Family,
    /// Its numbers, in the order of [`Family::n_numbers`].
    #[serde(skip)]
    pub numbers: Vec<f64>,
    /// Tokens that every architecture is trained on, for a law that asks for them.
    pub training_tokens: Option<f64>,
    #[serde(skip)]
    kernel: Kernel,
}

/// The formula of a law.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "form", rename_all = "snake_case")]
pub enum Formula {
    /// `L = L∞ + Σ c · Π feature^e`.
    AdditivePower {
        /// `L∞`, nats/token.
        irreducible_loss: f64,
        /// The power terms.
        terms: Vec<Term>,
    },
    /// The law of routed models; its `N` is [`Feature::ActiveParameters`], its `E` [`Feature::NExperts`] of models that use
    /// one expert a token, as its runs do, and of others the reciprocal of [`Feature::ActivationRate`].
    Routed(RoutedLaw),
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

impl LossLaw {
    /// The loss at given features, nats/token; NaN where the law needs a feature that is not known.
    #[must_use]
    #[inline]
    pub fn evaluate(&self, features: &Features) -> f64 {
        self.kernel.evaluate(features)
    }

    /// The loss of an architecture trained as the law's runs were, nats/token; NaN for a law of tokens without
    /// [`LossLaw::with_training_tokens`].
    #[must_use]
    #[inline]
    pub fn loss(&self, architecture: &Architecture) -> f64 {
        self.kernel.loss(architecture)
    }

    /// The first half of [`LossLaw::loss`].
    #[inline(always)]
    pub(crate) fn prepare(&self, architecture: &Architecture) -> Prepared {
        self.kernel.prepare(architecture)
    }

    pub(crate) const fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// The same for architectures trained on `tokens`.
    #[must_use]
    pub fn with_training_tokens(mut self, tokens: f64) -> LossLaw {
        self.training_tokens = Some(tokens);
        self.kernel = Kernel::new(&self.form, self.training_tokens);
        self
    }

    /// What its losses are measured in.
    #[must_use]
    pub fn unit(&self) -> &str {
        self.about.unit.as_deref().unwrap_or(NATS_PER_TOKEN)
    }

    /// Whether the loss depends on the tokens trained on.
    #[must_use]
    pub fn needs_tokens(&self) -> bool {
        self.uses(Feature::Tokens)
    }

    /// Whether the law has a feature in it.
    #[must_use]
    pub fn uses(&self, feature: Feature) -> bool {
        match &self.form {
            Formula::AdditivePower { terms, .. } => terms.iter().any(|term| {
                let mut exponents = term.exponents.iter();
                exponents.any(|&(found, exponent)| found == feature && exponent != 0.0)
            }),
            Formula::Routed(_) => matches!(
                feature,
                Feature::ActiveParameters | Feature::NExperts | Feature::ActivationRate
            ),
        }
    }

    /// Whether the law tells a mixture of experts from a dense model that stores, or uses, as much.
    #[must_use]
    pub fn sees_experts(&self) -> bool {
        let sizes = [Feature::ActiveParameters, Feature::Parameters];
        self.uses(Feature::ActivationRate)
            || self.uses(Feature::NExperts)
            || sizes.into_iter().all(|feature| self.uses(feature))
    }

    /// The features of an architecture as this law sees them: with the tokens it is trained on.
    #[must_use]
    pub fn features(&self, architecture: &Architecture) -> Features {
        self.trained(&Features::of(architecture))
    }

    /// `features` with [`LossLaw::training_tokens`] where the tokens are not known.
    fn trained(&self, features: &Features) -> Features {
        match self.training_tokens {
            Some(tokens) if features.get(Feature::Tokens).is_nan() => features.with(Feature::Tokens, tokens),
            _ => *features,
        }
    }

    /// Each term's share of the loss, nats/token, in the order of the terms; none for a law that is no sum.
    #[must_use]
    pub fn contributions(&self, features: &Features) -> Vec<(String, f64)> {
        let Formula::AdditivePower { terms, .. } = &self.form else {
            return Vec::new();
        };
        let features = self.trained(features);
        let share = |term: &Term| {
            let power = |&(feature, exponent): &(Feature, f64)| features.get(feature).powf(exponent);
            term.coefficient * term.exponents.iter().map(power).product::<f64>()
        };
        terms
            .iter()
            .map(|term| (term.name.clone(), share(term)))
            .collect()
    }

    /// Where, and how far, `features` lie outside the range the law was fitted on.
    #[must_use]
    pub fn extrapolations(&self, features: &Features) -> Vec<Extrapolation> {
        self.fitted_range.extrapolations(&self.trained(features))
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

/// Every embedded law, with its numbers or without, sorted by id.
#[must_use]
pub fn files() -> Vec<LawFile> {
    embedded::LAWS
        .iter()
        .filter_map(|(id, text)| LawFile::from_toml(id, text).ok())
        .collect()
}

/// Every embedded law that has its numbers, sorted by id.
#[must_use]
pub fn presets() -> Vec<LossLaw> {
    files()
        .into_iter()
        .filter_map(|file| file.into_law().ok())
        .collect()
}

/// Finds what an embedded file says by id.
///
/// # Errors
/// [`UnknownLaw`] with the nearest id.
pub fn find_file(name: &str) -> Result<LawFile, UnknownLaw> {
    files()
        .into_iter()
        .find(|law| law.id.eq_ignore_ascii_case(name))
        .ok_or_else(|| UnknownLaw {
            name: name.to_owned(),
            near_miss: near_miss(name, embedded::LAWS.iter().map(|(id, _)| *id)).map(str::to_owned),
        })
}

/// Finds an embedded law by id.
///
/// # Errors
/// An unknown name, or a law that has no numbers yet.
pub fn find(name: &str) -> Result<LossLaw, FindError> {
    Ok(find_file(name)?.into_law()?)
}

/// Why a name leads to no law.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// No such file.
    #[error(transparent)]
    Unknown(#[from] UnknownLaw),
    /// A file that cannot predict.
    #[error(transparent)]
    NotALossLaw(#[from] NotALossLaw),
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
            let summed = 2.53
                + law
                    .contributions(&point)
                    .iter()
                    .map(|(_, share)| share)
                    .sum::<f64>();
            assert!((loss - summed).abs() < 1e-12);
        }
    }

    /// What a token uses and what is stored decide, not how finely experts are cut.
    #[test]
    fn the_routed_law_counts_what_is_stored_over_what_is_used() {
        let law = find("routed").unwrap();
        let at = |n_experts: f64, rate: f64| {
            law.evaluate(
                &features(12.0, 768.0, 4.0, rate, 1.0)
                    .with(Feature::ActiveParameters, 1e8)
                    .with(Feature::NExperts, n_experts),
            )
        };
        assert_eq!(at(64.0, 1.0 / 8.0), at(8.0, 1.0 / 8.0));
        assert!(at(8.0, 1.0 / 8.0) < at(1.0, 1.0));
        let Formula::Routed(form) = law.form else {
            panic!("a routed law");
        };
        assert!((at(8.0, 1.0 / 8.0) - form.loss(1e8, 8.0)).abs() < 1e-12);
    }

    /// The general kernel and the fast one agree, and tokens that are not given are the law's.
    #[test]
    fn laws_of_parameters_and_tokens() {
        let law = find("chinchilla").unwrap();
        assert!(law.needs_tokens());
        let Formula::AdditivePower {
            irreducible_loss,
            terms,
        } = &law.form
        else {
            panic!("an additive law");
        };
        let expected = irreducible_loss
            + terms[0].coefficient * 5e8_f64.powf(terms[0].exponents[0].1)
            + terms[1].coefficient * 1e11_f64.powf(terms[1].exponents[0].1);
        let point = Features::new(24.0, 896.0, 5.4, 1.0, 128.0).with(Feature::Parameters, 5e8);
        assert!(law.evaluate(&point).is_nan());
        assert!((law.evaluate(&point.with(Feature::Tokens, 1e11)) - expected).abs() < 1e-9);
        let trained = law.with_training_tokens(1e11);
        assert!((trained.evaluate(&point) - expected).abs() < 1e-9);
        let interval = trained.interval(&point).unwrap();
        assert!(interval.low < expected && expected < interval.high);
        let (a, b) = (point, point.with(Feature::Parameters, 1e9));
        let ratio = trained.perplexity_ratio_interval(&b, &a).unwrap();
        assert!(ratio.low <= ratio.high && ratio.high < 1.0);
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
