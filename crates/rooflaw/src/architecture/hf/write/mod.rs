//! An architecture as a `config.json` that `transformers` instantiates.

mod experts;
mod target;

use super::error::HfError;
use crate::architecture::{Activation, Architecture, KvProjection};
use crate::format::Precision;
use serde_json::{Map, Value, json};
use target::Target;

/// What a configuration says besides the architecture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WriteOptions {
    /// Number format of the weights: fp32, fp16 or bf16.
    pub dtype: Precision,
    /// Longest context.
    pub max_position_embeddings: u32,
    /// Base of the rotary embedding's wavelengths.
    pub rope_theta: f64,
    /// Added to the mean square in RMSNorm.
    pub rms_norm_eps: f64,
    /// Standard deviation of the initial weights.
    pub initializer_range: f64,
}

impl Default for WriteOptions {
    fn default() -> Self {
        WriteOptions {
            dtype: Precision::Bf16,
            max_position_embeddings: 32_768,
            rope_theta: 1e6,
            rms_norm_eps: 1e-6,
            initializer_range: 0.02,
        }
    }
}

/// Writes a `config.json` (pretty-printed, keys sorted) of the model type that has the architecture's features.
///
/// Dense ones are `qwen3` with a QK-norm per head, `qwen2` with biases on query, key and value only, `llama` otherwise
/// (`mistral` where `llama` has no such widths or window). A mixture of experts is `qwen3_moe` with a QK-norm per head,
/// `olmoe` with one over all heads, `qwen2_moe` with a shared expert behind a gate, `mixtral` otherwise. Latent attention
/// is `deepseek_v2` where a mixture's router has no bias, `deepseek_v3` otherwise.
///
/// Reading the result gives the architecture back, apart from fields that have no effect in it. Which layers are
/// local, an architecture does not say: global ones are spread evenly, the last layer among them.
///
/// # Errors
/// An architecture that is not valid or has a feature none of these types has, and options out of range.
pub fn write(architecture: &Architecture, options: &WriteOptions) -> Result<String, HfError> {
    architecture.validate()?;
    let target = Target::of(architecture)?;
    let mut config = common(architecture, options)?;
    let (model_type, class) = target.names();
    config.insert("model_type".to_owned(), model_type.into());
    config.insert("architectures".to_owned(), json!([class]));
    let bias = architecture.attention.qkv_bias;
    match target {
        Target::Llama => {
            config.insert("attention_bias".to_owned(), bias.into());
            config.insert("mlp_bias".to_owned(), architecture.ffn.bias.into());
        }
        Target::Mistral | Target::Mixtral => {
            let window = architecture.attention.sliding_window;
            let window = window.filter(|window| window.n_local_layers > 0);
            let size = json!(window.map(|window| window.size));
            config.insert("sliding_window".to_owned(), size);
        }
        Target::Qwen2 => set_windows(architecture, true, &mut config),
        Target::Qwen2Moe => {
            config.insert("qkv_bias".to_owned(), bias.into());
            set_windows(architecture, true, &mut config);
        }
        Target::Qwen3 => {
            config.insert("attention_bias".to_owned(), bias.into());
            set_windows(architecture, true, &mut config);
        }
        Target::Qwen3Moe => {
            config.insert("attention_bias".to_owned(), bias.into());
            set_windows(architecture, false, &mut config);
        }
        Target::Olmoe => {
            config.insert("attention_bias".to_owned(), bias.into());
            config.insert("clip_qkv".to_owned(), Value::Null);
        }
        Target::DeepSeekV2 | Target::DeepSeekV3 => {
            config.insert("attention_bias".to_owned(), bias.into());
            set_latent(architecture, &mut config);
            experts::set_deepseek(architecture, target, &mut config);
        }
    }
    match (&architecture.ffn.moe, target) {
        (Some(moe), Target::Qwen2Moe | Target::Qwen3Moe) => experts::set_qwen(moe, &mut config),
        (Some(moe), Target::Mixtral | Target::Olmoe) => experts::set_every_layer(moe, target, &mut config),
        _ => {}
    }
    serde_json::to_string_pretty(&config).map_err(HfError::from)
}

