//! From the names in the measurements to devices, models and formats of the catalogue, or the reason why not.

use crate::measurements::Measurement;
use rooflaw::architecture::{Architecture, KvProjection};
use rooflaw::device::{self, Device, DeviceClass, Phase};
use rooflaw::format::WeightFormat;
use rooflaw::models;

/// Names of the collection that are a shape of the catalogue under another name: same layers, widths and heads.
const SAME_SHAPE: [(&str, &str); 14] = [
    ("meta-llama/Meta-Llama-3-8B", "llama-3.1-8b"),
    ("meta-llama/Meta-Llama-3-70B", "llama-3.1-70b"),
    ("meta-llama/Llama-3.3-70B-Instruct", "llama-3.1-70b"),
    ("meta-llama/Llama-3.2-1B", "llama-3.2-1b-instruct"),
    ("meta-llama/Llama-3.2-3B", "llama-3.2-3b-instruct"),
    ("meta-llama/Llama-2-7b-hf", LLAMA_2_7B),
    ("meta-llama/Llama-2-13b-hf", LLAMA_2_13B),
    ("Qwen/Qwen2-0.5B", "qwen2.5-0.5b"),
    ("Qwen/Qwen2.5-7B", "qwen2.5-7b-instruct"),
    ("Qwen/Qwen2.5-Coder-7B", "qwen2.5-7b-instruct"),
    ("Qwen/Qwen3-Coder-30B-A3B-Instruct", "qwen3-30b-a3b"),
    ("google/gemma-2-2b", "gemma-2-2b-it"),
    ("HuggingFaceTB/SmolLM2-135M", "smollm2-135m-instruct"),
    ("HuggingFaceTB/SmolLM2-360M", "smollm2-360m-instruct"),
];

const LLAMA_2_7B: &str = "llama-2-7b";
const LLAMA_2_13B: &str = "llama-2-13b";

/// The architecture behind an id of the catalogue, or one of the two shapes that only this study needs.
#[must_use]
pub fn architecture(id: &str) -> Option<Architecture> {
    let (n_layers, hidden_size, intermediate_size, n_heads) = match id {
        // mlc-ai/mlc-llm python/mlc_llm/model/model_preset.py, llama2_7b and llama2_13b.
        LLAMA_2_7B => (32, 4096, 11_008, 32),
        LLAMA_2_13B => (40, 5120, 13_824, 40),
        _ => return models::find(id).ok().map(|known| known.architecture),
    };
    // The same kind of layer and the same vocabulary of 32,000; no grouped queries, no window.
    let mut shape = models::find("mistral-7b-v0.1").ok()?.architecture;
    shape.n_layers = n_layers;
    shape.hidden_size = hidden_size;
    shape.ffn.intermediate_size = intermediate_size;
    shape.attention.n_heads = n_heads;
    shape.attention.kv = KvProjection::Grouped {
        n_kv_heads: n_heads,
        head_dim: 128,
    };
    shape.attention.sliding_window = None;
    Some(shape)
}

/// The id of a model's shape.
pub fn model_id(name: &str) -> Option<&'static str> {
    if let Some((_, id)) = SAME_SHAPE.iter().find(|(alias, _)| *alias == name) {
        return Some(id);
    }
    models::find(name).ok().map(|known| known.entry.id.as_str())
}

/// The weight format, where one of ours stores the same bits.
///
/// bitsandbytes, MLX, rkllm's and other vendors' formats, and llama.cpp's formats that we lack, have no exact match.
pub fn format(row: &Measurement) -> Option<WeightFormat> {
    if row.runtime == "rkllm" {
        // How rkllm stores the embedding and the head is not published.
        return None;
    }
    match row.quant.as_str() {
        // Quantised with an importance matrix: other values, same layout.
        "i1-Q4_K_M" => Some(WeightFormat::Q4KM),
        "INT4 AWQ" | "INT4 AWQ g128" | "W4A16" => Some(WeightFormat::W4A16 { group_size: 128 }),
        "INT8 (SmoothQuant W8A8)" | "W8A8" => Some(WeightFormat::W8A8),
        "F16" => Some(WeightFormat::GgufF16),
        "MXFP4" if row.model.starts_with("openai/gpt-oss") => Some(WeightFormat::Mxfp4),
        "FP16" | "BF16" | "FP8" | "Q8_0" | "Q4_0" | "Q4_K_M" | "Q5_K_M" | "Q6_K" => row.quant.parse().ok(),
        _ => None,
    }
}

/// Words in a variant that mean fewer watts or threads than the catalogue's figures hold for.
const REDUCED: [&str; 8] = [
    "7W",
    "15W",
    "25W",
    "MODE_30W",
    "85W",
    "1 threads",
    "2 threads",
    "3 threads",
];

/// GPU bins with the catalogue's bandwidth but fewer cores: good for decode only.
const SMALLER_BINS: [(&str, &str); 3] = [
    ("Apple M1", "7-core GPU"),
    ("Apple M2 Max", "30-core GPU"),
    ("Apple M3 Ultra", "60-core GPU"),
];

/// The device of the catalogue that was measured.
///
/// # Errors
/// Why there is none.
pub fn device(row: &Measurement, phase: Phase) -> Result<&'static Device, &'static str> {
    let on_cpu = row.backend.contains("CPU") || row.device_variant.contains("CPU");
    if REDUCED.iter().any(|word| row.device_variant.contains(word)) {
        return Err("fewer watts or threads than the catalogue's figures hold for");
    }
    if phase == Phase::Prefill
        && SMALLER_BINS
            .iter()
            .any(|(name, bin)| row.device == *name && row.device_variant.contains(bin))
    {
        return Err("prefill of a smaller GPU bin than the catalogue's");
    }
    let name = match row.device.as_str() {
        // 1.3 GHz is the developer kit's clock; the production module of that name stops at 939 MHz.
        "Jetson AGX Orin 32GB" if row.device_variant.contains("1.3 GHz") => {
            "jetson-agx-orin-developer-kit-32gb"
        }
        "Snapdragon 8 Gen 3" if on_cpu => "snapdragon-8-gen-3-cpu",
        "Snapdragon X Elite" if on_cpu => "snapdragon-x-elite-cpu",
        "AMD Ryzen AI 9 HX 370 (Strix Point)" if row.backend == "NPU" => "ryzen-ai-9-hx-370-npu",
        other => other,
    };
    let device = device::find(name).map_err(|_| "device not in the catalogue")?;
    let runs_on_cpu =
        matches!(device.class, DeviceClass::Sbc | DeviceClass::Cpu) || device.id.ends_with("-cpu");
    if on_cpu && !runs_on_cpu {
        return Err("engine not in the catalogue");
    }
    Ok(device)
}
