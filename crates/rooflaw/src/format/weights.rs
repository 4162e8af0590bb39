//! Weight formats: bits per weight of each tensor, and the precision the matrix products run in.

use super::{Precision, UnknownFormat, gguf, more_bits_share};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt, str::FromStr};

/// The role of a weight tensor; formats treat roles differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tensor {
    /// The token embedding table, not shared with the head.
    Embedding,
    /// The LM head, or the table that serves as both.
    LmHead,
    /// Query projection.
    Query,
    /// Key projection, and the latent key-value projections.
    Key,
    /// Value projection.
    Value,
    /// Attention output projection.
    Output,
    /// FFN gate and up projections.
    FfnUp,
    /// FFN down projection.
    FfnDown,
    /// Experts' gate and up projections.
    ExpertUp,
    /// Experts' down projection.
    ExpertDown,
    /// The mixture-of-experts router.
    Router,
    /// Norms, biases, sinks: vectors, never quantised.
    Vector,
}

impl Tensor {
    pub(crate) const COUNT: usize = 12;

    /// Every role, in the order of their numbers.
    pub(super) const ALL: [Tensor; Tensor::COUNT] = [
        Tensor::Embedding,
        Tensor::LmHead,
        Tensor::Query,
        Tensor::Key,
        Tensor::Value,
        Tensor::Output,
        Tensor::FfnUp,
        Tensor::FfnDown,
        Tensor::ExpertUp,
        Tensor::ExpertDown,
        Tensor::Router,
        Tensor::Vector,
    ];

    /// The width that is the length of its rows, in a model with grouped-query attention.
    pub(super) const fn rows(self) -> Rows {
        match self {
            Tensor::Output => Rows::Query,
            Tensor::FfnDown | Tensor::ExpertDown => Rows::Ffn,
            _ => Rows::Hidden,
        }
    }
}

/// What the rows of a tensor are as long as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// The hidden size.
    Hidden,
    /// All queries together.
    Query,
    /// The FFN, or an expert of it.
    Ffn,
}

/// How rows divide into the blocks that GGUF quantises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alignment {
    /// Whole super-blocks of 256.
    SuperBlocks,
    /// Whole blocks of 32 only.
    Blocks,
    /// Neither.
    None,
}

impl Alignment {
    pub(crate) fn of(in_features: u32) -> Alignment {
        if in_features.is_multiple_of(256) {
            Alignment::SuperBlocks
        } else if in_features.is_multiple_of(32) {
            Alignment::Blocks
        } else {
            Alignment::None
        }
    }
}

/// Bits per weight as a sum that holds for every width and depth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct WeightBits {
    /// In every layer.
    pub(crate) base: f64,
    /// More in the layers that [`more_bits_share`](super::more_bits_share) counts.
    pub(crate) bump: f64,
    /// More for every row of the matrix, whatever its length.
    pub(crate) per_row: f64,
}

impl WeightBits {
    pub(super) const fn plain(base: f64) -> WeightBits {
        WeightBits {
            base,
            bump: 0.0,
            per_row: 0.0,
        }
    }
}

/// What of a tensor decides its bits per weight.
#[derive(Clone, Copy, Debug)]
pub struct TensorShape {
    /// The role.
    pub tensor: Tensor,
    /// Length of the contiguous rows that are quantised in blocks.
    pub in_features: u32,
    /// Layers of the model, over which mixed formats are averaged.
    pub n_layers: u32,
    /// Routed experts of the model, 0 when dense.
    pub n_experts: u32,
}

