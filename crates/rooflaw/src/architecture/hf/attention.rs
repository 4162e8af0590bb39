//! Heads, widths and biases of attention.

use super::classes::{Biases, Kv, KvHeads};
use super::error::HfError;
use super::fields::Fields;
use crate::architecture::KvProjection;

/// How keys and values are made.
pub(super) fn projection(
    fields: &Fields<'_>,
    kv: Kv,
    hidden_size: u32,
    n_heads: u32,
) -> Result<KvProjection, HfError> {
    match kv {
        Kv::Grouped {
            absent_kv_heads,
            head_dim,
        } => Ok(KvProjection::Grouped {
            n_kv_heads: kv_heads(fields, absent_kv_heads, n_heads)?,
            head_dim: match fields.optional_count("head_dim")?.or(head_dim) {
                Some(head_dim) => head_dim,
                None => derived_head_dim(fields, hidden_size, n_heads)?,
            },
        }),
        Kv::Latent => Ok(KvProjection::Latent {
            q_lora_rank: fields.nullable_count("q_lora_rank")?,
            kv_lora_rank: fields.count("kv_lora_rank")?,
            qk_nope_head_dim: fields.count("qk_nope_head_dim")?,
            qk_rope_head_dim: fields.count("qk_rope_head_dim")?,
            v_head_dim: fields.count("v_head_dim")?,
        }),
    }
}

fn kv_heads(fields: &Fields<'_>, absent: KvHeads, n_heads: u32) -> Result<u32, HfError> {
    const NAME: &str = "num_key_value_heads";
    match absent {
        KvHeads::AsQueries => fields.count_or(NAME, Some(n_heads)),
        KvHeads::Default(default) => fields.count_or(NAME, Some(default)),
        KvHeads::Required => Ok(fields.nullable_count(NAME)?.unwrap_or(n_heads)),
    }
}

fn derived_head_dim(fields: &Fields<'_>, hidden_size: u32, n_heads: u32) -> Result<u32, HfError> {
    if n_heads == 0 {
        // Left to the validation of `num_attention_heads`.
        return Ok(0);
    }
    if hidden_size.is_multiple_of(n_heads) {
        return Ok(hidden_size / n_heads);
    }
    let accepted = format!("a multiple of num_attention_heads = {n_heads}, since there is no head_dim");
    Err(fields.wrong("hidden_size", hidden_size.to_string(), accepted))
}

/// Whether queries, keys and values have a bias, and whether the output has one.
pub(super) fn biases(fields: &Fields<'_>, biases: Biases) -> Result<(bool, bool), HfError> {
    match biases {
        Biases::Never => Ok((false, false)),
        Biases::Qkv => Ok((true, false)),
        Biases::QkvField => Ok((fields.flag_or("qkv_bias", true)?, false)),
        Biases::All(default) => {
            let bias = fields.flag_or("attention_bias", default)?;
            Ok((bias, bias))
        }
    }
}
