//! Bits per weight of llama.cpp's quantised formats, tensor by tensor.
//!
//! Block layouts: `ggml-common.h`. Which tensor gets which type: `llama_tensor_get_type` in `llama-quant.cpp`
//! (ggml-org/llama.cpp, MIT). The rules for one fixed architecture family (Falcon, fused QKV) are left out.

use super::weights::{Tensor, TensorShape, WeightFormat};

const F16: f64 = 16.0;
const Q4_0: f64 = 4.5; // 18 bytes per 32 weights
const Q5_0: f64 = 5.5; // 22 bytes per 32
const Q5_1: f64 = 6.0; // 24 bytes per 32
const Q8_0: f64 = 8.5; // 34 bytes per 32
const Q4_K: f64 = 4.5; // 144 bytes per 256
const Q5_K: f64 = 5.5; // 176 bytes per 256
const Q6_K: f64 = 6.5625; // 210 bytes per 256

/// Rows that are no multiple of 256 fall back to a 32-weight type, and those that are no multiple of 32 to F16.
fn fitted(k_quant: f64, fallback: f64, in_features: u32) -> f64 {
    if in_features.is_multiple_of(256) {
        k_quant
    } else if in_features.is_multiple_of(32) {
        fallback
    } else {
        F16
    }
}

fn q6_k(in_features: u32) -> f64 {
    fitted(Q6_K, Q8_0, in_features)
}

/// The share of layers for which `use_more_bits` holds: the first and last eighth, and every third between.
fn more_bits_share(n_layers: u32) -> f64 {
    let first = n_layers / 8;
    let last = 7 * n_layers / 8;
    f64::from(first + (n_layers - last) + (last - first) / 3) / f64::from(n_layers)
}

/// Mean bits per weight over the layers, for a matrix.
pub(super) fn bits_per_weight(format: WeightFormat, shape: TensorShape) -> f64 {
    let rows = shape.in_features;
    if format == WeightFormat::Q8_0 {
        return if rows.is_multiple_of(32) { Q8_0 } else { F16 };
    }
    if shape.tensor == Tensor::LmHead {
        return q6_k(rows);
    }
    let (base, bumped) = match format {
        WeightFormat::Q4_0 => return if rows.is_multiple_of(32) { Q4_0 } else { F16 },
        WeightFormat::Q6K => (q6_k(rows), q6_k(rows)),
        WeightFormat::Q5KM => (fitted(Q5_K, Q5_1, rows), q6_k(rows)),
        _ => (fitted(Q4_K, Q5_0, rows), q6_k(rows)),
    };
    // Mixtral's rule, kept for every model of eight experts.
    if shape.n_experts == 8 {
        match shape.tensor {
            Tensor::Key | Tensor::Value => return if rows.is_multiple_of(32) { Q8_0 } else { F16 },
            Tensor::Output if format == WeightFormat::Q4KM => return fitted(Q5_K, Q5_1, rows),
            _ => {}
        }
    }
    match shape.tensor {
        Tensor::Value | Tensor::FfnDown | Tensor::ExpertDown => {
            let share = more_bits_share(shape.n_layers);
            base + (bumped - base) * share
        }
        _ => base,
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