/// How weights are stored, and in which precision they are multiplied.
///
/// Matrix products run in: the format itself for fp32, fp16, bf16; fp8 and int8 where activations are quantised too
/// (`fp8`, `w8a8`, and GGUF's quantised formats, whose kernels quantise activations to 8-bit blocks); fp16 where
/// weights are dequantised first (`w8a16`, `w4a16`, `mxfp4` in bf16).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WeightFormat {
    /// 32-bit floats.
    Fp32,
    /// 16-bit IEEE floats.
    Fp16,
    /// bfloat16.
    Bf16,
    /// 8-bit floats with one fp16 scale per output channel; embedding and head in 16 bits.
    Fp8,
    /// 8-bit integers with one fp16 scale per output channel, 16-bit activations; embedding and head in 16 bits.
    W8A16,
    /// As `W8A16`, with 8-bit activations in the products.
    W8A8,
    /// 4-bit integers with an fp16 scale and a 4-bit zero per group (AWQ, GPTQ); embedding and head in 16 bits.
    W4A16 {
        /// Weights that share a scale.
        group_size: u32,
    },
    /// OCP MXFP4: experts in 4 bits with an 8-bit scale per 32, all else in bf16 (gpt-oss).
    Mxfp4,
    /// GGUF F16.
    GgufF16,
    /// GGUF `Q8_0`.
    Q8_0,
    /// GGUF `Q4_0`.
    Q4_0,
    /// GGUF `Q4_K_M`.
    Q4KM,
    /// GGUF `Q5_K_M`.
    Q5KM,
    /// GGUF `Q6_K`.
    Q6K,
}

impl WeightFormat {
    /// Every format, with the usual group size of 128 for `w4a16`.
    pub const ALL: [WeightFormat; 14] = [
        WeightFormat::Fp32,
        WeightFormat::Fp16,
        WeightFormat::Bf16,
        WeightFormat::Fp8,
        WeightFormat::W8A16,
        WeightFormat::W8A8,
        WeightFormat::W4A16 { group_size: 128 },
        WeightFormat::Mxfp4,
        WeightFormat::GgufF16,
        WeightFormat::Q8_0,
        WeightFormat::Q4_0,
        WeightFormat::Q4KM,
        WeightFormat::Q5KM,
        WeightFormat::Q6K,
    ];

    /// The name used on the command line and in files.
    #[must_use]
    pub fn name(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            WeightFormat::Fp32 => "fp32",
            WeightFormat::Fp16 => "fp16",
            WeightFormat::Bf16 => "bf16",
            WeightFormat::Fp8 => "fp8",
            WeightFormat::W8A16 => "w8a16",
            WeightFormat::W8A8 => "w8a8",
            WeightFormat::W4A16 { group_size: 128 } => "w4a16",
            WeightFormat::W4A16 { group_size } => return Cow::Owned(format!("w4a16-g{group_size}")),
            WeightFormat::Mxfp4 => "mxfp4",
            WeightFormat::GgufF16 => "F16",
            WeightFormat::Q8_0 => "Q8_0",
            WeightFormat::Q4_0 => "Q4_0",
            WeightFormat::Q4KM => "Q4_K_M",
            WeightFormat::Q5KM => "Q5_K_M",
            WeightFormat::Q6K => "Q6_K",
        })
    }

    /// The precision in which weights and activations are multiplied.
    #[must_use]
    pub const fn matrix_precision(self) -> Precision {
        match self {
            WeightFormat::Fp32 => Precision::Fp32,
            WeightFormat::Bf16 | WeightFormat::Mxfp4 => Precision::Bf16,
            WeightFormat::Fp8 => Precision::Fp8,
            WeightFormat::Fp16 | WeightFormat::GgufF16 | WeightFormat::W8A16 | WeightFormat::W4A16 { .. } => {
                Precision::Fp16
            }
            WeightFormat::W8A8
            | WeightFormat::Q8_0
            | WeightFormat::Q4_0
            | WeightFormat::Q4KM
            | WeightFormat::Q5KM
            | WeightFormat::Q6K => Precision::Int8,
        }
    }

    /// The precision of the LM head's product, which formats that leave the head in 16 bits run in 16 bits.
    #[must_use]
    pub const fn head_precision(self) -> Precision {
        match self {
            WeightFormat::Fp8 => Precision::Bf16,
            WeightFormat::W8A8 => Precision::Fp16,
            other => other.matrix_precision(),
        }
    }

    /// Bits per weight of a tensor, scales included; for formats that mix types by layer, the mean over layers.
    #[must_use]
    pub fn bits_per_weight(self, shape: TensorShape) -> f64 {
        let alignment = Alignment::of(shape.in_features);
        let bits = self.bits(shape.tensor, alignment, shape.n_experts == 8);
        bits.base + bits.bump * more_bits_share(shape.n_layers) + bits.per_row / f64::from(shape.in_features)
    }

    /// The home of every format's rules.
    pub(super) fn bits(self, tensor: Tensor, alignment: Alignment, has_eight_experts: bool) -> WeightBits {
        let unquantised = matches!(tensor, Tensor::Vector | Tensor::Router);
        let vocabulary = matches!(tensor, Tensor::Embedding | Tensor::LmHead);
        WeightBits::plain(match self {
            WeightFormat::Fp32 => 32.0,
            WeightFormat::Fp16 | WeightFormat::Bf16 => 16.0,
            WeightFormat::GgufF16 => {
                if unquantised {
                    32.0
                } else {
                    16.0
                }
            }
            WeightFormat::Fp8 | WeightFormat::W8A16 | WeightFormat::W8A8 => {
                if unquantised || vocabulary {
                    16.0
                } else {
                    return WeightBits {
                        per_row: 16.0,
                        ..WeightBits::plain(8.0)
                    };
                }
            }
            WeightFormat::W4A16 { group_size } => {
                if unquantised || vocabulary {
                    16.0
                } else {
                    4.0 + 20.0 / f64::from(group_size)
                }
            }
            WeightFormat::Mxfp4 => {
                if matches!(tensor, Tensor::ExpertUp | Tensor::ExpertDown) {
                    4.0 + 8.0 / 32.0
                } else {
                    16.0
                }
            }
            WeightFormat::Q8_0
            | WeightFormat::Q4_0
            | WeightFormat::Q4KM
            | WeightFormat::Q5KM
            | WeightFormat::Q6K => {
                if unquantised {
                    32.0
                } else {
                    return gguf::bits(self, tensor, alignment, has_eight_experts);
                }
            }
        })
    }
}

