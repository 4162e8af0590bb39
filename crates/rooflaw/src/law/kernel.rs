//! The law as the evaluation loop wants it.

use super::{Feature, Features, Formula, MAX_TERMS, Term, elementary};
use crate::architecture::{Architecture, Parameters};
use crate::law::fit::routed::RoutedLaw;
use crate::pair::Pair;

/// A law of shape features alone: fixed arrays, the terms in pairs, and powers of [`Sizes`].
#[derive(Clone, Copy, Debug, PartialEq)]
struct Shape {
    terms: [TermPair; MAX_TERMS / 2],
    n_pairs: usize,
    irreducible_loss: f64,
    /// Logarithms of 0 to 128: of every depth there has been and, 64-fold, of the usual widths. Others take longer.
    logs: [f64; 129],
}

const LN_64: f64 = 6.0 * std::f64::consts::LN_2;

/// What features are ratios of, so that no logarithm waits for a division: layers, hidden size, active and stored FFN
/// width over all layers, elements cached per token and layer.
type Sizes = [f64; 5];

impl Features {
    #[inline(always)]
    fn sizes(&self) -> Sizes {
        let &[n_layers, hidden_size, ffn_ratio, activation_rate, kv_dim, ..] = self.values();
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
fn exponents_of_sizes(of_features: &[f64; Feature::COUNT]) -> Sizes {
    let &[n_layers, hidden_size, ffn_ratio, activation_rate, kv_dim, ..] = of_features;
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
    exponents: [[f64; 2]; 5],
}

impl Shape {
    fn new(irreducible_loss: f64, terms: &[Term]) -> Shape {
        let mut kernel = Shape {
            terms: [TermPair::default(); MAX_TERMS / 2],
            n_pairs: 0,
            irreducible_loss,
            logs: std::array::from_fn(|number| (number as f64).ln()),
        };
        let used = terms.iter().filter(|term| term.coefficient != 0.0);
        for (index, term) in used.take(MAX_TERMS).enumerate() {
            let (pair, lane) = (index / 2, index % 2);
            kernel.n_pairs = pair + 1;
            let of_features = term.of_features();
            // kv_dim is half of what is cached.
            let half = 2.0_f64.powf(-of_features[Feature::KvDim as usize]);
            kernel.terms[pair].coefficients[lane] = term.coefficient * half;
            for (exponents, exponent) in kernel.terms[pair]
                .exponents
                .iter_mut()
                .zip(exponents_of_sizes(&of_features))
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

/// Features that are counted over the operators, or not of the architecture at all: laws that use them wait for the
/// counts.
const COUNTED: [Feature; 5] = [
    Feature::NExperts,
    Feature::Parameters,
    Feature::ActiveParameters,
    Feature::NonEmbeddingParameters,
    Feature::Tokens,
];

/// A law as the evaluation loop wants it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kernel {
    shape: Shape,
    /// Laws that the shape alone does not determine; `None` for the others, which are faster.
    general: Option<Box<General>>,
}

/// Any law of any features.
#[derive(Clone, Debug, PartialEq)]
struct General {
    irreducible_loss: f64,
    /// Coefficients, and an exponent for each feature.
    terms: Vec<(f64, [f64; Feature::COUNT])>,
    routed: Option<RoutedLaw>,
    /// Features of which logarithms are taken.
    used: Vec<Feature>,
    training_tokens: f64,
}

impl Term {
    /// The exponent of every feature.
    fn of_features(&self) -> [f64; Feature::COUNT] {
        let mut all = [0.0; Feature::COUNT];
        for &(feature, exponent) in &self.exponents {
            all[feature as usize] = exponent;
        }
        all
    }
}

impl General {
    fn loss(&self, features: &Features) -> f64 {
        if let Some(law) = &self.routed {
            // The law's models use one expert a token. Of others, what counts is stored over active FFN: 8 of 64 experts
            // are worth 1 of 8, not 1 of 64.
            let rate = features.get(Feature::ActivationRate);
            let experts = if rate.is_nan() {
                features.get(Feature::NExperts)
            } else {
                1.0 / rate
            };
            return law.loss(features.get(Feature::ActiveParameters), experts);
        }
        let mut logs = [0.0; Feature::COUNT];
        for &feature in &self.used {
            let value = features.get(feature);
            let known = if feature == Feature::Tokens && value.is_nan() {
                self.training_tokens
            } else {
                value
            };
            logs[feature as usize] = known.ln();
        }
        let terms = self.terms.iter().map(|(coefficient, exponents)| {
            let power: f64 = exponents
                .iter()
                .zip(&logs)
                .map(|(exponent, log)| exponent * log)
                .sum();
            coefficient * power.exp()
        });
        self.irreducible_loss + terms.sum::<f64>()
    }
}

impl Kernel {
    pub(crate) fn new(form: &Formula, training_tokens: Option<f64>) -> Kernel {
        let (irreducible_loss, terms, routed) = match form {
            Formula::AdditivePower {
                irreducible_loss,
                terms,
            } => (*irreducible_loss, terms.as_slice(), None),
            Formula::Routed(law) => (0.0, &[][..], Some(*law)),
        };
        let uses = |feature: &Feature| {
            let of_term = |term: &Term| term.of_features()[*feature as usize] != 0.0;
            terms.iter().any(of_term)
        };
        let general = routed.is_some() || COUNTED.iter().any(uses);
        Kernel {
            shape: Shape::new(irreducible_loss, terms),
            general: general.then(|| {
                Box::new(General {
                    irreducible_loss,
                    terms: terms
                        .iter()
                        .map(|term| (term.coefficient, term.of_features()))
                        .collect(),
                    routed,
                    used: Feature::ALL.into_iter().filter(uses).collect(),
                    training_tokens: training_tokens.unwrap_or(f64::NAN),
                })
            }),
        }
    }

    /// The loss at given features, nats/token.
    #[inline]
    pub(crate) fn evaluate(&self, features: &Features) -> f64 {
        if let Some(general) = &self.general {
            return general.loss(features);
        }
        let sizes = features.sizes();
        let logs = sizes.map(f64::ln);
        self.shape.irreducible_loss + self.shape.sum(&sizes, &logs)
    }

    /// The loss of an architecture, nats/token.
    #[inline]
    pub(crate) fn loss(&self, architecture: &Architecture) -> f64 {
        if let Some(general) = &self.general {
            return general.loss(&Features::of(architecture));
        }
        let prepared = self.prepare(architecture);
        self.shape.irreducible_loss + self.shape.sum(&prepared.sizes, &prepared.logs)
    }

    /// The first half of [`Kernel::loss`].
    #[inline(always)]
    pub(crate) fn prepare(&self, architecture: &Architecture) -> Prepared {
        let kernel = &self.shape;
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
            _ => Shape::two_logs(sizes[1], sizes[4]),
        };
        let [log_active, log_stored] = Shape::two_logs(active, stored);
        let log_layers = log_layers.map_or_else(|| n_layers.ln(), |log| *log);
        Prepared {
            sizes,
            logs: [log_layers, log_hidden, log_active, log_stored, log_cached],
        }
    }
}

/// The first half of a loss. Logarithms and exponentials are one long chain of operations, each waiting for the last; a
/// loop that does other work between the halves hides it.
pub(crate) struct Prepared {
    sizes: Sizes,
    logs: Sizes,
}

impl Prepared {
    /// The second half: the loss, nats/token, of the architecture that was prepared, whose parameters are counted by now.
    #[inline(always)]
    pub(crate) fn loss(&self, kernel: &Kernel, architecture: &Architecture, parameters: &Parameters) -> f64 {
        if let Some(general) = &kernel.general {
            return general.of_counted(architecture, parameters);
        }
        kernel.shape.irreducible_loss + kernel.shape.sum(&self.sizes, &self.logs)
    }
}

impl General {
    /// Out of the fast loop's way.
    #[cold]
    #[inline(never)]
    fn of_counted(&self, architecture: &Architecture, parameters: &Parameters) -> f64 {
        self.loss(&Features::given(architecture, parameters))
    }
}
