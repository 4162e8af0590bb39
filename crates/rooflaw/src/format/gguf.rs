//! Bits per weight of llama.cpp's quantised formats, tensor by tensor.
//!
//! Block layouts: `ggml-common.h`. Which tensor gets which type: `llama_tensor_get_type` in `llama-quant.cpp`
//! (ggml-org/llama.cpp, MIT). The rules for one fixed architecture family (Falcon, fused QKV) are left out.

use super::weights::{Alignment, Tensor, WeightBits, WeightFormat};

const F16: f64 = 16.0;
const Q4_0: f64 = 4.5; // 18 bytes per 32 weights
const Q5_0: f64 = 5.5; // 22 bytes per 32
const Q5_1: f64 = 6.0; // 24 bytes per 32
const Q8_0: f64 = 8.5; // 34 bytes per 32
const Q4_K: f64 = 4.5; // 144 bytes per 256
const Q5_K: f64 = 5.5; // 176 bytes per 256
const Q6_K: f64 = 6.5625; // 210 bytes per 256

/// Rows that are no multiple of 256 fall back to a 32-weight type, and those that are no multiple of 32 to F16.
fn fitted(k_quant: f64, fallback: f64, alignment: Alignment) -> f64 {
    match alignment {
        Alignment::SuperBlocks => k_quant,
        Alignment::Blocks => fallback,
        Alignment::None => F16,
    }
}

/// The share of layers for which `use_more_bits` holds: the first and last eighth, and every third between.
#[inline(always)]
pub(crate) fn more_bits_share(n_layers: u32) -> f64 {
    let first = n_layers / 8;
    let last = 7 * n_layers / 8;
    f64::from(first + (n_layers - last) + (last - first) / 3) / f64::from(n_layers)
}

/// Bits per weight of a matrix.
pub(super) fn bits(
    format: WeightFormat,
    tensor: Tensor,
    alignment: Alignment,
    has_eight_experts: bool,
) -> WeightBits {
    let q6_k = fitted(Q6_K, Q8_0, alignment);
    if format == WeightFormat::Q8_0 {
        return WeightBits::plain(fitted(Q8_0, Q8_0, alignment));
    }
    if tensor == Tensor::LmHead {
        return WeightBits::plain(q6_k);
    }
    let base = match format {
        WeightFormat::Q4_0 => return WeightBits::plain(fitted(Q4_0, Q4_0, alignment)),
        WeightFormat::Q6K => q6_k,
        WeightFormat::Q5KM => fitted(Q5_K, Q5_1, alignment),
        _ => fitted(Q4_K, Q5_0, alignment),
    };
    // Mixtral's rule, kept for every model of eight experts.
    if has_eight_experts {
        match tensor {
            Tensor::Key | Tensor::Value => return WeightBits::plain(fitted(Q8_0, Q8_0, alignment)),
            Tensor::Output if format == WeightFormat::Q4KM => {
                return WeightBits::plain(fitted(Q5_K, Q5_1, alignment));
            }
            _ => {}
        }
    }
    let is_mixed = matches!(tensor, Tensor::Value | Tensor::FfnDown | Tensor::ExpertDown);
    WeightBits {
        bump: if is_mixed { q6_k - base } else { 0.0 },
        ..WeightBits::plain(base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn share_of_bumped_layers_is_llama_cpps() {
        for n_layers in 1..200_u32 {
            let use_more_bits =
                |i: u32| i < n_layers / 8 || i >= 7 * n_layers / 8 || (i - n_layers / 8) % 3 == 2;
            let count = (0..n_layers).filter(|&i| use_more_bits(i)).count();
            assert!(
                (more_bits_share(n_layers) - count as f64 / f64::from(n_layers)).abs() < 1e-12,
                "{n_layers}"
            );
        }
    }
}
