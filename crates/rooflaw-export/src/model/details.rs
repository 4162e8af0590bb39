//! What an architecture leaves open.

use rooflaw::architecture::hf::WriteOptions;
use rooflaw::architecture::{Architecture, KvProjection};
use serde::{Deserialize, Serialize};

/// Added to the mean square in the norms within latent attention, whatever [`Details::rms_norm_eps`] is: DeepSeek's classes
/// make them without one (`DeepseekV3RMSNorm(config.q_lora_rank)`).
pub const LATENT_NORM_EPS: f64 = 1e-6;

/// What an architecture leaves open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Details {
    /// Base of the rotary embedding's wavelengths.
    pub rope_theta: f64,
    /// Whether the rotary embedding turns neighbouring elements (DeepSeek's latent attention), not those half a head apart.
    pub rope_interleaved: bool,
    /// Added to the mean square in RMSNorm, but for [`LATENT_NORM_EPS`].
    pub rms_norm_eps: f64,
    /// For every layer whether it attends to the architecture's sliding window only.
    pub is_local: Vec<bool>,
    /// How tokens choose experts; of no effect without a mixture.
    pub routing: Routing,
}

/// How tokens choose experts, and what weights these have.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Routing {
    /// How a router's logits become scores.
    pub scoring: Scoring,
    /// Whether the scores of the chosen experts are divided by their sum.
    pub normalised: bool,
    /// What the chosen experts' scores are multiplied with (`routed_scaling_factor`).
    pub scale: f64,
}

/// How a router's logits become scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scoring {
    /// Softmax over all experts (Qwen, Mixtral, DeepSeek-V2).
    Softmax,
    /// A sigmoid for each; a router bias is added for the choice only (DeepSeek-V3, arXiv 2412.19437 eq. 16).
    Sigmoid,
}

impl Default for Routing {
    /// That of Mixtral, and of what has no mixture.
    fn default() -> Routing {
        Routing {
            scoring: Scoring::Softmax,
            normalised: true,
            scale: 1.0,
        }
    }
}

impl Details {
    /// The details of a design: those of the `config.json` that `rooflaw` writes for it
    /// ([`rooflaw::architecture::hf::write`] with its defaults).
    #[must_use]
    pub fn of(architecture: &Architecture) -> Details {
        let options = WriteOptions::default();
        let is_latent = matches!(architecture.attention.kv, KvProjection::Latent { .. });
        let routing = match architecture.ffn.moe {
            Some(moe) if moe.router_bias => Routing {
                scoring: Scoring::Sigmoid,
                ..Routing::default()
            },
            // DeepSeek-V2's.
            Some(_) if is_latent => Routing {
                normalised: false,
                ..Routing::default()
            },
            _ => Routing::default(),
        };
        Details {
            rope_theta: options.rope_theta,
            rope_interleaved: is_latent,
            rms_norm_eps: options.rms_norm_eps,
            is_local: spread(architecture.n_layers, architecture.n_local_layers()),
            routing,
        }
    }
}

/// Global layers spread evenly, the last layer among them, as the written `config.json` has them.
fn spread(n_layers: u32, n_local: u32) -> Vec<bool> {
    let (n_layers, n_global) = (u64::from(n_layers), u64::from(n_layers.saturating_sub(n_local)));
    (0..n_layers)
        .map(|layer| (layer + 1) * n_global / n_layers == layer * n_global / n_layers)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn global_layers_are_spread_and_last() {
        assert_eq!(spread(6, 4), [true, true, false, true, true, false]);
        assert_eq!(spread(2, 0), [false, false]);
        assert_eq!(spread(2, 2), [true, true]);
    }
}
