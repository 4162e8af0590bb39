//! A layer: an attention and an FFN of whatever kinds.

use super::dense::Dense;
use super::experts::Experts;
use super::grouped::Grouped;
use super::heads::Heads;
use super::latent::Latent;
use super::low_rank::Ranks;
use super::parameters::{AttentionParts, FfnParts, LayerParts, Tensors};
use super::product::Into;
use super::router::Router;
use super::{Shared, unsupported};
use crate::engine::EngineError;
use crate::model::Model;
use rooflaw::architecture::{Architecture, KvProjection};

/// A layer and what its forward pass keeps.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) attention: Attention,
    pub(super) ffn: Ffn,
}

/// The attention of a layer.
#[derive(Debug)]
pub(super) enum Attention {
    Grouped(Box<Grouped>),
    Latent(Box<Latent>),
}

/// The FFN of a layer.
#[derive(Debug)]
pub(super) enum Ffn {
    Dense(Dense),
    Experts(Box<Experts>),
}

impl Attention {
    pub(super) fn new(
        architecture: &Architecture,
        parts: &LayerParts,
        is_local: bool,
        rows: usize,
    ) -> Result<Attention, EngineError> {
        let n_heads = architecture.attention.n_heads as usize;
        let heads = |n_kv_heads: u32, key_dim: u32, value_dim: u32| Heads {
            n_heads,
            n_kv_heads: n_kv_heads as usize,
            key_dim: key_dim as usize,
            value_dim: value_dim as usize,
            scale: 1.0 / (key_dim as f32).sqrt(),
            window: window(architecture, is_local),
        };
        match (parts.attention, architecture.attention.kv) {
            (AttentionParts::Grouped(parts), KvProjection::Grouped { n_kv_heads, head_dim }) => {
                let heads = heads(n_kv_heads, head_dim, head_dim);
                Ok(Attention::Grouped(Box::new(Grouped::new(
                    parts,
                    heads,
                    architecture.attention.qk_norm,
                    rows,
                ))))
            }
            (
                AttentionParts::Latent(parts),
                KvProjection::Latent {
                    q_lora_rank,
                    kv_lora_rank,
                    qk_nope_head_dim,
                    qk_rope_head_dim,
                    v_head_dim,
                },
            ) => {
                let heads = heads(
                    architecture.attention.n_heads,
                    qk_nope_head_dim + qk_rope_head_dim,
                    v_head_dim,
                );
                let ranks = Ranks {
                    query: q_lora_rank.unwrap_or(0) as usize,
                    kv: kv_lora_rank as usize,
                    nope: qk_nope_head_dim as usize,
                    rope: qk_rope_head_dim as usize,
                };
                Ok(Attention::Latent(Box::new(Latent::new(
                    parts, heads, ranks, rows,
                ))))
            }
            _ => Err(unsupported("this attention")),
        }
    }

    pub(super) fn forward(&mut self, shared: &Shared, weights: &Tensors, x: &[f32], y: &mut [f32]) {
        match self {
            Attention::Grouped(attention) => attention.forward(shared, weights, x, y),
            Attention::Latent(attention) => attention.forward(shared, weights, x, y),
        }
    }

    pub(super) fn backward(
        &mut self,
        shared: &mut Shared,
        weights: &Tensors,
        sides: (&[f32], &[f32]),
        dx: &mut [f32],
        to: (&mut Tensors, Into),
    ) {
        match self {
            Attention::Grouped(attention) => attention.backward(shared, weights, sides, dx, to),
            Attention::Latent(attention) => attention.backward(shared, weights, sides, dx, to),
        }
    }
}

impl Ffn {
    pub(super) fn new(model: &Model, parts: &LayerParts, rows: usize) -> Result<Ffn, EngineError> {
        let architecture = &model.architecture;
        let activation = architecture.ffn.activation;
        match (parts.ffn, &architecture.ffn.moe) {
            (FfnParts::Dense(ffn), _) => {
                let width = architecture.ffn.intermediate_size as usize;
                Ok(Ffn::Dense(Dense::new(
                    ffn,
                    parts.ffn_norm,
                    activation,
                    rows,
                    width,
                )))
            }
            (FfnParts::Experts(experts), Some(moe)) => {
                let router = Router {
                    n_experts: moe.n_experts as usize,
                    experts_per_token: moe.experts_per_token as usize,
                    routing: model.details.routing,
                };
                let shared_width = (moe.n_shared_experts * moe.shared_expert_size) as usize;
                let widths = (
                    architecture.hidden_size as usize,
                    moe.expert_size as usize,
                    shared_width,
                );
                let experts = Experts::new(experts, parts.ffn_norm, activation, router, rows, widths);
                Ok(Ffn::Experts(Box::new(experts)))
            }
            (FfnParts::Experts(_), None) => Err(unsupported("experts without a mixture")),
        }
    }

    pub(super) fn forward(&mut self, shared: &mut Shared, weights: &Tensors, x: &[f32], y: &mut [f32]) {
        match self {
            Ffn::Dense(ffn) => ffn.forward(shared, weights, x, y),
            Ffn::Experts(ffn) => ffn.forward(shared, weights, x, y),
        }
    }

    /// `of_scores`: see [`Experts::backward`].
    pub(super) fn backward(
        &mut self,
        shared: &mut Shared,
        weights: &Tensors,
        sides: (&[f32], &[f32]),
        dx: &mut [f32],
        of_scores: Option<&[f32]>,
        to: (&mut Tensors, Into),
    ) {
        match self {
            Ffn::Dense(ffn) => ffn.backward(shared, weights, sides, dx, to),
            Ffn::Experts(ffn) => ffn.backward(shared, weights, sides, dx, of_scores, to),
        }
    }

    /// The mixture, if it is one.
    pub(super) fn mixture(&self) -> Option<&Experts> {
        match self {
            Ffn::Experts(experts) => Some(experts),
            Ffn::Dense(_) => None,
        }
    }

    /// The mixture, to be changed.
    pub(super) fn mixture_mut(&mut self) -> Option<&mut Experts> {
        match self {
            Ffn::Experts(experts) => Some(experts),
            Ffn::Dense(_) => None,
        }
    }
}

/// Elements of a head that the rotary embedding turns.
pub(super) const fn rotary_width(architecture: &Architecture) -> usize {
    match architecture.attention.kv {
        KvProjection::Grouped { head_dim, .. } => head_dim as usize,
        KvProjection::Latent { qk_rope_head_dim, .. } => qk_rope_head_dim as usize,
    }
}

fn window(architecture: &Architecture, is_local: bool) -> Option<usize> {
    let window = architecture.attention.sliding_window.filter(|_| is_local)?;
    Some(window.size as usize)
}
