//! What a decoder-only transformer is made of: plain data, no behaviour beyond derived widths and validation.
//!
//! One [`Architecture`] is `Copy` and holds no string, so that millions can be evaluated without allocating.
//! Layers that differ (local and global attention, dense and mixture-of-experts FFN) are counted, not listed:
//! neither cost nor the number of parameters depends on their order.

pub mod hf;
mod parameters;
mod validate;

pub use parameters::Parameters;
pub use validate::ArchitectureError;

use serde::{Deserialize, Serialize};

/// A decoder-only transformer. Widths are in elements, counts are plain integers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Architecture {
    /// Number of decoder layers, `l` of the co-design law.
    pub n_layers: u32,
    /// Width of the residual stream, `d`.
    pub hidden_size: u32,
    /// Rows of the embedding table and of the LM head, padding included.
    pub vocab_size: u32,
    /// Whether the LM head is the embedding table.
    pub tie_embeddings: bool,
    /// The attention of every layer.
    pub attention: Attention,
    /// The FFN of every layer.
    pub ffn: Ffn,
    /// RMSNorms of width `hidden_size` in a layer: 2, or 4 where sub-layer outputs are normalised too (Gemma 2, 3).
    pub norms_per_layer: u32,
}

/// The attention of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attention {
    /// Query heads.
    pub n_heads: u32,
    /// How keys and values are made, and what of them is cached.
    pub kv: KvProjection,
    /// Bias on the query, key and value projections.
    pub qkv_bias: bool,
    /// Bias on the output projection.
    pub output_bias: bool,
    /// Normalisation of queries and keys.
    pub qk_norm: QkNorm,
    /// One learned attention-sink logit per query head (gpt-oss).
    pub sinks: bool,
    /// Layers that attend to a window only; `None` when every layer is global.
    pub sliding_window: Option<SlidingWindow>,
}

/// How keys and values are made, and what of them is cached.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KvProjection {
    /// Multi-head (`n_kv_heads` = `n_heads`), grouped-query, or multi-query (`n_kv_heads` = 1) attention.
    Grouped {
        /// Key (and value) heads; divides `n_heads`.
        n_kv_heads: u32,
        /// Width of a head, independent of `hidden_size / n_heads`.
        head_dim: u32,
    },
    /// Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434 §2.1): a low-rank vector is cached.
    Latent {
        /// Rank of the query's compression; `None` for a full query projection.
        q_lora_rank: Option<u32>,
        /// Rank of the cached key-value vector.
        kv_lora_rank: u32,
        /// Width of a query-key head without position.
        qk_nope_head_dim: u32,
        /// Width of the rotary part, one key for all heads.
        qk_rope_head_dim: u32,
        /// Width of a value head.
        v_head_dim: u32,
    },
}

/// Normalisation of queries and keys before the scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QkNorm {
    /// None.
    None,
    /// An RMSNorm of width `head_dim`, shared by the heads (Qwen3, Gemma 3).
    PerHead,
    /// An RMSNorm over all heads together (OLMo 2, OLMoE).
    Full,
}

/// Layers that attend to the last `size` tokens only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlidingWindow {
    /// Tokens in the window, the current one included.
    pub size: u32,
    /// How many of the layers are local.
    pub n_local_layers: u32,
}

/// The feed-forward network of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ffn {
    /// Gated or plain.
    pub activation: Activation,
    /// Bias on every FFN projection, experts included.
    pub bias: bool,
    /// Width of the FFN of dense layers; unused (0) when every layer is a mixture of experts.
    pub intermediate_size: u32,
    /// The mixture of experts, if any.
    pub moe: Option<Moe>,
}

/// The FFN's non-linearity; it decides whether there are two projections or three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `down(silu(gate(x)) · up(x))`.
    SwiGlu,
    /// `down(gelu(gate(x)) · up(x))`.
    GeGlu,
    /// `down(act(up(x)))`, no gate.
    Plain,
}

/// A mixture of experts in place of the FFN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moe {
    /// Routed experts, `E`.
    pub n_experts: u32,
    /// Routed experts a token is sent to, `K` (top-k).
    pub experts_per_token: u32,
    /// FFN width of one routed expert.
    pub expert_size: u32,
    /// Shared experts, which every token passes.
    pub n_shared_experts: u32,
    /// FFN width of one shared expert; 0 when there is none.
    pub shared_expert_size: u32,
    /// A sigmoid gate on the shared experts' output (Qwen2-MoE).
    pub shared_expert_gate: bool,
    /// Layers that keep a dense FFN of `Ffn::intermediate_size` (DeepSeek's leading ones).
    pub n_dense_layers: u32,
    /// One bias per expert in the router, additive (gpt-oss) or for load balancing (DeepSeek-V3).
    pub router_bias: bool,
}

