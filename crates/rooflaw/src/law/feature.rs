//! The features of an architecture that laws are written in.

use crate::architecture::Architecture;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A positive number that an architecture has.
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
}

impl Feature {
    /// How many features there are.
    pub const COUNT: usize = 5;

    /// Every feature, in the order of [`Features::values`].
    pub const ALL: [Feature; Feature::COUNT] = [
        Feature::NLayers,
        Feature::HiddenSize,
        Feature::FfnRatio,
        Feature::ActivationRate,
        Feature::KvDim,
    ];

    /// The name used in law files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Feature::NLayers => "n_layers",
            Feature::HiddenSize => "hidden_size",
            Feature::FfnRatio => "ffn_ratio",
            Feature::ActivationRate => "activation_rate",
            Feature::KvDim => "kv_dim",
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
    /// Features given one by one: layers, hidden size, active FFN ratio, activation rate, KV dimension.
    #[must_use]
    pub const fn new(
        n_layers: f64,
        hidden_size: f64,
        ffn_ratio: f64,
        activation_rate: f64,
        kv_dim: f64,
    ) -> Self {
        Features {
            values: [n_layers, hidden_size, ffn_ratio, activation_rate, kv_dim],
        }
    }

    /// The features of an architecture.
    #[must_use]
    #[inline]
    pub fn of(architecture: &Architecture) -> Features {
        Features::new(
            f64::from(architecture.n_layers),
            f64::from(architecture.hidden_size),
            architecture.ffn_ratio(),
            architecture.activation_rate(),
            architecture.kv_dim(),
        )
    }

    /// The values, in the order of [`Feature::ALL`].
    #[must_use]
    pub const fn values(&self) -> &[f64; Feature::COUNT] {
        &self.values
    }

    /// The value of one feature.
    #[must_use]
    pub const fn get(&self, feature: Feature) -> f64 {
        self.values[feature as usize]
    }
}
