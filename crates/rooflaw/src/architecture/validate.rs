//! Which architectures make sense: one message naming the field, its value and what would be accepted.

use super::{Architecture, KvProjection};

/// The first thing wrong with an architecture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} = {value}: expected {accepted}")]
pub struct ArchitectureError {
    /// The field, as spelled in [`Architecture`].
    pub field: &'static str,
    /// The value found.
    pub value: String,
    /// What would be accepted.
    pub accepted: String,
}

/// Bound on widths: far above any model, low enough that no product or sum of two overflows a `u32` where one factor
/// is a number of heads, experts or shared experts bounded below.
const MAX_WIDTH: u32 = 1 << 20;
pub(crate) const MAX_LAYERS: u32 = 1 << 12;
const MAX_VOCABULARY: u32 = 1 << 24;
const MAX_EXPERTS: u32 = 1 << 14;
/// Bound on all parameters: up to here an `f64` counts them exactly.
const MAX_PARAMETERS: u64 = 1 << 53;

fn within(field: &'static str, value: u32, min: u32, max: u32) -> Result<(), ArchitectureError> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(ArchitectureError {
        field,
        value: value.to_string(),
        accepted: format!("an integer between {min} and {max}"),
    })
}

impl Architecture {
    /// Checks every field and the relations between them.
    ///
    /// # Errors
    /// The first violation: a count or width of zero or beyond any model, key-value heads that do not divide the
    /// query heads, more experts per token than experts, more local or dense layers than layers, more parameters than
    /// can be counted exactly.
    pub fn validate(&self) -> Result<(), ArchitectureError> {
        within("n_layers", self.n_layers, 1, MAX_LAYERS)?;
        within("hidden_size", self.hidden_size, 1, MAX_WIDTH)?;
        within("vocab_size", self.vocab_size, 1, MAX_VOCABULARY)?;
        within("norms_per_layer", self.norms_per_layer, 1, 8)?;
        self.validate_attention()?;
        self.validate_ffn()?;
        // Each field may be within its bounds and their product beyond any machine; safe to count only now.
        let total = self.parameters().total;
        if total > MAX_PARAMETERS {
            return Err(ArchitectureError {
                field: "parameters",
                value: total.to_string(),
                accepted: format!("at most {MAX_PARAMETERS} in total"),
            });
        }
        Ok(())
    }

    fn validate_attention(&self) -> Result<(), ArchitectureError> {
        let attention = &self.attention;
        within("n_heads", attention.n_heads, 1, 1 << 14)?;
        match attention.kv {
            KvProjection::Grouped { n_kv_heads, head_dim } => {
                within("n_kv_heads", n_kv_heads, 1, attention.n_heads)?;
                within("head_dim", head_dim, 1, 1 << 14)?;
                if !attention.n_heads.is_multiple_of(n_kv_heads) {
                    return Err(ArchitectureError {
                        field: "n_kv_heads",
                        value: n_kv_heads.to_string(),
                        accepted: format!("a divisor of the {} query heads", attention.n_heads),
                    });
                }
            }
            KvProjection::Latent {
                q_lora_rank,
                kv_lora_rank,
                qk_nope_head_dim,
                qk_rope_head_dim,
                v_head_dim,
            } => {
                if let Some(rank) = q_lora_rank {
                    within("q_lora_rank", rank, 1, MAX_WIDTH)?;
                }
                within("kv_lora_rank", kv_lora_rank, 1, MAX_WIDTH)?;
                within("qk_nope_head_dim", qk_nope_head_dim, 1, 1 << 14)?;
                within("qk_rope_head_dim", qk_rope_head_dim, 1, 1 << 14)?;
                within("v_head_dim", v_head_dim, 1, 1 << 14)?;
                let value_width = attention.n_heads * v_head_dim;
                within("value width (n_heads × v_head_dim)", value_width, 1, MAX_WIDTH)?;
            }
        }
        within(
            "query width (n_heads × head_dim)",
            self.query_width(),
            1,
            MAX_WIDTH,
        )?;
        if let Some(window) = attention.sliding_window {
            within("sliding_window", window.size, 1, u32::MAX)?;
            within("n_local_layers", window.n_local_layers, 0, self.n_layers)?;
        }
        Ok(())
    }

    fn validate_ffn(&self) -> Result<(), ArchitectureError> {
        let Some(moe) = &self.ffn.moe else {
            return within("intermediate_size", self.ffn.intermediate_size, 1, MAX_WIDTH);
        };
        within("n_dense_layers", moe.n_dense_layers, 0, self.n_layers - 1)?;
        if moe.n_dense_layers > 0 {
            within("intermediate_size", self.ffn.intermediate_size, 1, MAX_WIDTH)?;
        }
        within("n_experts", moe.n_experts, 1, MAX_EXPERTS)?;
        within("experts_per_token", moe.experts_per_token, 1, moe.n_experts)?;
        within("expert_size", moe.expert_size, 1, MAX_WIDTH)?;
        within("n_shared_experts", moe.n_shared_experts, 0, 1 << 10)?;
        if moe.n_shared_experts > 0 {
            within("shared_expert_size", moe.shared_expert_size, 1, MAX_WIDTH)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::architecture::{Activation, Attention, Ffn, Moe, QkNorm, SlidingWindow};

    /// Every field at its upper bound: nothing may overflow on the way to the error.
    fn largest(kv: KvProjection) -> Architecture {
        Architecture {
            n_layers: MAX_LAYERS,
            hidden_size: MAX_WIDTH,
            vocab_size: MAX_VOCABULARY,
            tie_embeddings: false,
            attention: Attention {
                n_heads: 1 << 6,
                kv,
                qkv_bias: true,
                output_bias: true,
                qk_norm: QkNorm::Full,
                sinks: true,
                sliding_window: Some(SlidingWindow {
                    size: u32::MAX,
                    n_local_layers: MAX_LAYERS,
                }),
            },
            ffn: Ffn {
                activation: Activation::SwiGlu,
                bias: true,
                intermediate_size: MAX_WIDTH,
                moe: Some(Moe {
                    n_experts: MAX_EXPERTS,
                    experts_per_token: MAX_EXPERTS,
                    expert_size: MAX_WIDTH,
                    n_shared_experts: 1 << 10,
                    shared_expert_size: MAX_WIDTH,
                    shared_expert_gate: true,
                    n_dense_layers: 1,
                    router_bias: true,
                }),
            },
            norms_per_layer: 8,
        }
    }

    #[test]
    fn extreme_fields_are_refused_without_overflow() {
        let latent = |dim| KvProjection::Latent {
            q_lora_rank: Some(MAX_WIDTH),
            kv_lora_rank: MAX_WIDTH,
            qk_nope_head_dim: dim,
            qk_rope_head_dim: dim,
            v_head_dim: dim,
        };
        let grouped = KvProjection::Grouped {
            n_kv_heads: 1 << 6,
            head_dim: 1 << 14,
        };
        for kv in [latent(1 << 13), grouped] {
            assert_eq!(largest(kv).validate().unwrap_err().field, "parameters");
        }
        let mut wide = largest(latent(1 << 14));
        wide.attention.n_heads = 1 << 14;
        assert!(wide.validate().unwrap_err().field.starts_with("value width"));
        if let KvProjection::Latent { v_head_dim, .. } = &mut wide.attention.kv {
            *v_head_dim = 1;
        }
        assert!(wide.validate().unwrap_err().field.starts_with("query width"));
    }
}
