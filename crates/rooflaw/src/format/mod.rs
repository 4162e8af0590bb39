//! Number formats of weights, activations and the KV cache, with their real bits per element.

mod gguf;
mod table;
mod weights;

pub(crate) use gguf::more_bits_share;
pub(crate) use table::{Relaxed, WeightBytes, WeightTable};
pub(crate) use weights::Alignment;
pub use weights::{Tensor, TensorShape, WeightFormat};

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A scalar type that arithmetic runs in, and that activations and KV elements are held in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// IEEE binary32.
    Fp32,
    /// IEEE binary16.
    Fp16,
    /// bfloat16.
    Bf16,
    /// 8-bit floating point (E4M3 or E5M2).
    Fp8,
    /// 8-bit integer.
    Int8,
    /// 4-bit integer.
    Int4,
}

impl Precision {
    /// Every precision.
    pub const ALL: [Precision; 6] = [
        Precision::Fp32,
        Precision::Fp16,
        Precision::Bf16,
        Precision::Fp8,
        Precision::Int8,
        Precision::Int4,
    ];

    /// Bytes of one element.
    #[must_use]
    pub const fn bytes(self) -> f64 {
        match self {
            Precision::Fp32 => 4.0,
            Precision::Fp16 | Precision::Bf16 => 2.0,
            Precision::Fp8 | Precision::Int8 => 1.0,
            Precision::Int4 => 0.5,
        }
    }

    /// The name used on the command line and in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Precision::Fp32 => "fp32",
            Precision::Fp16 => "fp16",
            Precision::Bf16 => "bf16",
            Precision::Fp8 => "fp8",
            Precision::Int8 => "int8",
            Precision::Int4 => "int4",
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A format name that is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown format `{name}`: expected one of {accepted}")]
pub struct UnknownFormat {
    /// What was asked for.
    pub name: String,
    /// The names there are, separated by commas.
    pub accepted: String,
}

impl FromStr for Precision {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Precision::ALL
            .into_iter()
            .find(|p| p.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| UnknownFormat {
                name: name.to_owned(),
                accepted: Precision::ALL.map(Precision::name).join(", "),
            })
    }
}

/// The formats a model is run in: weights, activations and KV cache apart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Formats {
    /// Format of the weights.
    pub weights: WeightFormat,
    /// Precision in which activations travel through memory.
    pub activations: Precision,
    /// Precision of the KV cache.
    pub kv: Precision,
}

impl Default for Formats {
    fn default() -> Self {
        Formats::of_weights(WeightFormat::Bf16)
    }
}

impl Formats {
    /// The usual companions of a weight format: 16-bit activations and KV cache (32-bit for fp32 weights).
    #[must_use]
    pub const fn of_weights(weights: WeightFormat) -> Formats {
        let companion = match weights {
            WeightFormat::Fp32 => Precision::Fp32,
            WeightFormat::Bf16 | WeightFormat::Mxfp4 | WeightFormat::Fp8 => Precision::Bf16,
            _ => Precision::Fp16,
        };
        Formats {
            weights,
            activations: companion,
            kv: companion,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for precision in Precision::ALL {
            assert_eq!(precision.name().parse::<Precision>(), Ok(precision));
        }
        assert!(
            "fp7"
                .parse::<Precision>()
                .unwrap_err()
                .to_string()
                .contains("fp16")
        );
    }
}
