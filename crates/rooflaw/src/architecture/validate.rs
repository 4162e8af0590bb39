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

/// Bound on widths: far above any model, low enough that no product of three overflows 2^53.
const MAX_WIDTH: u32 = 1 << 20;
const MAX_LAYERS: u32 = 1 << 12;
const MAX_VOCABULARY: u32 = 1 << 24;
const MAX_EXPERTS: u32 = 1 << 14;

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
    /// query heads, more experts per token than experts, more local or dense layers than layers.
    pub fn validate(&self) -> Result<(), ArchitectureError> {
        within("n_layers", self.n_layers, 1, MAX_LAYERS)?;
        within("hidden_size", self.hidden_size, 1, MAX_WIDTH)?;
        within("vocab_size", self.vocab_size, 1, MAX_VOCABULARY)?;
        within("norms_per_layer", self.norms_per_layer, 1, 8)?;
        self.validate_attention()?;
        self.validate_ffn()
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
                        accepted: format!("a divisor of n_heads = {}", attention.n_heads),
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
