//! The law as a sum of powers of the shape.

use super::{Monomial, Posynomial, ShapeVariable};
use crate::law::{Feature, Formula, LossLaw, Term};

/// A law whose loss is no sum of powers of the shape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the law `{law}` {reason}: the theory wants a sum of powers of n_layers, hidden_size, ffn_ratio, activation_rate \
     and kv_dim with positive coefficients, such as `co-design`; `rooflaw design` searches with any law"
)]
pub struct UnsupportedLaw {
    /// The law's id.
    pub law: String,
    /// What is in the way.
    pub reason: String,
}

/// The irreducible loss, and the rest as a posynomial.
pub(super) fn objective(law: &LossLaw) -> Result<(f64, Posynomial), UnsupportedLaw> {
    let refuse = |reason: String| UnsupportedLaw {
        law: law.id.clone(),
        reason,
    };
    let Formula::AdditivePower {
        irreducible_loss,
        terms,
    } = &law.form
    else {
        return Err(refuse("is the law of routed models".to_owned()));
    };
    let used = terms.iter().filter(|term| term.coefficient != 0.0);
    let (mut constant, mut sum) = (*irreducible_loss, Posynomial::default());
    for term in used {
        if term.coefficient < 0.0 {
            return Err(refuse(format!("has a negative term, `{}`", term.name)));
        }
        let monomial = monomial(term, law).map_err(|feature| refuse(format!("is written in {feature}")))?;
        if monomial.exponents == [0.0; ShapeVariable::COUNT] {
            constant += monomial.coefficient;
        } else {
            sum.terms.push(monomial);
        }
    }
    if sum.terms.is_empty() {
        return Err(refuse("does not depend on the shape".to_owned()));
    }
    Ok((constant, sum))
}

/// A term in the problem's variables, or the feature that is none of them.
pub(super) fn monomial(term: &Term, law: &LossLaw) -> Result<Monomial, Feature> {
    let mut monomial = Monomial {
        coefficient: term.coefficient,
        exponents: [0.0; ShapeVariable::COUNT],
    };
    for &(feature, exponent) in &term.exponents {
        let mut add = |variable: ShapeVariable, exponent: f64| {
            monomial.exponents[variable as usize] += exponent;
        };
        match (feature, law.training_tokens) {
            (Feature::NLayers, _) => add(ShapeVariable::NLayers, exponent),
            (Feature::HiddenSize, _) => add(ShapeVariable::HiddenSize, exponent),
            (Feature::FfnRatio, _) => add(ShapeVariable::FfnRatio, exponent),
            (Feature::ActivationRate, _) => add(ShapeVariable::ActivationRate, exponent),
            (Feature::KvDim, _) => {
                add(ShapeVariable::HiddenSize, exponent);
                add(ShapeVariable::Gqa, -exponent);
            }
            (Feature::Tokens, Some(tokens)) => monomial.coefficient *= tokens.powf(exponent),
            _ if exponent == 0.0 => {}
            _ => return Err(feature),
        }
    }
    Ok(monomial)
}
