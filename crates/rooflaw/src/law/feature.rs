//! The features of an architecture that laws are written in.

use crate::architecture::{Architecture, Parameters};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A positive number that an architecture, or its training, has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// `l`, decoder layers.
    NLayers,
    /// `d`, width of the residual stream.
    HiddenSize,
    /// `r`, active FFN width over hidden size.
    FfnRatio,
    /// `ρ`, active over stored FFN width.
    ActivationRate,
    /// `d_m`, half of the elements cached per token and layer.
    KvDim,
    /// `E`, experts that a routed layer stores; 1 when dense.
    NExperts,
    /// `N`, all parameters, a tied LM head counted once.
    Parameters,
    /// Parameters that one token uses, embedding table and LM head included.
    ActiveParameters,
    /// All parameters but those of the embedding table and the LM head.
    NonEmbeddingParameters,
    /// `D`, tokens trained on: no feature of the architecture, but laws are written in it too.
    Tokens,
}

impl Feature {
    /// How many features there are.
    pub const COUNT: usize = 10;

    /// Every feature, in the order of [`Features::values`].
    pub const ALL: [Feature; Feature::COUNT] = [
        Feature::NLayers,
        Feature::HiddenSize,
        Feature::FfnRatio,
        Feature::ActivationRate,
        Feature::KvDim,
        Feature::NExperts,
        Feature::Parameters,
        Feature::ActiveParameters,
        Feature::NonEmbeddingParameters,
        Feature::Tokens,
    ];

    /// Those that an architecture determines.
    pub const OF_ARCHITECTURE: [Feature; Feature::COUNT - 1] = [
        Feature::NLayers,
        Feature::HiddenSize,
        Feature::FfnRatio,
        Feature::ActivationRate,
        Feature::KvDim,
        Feature::NExperts,
        Feature::Parameters,
        Feature::ActiveParameters,
        Feature::NonEmbeddingParameters,
    ];

    /// The feature of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Feature> {
        Feature::ALL.into_iter().find(|feature| feature.name() == name)
    }

    /// The name used in law files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Feature::NLayers => "n_layers",
            Feature::HiddenSize => "hidden_size",
            Feature::FfnRatio => "ffn_ratio",
            Feature::ActivationRate => "activation_rate",
            Feature::KvDim => "kv_dim",
            Feature::NExperts => "n_experts",
            Feature::Parameters => "parameters",
            Feature::ActiveParameters => "active_parameters",
            Feature::NonEmbeddingParameters => "non_embedding_parameters",
            Feature::Tokens => "tokens",
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One value for every feature.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Features {
    values: [f64; Feature::COUNT],
}

impl Features {
    /// The shape alone: layers, hidden size, active FFN ratio, activation rate, KV dimension. The other features are NaN,
    /// which is to say not known.
    #[must_use]
    pub const fn new(
        n_layers: f64,
        hidden_size: f64,
        ffn_ratio: f64,
        activation_rate: f64,
        kv_dim: f64,
    ) -> Self {
        let unknown = f64::NAN;
        Features {
            values: [
                n_layers,
                hidden_size,
                ffn_ratio,
                activation_rate,
                kv_dim,
                unknown,
                unknown,
                unknown,
                unknown,
                unknown,
            ],
        }
    }

    /// The same with one feature set.
    #[must_use]
    pub const fn with(mut self, feature: Feature, value: f64) -> Features {
        self.values[feature as usize] = value;
        self
    }

    /// The features of an architecture; the tokens it is trained on are not known.
    #[must_use]
    pub fn of(architecture: &Architecture) -> Features {
        Features::given(architecture, &architecture.parameters())
    }

    /// The features of an architecture whose parameters have been counted.
    #[must_use]
    pub(crate) fn given(architecture: &Architecture, parameters: &Parameters) -> Features {
        let n_experts = architecture.ffn.moe.map_or(1, |moe| moe.n_experts);
        Features::new(
            f64::from(architecture.n_layers),
            f64::from(architecture.hidden_size),
            architecture.ffn_ratio(),
            architecture.activation_rate(),
            architecture.kv_dim(),
        )
        .with(Feature::NExperts, f64::from(n_experts))
        .with(Feature::Parameters, parameters.total as f64)
        .with(Feature::ActiveParameters, parameters.active as f64)
        .with(Feature::NonEmbeddingParameters, parameters.non_embedding() as f64)
    }

    /// The values, in the order of [`Feature::ALL`].
    #[must_use]
    pub const fn values(&self) -> &[f64; Feature::COUNT] {
        &self.values
    }

    /// The value of one feature; NaN where it is not known.
    #[must_use]
    pub const fn get(&self, feature: Feature) -> f64 {
        self.values[feature as usize]
    }
}
