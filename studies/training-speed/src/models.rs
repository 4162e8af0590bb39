//! The models that are trained.

use rooflaw::architecture::{Activation, Architecture, Attention, Ffn, KvProjection, Moe, QkNorm};
use serde::Serialize;

/// A model as both sides build it; heads are 32 wide.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Size {
    pub layers: u32,
    pub hidden: u32,
    pub heads: u32,
    pub kv_heads: u32,
    /// Of the FFN, or of one expert.
    pub width: u32,
    pub vocab: u32,
    /// 0 without a mixture.
    pub experts: u32,
    pub per_token: u32,
}

/// Width of a head.
const HEAD_DIM: u32 = 32;

const fn size(hidden: u32, width: u32, experts: u32, per_token: u32) -> Size {
    Size {
        layers: 4,
        hidden,
        heads: hidden / HEAD_DIM,
        kv_heads: 1,
        width,
        vocab: 4096,
        experts,
        per_token,
    }
}

/// Their names and sizes. The mixtures have the active parameters of the dense model called [`BASE`], routers apart.
pub const MODELS: [(&str, Size); 6] = [
    ("dense 1.1M", size(96, 512, 0, 0)),
    (BASE, size(160, 864, 0, 0)),
    ("dense 4.5M", size(224, 1184, 0, 0)),
    ("dense 8.8M", size(320, 1728, 0, 0)),
    ("E=8 K=1", size(160, 864, 8, 1)),
    ("E=16 K=2", size(160, 432, 16, 2)),
];

/// What mixtures are compared with.
pub const BASE: &str = "dense 2.6M";

impl Size {
    pub fn architecture(&self) -> Architecture {
        let moe = (self.experts > 0).then_some(Moe {
            n_experts: self.experts,
            experts_per_token: self.per_token,
            expert_size: self.width,
            n_shared_experts: 0,
            shared_expert_size: 0,
            shared_expert_gate: false,
            n_dense_layers: 0,
            router_bias: false,
        });
        Architecture {
            n_layers: self.layers,
            hidden_size: self.hidden,
            vocab_size: self.vocab,
            tie_embeddings: true,
            attention: Attention {
                n_heads: self.heads,
                kv: KvProjection::Grouped {
                    n_kv_heads: self.kv_heads,
                    head_dim: HEAD_DIM,
                },
                qkv_bias: false,
                output_bias: false,
                qk_norm: QkNorm::PerHead,
                sinks: false,
                sliding_window: None,
            },
            ffn: Ffn {
                activation: Activation::SwiGlu,
                bias: false,
                intermediate_size: if moe.is_some() { 0 } else { self.width },
                moe,
            },
            norms_per_layer: 2,
        }
    }
}
