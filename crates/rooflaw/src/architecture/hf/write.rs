//! An architecture as a `config.json` that `transformers` instantiates.

use super::error::HfError;
use crate::architecture::{Activation, Architecture, KvProjection, Moe, QkNorm};
use crate::format::Precision;
use serde_json::{Map, Value, json};

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

/// The model types that are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Llama,
    Mistral,
    Qwen2,
    Qwen3,
    Qwen3Moe,
}

/// Writes a `config.json` (pretty-printed, keys sorted) of the model type that has the architecture's features:
/// `qwen3` with a QK-norm per head, `qwen2` with biases on query, key and value only, `llama` otherwise (`mistral`
/// where `llama` has no such widths or window), and `qwen3_moe` for a mixture of experts.
///
/// Reading the result gives the architecture back, apart from fields that have no effect in it. Which layers are
/// local, an architecture does not say: global ones are spread evenly, the last layer among them.
///
/// # Errors
/// An architecture that is not valid or has a feature none of these types has, and options out of range.
pub fn write(architecture: &Architecture, options: &WriteOptions) -> Result<String, HfError> {
    architecture.validate()?;
    let target = target(architecture)?;
    let mut config = common(architecture, options)?;
    let mut set = |name: &str, value: Value| config.insert(name.to_owned(), value);
    let (model_type, class) = match target {
        Target::Llama => ("llama", "LlamaForCausalLM"),
        Target::Mistral => ("mistral", "MistralForCausalLM"),
        Target::Qwen2 => ("qwen2", "Qwen2ForCausalLM"),
        Target::Qwen3 => ("qwen3", "Qwen3ForCausalLM"),
        Target::Qwen3Moe => ("qwen3_moe", "Qwen3MoeForCausalLM"),
    };
    set("model_type", model_type.into());
    set("architectures", json!([class]));
    match target {
        Target::Llama => {
            set("attention_bias", architecture.attention.qkv_bias.into());
            set("mlp_bias", architecture.ffn.bias.into());
        }
        Target::Mistral => {
            let window = architecture.attention.sliding_window;
            let window = window.filter(|window| window.n_local_layers > 0);
            set("sliding_window", json!(window.map(|window| window.size)));
        }
        Target::Qwen2 => set_windows(architecture, &mut config),
        Target::Qwen3 => {
            set("attention_bias", architecture.attention.qkv_bias.into());
            set_windows(architecture, &mut config);
        }
        Target::Qwen3Moe => {
            set("attention_bias", architecture.attention.qkv_bias.into());
            set_windows(architecture, &mut config);
            if let Some(moe) = &architecture.ffn.moe {
                set_experts(moe, &mut config);
            }
        }
    }
    serde_json::to_string_pretty(&config).map_err(HfError::from)
}

fn inexpressible(feature: impl Into<String>, reason: &'static str) -> HfError {
    HfError::Inexpressible {
        feature: feature.into(),
        reason,
    }
}

/// The model type, or the first feature that none has.
fn target(architecture: &Architecture) -> Result<Target, HfError> {
    let attention = &architecture.attention;
    let KvProjection::Grouped { head_dim, .. } = attention.kv else {
        return Err(inexpressible(
            "latent attention",
            "only grouped attention is written",
        ));
    };
    if head_dim % 2 != 0 {
        let feature = format!("head_dim = {head_dim}");
        return Err(inexpressible(feature, "rotary embedding turns pairs of elements"));
    }
    if architecture.norms_per_layer != 2 {
        let feature = format!("norms_per_layer = {}", architecture.norms_per_layer);
        return Err(inexpressible(
            feature,
            "these model types have two norms per layer",
        ));
    }
    if attention.sinks {
        return Err(inexpressible("attention sinks", "only gpt_oss has them"));
    }
    if architecture.ffn.activation == Activation::Plain {
        return Err(inexpressible(
            "an FFN without gate",
            "these model types have a gate",
        ));
    }
    if attention.output_bias && !attention.qkv_bias {
        let feature = "a bias on the attention output alone";
        return Err(inexpressible(feature, "no model type that is read has it"));
    }
    match (&architecture.ffn.moe, attention.qk_norm) {
        (_, QkNorm::Full) => Err(inexpressible(
            "a QK-norm over all heads",
            "only a QK-norm per head or none is written",
        )),
        (Some(moe), qk_norm) => expert_target(architecture, moe, qk_norm),
        (None, QkNorm::PerHead) => {
            refuse_qkv_bias_alone(architecture)?;
            refuse_ffn_bias(architecture)?;
            Ok(Target::Qwen3)
        }
        (None, QkNorm::None) if attention.qkv_bias && !attention.output_bias => {
            refuse_ffn_bias(architecture)?;
            Ok(Target::Qwen2)
        }
        (None, QkNorm::None) => plain_target(architecture),
    }
}

