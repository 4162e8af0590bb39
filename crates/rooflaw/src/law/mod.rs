//! Loss laws: the loss of a trained model as a function of its architecture.
//!
//! A law is data: a TOML file with a form, coefficients and the range it was fitted on. The one form there is so far,
//! `additive_power`, is `L = L∞ + Σᵢ cᵢ · Πⱼ featureⱼ^eᵢⱼ`, which covers the co-design law (arXiv 2602.10377),
//! and additive width/depth laws. [`LossLaw::evaluate`] allocates nothing.

mod elementary;
mod feature;
mod file;
pub mod fit;
mod range;

pub use feature::{Feature, Features};
pub use file::LawFileError;
pub use range::{Extrapolation, FittedRange};

use crate::{architecture::Architecture, embedded, near_miss::near_miss, pair::Pair};
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

/// The law as the evaluation loop wants it: fixed arrays, the terms in pairs, and powers of [`Sizes`].
#[derive(Clone, Copy, Debug, PartialEq)]
struct Kernel {
    terms: [TermPair; MAX_TERMS / 2],
    n_pairs: usize,
    /// Logarithms of 0 to 128: of every depth there has been and, 64-fold, of the usual widths. Others take longer.
    logs: [f64; 129],
}

const LN_64: f64 = 6.0 * std::f64::consts::LN_2;

/// What features are ratios of, so that no logarithm waits for a division: layers, hidden size, active and stored FFN
/// width over all layers, elements cached per token and layer.
type Sizes = [f64; Feature::COUNT];

impl Features {
    #[inline(always)]
    fn sizes(&self) -> Sizes {
        let &[n_layers, hidden_size, ffn_ratio, activation_rate, kv_dim] = self.values();
        let active = ffn_ratio * hidden_size * n_layers;
        [
            n_layers,
            hidden_size,
            active,
            active / activation_rate,
            2.0 * kv_dim,
        ]
    }
}

/// The exponents of [`Sizes`], given those of the features.
fn exponents_of_sizes([n_layers, hidden_size, ffn_ratio, activation_rate, kv_dim]: [f64; 5]) -> Sizes {
    [
        n_layers - ffn_ratio,
        hidden_size - ffn_ratio,
        ffn_ratio + activation_rate,
        -activation_rate,
        kv_dim,
    ]
}

/// Two terms; one that there is not has the coefficient 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct TermPair {
    coefficients: [f64; 2],
    exponents: [[f64; 2]; Feature::COUNT],
}

impl Kernel {
    fn new(terms: &[Term]) -> Kernel {
        let mut kernel = Kernel {
            terms: [TermPair::default(); MAX_TERMS / 2],
            n_pairs: 0,
            logs: std::array::from_fn(|number| (number as f64).ln()),
        };
        let used = terms.iter().filter(|term| term.coefficient != 0.0);
        for (index, term) in used.take(MAX_TERMS).enumerate() {
            let (pair, lane) = (index / 2, index % 2);
            kernel.n_pairs = pair + 1;
            let mut of_features = [0.0; Feature::COUNT];
            for &(feature, exponent) in &term.exponents {
                of_features[feature as usize] = exponent;
            }
            // kv_dim is half of what is cached.
            let half = 2.0_f64.powf(-of_features[Feature::KvDim as usize]);
            kernel.terms[pair].coefficients[lane] = term.coefficient * half;
            for (exponents, exponent) in kernel.terms[pair]
                .exponents
                .iter_mut()
                .zip(exponents_of_sizes(of_features))
            {
                exponents[lane] = exponent;
            }
        }
        kernel
    }

    /// The logarithm of a width that is a multiple of 64 up to 8,192, looked up.
    #[inline(always)]
    fn log_of_width(&self, width: u32) -> Option<f64> {
        let log = self.logs.get((width / 64) as usize)?;
        width.is_multiple_of(64).then_some(log + LN_64)
    }

    /// Logarithms of two numbers; NaN where one is not positive and finite.
    #[inline(always)]
    fn two_logs(a: f64, b: f64) -> [f64; 2] {
        let pair = Pair::new(a, b);
        if !Pair::all_within(&[pair], f64::MIN_POSITIVE, f64::MAX) {
            return [f64::NAN; 2];
        }
        let logs = elementary::ln(pair);
        [logs.first(), logs.second()]
    }

