//! What quantising weights costs in loss, beside the law: measured degradations and laws of them, as data.
//!
//! A law of architectures is of models in 16 bits. A [`QuantisationLoss`] says how many nats/token a weight format adds, as
//! measured on one model, and how that scales with parameters and tokens where a law of it is known. Formats in 16 bits or
//! more add nothing; one that the model does not know is refused.

mod file;

pub use file::QuantisationFileError;

use crate::architecture::Parameters;
use crate::format::WeightFormat;
use crate::{embedded, near_miss::near_miss};
use serde::Serialize;

/// A model of the loss that weight formats cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QuantisationLoss {
    /// Identifier, the stem of its file.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Where it was read.
    pub source: String,
    /// What to know before trusting it.
    pub note: Option<String>,
    /// Parameters of the model that was measured.
    pub parameters: f64,
    /// Tokens that it was trained on.
    pub tokens: Option<f64>,
    /// The cost of each format on that model.
    pub formats: Vec<FormatLoss>,
    /// How it scales; `None` takes the measured cost for every model.
    pub scaling: Option<Scaling>,
}

/// What one format costs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FormatLoss {
    /// The format.
    pub weights: WeightFormat,
    /// Its cost above 16 bits, nats/token.
    pub loss: f64,
    /// The standard deviation that the source states.
    pub error: Option<f64>,
}

/// Powers of the ratios to the model that was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scaling {
    /// The power of the parameters; negative, since larger models lose less.
    #[serde(default)]
    pub parameters: f64,
    /// The power of the tokens; positive, since models trained longer lose more.
    #[serde(default)]
    pub tokens: f64,
    /// Where the law was fitted.
    #[serde(default)]
    pub range: ScalingRange,
}

/// The range of a law.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScalingRange {
    /// Of parameters.
    pub parameters: Option<[f64; 2]>,
}

/// What is added to the losses of architectures in one format.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Penalty {
    /// Nats/token at `reference_parameters`.
    pub loss: f64,
    /// The power of parameters over `reference_parameters`; 0 for none.
    pub exponent: f64,
    /// Parameters of the model that was measured.
    pub reference_parameters: f64,
}

impl Penalty {
    /// What it adds to an architecture's loss, nats/token.
    #[must_use]
    #[inline]
    pub fn of(&self, parameters: &Parameters) -> f64 {
        if self.exponent == 0.0 {
            return self.loss;
        }
        self.at(parameters.total as f64)
    }

    /// The least that it adds to the loss of architectures with `low` to `high` parameters.
    #[must_use]
    pub(crate) fn least(&self, low: f64, high: f64) -> f64 {
        if self.exponent == 0.0 {
            return self.loss;
        }
        // A power of the parameters is monotone; rounding may not make it more than what it bounds.
        self.at(low).min(self.at(high)) * (1.0 - 1e-12)
    }

    fn at(&self, parameters: f64) -> f64 {
        self.loss * (parameters / self.reference_parameters).powf(self.exponent)
    }
}

/// A format whose cost is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownCost {
    /// It was not measured.
    #[error("{model} knows no cost of {weights}: expected {known}, or formats in 16 bits or more")]
    Format {
        /// The model's id.
        model: String,
        /// The format.
        weights: String,
        /// The formats that it knows.
        known: String,
    },
    /// A law of tokens without tokens.
    #[error("{0} depends on the tokens trained on: expected --training-tokens, which laws of tokens take")]
    Tokens(String),
}

/// Whether a format keeps 16 bits or more of every weight, which costs nothing.
#[must_use]
pub const fn is_free(weights: WeightFormat) -> bool {
    matches!(
        weights,
        WeightFormat::Fp32 | WeightFormat::Fp16 | WeightFormat::Bf16 | WeightFormat::GgufF16
    )
}

impl QuantisationLoss {
    /// What a format adds to the losses of architectures trained on so many tokens; `None` for one that costs nothing.
    ///
    /// # Errors
    /// [`UnknownCost`].
    pub fn penalty(
        &self,
        weights: WeightFormat,
        training_tokens: Option<f64>,
    ) -> Result<Option<Penalty>, UnknownCost> {
        if is_free(weights) {
            return Ok(None);
        }
        let Some(known) = self.formats.iter().find(|known| known.weights == weights) else {
            let names: Vec<String> = self
                .formats
                .iter()
                .map(|known| known.weights.to_string())
                .collect();
            return Err(UnknownCost::Format {
                model: self.id.clone(),
                weights: weights.to_string(),
                known: names.join(", "),
            });
        };
        let mut penalty = Penalty {
            loss: known.loss,
            exponent: 0.0,
            reference_parameters: self.parameters,
        };
        if let Some(scaling) = &self.scaling {
            penalty.exponent = scaling.parameters;
            if scaling.tokens != 0.0 {
                let (Some(trained), Some(measured)) = (training_tokens, self.tokens) else {
                    return Err(UnknownCost::Tokens(self.id.clone()));
                };
                penalty.loss *= (trained / measured).powf(scaling.tokens);
            }
        }
        Ok(Some(penalty))
    }
}

/// A name that is not embedded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown quantisation loss `{name}`{}: expected {known}; a TOML file of your own works too",
    .near_miss.as_ref().map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default())]
pub struct UnknownQuantisationLoss {
    /// What was asked for.
    pub name: String,
    /// The most similar name there is.
    pub near_miss: Option<String>,
    /// The names that there are.
    pub known: String,
}

/// Every embedded model, sorted by id.
#[must_use]
pub fn presets() -> Vec<QuantisationLoss> {
    embedded::QUANTISATION
        .iter()
        .filter_map(|(id, text)| QuantisationLoss::from_toml(id, text).ok())
        .collect()
}

/// Finds an embedded model by id.
///
/// # Errors
/// [`UnknownQuantisationLoss`] with the nearest id.
pub fn find(name: &str) -> Result<QuantisationLoss, UnknownQuantisationLoss> {
    let ids = || embedded::QUANTISATION.iter().map(|(id, _)| *id);
    presets()
        .into_iter()
        .find(|model| model.id.eq_ignore_ascii_case(name))
        .ok_or_else(|| UnknownQuantisationLoss {
            name: name.to_owned(),
            near_miss: near_miss(name, ids()).map(str::to_owned),
            known: ids().collect::<Vec<_>>().join(", "),
        })
}

#[cfg(test)]
mod tests;