fn refuse_qkv_bias_alone(architecture: &Architecture) -> Result<(), HfError> {
    if architecture.attention.qkv_bias && !architecture.attention.output_bias {
        let feature = "a bias on query, key and value alone beside a QK-norm";
        return Err(inexpressible(feature, "qwen3 has it on the output too"));
    }
    Ok(())
}

fn refuse_ffn_bias(architecture: &Architecture) -> Result<(), HfError> {
    if architecture.ffn.bias {
        let reason = "of the written model types only llama, which is dense and has no QK-norm, has one";
        return Err(inexpressible("an FFN bias", reason));
    }
    Ok(())
}

fn expert_target(architecture: &Architecture, moe: &Moe, qk_norm: QkNorm) -> Result<Target, HfError> {
    if qk_norm != QkNorm::PerHead {
        let feature = "a mixture of experts without QK-norm";
        return Err(inexpressible(feature, "qwen3_moe has a QK-norm per head"));
    }
    refuse_qkv_bias_alone(architecture)?;
    refuse_ffn_bias(architecture)?;
    if moe.n_shared_experts > 0 {
        return Err(inexpressible("shared experts", "qwen3_moe has none"));
    }
    if moe.router_bias {
        return Err(inexpressible("a router bias", "qwen3_moe has none"));
    }
    let n_local = architecture.n_local_layers();
    if n_local > 0 && n_local < architecture.n_layers {
        let feature = "local and global layers in a mixture of experts";
        return Err(inexpressible(feature, "qwen3_moe has one kind of attention"));
    }
    Ok(Target::Qwen3Moe)
}

/// `llama`, or `mistral`, which lacks the biases but has windows and any number of heads.
fn plain_target(architecture: &Architecture) -> Result<Target, HfError> {
    let n_local = architecture.n_local_layers();
    let has_bias = architecture.attention.qkv_bias || architecture.ffn.bias;
    if n_local > 0 && n_local < architecture.n_layers {
        let feature = "local and global layers without QK-norm";
        let reason = "of the written model types only qwen3 and qwen2 (with biases) mix them";
        return Err(inexpressible(feature, reason));
    }
    // `transformers` refuses a llama configuration of such a width even with a head_dim.
    let is_divisible = architecture
        .hidden_size
        .is_multiple_of(architecture.attention.n_heads);
    if n_local == 0 && is_divisible {
        return Ok(Target::Llama);
    }
    if !has_bias {
        return Ok(Target::Mistral);
    }
    if n_local > 0 {
        return Err(inexpressible(
            "a sliding window with biases",
            "mistral has windows and no biases, llama the reverse",
        ));
    }
    let feature = format!(
        "hidden_size = {} with {} heads and biases",
        architecture.hidden_size, architecture.attention.n_heads
    );
    Err(inexpressible(
        feature,
        "llama needs a multiple, mistral has no biases",
    ))
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
fn set_windows(architecture: &Architecture, config: &mut Map<String, Value>) {
    let (n_layers, n_local) = (architecture.n_layers, architecture.n_local_layers());
    let window = architecture.attention.sliding_window;
    let window = window.filter(|window| window.n_local_layers > 0);
    let mut set = |name: &str, value: Value| config.insert(name.to_owned(), value);
    set("use_sliding_window", window.is_some().into());
    set("sliding_window", json!(window.map(|window| window.size)));
    set("max_window_layers", (n_layers - n_local).into());
    if architecture.ffn.moe.is_some() {
        // One kind of attention in all layers: qwen3_moe knows no list.
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

fn set_experts(moe: &Moe, config: &mut Map<String, Value>) {
    let mut set = |name: &str, value: Value| config.insert(name.to_owned(), value);
    if moe.n_dense_layers == 0 {
        // Without effect; the width that a token passes, as in published configurations.
        let active = u64::from(moe.experts_per_token) * u64::from(moe.expert_size);
        set("intermediate_size", active.into());
    }
    set("num_experts", moe.n_experts.into());
    set("num_experts_per_tok", moe.experts_per_token.into());
    set("moe_intermediate_size", moe.expert_size.into());
    set("decoder_sparse_step", 1.into());
    let dense_layers: Vec<u32> = (0..moe.n_dense_layers).collect();
    set("mlp_only_layers", json!(dense_layers));
    set("norm_topk_prob", true.into());
    set("output_router_logits", false.into());
    set("router_aux_loss_coef", 0.001.into());
}
