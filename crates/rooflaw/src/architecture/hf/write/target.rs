//! Which model type has an architecture's features.

use crate::architecture::hf::error::HfError;
use crate::architecture::{Activation, Architecture, KvProjection, Moe, QkNorm};

/// The model types that are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Llama,
    Mistral,
    Mixtral,
    Qwen2,
    Qwen2Moe,
    Qwen3,
    Qwen3Moe,
    Olmoe,
    DeepSeekV2,
    DeepSeekV3,
}

fn inexpressible<T>(feature: impl Into<String>, reason: &'static str) -> Result<T, HfError> {
    Err(HfError::Inexpressible {
        feature: feature.into(),
        reason,
    })
}

impl Target {
    /// Its name and that of its class.
    pub(super) const fn names(self) -> (&'static str, &'static str) {
        match self {
            Target::Llama => ("llama", "LlamaForCausalLM"),
            Target::Mistral => ("mistral", "MistralForCausalLM"),
            Target::Mixtral => ("mixtral", "MixtralForCausalLM"),
            Target::Qwen2 => ("qwen2", "Qwen2ForCausalLM"),
            Target::Qwen2Moe => ("qwen2_moe", "Qwen2MoeForCausalLM"),
            Target::Qwen3 => ("qwen3", "Qwen3ForCausalLM"),
            Target::Qwen3Moe => ("qwen3_moe", "Qwen3MoeForCausalLM"),
            Target::Olmoe => ("olmoe", "OlmoeForCausalLM"),
            Target::DeepSeekV2 => ("deepseek_v2", "DeepseekV2ForCausalLM"),
            Target::DeepSeekV3 => ("deepseek_v3", "DeepseekV3ForCausalLM"),
        }
    }

    /// The model type, or the first feature that none has.
    pub(super) fn of(architecture: &Architecture) -> Result<Target, HfError> {
        let attention = &architecture.attention;
        let turned = match attention.kv {
            KvProjection::Grouped { head_dim, .. } => ("head_dim", head_dim),
            KvProjection::Latent { qk_rope_head_dim, .. } => ("qk_rope_head_dim", qk_rope_head_dim),
        };
        if turned.1 % 2 != 0 {
            let feature = format!("{} = {}", turned.0, turned.1);
            return inexpressible(feature, "rotary embedding turns pairs of elements");
        }
        if architecture.norms_per_layer != 2 {
            let feature = format!("norms_per_layer = {}", architecture.norms_per_layer);
            return inexpressible(
                feature,
                "the model types that are written have two norms per layer",
            );
        }
        if attention.sinks {
            return inexpressible("attention sinks", "only gpt_oss has them, which is not written");
        }
        if architecture.ffn.activation == Activation::Plain {
            return inexpressible(
                "an FFN without gate",
                "the model types that are written have a gate",
            );
        }
        if attention.output_bias && !attention.qkv_bias {
            let feature = "a bias on the attention output alone";
            return inexpressible(feature, "no model type that is read has it");
        }
        match (attention.kv, &architecture.ffn.moe) {
            (KvProjection::Latent { .. }, moe) => latent(architecture, moe.as_ref()),
            (KvProjection::Grouped { .. }, Some(moe)) => mixture(architecture, moe),
            (KvProjection::Grouped { .. }, None) => dense(architecture),
        }
    }
}

fn dense(architecture: &Architecture) -> Result<Target, HfError> {
    let attention = &architecture.attention;
    match attention.qk_norm {
        QkNorm::Full => inexpressible(
            "a QK-norm over all heads without experts",
            "olmo2, which has it, normalises what sub-layers give, not what they take",
        ),
        QkNorm::PerHead => {
            refuse_qkv_bias_alone(architecture)?;
            refuse_ffn_bias(architecture)?;
            Ok(Target::Qwen3)
        }
        QkNorm::None if attention.qkv_bias && !attention.output_bias => {
            refuse_ffn_bias(architecture)?;
            Ok(Target::Qwen2)
        }
        QkNorm::None => plain(architecture),
    }
}

fn refuse_qkv_bias_alone(architecture: &Architecture) -> Result<(), HfError> {
    if architecture.attention.qkv_bias && !architecture.attention.output_bias {
        let feature = "a bias on query, key and value alone beside a QK-norm";
        return inexpressible(feature, "qwen3, qwen3_moe and olmoe have it on the output too");
    }
    Ok(())
}

fn refuse_ffn_bias(architecture: &Architecture) -> Result<(), HfError> {
    if architecture.ffn.bias {
        let reason = "of the written model types only llama, which is dense and has no QK-norm, has one";
        return inexpressible("an FFN bias", reason);
    }
    Ok(())
}

/// Local layers beside global ones.
fn has_mixed_layers(architecture: &Architecture) -> bool {
    let n_local = architecture.n_local_layers();
    n_local > 0 && n_local < architecture.n_layers
}

/// The query width is the width of the residual stream.
fn has_square_query(architecture: &Architecture) -> bool {
    architecture.query_width() == architecture.hidden_size
}

fn is_divisible(architecture: &Architecture) -> bool {
    let n_heads = architecture.attention.n_heads;
    architecture.hidden_size.is_multiple_of(n_heads)
}

