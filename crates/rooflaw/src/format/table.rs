//! A format's bytes per weight, looked up instead of decided: the evaluation loop asks for every tensor.

use super::weights::{Alignment, Rows, Tensor, WeightBits, WeightFormat};

/// Bytes per weight, in the terms of [`WeightBits`].
pub(crate) type WeightBytes = WeightBits;

/// What is not known of a set of models whose least bytes are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Relaxed {
    /// The hidden size.
    pub(crate) hidden: bool,
    /// The width of the queries.
    pub(crate) query: bool,
    /// The FFN widths.
    pub(crate) ffn: bool,
    /// The share of layers with more bits among those that a tensor is in.
    pub(crate) layers: bool,
    /// Whether there are eight experts.
    pub(crate) eight: bool,
}

impl Relaxed {
    /// How many there are.
    pub(crate) const COUNT: usize = 32;

    /// All of them, each at its [`Relaxed::number`].
    pub(crate) fn all() -> impl Iterator<Item = Relaxed> {
        (0..Relaxed::COUNT).map(|bits| Relaxed {
            hidden: bits & 1 != 0,
            query: bits & 2 != 0,
            ffn: bits & 4 != 0,
            layers: bits & 8 != 0,
            eight: bits & 16 != 0,
        })
    }

    /// Its number.
    pub(crate) fn number(self) -> usize {
        let bits = [self.hidden, self.query, self.ffn, self.layers, self.eight];
        bits.iter()
            .rev()
            .fold(0, |number, &bit| 2 * number + usize::from(bit))
    }
}

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

    /// No more bytes than any of the models takes that differ in what is relaxed.
    pub(crate) fn least(&self, relaxed: Relaxed) -> WeightTable {
        let least = |a: WeightBytes, b: &WeightBytes| WeightBytes {
            base: a.base.min(b.base),
            bump: a.bump.min(b.bump),
            per_row: a.per_row.min(b.per_row),
        };
        WeightTable {
            bytes: std::array::from_fn(|eight| {
                std::array::from_fn(|power| {
                    std::array::from_fn(|tensor| {
                        let is_relaxed = match Tensor::ALL[tensor].rows() {
                            Rows::Hidden => relaxed.hidden,
                            Rows::Query => relaxed.query,
                            Rows::Ffn => relaxed.ffn,
                        };
                        let powers = if is_relaxed { 0..POWERS } else { power..power + 1 };
                        let eights = if relaxed.eight { 0..2 } else { eight..eight + 1 };
                        let entries =
                            eights.flat_map(|eight| powers.clone().map(move |power| (eight, power)));
                        let mut bytes = entries
                            .fold(self.bytes[eight][power][tensor], |bytes, (eight, power)| {
                                least(bytes, &self.bytes[eight][power][tensor])
                            });
                        if relaxed.layers {
                            bytes.bump = bytes.bump.min(0.0);
                        }
                        bytes
                    })
                })
            }),
        }
    }

    /// The fewest bytes of a weight in any tensor.
    pub(crate) fn least_bytes(&self) -> f64 {
        let all = self.bytes.iter().flatten().flatten();
        all.fold(f64::INFINITY, |least, bytes| least.min(bytes.base))
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
    use crate::format::{TensorShape, more_bits_share};

    #[test]
    fn what_is_relaxed_has_its_number() {
        for (number, relaxed) in Relaxed::all().enumerate() {
            assert_eq!(relaxed.number(), number);
        }
    }

    /// Bounds rest on it: more layers never have fewer with more bits.
    #[test]
    fn layers_with_more_bits_grow_with_layers() {
        let count = |n_layers: u32| (more_bits_share(n_layers) * f64::from(n_layers)).round();
        for n_layers in 1..4096 {
            assert!(count(n_layers) <= count(n_layers + 1), "{n_layers}");
        }
    }

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
