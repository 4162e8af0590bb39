//! A format's bytes per weight, looked up instead of decided: the evaluation loop asks for every tensor.

use super::weights::{Alignment, Tensor, WeightBits, WeightFormat};

/// Bytes per weight, in the terms of [`WeightBits`].
pub(crate) type WeightBytes = WeightBits;

/// [`WeightFormat::bits`], in bytes, for every question that can be asked of one format.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WeightTable {
    /// By whether there are eight experts, by the power of two that divides rows, by `Tensor`.
    bytes: [[[WeightBytes; Tensor::COUNT]; POWERS]; 2],
}

/// Powers of two told apart: 2^0 to 2^8, the largest block.
const POWERS: usize = 9;

impl WeightTable {
    pub(crate) fn new(format: WeightFormat) -> WeightTable {
        WeightTable {
            bytes: [false, true].map(|has_eight_experts| {
                std::array::from_fn(|power| {
                    let alignment = Alignment::of(1 << power);
                    Tensor::ALL.map(|tensor| WeightTable::bytes(format, tensor, alignment, has_eight_experts))
                })
            }),
        }
    }

    /// One entry.
    pub(crate) fn bytes(
        format: WeightFormat,
        tensor: Tensor,
        alignment: Alignment,
        has_eight_experts: bool,
    ) -> WeightBytes {
        let bits = format.bits(tensor, alignment, has_eight_experts);
        WeightBytes {
            base: bits.base / 8.0,
            bump: bits.bump / 8.0,
            per_row: bits.per_row / 8.0,
        }
    }

    /// Every tensor's bytes in a model of so many experts, in rows of so many weights.
    #[inline(always)]
    pub(crate) fn of(&self, n_experts: u32, in_features: u32) -> &[WeightBytes; Tensor::COUNT] {
        let power = (in_features | 1 << (POWERS - 1)).trailing_zeros() as usize;
        &self.bytes[usize::from(n_experts == 8)][power]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::TensorShape;

    #[test]
    fn the_table_says_what_the_format_says() {
        for format in WeightFormat::ALL {
            let table = WeightTable::new(format);
            for tensor in Tensor::ALL {
                for (in_features, n_experts) in [(256, 0), (768, 8), (896, 16), (1000, 8), (1001, 0), (32, 8)]
                {
                    let bytes = table.of(n_experts, in_features)[tensor as usize];
                    let n_layers = 24;
                    let looked_up = bytes.base
                        + bytes.bump * crate::format::more_bits_share(n_layers)
                        + bytes.per_row / f64::from(in_features);
                    let shape = TensorShape {
                        tensor,
                        in_features,
                        n_layers,
                        n_experts,
                    };
                    assert_eq!(
                        looked_up * 8.0,
                        format.bits_per_weight(shape),
                        "{format} {shape:?}"
                    );
                }
            }
        }
    }
}