impl Activation {
    /// Projections from `hidden_size` to the FFN width: gate and up, or up alone.
    #[must_use]
    #[inline]
    pub const fn is_gated(self) -> bool {
        !matches!(self, Activation::Plain)
    }
}

impl Architecture {
    /// Width of all queries together.
    #[must_use]
    #[inline]
    pub fn query_width(&self) -> u32 {
        match self.attention.kv {
            KvProjection::Grouped { head_dim, .. } => self.attention.n_heads * head_dim,
            KvProjection::Latent {
                qk_nope_head_dim,
                qk_rope_head_dim,
                ..
            } => self.attention.n_heads * (qk_nope_head_dim + qk_rope_head_dim),
        }
    }

    /// Elements cached per token and layer, keys and values together.
    #[must_use]
    #[inline]
    pub fn kv_elements_per_token(&self) -> u32 {
        match self.attention.kv {
            KvProjection::Grouped { n_kv_heads, head_dim } => 2 * n_kv_heads * head_dim,
            KvProjection::Latent {
                kv_lora_rank,
                qk_rope_head_dim,
                ..
            } => kv_lora_rank + qk_rope_head_dim,
        }
    }

    /// The co-design law's `d_m`: the KV-cache dimension, `n_kv_heads · head_dim`; for latent attention half of
    /// what is cached, so that `2·d_m` elements are cached per token and layer in either case.
    #[must_use]
    #[inline]
    pub fn kv_dim(&self) -> f64 {
        f64::from(self.kv_elements_per_token()) / 2.0
    }

    /// Layers with a mixture of experts.
    #[must_use]
    #[inline]
    pub fn n_moe_layers(&self) -> u32 {
        self.ffn.moe.map_or(0, |moe| self.n_layers - moe.n_dense_layers)
    }

    /// Layers with sliding-window attention.
    #[must_use]
    #[inline]
    pub fn n_local_layers(&self) -> u32 {
        self.attention
            .sliding_window
            .map_or(0, |window| window.n_local_layers)
    }

    /// The FFN width a token passes, averaged over layers: `K·expert_size` plus the shared experts, or the dense width.
    #[must_use]
    #[inline]
    pub fn active_ffn_width(&self) -> f64 {
        self.mean_ffn_width(|moe| moe.experts_per_token)
    }

    /// The FFN width held in memory, averaged over layers.
    #[must_use]
    #[inline]
    pub fn stored_ffn_width(&self) -> f64 {
        self.mean_ffn_width(|moe| moe.n_experts)
    }

    fn mean_ffn_width(&self, routed: impl Fn(&Moe) -> u32) -> f64 {
        self.summed_ffn_width(routed) / f64::from(self.n_layers)
    }

    /// The FFN widths over all layers together: those a token passes, and those held in memory.
    #[inline]
    pub(crate) fn summed_ffn_widths(&self) -> (f64, f64) {
        (
            self.summed_ffn_width(|moe| moe.experts_per_token),
            self.summed_ffn_width(|moe| moe.n_experts),
        )
    }

    #[inline]
    fn summed_ffn_width(&self, routed: impl Fn(&Moe) -> u32) -> f64 {
        let dense = f64::from(self.ffn.intermediate_size);
        let n_layers = f64::from(self.n_layers);
        match &self.ffn.moe {
            None => dense * n_layers,
            Some(moe) => {
                let width = f64::from(routed(moe)) * f64::from(moe.expert_size)
                    + f64::from(moe.n_shared_experts) * f64::from(moe.shared_expert_size);
                let n_dense = f64::from(moe.n_dense_layers);
                dense * n_dense + width * (n_layers - n_dense)
            }
        }
    }

    /// `r`: active FFN width over `hidden_size`.
    #[must_use]
    #[inline]
    pub fn ffn_ratio(&self) -> f64 {
        self.active_ffn_width() / f64::from(self.hidden_size)
    }

    /// `ρ`: active over stored FFN width, in (0, 1]; `K/E` without shared experts or dense layers, 1 when dense.
    #[must_use]
    #[inline]
    pub fn activation_rate(&self) -> f64 {
        if self.ffn.moe.is_none() {
            1.0
        } else {
            self.active_ffn_width() / self.stored_ffn_width()
        }
    }

    /// Query heads per key-value head; `None` for latent attention, which has no such ratio.
    #[must_use]
    pub fn gqa(&self) -> Option<f64> {
        match self.attention.kv {
            KvProjection::Grouped { n_kv_heads, .. } => {
                Some(f64::from(self.attention.n_heads) / f64::from(n_kv_heads))
            }
            KvProjection::Latent { .. } => None,
        }
    }
}
