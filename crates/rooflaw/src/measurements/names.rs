//! Formats under the names that runtimes and people give them.

use crate::format::{Formats, Precision, UnknownFormat, WeightFormat};

/// A weight format by our name or by a usual one: `Q4_K - Medium` and `mostly Q4_0` (llama.cpp), `float16`, `bfloat16`,
/// `int4_awq`, `w8a8_sq` (`TensorRT-LLM`), `gptq_marlin` (vLLM), …. Case does not matter.
///
/// # Errors
/// A name that is none of these, with the names there are.
pub fn weight_format(name: &str) -> Result<WeightFormat, UnknownFormat> {
    let name = name.trim();
    name.parse().or_else(|unknown| {
        let plain = plain(name);
        let named = match plain.strip_prefix("mostly_").unwrap_or(&plain) {
            "f32" | "float32" | "float" | "all_f32" => WeightFormat::Fp32,
            "float16" | "half" => WeightFormat::Fp16,
            "bfloat16" => WeightFormat::Bf16,
            "f16" => WeightFormat::GgufF16,
            "q8_0" => WeightFormat::Q8_0,
            "q4_0" => WeightFormat::Q4_0,
            // llama-quantize takes `Q4_K` for `Q4_K_M` (tools/quantize/quantize.cpp).
            "q4_k" | "q4_k_m" | "q4_k_medium" => WeightFormat::Q4KM,
            "q5_k" | "q5_k_m" | "q5_k_medium" => WeightFormat::Q5KM,
            "q6_k" => WeightFormat::Q6K,
            "mxfp4_moe" => WeightFormat::Mxfp4,
            "fp8_e4m3" | "float8_e4m3fn" => WeightFormat::Fp8,
            "int8_wo" => WeightFormat::W8A16,
            "int8_sq" | "w8a8_sq" | "smoothquant" => WeightFormat::W8A8,
            "int4_awq" | "w4a16_awq" | "awq_marlin" | "w4a16_gptq" | "int4_gptq" | "gptq_marlin" => {
                WeightFormat::W4A16 { group_size: 128 }
            }
            _ => return Err(unknown),
        };
        Ok(named)
    })
}

/// The precision of a KV cache by our name or by a usual one: `f16`, `q8_0` (llama.cpp), `bfloat16`, `fp8_e4m3` (vLLM), …;
/// `auto` is the usual companion of the weights. The scales of `q8_0` and `q4_0` are not counted.
///
/// # Errors
/// A name that is none of these, with the names there are.
pub fn kv_precision(name: &str, weights: WeightFormat) -> Result<Precision, UnknownFormat> {
    let name = name.trim();
    name.parse().or_else(|unknown| {
        Ok(match plain(name).as_str() {
            "auto" => Formats::of_weights(weights).kv,
            "f32" | "float32" | "float" => Precision::Fp32,
            "f16" | "float16" | "half" => Precision::Fp16,
            "bfloat16" => Precision::Bf16,
            "fp8_e4m3" | "fp8_e5m2" => Precision::Fp8,
            "q8_0" => Precision::Int8,
            "q4_0" => Precision::Int4,
            _ => return Err(unknown),
        })
    })
}

/// In lower case, one underscore for whatever separates words.
fn plain(name: &str) -> String {
    let words = name.split([' ', '-', '_', '.']);
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("_").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_go_by_many_names() {
        for (name, format) in [
            ("F16", WeightFormat::GgufF16),
            ("fp16", WeightFormat::Fp16),
            ("float16", WeightFormat::Fp16),
            ("BF16", WeightFormat::Bf16),
            ("all F32", WeightFormat::Fp32),
            ("Q4_K - Medium", WeightFormat::Q4KM),
            ("mostly Q4_K - Medium", WeightFormat::Q4KM),
            ("q4_k_m", WeightFormat::Q4KM),
            (" mostly Q4_0 ", WeightFormat::Q4_0),
            ("MXFP4 MoE", WeightFormat::Mxfp4),
            ("INT4-AWQ", WeightFormat::W4A16 { group_size: 128 }),
            ("w4a16-g64", WeightFormat::W4A16 { group_size: 64 }),
        ] {
            assert_eq!(weight_format(name), Ok(format), "{name}");
        }
        for name in [
            "Q4_K - Small",
            "Q4_K_S",
            "Q5_0",
            "Q4_1, some F16",
            "4bit",
            "é Q8_0",
            "",
            "-",
        ] {
            assert!(weight_format(name).is_err(), "{name}");
        }
    }

    #[test]
    fn every_name_of_ours_is_one() {
        for format in WeightFormat::ALL {
            assert_eq!(weight_format(&format.name()), Ok(format));
        }
        for precision in Precision::ALL {
            assert_eq!(kv_precision(precision.name(), WeightFormat::Fp32), Ok(precision));
        }
        assert_eq!(kv_precision("auto", WeightFormat::Bf16), Ok(Precision::Bf16));
        assert_eq!(kv_precision("q8_0", WeightFormat::Bf16), Ok(Precision::Int8));
        assert!(kv_precision("q5_1", WeightFormat::Bf16).is_err());
    }
}
