//! The numbers of a model that its computation needs, and what is refused.

use rooflaw::architecture::{Activation, KvProjection};
use rooflaw_train::engine::{EngineError, LoadBalancing};
use rooflaw_train::model::{Model, Scoring};

/// The numbers of a model, as indices.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) hidden: usize,
    pub(super) vocabulary: usize,
    pub(super) heads: usize,
    pub(super) kv_heads: usize,
    pub(super) head_dim: usize,
    /// Positions of a local layer's window.
    pub(super) window: usize,
    pub(super) epsilon: f32,
    /// `rotation` of `split_heads`.
    pub(super) rotation: u32,
    /// `kind` of `gated`.
    pub(super) activation: u32,
    pub(super) moe: Option<MoeShape>,
}

/// The numbers of a mixture of experts.
#[derive(Clone, Copy, Debug)]
pub(super) struct MoeShape {
    pub(super) experts: usize,
    pub(super) per_token: usize,
    pub(super) expert_size: usize,
    /// Width of the shared experts together.
    pub(super) shared_width: usize,
    pub(super) has_shared_gate: bool,
    pub(super) layers: usize,
    /// `scoring` of `route`.
    pub(super) scoring: u32,
    pub(super) normalised: bool,
    pub(super) scale: f32,
}

impl Shape {
    /// The numbers of a model that this engine computes.
    pub(super) fn new(model: &Model, balancing: LoadBalancing) -> Result<Shape, EngineError> {
        let architecture = &model.architecture;
        let attention = &architecture.attention;
        let KvProjection::Grouped { n_kv_heads, head_dim } = attention.kv else {
            return Err(unsupported("latent attention"));
        };
        if attention.sinks {
            return Err(unsupported("attention sinks"));
        }
        if architecture.norms_per_layer != 2 {
            return Err(unsupported(&format!(
                "norms_per_layer = {}",
                architecture.norms_per_layer
            )));
        }
        if head_dim % 2 != 0 {
            return Err(unsupported(&format!("a head_dim of {head_dim}, which is odd")));
        }
        if model.details.is_local.len() != architecture.n_layers as usize {
            let message = format!("is_local has {} layers", model.details.is_local.len());
            return Err(unsupported(&message));
        }
        let activation = match architecture.ffn.activation {
            Activation::SwiGlu => 0,
            Activation::GeGlu => 1,
            Activation::Plain => return Err(unsupported("an FFN without gate")),
        };
        let routing = &model.details.routing;
        let is_auxiliary = matches!(balancing, LoadBalancing::AuxiliaryLoss { .. });
        if is_auxiliary && architecture.ffn.moe.is_some() && routing.scoring == Scoring::Sigmoid {
            return Err(unsupported("an auxiliary loss on sigmoid scores"));
        }
        let moe = architecture.ffn.moe.map(|moe| MoeShape {
            experts: moe.n_experts as usize,
            per_token: moe.experts_per_token as usize,
            expert_size: moe.expert_size as usize,
            shared_width: moe.n_shared_experts as usize * moe.shared_expert_size as usize,
            has_shared_gate: moe.shared_expert_gate && moe.n_shared_experts > 0,
            layers: architecture.n_moe_layers() as usize,
            scoring: match routing.scoring {
                Scoring::Softmax => 0,
                Scoring::Sigmoid => 1,
            },
            normalised: routing.normalised,
            scale: routing.scale as f32,
        });
        Ok(Shape {
            hidden: architecture.hidden_size as usize,
            vocabulary: architecture.vocab_size as usize,
            heads: attention.n_heads as usize,
            kv_heads: n_kv_heads as usize,
            head_dim: head_dim as usize,
            window: attention.sliding_window.map_or(0, |window| window.size as usize),
            epsilon: model.details.rms_norm_eps as f32,
            rotation: if model.details.rope_interleaved { 2 } else { 1 },
            activation,
            moe,
        })
    }

    /// Width of all queries together.
    pub(super) const fn query_width(&self) -> usize {
        self.heads * self.head_dim
    }

    /// Width of all keys, or all values, together.
    pub(super) const fn kv_width(&self) -> usize {
        self.kv_heads * self.head_dim
    }
}

fn unsupported(feature: &str) -> EngineError {
    EngineError::Unsupported {
        engine: "CUDA",
        feature: feature.to_owned(),
    }
}
