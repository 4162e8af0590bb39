//! What a GGUF file says of the model: the keys that llama.cpp needs to build it.

use super::target::GgufArchitecture;
use crate::Settings;
use rooflaw::architecture::{Architecture, KvProjection};
use rooflaw::format::WeightFormat;

/// A metadata value; GGUF's type numbers are 4, 6 and 8.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    U32(u32),
    F32(f32),
    Text(String),
}

/// The metadata, in the order of writing.
///
/// The vocabulary is llama.cpp's dummy (`tokenizer.ggml.model` = `none`): tokens are numbers without text.
pub(super) fn metadata(
    architecture: &Architecture,
    target: GgufArchitecture,
    format: WeightFormat,
    settings: &Settings,
) -> Vec<(String, Value)> {
    let mut pairs = vec![
        (
            "general.architecture".to_owned(),
            Value::Text(target.name().to_owned()),
        ),
        ("general.name".to_owned(), Value::Text(settings.name.clone())),
        ("general.file_type".to_owned(), Value::U32(file_type(format))),
        (
            "general.quantization_version".to_owned(),
            Value::U32(QUANTISATION_VERSION),
        ),
        ("tokenizer.ggml.model".to_owned(), Value::Text("none".to_owned())),
    ];
    let mut set = |key: &str, value| pairs.push((format!("{target}.{key}"), value));
    set("vocab_size", Value::U32(architecture.vocab_size));
    set("context_length", Value::U32(settings.context_length));
    set("embedding_length", Value::U32(architecture.hidden_size));
    set("block_count", Value::U32(architecture.n_layers));
    set(
        "feed_forward_length",
        Value::U32(feed_forward_length(architecture, target)),
    );
    set("attention.head_count", Value::U32(architecture.attention.n_heads));
    if let KvProjection::Grouped { n_kv_heads, head_dim } = architecture.attention.kv {
        set("attention.head_count_kv", Value::U32(n_kv_heads));
        set("attention.key_length", Value::U32(head_dim));
        set("attention.value_length", Value::U32(head_dim));
        set("rope.dimension_count", Value::U32(head_dim));
    }
    set(
        "attention.layer_norm_rms_epsilon",
        Value::F32(settings.rms_norm_eps as f32),
    );
    set("rope.freq_base", Value::F32(settings.rope_theta as f32));
    if let Some(moe) = &architecture.ffn.moe {
        set("expert_count", Value::U32(moe.n_experts));
        set("expert_used_count", Value::U32(moe.experts_per_token));
        if matches!(target, GgufArchitecture::Qwen2Moe | GgufArchitecture::Qwen3Moe) {
            set("expert_feed_forward_length", Value::U32(moe.expert_size));
        }
        if target == GgufArchitecture::Qwen2Moe {
            set(
                "expert_shared_feed_forward_length",
                Value::U32(shared_width(architecture)),
            );
        }
    }
    pairs
}

/// `GGML_QNT_VERSION` in `ggml.h`.
const QUANTISATION_VERSION: u32 = 2;

/// `llama_ftype` in `llama.h`: the type of most tensors.
const fn file_type(format: WeightFormat) -> u32 {
    match format {
        WeightFormat::Q4_0 => 2,
        WeightFormat::Q8_0 => 7,
        _ => 1,
    }
}

fn shared_width(architecture: &Architecture) -> u32 {
    let moe = architecture.ffn.moe;
    moe.map_or(0, |moe| moe.n_shared_experts * moe.shared_expert_size)
}

/// The width of an FFN, or of what takes its place: `llama` and `olmoe` read the width of an expert from here; the
/// others have keys of their own for it, and this one must be there all the same.
fn feed_forward_length(architecture: &Architecture, target: GgufArchitecture) -> u32 {
    match (&architecture.ffn.moe, target) {
        (None, _) => architecture.ffn.intermediate_size,
        (Some(_), GgufArchitecture::Qwen2Moe) => shared_width(architecture),
        (Some(moe), _) => moe.expert_size,
    }
}
