//! Mixtures of experts, in each model type's words.

use super::target::Target;
use crate::architecture::{Architecture, Moe};
use serde_json::{Map, Value, json};

/// Qwen's: dense layers are listed.
pub(super) fn set_qwen(moe: &Moe, config: &mut Map<String, Value>) {
    let mut set = |name: &str, value: Value| config.insert(name.to_owned(), value);
    if moe.n_dense_layers == 0 {
        // Without effect; the width that a token passes, as in published configurations.
        let active = u64::from(moe.experts_per_token) * u64::from(moe.expert_size);
        set("intermediate_size", active.into());
    }
    set("num_experts", moe.n_experts.into());
    set("num_experts_per_tok", moe.experts_per_token.into());
    set("moe_intermediate_size", moe.expert_size.into());
    if moe.n_shared_experts > 0 {
        set("shared_expert_intermediate_size", moe.shared_expert_size.into());
    }
    set("decoder_sparse_step", 1.into());
    let dense_layers: Vec<u32> = (0..moe.n_dense_layers).collect();
    set("mlp_only_layers", json!(dense_layers));
    set("norm_topk_prob", true.into());
    set_load_balancing(config);
}

/// Mixtral's and OLMoE's: in every layer.
pub(super) fn set_every_layer(moe: &Moe, target: Target, config: &mut Map<String, Value>) {
    let mut set = |name: &str, value: Value| config.insert(name.to_owned(), value);
    set("intermediate_size", moe.expert_size.into());
    set("num_experts_per_tok", moe.experts_per_token.into());
    if target == Target::Olmoe {
        set("num_experts", moe.n_experts.into());
        set("norm_topk_prob", true.into());
    } else {
        // It always divides by the sum.
        set("num_local_experts", moe.n_experts.into());
    }
    set_load_balancing(config);
}

/// The load-balancing loss, which trainers ask for and evaluation does not.
fn set_load_balancing(config: &mut Map<String, Value>) {
    config.insert("output_router_logits".to_owned(), false.into());
    config.insert("router_aux_loss_coef".to_owned(), 0.001.into());
}

/// DeepSeek's: leading layers are dense, all of them without a mixture.
pub(super) fn set_deepseek(architecture: &Architecture, target: Target, config: &mut Map<String, Value>) {
    let is_v3 = target == Target::DeepSeekV3;
    let mut set = |name: &str, value: Value| config.insert(name.to_owned(), value);
    let moe = architecture.ffn.moe;
    let n_dense_layers = moe.map_or(architecture.n_layers, |moe| moe.n_dense_layers);
    set("first_k_dense_replace", n_dense_layers.into());
    set("moe_layer_freq", 1.into());
    if is_v3 {
        // DeepSeek-V2's pairs are always neighbours.
        set("rope_interleave", true.into());
        // Layers that predict further tokens.
        set("num_nextn_predict_layers", 0.into());
    }
    let Some(moe) = moe else {
        return;
    };
    if n_dense_layers == 0 {
        // Without effect; the width that a token passes.
        let experts = u64::from(moe.experts_per_token + moe.n_shared_experts);
        set("intermediate_size", (experts * u64::from(moe.expert_size)).into());
    }
    set("n_routed_experts", moe.n_experts.into());
    set("num_experts_per_tok", moe.experts_per_token.into());
    set("moe_intermediate_size", moe.expert_size.into());
    set("n_shared_experts", moe.n_shared_experts.into());
    // All experts are one group: none is out of reach.
    set("n_group", 1.into());
    set("topk_group", 1.into());
    // What `transformers` does by the model type, others by these two.
    set("topk_method", if is_v3 { "noaux_tc" } else { "greedy" }.into());
    set("scoring_func", if is_v3 { "sigmoid" } else { "softmax" }.into());
    // DeepSeek-V2's router in `transformers` never divides by the sum.
    set("norm_topk_prob", is_v3.into());
    set("routed_scaling_factor", 1.0.into());
}
