//! The names tensors have in checkpoints of `transformers`: those of `save_pretrained`, version 5.23.

use crate::tensors::{Part, Shape, TensorSpec};

/// How a model type names its tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    /// Llama's names, and Qwen's for experts.
    Common,
    /// Mixtral's names for experts.
    Mixtral,
    /// DeepSeek's names for shared experts.
    DeepSeek,
}

impl Naming {
    /// The one of a model type.
    pub(crate) fn of(model_type: &str) -> Naming {
        match model_type {
            "mixtral" => Naming::Mixtral,
            "deepseek_v2" | "deepseek_v3" => Naming::DeepSeek,
            _ => Naming::Common,
        }
    }
}

/// The name of a tensor, or of one expert's share of it.
pub(crate) fn name(naming: Naming, spec: &TensorSpec, expert: u32) -> String {
    let part = match naming {
        Naming::Common => common(spec.part, expert),
        Naming::Mixtral => mixtral(spec.part, expert).unwrap_or_else(|| common(spec.part, expert)),
        Naming::DeepSeek => {
            deepseek(spec.part).map_or_else(|| common(spec.part, expert), |name| name.to_owned())
        }
    };
    match spec.layer {
        Some(layer) => format!("model.layers.{layer}.{part}"),
        None => part,
    }
}

/// The shape of a tensor, or of one expert's share of it: outputs × inputs.
pub(crate) fn shape(spec: &TensorSpec) -> Vec<usize> {
    match spec.shape {
        // A linear layer with one output.
        Shape::Vector(n) if spec.part == Part::SharedRouter => vec![1, n as usize],
        Shape::Vector(n) => vec![n as usize],
        Shape::Matrix(rows, columns) | Shape::Stack(_, rows, columns) => {
            vec![rows as usize, columns as usize]
        }
    }
}

fn mixtral(part: Part, expert: u32) -> Option<String> {
    let projection = match part {
        Part::Router => return Some("block_sparse_moe.gate.weight".to_owned()),
        Part::ExpertGate => "w1",
        Part::ExpertDown => "w2",
        Part::ExpertUp => "w3",
        _ => return None,
    };
    Some(format!("block_sparse_moe.experts.{expert}.{projection}.weight"))
}

const fn deepseek(part: Part) -> Option<&'static str> {
    Some(match part {
        Part::SharedGate => "mlp.shared_experts.gate_proj.weight",
        Part::SharedUp => "mlp.shared_experts.up_proj.weight",
        Part::SharedDown => "mlp.shared_experts.down_proj.weight",
        _ => return None,
    })
}

fn common(part: Part, expert: u32) -> String {
    let name = match part {
        Part::Embedding => "model.embed_tokens.weight",
        Part::FinalNorm => "model.norm.weight",
        Part::Head => "lm_head.weight",
        Part::AttentionNorm => "input_layernorm.weight",
        Part::Query => "self_attn.q_proj.weight",
        Part::QueryBias => "self_attn.q_proj.bias",
        Part::Key => "self_attn.k_proj.weight",
        Part::KeyBias => "self_attn.k_proj.bias",
        Part::Value => "self_attn.v_proj.weight",
        Part::ValueBias => "self_attn.v_proj.bias",
        Part::QueryNorm => "self_attn.q_norm.weight",
        Part::KeyNorm => "self_attn.k_norm.weight",
        Part::QueryDown => "self_attn.q_a_proj.weight",
        Part::QueryDownBias => "self_attn.q_a_proj.bias",
        Part::QueryDownNorm => "self_attn.q_a_layernorm.weight",
        Part::QueryUp => "self_attn.q_b_proj.weight",
        Part::KvDown => "self_attn.kv_a_proj_with_mqa.weight",
        Part::KvDownBias => "self_attn.kv_a_proj_with_mqa.bias",
        Part::KvDownNorm => "self_attn.kv_a_layernorm.weight",
        Part::KvUp => "self_attn.kv_b_proj.weight",
        Part::Output => "self_attn.o_proj.weight",
        Part::OutputBias => "self_attn.o_proj.bias",
        Part::FfnNorm => "post_attention_layernorm.weight",
        Part::Gate => "mlp.gate_proj.weight",
        Part::GateBias => "mlp.gate_proj.bias",
        Part::Up => "mlp.up_proj.weight",
        Part::UpBias => "mlp.up_proj.bias",
        Part::Down => "mlp.down_proj.weight",
        Part::DownBias => "mlp.down_proj.bias",
        Part::Router => "mlp.gate.weight",
        Part::RouterBias => "mlp.gate.e_score_correction_bias",
        Part::ExpertGate => return format!("mlp.experts.{expert}.gate_proj.weight"),
        Part::ExpertUp => return format!("mlp.experts.{expert}.up_proj.weight"),
        Part::ExpertDown => return format!("mlp.experts.{expert}.down_proj.weight"),
        Part::SharedRouter => "mlp.shared_expert_gate.weight",
        Part::SharedGate => "mlp.shared_expert.gate_proj.weight",
        Part::SharedUp => "mlp.shared_expert.up_proj.weight",
        Part::SharedDown => "mlp.shared_expert.down_proj.weight",
    };
    name.to_owned()
}