fn mixture(architecture: &Architecture, moe: &Moe) -> Result<Target, HfError> {
    refuse_ffn_bias(architecture)?;
    if moe.router_bias {
        return inexpressible(
            "a router bias beside grouped attention",
            "only deepseek_v3, with latent attention, has one",
        );
    }
    let qk_norm = architecture.attention.qk_norm;
    if moe.n_shared_experts > 0 {
        return shared(architecture, moe);
    }
    if qk_norm != QkNorm::None {
        refuse_qkv_bias_alone(architecture)?;
    }
    if has_mixed_layers(architecture) {
        let feature = "local and global layers in a mixture of experts without shared expert";
        return inexpressible(feature, "qwen3_moe, mixtral and olmoe have one kind of attention");
    }
    if qk_norm == QkNorm::PerHead {
        return Ok(Target::Qwen3Moe);
    }
    if moe.n_dense_layers > 0 {
        let feature = "dense layers in a mixture of experts without QK-norm per head or shared expert";
        return inexpressible(feature, "mixtral and olmoe have experts in every layer");
    }
    if qk_norm == QkNorm::Full {
        if architecture.n_local_layers() > 0 {
            let feature = "a sliding window beside a QK-norm over all heads";
            return inexpressible(feature, "olmoe has none");
        }
        if !has_square_query(architecture) {
            let feature = "a QK-norm over all heads with n_heads × head_dim other than hidden_size";
            return inexpressible(feature, "olmoe takes them to be equal");
        }
        return Ok(Target::Olmoe);
    }
    if architecture.attention.qkv_bias {
        let feature = "attention biases in a mixture of experts without QK-norm or shared expert";
        return inexpressible(feature, "mixtral has none");
    }
    Ok(Target::Mixtral)
}

fn shared(architecture: &Architecture, moe: &Moe) -> Result<Target, HfError> {
    if architecture.attention.qk_norm != QkNorm::None {
        return inexpressible("shared experts beside a QK-norm", "qwen2_moe has no QK-norm");
    }
    if moe.n_shared_experts > 1 {
        let feature = format!("{} shared experts beside grouped attention", moe.n_shared_experts);
        return inexpressible(feature, "qwen2_moe has one, of any width");
    }
    if !moe.shared_expert_gate {
        return inexpressible(
            "a shared expert without a gate beside grouped attention",
            "qwen2_moe has a gate on it",
        );
    }
    if architecture.attention.output_bias {
        return inexpressible(
            "a bias on the attention output beside a shared expert",
            "qwen2_moe has it on query, key and value",
        );
    }
    Ok(Target::Qwen2Moe)
}

fn latent(architecture: &Architecture, moe: Option<&Moe>) -> Result<Target, HfError> {
    let attention = &architecture.attention;
    refuse_ffn_bias(architecture)?;
    if attention.qk_norm != QkNorm::None {
        return inexpressible(
            "a QK-norm beside latent attention",
            "latent attention has norms of its own",
        );
    }
    if attention.qkv_bias && !attention.output_bias {
        let feature = "a bias on the latent projections alone";
        return inexpressible(feature, "deepseek_v2 and deepseek_v3 have it on the output too");
    }
    if architecture.n_local_layers() > 0 {
        return inexpressible(
            "a sliding window beside latent attention",
            "deepseek_v2 and deepseek_v3 have none",
        );
    }
    let Some(moe) = moe else {
        return Ok(Target::DeepSeekV3);
    };
    if moe.n_shared_experts > 0 && moe.shared_expert_gate {
        return inexpressible(
            "a gate on shared experts beside latent attention",
            "deepseek_v2 and deepseek_v3 have none",
        );
    }
    if moe.n_shared_experts > 0 && moe.shared_expert_size != moe.expert_size {
        let feature = format!(
            "shared experts of width {} beside ones of {}",
            moe.shared_expert_size, moe.expert_size
        );
        return inexpressible(feature, "those of deepseek_v2 and deepseek_v3 are alike");
    }
    if moe.router_bias {
        if moe.n_experts < 2 {
            return inexpressible(
                "a router bias for one expert",
                "deepseek_v3's router compares two",
            );
        }
        return Ok(Target::DeepSeekV3);
    }
    if !is_divisible(architecture) {
        let feature = format!(
            "hidden_size = {} with {} heads and a router without bias",
            architecture.hidden_size, attention.n_heads
        );
        return inexpressible(feature, "deepseek_v2 needs a multiple");
    }
    Ok(Target::DeepSeekV2)
}

/// `llama`, or `mistral`, which lacks the biases but has windows and any number of heads.
fn plain(architecture: &Architecture) -> Result<Target, HfError> {
    let n_local = architecture.n_local_layers();
    let has_bias = architecture.attention.qkv_bias || architecture.ffn.bias;
    if has_mixed_layers(architecture) {
        let feature = "local and global layers without QK-norm";
        let reason = "of the written model types only qwen3 and qwen2 (with biases) mix them";
        return inexpressible(feature, reason);
    }
    // `transformers` refuses a llama configuration of such a width even with a head_dim.
    if n_local == 0 && is_divisible(architecture) {
        return Ok(Target::Llama);
    }
    if !has_bias {
        return Ok(Target::Mistral);
    }
    if n_local > 0 {
        return inexpressible(
            "a sliding window with biases",
            "mistral has windows and no biases, llama the reverse",
        );
    }
    let feature = format!(
        "hidden_size = {} with {} heads and biases",
        architecture.hidden_size, architecture.attention.n_heads
    );
    inexpressible(feature, "llama needs a multiple, mistral has no biases")
}