/// The fields that all model types share.
fn common(architecture: &Architecture, options: &WriteOptions) -> Result<Map<String, Value>, HfError> {
    let mut config = Map::new();
    let mut set = |name: &str, value: Value| config.insert(name.to_owned(), value);
    set("vocab_size", architecture.vocab_size.into());
    set("hidden_size", architecture.hidden_size.into());
    set("num_hidden_layers", architecture.n_layers.into());
    set("intermediate_size", architecture.ffn.intermediate_size.into());
    set("num_attention_heads", architecture.attention.n_heads.into());
    if let KvProjection::Grouped { n_kv_heads, head_dim } = architecture.attention.kv {
        set("num_key_value_heads", n_kv_heads.into());
        set("head_dim", head_dim.into());
    }
    set("tie_word_embeddings", architecture.tie_embeddings.into());
    let activation = match architecture.ffn.activation {
        Activation::GeGlu => "gelu_pytorch_tanh",
        Activation::SwiGlu | Activation::Plain => "silu",
    };
    set("hidden_act", activation.into());
    let dtype = match options.dtype {
        Precision::Fp32 => "float32",
        Precision::Fp16 => "float16",
        Precision::Bf16 => "bfloat16",
        other => {
            return Err(HfError::WriteOption {
                option: "dtype",
                value: other.to_string(),
                accepted: "fp32, fp16 or bf16",
            });
        }
    };
    set("torch_dtype", dtype.into());
    if options.max_position_embeddings == 0 {
        return Err(HfError::WriteOption {
            option: "max_position_embeddings",
            value: "0".to_owned(),
            accepted: "a positive integer",
        });
    }
    set("max_position_embeddings", options.max_position_embeddings.into());
    for (option, value, max, accepted) in [
        ("rope_theta", options.rope_theta, f64::MAX, "a positive number"),
        ("rms_norm_eps", options.rms_norm_eps, 1.0, "a number in (0, 1]"),
        (
            "initializer_range",
            options.initializer_range,
            1.0,
            "a number in (0, 1]",
        ),
    ] {
        // A NaN fails too.
        if !(value > 0.0 && value <= max) {
            return Err(HfError::WriteOption {
                option,
                value: value.to_string(),
                accepted,
            });
        }
        set(option, value.into());
    }
    set("attention_dropout", 0.0.into());
    set("use_cache", true.into());
    // The tokenizer's; the defaults of some classes are tokens that a small vocabulary does not have.
    set("bos_token_id", Value::Null);
    set("eos_token_id", Value::Null);
    Ok(config)
}

/// Qwen's description of local layers: the rule of older versions of `transformers` and the list of newer ones.
fn set_windows(architecture: &Architecture, has_list: bool, config: &mut Map<String, Value>) {
    let (n_layers, n_local) = (architecture.n_layers, architecture.n_local_layers());
    let window = architecture.attention.sliding_window;
    let window = window.filter(|window| window.n_local_layers > 0);
    let mut set = |name: &str, value: Value| config.insert(name.to_owned(), value);
    set("use_sliding_window", window.is_some().into());
    set("sliding_window", json!(window.map(|window| window.size)));
    set("max_window_layers", (n_layers - n_local).into());
    if !has_list {
        // One kind of attention in all layers.
        return;
    }
    let (n_layers, n_global) = (u64::from(n_layers), u64::from(n_layers - n_local));
    let layer_types: Vec<&str> = (0..n_layers)
        .map(|layer| {
            let is_global = (layer + 1) * n_global / n_layers > layer * n_global / n_layers;
            if is_global {
                "full_attention"
            } else {
                "sliding_attention"
            }
        })
        .collect();
    set("layer_types", json!(layer_types));
}

fn set_latent(architecture: &Architecture, config: &mut Map<String, Value>) {
    let KvProjection::Latent {
        q_lora_rank,
        kv_lora_rank,
        qk_nope_head_dim,
        qk_rope_head_dim,
        v_head_dim,
    } = architecture.attention.kv
    else {
        return;
    };
    let mut set = |name: &str, value: Value| config.insert(name.to_owned(), value);
    // Of no effect; as in published configurations.
    set("num_key_value_heads", architecture.attention.n_heads.into());
    set("q_lora_rank", json!(q_lora_rank));
    set("kv_lora_rank", kv_lora_rank.into());
    set("qk_nope_head_dim", qk_nope_head_dim.into());
    set("qk_rope_head_dim", qk_rope_head_dim.into());
    set("v_head_dim", v_head_dim.into());
}
