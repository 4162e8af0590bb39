//! FFNs and mixtures of experts.

use super::classes::{Class, FfnKind};
use super::error::{HfError, shown};
use super::fields::Fields;
use crate::architecture::{Activation, Ffn, Moe};

/// The FFNs, and for every layer whether its is dense.
pub(super) fn ffn(fields: &Fields<'_>, class: &Class, n_layers: u32) -> Result<(Ffn, Vec<bool>), HfError> {
    let all = |is_dense| vec![is_dense; n_layers as usize];
    let (bias, (moe, is_dense)) = match class.ffn {
        FfnKind::Dense { bias_field } => {
            let bias = bias_field && fields.flag_or("mlp_bias", false)?;
            (bias, (None, all(true)))
        }
        FfnKind::EveryLayer { n_experts, bias } => {
            let moe = every_layer(fields, n_experts, bias)?;
            (bias, (Some(moe), all(false)))
        }
        FfnKind::Sparse { shared } => (false, sparse(fields, shared, n_layers)?),
        FfnKind::DeepSeek { router_bias } => (false, deepseek(fields, router_bias, n_layers)?),
    };
    let ffn = Ffn {
        activation: activation(fields, class)?,
        bias,
        intermediate_size: if is_dense.contains(&true) {
            fields.count("intermediate_size")?
        } else {
            0
        },
        moe,
    };
    Ok((ffn, is_dense))
}

/// Every class that is read has a gate, whatever the non-linearity.
fn activation(fields: &Fields<'_>, class: &Class) -> Result<Activation, HfError> {
    match fields.text(class.activation)?.unwrap_or(class.default_activation) {
        "silu" | "swish" => Ok(Activation::SwiGlu),
        "gelu" | "gelu_new" | "gelu_fast" | "gelu_pytorch_tanh" | "gelu_python" | "quick_gelu" => {
            Ok(Activation::GeGlu)
        }
        other => Err(fields.wrong(
            class.activation,
            shown(&other.into()),
            "\"silu\" or one of the forms of \"gelu\"".to_owned(),
        )),
    }
}

/// Three names for one thing: files of each kind have been saved under another class's name.
const EXPERT_COUNTS: [&str; 3] = ["num_local_experts", "num_experts", "n_routed_experts"];

fn n_experts(fields: &Fields<'_>, name: &'static str) -> Result<u32, HfError> {
    match fields.optional_count(name)? {
        Some(count) => Ok(count),
        None => fields
            .renamed_count(&EXPERT_COUNTS)?
            .ok_or_else(|| fields.missing(name)),
    }
}

fn every_layer(fields: &Fields<'_>, name: &'static str, router_bias: bool) -> Result<Moe, HfError> {
    Ok(Moe {
        n_experts: n_experts(fields, name)?,
        experts_per_token: fields.count("num_experts_per_tok")?,
        expert_size: fields.count("intermediate_size")?,
        n_shared_experts: 0,
        shared_expert_size: 0,
        shared_expert_gate: false,
        n_dense_layers: 0,
        router_bias,
    })
}

/// A mixture, unless every layer is dense, and which are.
type Sparse = (Option<Moe>, Vec<bool>);

fn sparse(fields: &Fields<'_>, shared: bool, n_layers: u32) -> Result<Sparse, HfError> {
    let n_experts = n_experts(fields, "num_experts")?;
    let step = fields.positive_or("decoder_sparse_step", 1)?;
    let mut is_dense: Vec<bool> = (0..n_layers)
        .map(|layer| n_experts == 0 || !(layer + 1).is_multiple_of(step))
        .collect();
    for layer in fields.counts("mlp_only_layers")?.unwrap_or_default() {
        // As in `transformers`, a layer that does not exist is no error.
        if let Some(is_dense) = is_dense.get_mut(layer as usize) {
            *is_dense = true;
        }
    }
    let n_dense_layers = count(&is_dense);
    if n_dense_layers == n_layers {
        return Ok((None, is_dense));
    }
    let moe = Moe {
        n_experts,
        experts_per_token: fields.count("num_experts_per_tok")?,
        expert_size: fields.count("moe_intermediate_size")?,
        n_shared_experts: u32::from(shared),
        shared_expert_size: if shared {
            fields.count("shared_expert_intermediate_size")?
        } else {
            0
        },
        shared_expert_gate: shared,
        n_dense_layers,
        router_bias: false,
    };
    Ok((Some(moe), is_dense))
}

fn count(is_dense: &[bool]) -> u32 {
    is_dense.iter().map(|&is_dense| u32::from(is_dense)).sum()
}

fn deepseek(fields: &Fields<'_>, router_bias: bool, n_layers: u32) -> Result<Sparse, HfError> {
    if fields.flag_or("mlp_bias", false)? {
        // It would hold for dense and shared FFNs but not for the experts.
        return Err(fields.wrong("mlp_bias", "true".to_owned(), "false".to_owned()));
    }
    let first = fields.count("first_k_dense_replace")?;
    let every = fields.positive_or("moe_layer_freq", 1)?;
    let is_dense = |layer: u32| layer < first || !layer.is_multiple_of(every);
    let is_dense: Vec<bool> = (0..n_layers).map(is_dense).collect();
    let n_dense_layers = count(&is_dense);
    if n_dense_layers == n_layers {
        return Ok((None, is_dense));
    }
    let n_shared_experts = fields.nullable_count("n_shared_experts")?.unwrap_or(0);
    let expert_size = fields.count("moe_intermediate_size")?;
    let moe = Moe {
        n_experts: n_experts(fields, "n_routed_experts")?,
        experts_per_token: fields.count("num_experts_per_tok")?,
        expert_size,
        n_shared_experts,
        shared_expert_size: if n_shared_experts > 0 { expert_size } else { 0 },
        shared_expert_gate: false,
        n_dense_layers,
        router_bias,
    };
    Ok((Some(moe), is_dense))
}