impl fmt::Display for WeightFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name())
    }
}

impl FromStr for WeightFormat {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let lower = name.to_ascii_lowercase();
        let alias = match lower.as_str() {
            "int8" => "w8a8",
            "int4" | "awq" | "gptq" => "w4a16",
            other => other,
        };
        if let Some(group) = alias.strip_prefix("w4a16-g")
            && let Ok(group_size @ 8..=4096) = group.parse()
        {
            return Ok(WeightFormat::W4A16 { group_size });
        }
        // GGUF's `F16` and `fp16` differ by the precision of norms only, and by name.
        WeightFormat::ALL
            .into_iter()
            .find(|format| format.name().eq_ignore_ascii_case(alias))
            .ok_or_else(|| UnknownFormat {
                name: name.to_owned(),
                accepted: WeightFormat::ALL
                    .map(|format| format.name().into_owned())
                    .join(", ")
                    + " (int8 = w8a8; int4 = w4a16; w4a16-g32 sets the group size, 8 to 4096)",
            })
    }
}

impl Serialize for WeightFormat {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name())
    }
}

impl<'de> Deserialize<'de> for WeightFormat {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_are_numbered_in_order() {
        for (index, tensor) in Tensor::ALL.into_iter().enumerate() {
            assert_eq!(tensor as usize, index);
        }
    }

    #[test]
    fn names_round_trip() {
        for format in WeightFormat::ALL
            .into_iter()
            .chain([WeightFormat::W4A16 { group_size: 32 }])
        {
            assert_eq!(format.name().parse::<WeightFormat>(), Ok(format));
        }
        assert_eq!("int8".parse(), Ok(WeightFormat::W8A8));
        assert!("w4a16-g0".parse::<WeightFormat>().is_err());
        assert!(
            "Q3".parse::<WeightFormat>()
                .unwrap_err()
                .to_string()
                .contains("Q4_K_M")
        );
    }
}
