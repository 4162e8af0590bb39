//! The names tensors have in GGUF files: `gguf-py/gguf/constants.py`, `TENSOR_NAMES`.

use crate::tensors::{Part, TensorSpec};

/// A tensor's name, if the architectures written here have such a tensor.
pub(super) fn name(spec: &TensorSpec) -> Option<String> {
    let name = part_name(spec.part)?;
    Some(match spec.layer {
        Some(layer) => format!("blk.{layer}.{name}"),
        None => name.to_owned(),
    })
}

const fn part_name(part: Part) -> Option<&'static str> {
    Some(match part {
        Part::QueryDown
        | Part::QueryDownBias
        | Part::QueryDownNorm
        | Part::QueryUp
        | Part::KvDown
        | Part::KvDownBias
        | Part::KvDownNorm
        | Part::KvUp
        | Part::RouterBias => return None,
        Part::Embedding => "token_embd.weight",
        Part::FinalNorm => "output_norm.weight",
        Part::Head => "output.weight",
        Part::AttentionNorm => "attn_norm.weight",
        Part::Query => "attn_q.weight",
        Part::QueryBias => "attn_q.bias",
        Part::Key => "attn_k.weight",
        Part::KeyBias => "attn_k.bias",
        Part::Value => "attn_v.weight",
        Part::ValueBias => "attn_v.bias",
        Part::QueryNorm => "attn_q_norm.weight",
        Part::KeyNorm => "attn_k_norm.weight",
        Part::Output => "attn_output.weight",
        Part::OutputBias => "attn_output.bias",
        Part::FfnNorm => "ffn_norm.weight",
        Part::Gate => "ffn_gate.weight",
        Part::GateBias => "ffn_gate.bias",
        Part::Up => "ffn_up.weight",
        Part::UpBias => "ffn_up.bias",
        Part::Down => "ffn_down.weight",
        Part::DownBias => "ffn_down.bias",
        Part::Router => "ffn_gate_inp.weight",
        Part::ExpertGate => "ffn_gate_exps.weight",
        Part::ExpertUp => "ffn_up_exps.weight",
        Part::ExpertDown => "ffn_down_exps.weight",
        Part::SharedRouter => "ffn_gate_inp_shexp.weight",
        Part::SharedGate => "ffn_gate_shexp.weight",
        Part::SharedUp => "ffn_up_shexp.weight",
        Part::SharedDown => "ffn_down_shexp.weight",
    })
}
