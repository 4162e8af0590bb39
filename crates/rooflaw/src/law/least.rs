//! The least loss that a law gives anywhere in a box of features.
//!
//! A term of a power law is a monomial: it is least where each feature is at one end. Terms may be least at different
//! ends; the sum of their least values is no more than the law's value anywhere. The routed law is bilinear in two
//! logarithms, and so least at one of four corners.

use super::fit::routed::RoutedLaw;
use super::{Feature, Formula, LossLaw, elementary};
use crate::pair::Pair;
use crate::space::Span;

/// Where each feature lies, in the order of [`Feature::ALL`]; those that a law does not use may be anything.
pub(crate) type FeatureSpans = [Span; Feature::COUNT];

/// A law prepared for lower bounds.
#[derive(Clone, Debug)]
pub(crate) struct LeastLoss {
    form: Form,
    /// Features that the law uses.
    used: Vec<Feature>,
}

#[derive(Clone, Debug)]
enum Form {
    Sum {
        irreducible_loss: f64,
        /// Coefficients, and exponents of some of the features.
        terms: Vec<(f64, Vec<(Feature, f64)>)>,
    },
    Routed(RoutedLaw),
}

/// The law's own value may be rounded by this share of the sum of its terms' magnitudes.
const ROUNDING: f64 = 1e-11;

/// Beyond this, rounding a logarithm changes a power by more than [`ROUNDING`].
const LARGEST_EXPONENT: f64 = 100.0;

impl LeastLoss {
    /// `None` for a law without valid bounds: one that asks for tokens and has none, whose exponents are far from any
    /// law's, or a routed law whose experts never saturate.
    pub(crate) fn new(law: &LossLaw) -> Option<LeastLoss> {
        let needed = Feature::ALL.into_iter().filter(|&feature| law.uses(feature));
        let form = match &law.form {
            Formula::AdditivePower {
                irreducible_loss,
                terms,
            } => {
                let mut kept = Vec::new();
                for term in terms.iter().filter(|term| term.coefficient != 0.0) {
                    let mut coefficient = term.coefficient;
                    let mut exponents: Vec<(Feature, f64)> = Vec::new();
                    for &(feature, exponent) in term.exponents.iter().filter(|(_, exponent)| *exponent != 0.0)
                    {
                        if feature == Feature::Tokens {
                            coefficient *= law.training_tokens?.powf(exponent);
                        } else if exponent.abs() <= LARGEST_EXPONENT {
                            exponents.push((feature, exponent));
                        } else {
                            return None;
                        }
                    }
                    kept.push((coefficient, exponents));
                }
                let finite = kept.iter().all(|(coefficient, _)| coefficient.is_finite());
                (finite && irreducible_loss.is_finite()).then_some(Form::Sum {
                    irreducible_loss: *irreducible_loss,
                    terms: kept,
                })?
            }
            Formula::Routed(law) => {
                let numbers = [law.a, law.b, law.c, law.d, law.expert_start, law.expert_max];
                let valid = numbers
                    .iter()
                    .all(|number| number.is_finite() && number.abs() <= 1e6)
                    && law.expert_start > 0.0
                    && law.expert_max > law.expert_start;
                valid.then_some(Form::Routed(*law))?
            }
        };
        Some(LeastLoss {
            form,
            used: needed.filter(|&feature| feature != Feature::Tokens).collect(),
        })
    }

    /// Whether the law's loss depends on a feature.
    pub(crate) fn uses(&self, feature: Feature) -> bool {
        self.used.contains(&feature)
    }

    /// A loss that the law falls below nowhere in the spans.
    pub(crate) fn of(&self, spans: &FeatureSpans) -> f64 {
        let bound = match &self.form {
            Form::Sum {
                irreducible_loss,
                terms,
            } => {
                let mut logs = [Pair::all(0.0); Feature::COUNT];
                for &feature in &self.used {
                    logs[feature as usize] = log(spans[feature as usize]);
                }
                let (mut sum, mut size) = (*irreducible_loss, irreducible_loss.abs());
                for (coefficient, exponents) in terms {
                    let least = *coefficient > 0.0;
                    let power: f64 = exponents
                        .iter()
                        .map(|&(feature, exponent)| {
                            let log = logs[feature as usize];
                            let at_low = (exponent > 0.0) == least;
                            exponent * if at_low { log.first() } else { log.second() }
                        })
                        .sum();
                    let term = coefficient * exp(power);
                    sum += term;
                    size += term.abs();
                }
                sum - ROUNDING * size
            }
            Form::Routed(law) => {
                let sizes = spans[Feature::ActiveParameters as usize];
                let rates = spans[Feature::ActivationRate as usize];
                let least = [sizes.low, sizes.high]
                    .into_iter()
                    .flat_map(|size| [rates.low, rates.high].map(|rate| law.loss(size, 1.0 / rate)))
                    .fold(f64::INFINITY, |least, loss| {
                        // NaN, where nothing is known, stays.
                        if loss >= least { least } else { loss }
                    });
                least - ROUNDING * least.abs()
            }
        };
        if bound.is_nan() { f64::NEG_INFINITY } else { bound }
    }
}

/// Logarithms of both ends.
#[inline]
fn log(span: Span) -> Pair {
    let ends = Pair::new(span.low, span.high);
    if Pair::all_within(&[ends], f64::MIN_POSITIVE, f64::MAX) {
        elementary::ln(ends)
    } else {
        Pair::new(span.low.ln(), span.high.ln())
    }
}

#[inline]
fn exp(power: f64) -> f64 {
    if power.abs() <= elementary::LARGEST_POWER {
        elementary::exp(Pair::all(power)).first()
    } else {
        power.exp()
    }
}
