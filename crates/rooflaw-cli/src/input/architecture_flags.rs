//! An architecture given flag by flag.

use anyhow::{Result, bail};
use clap::Args;
use rooflaw::architecture::{Activation, Architecture, Attention, Ffn, KvProjection, Moe, QkNorm};

/// Flags that describe a Qwen3-style decoder (grouped-query attention, QK-norm, `SwiGLU`).
///
/// What they must satisfy together is left to [`Architecture::validate`], whose messages name the field; clap sees to it
/// that none is given beside MODEL, or without the two that say how large the architecture is.
#[derive(Args, Clone, Default)]
#[group(conflicts_with = "model")]
#[command(next_help_heading = "An architecture of your own, instead of MODEL")]
pub struct ArchitectureFlags {
    /// Decoder layers
    #[arg(long, value_name = "N", requires = "hidden_size", value_parser = positive, allow_negative_numbers = true)]
    n_layers: Option<u32>,
    /// Width of the residual stream
    #[arg(long, value_name = "N", requires = "n_layers", value_parser = positive, allow_negative_numbers = true)]
    hidden_size: Option<u32>,
    /// Query heads [default: hidden size / head dimension]
    #[arg(long, value_name = "N", requires = "n_layers", value_parser = positive, allow_negative_numbers = true)]
    n_heads: Option<u32>,
    /// Key-value heads [default: as query heads]
    #[arg(long, value_name = "N", requires = "n_layers", value_parser = positive, allow_negative_numbers = true)]
    n_kv_heads: Option<u32>,
    /// Width of a head [default: hidden size / query heads, or 64]
    #[arg(long, value_name = "N", requires = "n_layers", value_parser = positive, allow_negative_numbers = true)]
    head_dim: Option<u32>,
    /// FFN width [default: 4 × hidden size]
    #[arg(long, value_name = "N", requires = "n_layers", value_parser = positive, allow_negative_numbers = true)]
    intermediate_size: Option<u32>,
    /// Routed experts, each of the width --expert-size
    #[arg(long, value_name = "N", requires_all = ["n_layers", "expert_size"], value_parser = positive, allow_negative_numbers = true)]
    n_experts: Option<u32>,
    /// Routed experts per token
    #[arg(long, value_name = "K", default_value_t = 1, requires = "n_experts", value_parser = positive, allow_negative_numbers = true)]
    experts_per_token: u32,
    /// FFN width of an expert
    #[arg(long, value_name = "N", requires = "n_experts", conflicts_with = "intermediate_size", value_parser = positive, allow_negative_numbers = true)]
    expert_size: Option<u32>,
    /// Vocabulary
    #[arg(long, value_name = "N", default_value_t = 151_936, requires = "n_layers", value_parser = positive, allow_negative_numbers = true)]
    vocab_size: u32,
    /// LM head apart from the embedding table
    #[arg(long, requires = "n_layers")]
    untied: bool,
}

impl ArchitectureFlags {
    /// The architecture, if any flag asks for one.
    ///
    /// # Errors
    /// Flags that describe no valid architecture.
    pub fn architecture(&self) -> Result<Option<Architecture>> {
        let (Some(n_layers), Some(hidden_size)) = (self.n_layers, self.hidden_size) else {
            return Ok(None);
        };
        let (n_heads, head_dim) = match (self.n_heads, self.head_dim) {
            (Some(n_heads), Some(head_dim)) => (n_heads, head_dim),
            (Some(n_heads), None) => (n_heads, divided(hidden_size, "--n-heads", n_heads, "--head-dim")?),
            (None, head_dim) => {
                let head_dim = head_dim.unwrap_or(64);
                (
                    divided(hidden_size, "--head-dim", head_dim, "--n-heads")?,
                    head_dim,
                )
            }
        };
        let moe = self.n_experts.map(|n_experts| Moe {
            n_experts,
            experts_per_token: self.experts_per_token,
            expert_size: self.expert_size.unwrap_or(0),
            n_shared_experts: 0,
            shared_expert_size: 0,
            shared_expert_gate: false,
            n_dense_layers: 0,
            router_bias: false,
        });
        let intermediate_size = match (self.intermediate_size, moe) {
            (Some(width), _) => width,
            (None, Some(_)) => 0,
            (None, None) => hidden_size.saturating_mul(4),
        };
        let architecture = Architecture {
            n_layers,
            hidden_size,
            vocab_size: self.vocab_size,
            tie_embeddings: !self.untied,
            attention: Attention {
                n_heads,
                kv: KvProjection::Grouped {
                    n_kv_heads: self.n_kv_heads.unwrap_or(n_heads),
                    head_dim,
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
                intermediate_size,
                moe,
            },
            norms_per_layer: 2,
        };
        architecture.validate()?;
        Ok(Some(architecture))
    }
}

/// A number that [`Architecture::validate`] may still find too large.
fn positive(text: &str) -> Result<u32, String> {
    text.parse()
        .ok()
        .filter(|&number| number > 0)
        .ok_or_else(|| "expected a positive whole number".to_owned())
}

fn divided(hidden_size: u32, by: &str, divisor: u32, other: &str) -> Result<u32> {
    if !hidden_size.is_multiple_of(divisor) {
        bail!("--hidden-size {hidden_size}: expected a multiple of {by} {divisor}, or {other} as well");
    }
    Ok(hidden_size / divisor)
}