    /// The sum of the terms at sizes, whose logarithms are known.
    #[inline(always)]
    fn sum(&self, sizes: &Sizes, logs: &Sizes) -> f64 {
        let (mut sum, mut largest) = (Pair::all(0.0), Pair::all(0.0));
        for terms in self.terms.iter().take(self.n_pairs) {
            let [a, b, c, d, e] = terms.exponents;
            let times = |[first, second]: [f64; 2], log: f64| Pair::new(first, second) * log;
            let powers = (times(a, logs[0]) + times(b, logs[1]))
                + (times(c, logs[2]) + times(d, logs[3]))
                + times(e, logs[4]);
            let [first, second] = terms.coefficients;
            sum = sum + Pair::new(first, second) * elementary::exp(powers);
            largest = largest + powers * powers;
        }
        // NaN is not within; the squares' sum is beyond only where some power nearly is.
        if !Pair::all_within(
            &[largest],
            0.0,
            elementary::LARGEST_POWER * elementary::LARGEST_POWER,
        ) {
            return self.sum_slowly(sizes);
        }
        sum.first() + sum.second()
    }

    /// The same for sizes and powers as large as they may be, and where sizes that no term uses are nothing at all.
    #[cold]
    fn sum_slowly(&self, sizes: &Sizes) -> f64 {
        let mut sum = 0.0;
        for terms in self.terms.iter().take(self.n_pairs) {
            for lane in 0..2 {
                let exponents = terms.exponents.iter().map(|pair| pair[lane]);
                let used = exponents.zip(sizes).filter(|(exponent, _)| *exponent != 0.0);
                let power: f64 = used.map(|(exponent, size)| exponent * size.ln()).sum();
                sum += terms.coefficients[lane] * power.exp();
            }
        }
        sum
    }
}

impl LossLaw {
    /// The loss at given features, nats/token.
    #[must_use]
    #[inline]
    pub fn evaluate(&self, features: &Features) -> f64 {
        let sizes = features.sizes();
        Prepared {
            sizes,
            logs: sizes.map(f64::ln),
        }
        .loss(self)
    }

    /// The loss of an architecture trained as the law's runs were, nats/token.
    #[must_use]
    #[inline]
    pub fn loss(&self, architecture: &Architecture) -> f64 {
        self.prepare(architecture).loss(self)
    }

    /// The first half of [`LossLaw::loss`].
    #[inline(always)]
    pub(crate) fn prepare(&self, architecture: &Architecture) -> Prepared {
        let kernel = &self.kernel;
        let (hidden_size, cached) = (architecture.hidden_size, architecture.kv_elements_per_token());
        let (active, stored) = architecture.summed_ffn_widths();
        let n_layers = f64::from(architecture.n_layers);
        let sizes = [
            n_layers,
            f64::from(hidden_size),
            active,
            stored,
            f64::from(cached),
        ];
        let log_layers = kernel.logs.get(architecture.n_layers as usize);
        let [log_hidden, log_cached] = match (kernel.log_of_width(hidden_size), kernel.log_of_width(cached)) {
            (Some(log_hidden), Some(log_cached)) => [log_hidden, log_cached],
            _ => Kernel::two_logs(sizes[1], sizes[4]),
        };
        let [log_active, log_stored] = Kernel::two_logs(active, stored);
        let log_layers = log_layers.map_or_else(|| n_layers.ln(), |log| *log);
        Prepared {
            sizes,
            logs: [log_layers, log_hidden, log_active, log_stored, log_cached],
        }
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

/// The first half of a loss. Logarithms and exponentials are one long chain of operations, each waiting for the last; a
/// loop that does other work between the halves hides it.
pub(crate) struct Prepared {
    sizes: Sizes,
    logs: Sizes,
}

impl Prepared {
    /// The second half: the loss, nats/token.
    #[inline(always)]
    pub(crate) fn loss(&self, law: &LossLaw) -> f64 {
        law.irreducible_loss + law.kernel.sum(&self.sizes, &self.logs)
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
