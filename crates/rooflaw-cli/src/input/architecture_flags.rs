//! An architecture given flag by flag.

use anyhow::{Context as _, Result, bail};
use clap::Args;
use rooflaw::architecture::{Activation, Architecture, Attention, Ffn, KvProjection, Moe, QkNorm};

/// Flags that describe a Qwen3-style decoder (grouped-query attention, QK-norm, `SwiGLU`).
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "An architecture of your own, instead of MODEL")]
pub struct ArchitectureFlags {
    /// Decoder layers
    #[arg(long, value_name = "N")]
    n_layers: Option<u32>,
    /// Width of the residual stream
    #[arg(long, value_name = "N")]
    hidden_size: Option<u32>,
    /// Query heads [default: hidden size / head dimension]
    #[arg(long, value_name = "N")]
    n_heads: Option<u32>,
    /// Key-value heads [default: as query heads]
    #[arg(long, value_name = "N")]
    n_kv_heads: Option<u32>,
    /// Width of a head [default: hidden size / query heads, or 64]
    #[arg(long, value_name = "N")]
    head_dim: Option<u32>,
    /// FFN width [default: 4 × hidden size]
    #[arg(long, value_name = "N")]
    intermediate_size: Option<u32>,
    /// Routed experts, each of the width --expert-size
    #[arg(long, value_name = "N", requires = "expert_size")]
    n_experts: Option<u32>,
    /// Routed experts per token
    #[arg(long, value_name = "K", default_value_t = 1)]
    experts_per_token: u32,
    /// FFN width of an expert
    #[arg(long, value_name = "N", requires = "n_experts")]
    expert_size: Option<u32>,
    /// Vocabulary
    #[arg(long, value_name = "N", default_value_t = 151_936)]
    vocab_size: u32,
    /// LM head apart from the embedding table
    #[arg(long)]
    untied: bool,
}

impl ArchitectureFlags {
    /// The architecture, if any flag asks for one.
    ///
    /// # Errors
    /// Flags that contradict each other or describe no valid architecture.
    pub fn architecture(&self) -> Result<Option<Architecture>> {
        let (n_layers, hidden_size) = match (self.n_layers, self.hidden_size) {
            (Some(n_layers), Some(hidden_size)) => (n_layers, hidden_size),
            (None, None) => return Ok(None),
            (Some(_), None) => bail!("--n-layers needs --hidden-size"),
            (None, Some(_)) => bail!("--hidden-size needs --n-layers"),
        };
        let (n_heads, head_dim) = match (self.n_heads, self.head_dim) {
            (Some(n_heads), Some(head_dim)) => (n_heads, head_dim),
            (Some(n_heads), None) => (
                n_heads,
                divided("hidden_size", hidden_size, "--n-heads", n_heads)?,
            ),
            (None, head_dim) => {
                let head_dim = head_dim.unwrap_or(64);
                (
                    divided("hidden_size", hidden_size, "--head-dim", head_dim)?,
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
            (Some(_), Some(_)) => {
                bail!("--intermediate-size is the dense FFN's width: give --expert-size alone")
            }
            (Some(width), None) => width,
            (None, Some(_)) => 0,
            (None, None) => hidden_size.checked_mul(4).context("--hidden-size is too large")?,
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

fn divided(what: &str, value: u32, by: &str, divisor: u32) -> Result<u32> {
    if divisor == 0 || !value.is_multiple_of(divisor) {
        bail!(
            "{what} = {value}: expected a multiple of {by} {divisor}, or --n-heads and --head-dim together"
        );
    }
    Ok(value / divisor)
}
