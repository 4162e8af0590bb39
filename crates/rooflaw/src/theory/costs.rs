//! The simplified cost model: what a shape computes, loads and stores, as sums of powers.
//!
//! The coefficients are not written down a second time: they are read off the operator list of a probe, under the
//! paper's simplifications ([`Assumptions::paper`]), group by group.

use super::{Monomial, Posynomial, ShapeVariable};
use crate::architecture::{Activation, Architecture, Attention, Ffn, KvProjection, Moe, QkNorm};
use crate::format::Formats;
use crate::operators::{Assumptions, ComputeUnit, Operator, OperatorKind, Step, visit_operators};
use crate::roofline::{Roofline, Workload};
use serde::Serialize;

/// Costs of a request as sums of powers of the shape, and the rates that turn them into seconds.
///
/// Left out, as in the paper: embedding and head, router, norms, attention scores, activations' traffic, launches. The
/// prefill is taken for compute-bound and the decode for memory-bound. Put right: every sequence of a batch reads a KV
/// cache of its own.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CostModel {
    /// FLOP of the prefill.
    pub prefill_flops: Posynomial,
    /// Bytes of weights and KV cache that decoding one token (of each sequence) reads, the mean over the tokens.
    pub decode_bytes: Posynomial,
    /// Bytes of the weights in memory.
    pub memory_bytes: Posynomial,
    /// Parameters in memory.
    pub total_parameters: Posynomial,
    /// Parameters that one token uses.
    pub active_parameters: Posynomial,
    /// Rate of the prefill, FLOP/s.
    pub flop_per_s: f64,
    /// Rate of the decode, bytes/s.
    pub bytes_per_s: f64,
    /// Tokens generated for each prompt.
    pub generated_tokens: f64,
}

/// Dimensions of the probe; powers of two, so that dividing them out again is exact. Mixed formats give some layers
/// more bits, and models of exactly eight experts too: the probe is as deep as usual, and no such model.
const N_LAYERS: u32 = 32;
const HIDDEN: u32 = 4096;
const N_HEADS: u32 = 32;
const N_EXPERTS: u32 = 16;
const EXPERTS_PER_TOKEN: u32 = 2;

fn probe() -> Architecture {
    Architecture {
        n_layers: N_LAYERS,
        hidden_size: HIDDEN,
        vocab_size: 1,
        tie_embeddings: true,
        attention: Attention {
            n_heads: N_HEADS,
            kv: KvProjection::Grouped {
                n_kv_heads: N_HEADS,
                head_dim: HIDDEN / N_HEADS,
            },
            qkv_bias: false,
            output_bias: false,
            qk_norm: QkNorm::None,
            sinks: false,
            sliding_window: None,
        },
        ffn: Ffn {
            activation: Activation::SwiGlu,
            bias: false,
            intermediate_size: 0,
            moe: Some(Moe {
                n_experts: N_EXPERTS,
                experts_per_token: EXPERTS_PER_TOKEN,
                expert_size: HIDDEN,
                n_shared_experts: 0,
                shared_expert_size: 0,
                shared_expert_gate: false,
                n_dense_layers: 0,
                router_bias: false,
            }),
        },
        norms_per_layer: 2,
    }
}

/// What an operator grows with, beside the layers.
#[derive(Clone, Copy, PartialEq)]
enum Group {
    /// `d²`: queries and output.
    Full,
    /// `d²/gqa`: keys and values.
    Grouped,
    /// `r·d²`: what a token uses of the FFN.
    Ffn,
    /// `d/gqa`: the KV cache.
    Cache,
}

impl Group {
    const ALL: [Group; 4] = [Group::Full, Group::Grouped, Group::Ffn, Group::Cache];

    const fn of(kind: OperatorKind) -> Group {
        match kind {
            OperatorKind::Key | OperatorKind::Value => Group::Grouped,
            OperatorKind::ExpertGate | OperatorKind::ExpertUp | OperatorKind::ExpertDown => Group::Ffn,
            OperatorKind::Scores | OperatorKind::Softmax | OperatorKind::WeightedValues => Group::Cache,
            _ => Group::Full,
        }
    }

    /// A sum over the probe as a monomial; `stored`: of what is in memory, `r/ρ` in place of `r`.
    fn monomial(self, probed: f64, stored: bool) -> Monomial {
        let (hidden, r) = (f64::from(HIDDEN), f64::from(EXPERTS_PER_TOKEN));
        let rate = r / f64::from(N_EXPERTS);
        let (of_probe, [d, ffn, rate, gqa]) = match self {
            Group::Full => (hidden * hidden, [2.0, 0.0, 0.0, 0.0]),
            Group::Grouped => (hidden * hidden, [2.0, 0.0, 0.0, -1.0]),
            Group::Ffn if stored => (r / rate * hidden * hidden, [2.0, 1.0, -1.0, 0.0]),
            Group::Ffn => (r * hidden * hidden, [2.0, 1.0, 0.0, 0.0]),
            Group::Cache => (hidden, [1.0, 0.0, 0.0, -1.0]),
        };
        let mut exponents = [1.0; ShapeVariable::COUNT];
        exponents[ShapeVariable::HiddenSize as usize] = d;
        exponents[ShapeVariable::FfnRatio as usize] = ffn;
        exponents[ShapeVariable::ActivationRate as usize] = rate;
        exponents[ShapeVariable::Gqa as usize] = gqa;
        Monomial {
            coefficient: probed / (of_probe * f64::from(N_LAYERS)),
            exponents,
        }
    }
}

/// A sum over the probe's operators as a posynomial.
fn sum(step: &Step, formats: &Formats, stored: bool, cost: impl Fn(Group, &Operator) -> f64) -> Posynomial {
    let assumptions = Assumptions {
        batched_kv: true,
        ..Assumptions::paper()
    };
    let mut sums = [0.0; Group::ALL.len()];
    visit_operators(&probe(), step, formats, &assumptions, |operator| {
        let group = Group::of(operator.kind);
        sums[group as usize] += operator.instances * cost(group, operator);
    });
    let used = Group::ALL.into_iter().zip(sums).filter(|(_, sum)| *sum > 0.0);
    Posynomial {
        terms: used.map(|(group, sum)| group.monomial(sum, stored)).collect(),
    }
}

impl CostModel {
    /// The costs of a workload in the formats and at the rates of a roofline.
    #[must_use]
    pub fn new(roofline: &Roofline, workload: &Workload) -> CostModel {
        CostModel::with_rates(
            roofline.formats(),
            workload,
            roofline.peak(ComputeUnit::Matrix),
            roofline.bandwidth(),
        )
    }

    /// The same at given rates, FLOP/s and bytes/s.
    #[must_use]
    pub fn with_rates(
        formats: &Formats,
        workload: &Workload,
        flop_per_s: f64,
        bytes_per_s: f64,
    ) -> CostModel {
        let prefill = Step::prefill(workload.batch, workload.prompt_tokens);
        let generated_tokens = f64::from(workload.generated_tokens);
        // Costs are linear in the context, so that their mean is the cost at the mean context.
        let decode = Step {
            batch: f64::from(workload.batch),
            tokens: 1.0,
            past: f64::from(workload.prompt_tokens) + (generated_tokens.max(1.0) - 1.0) / 2.0,
        };
        let weights_and_cache = |group: Group, operator: &Operator| match group {
            Group::Cache => operator.kv_bytes,
            _ => operator.weight_bytes,
        };
        CostModel {
            prefill_flops: sum(&prefill, formats, false, |group, operator| match group {
                Group::Cache => 0.0,
                _ => operator.flops,
            }),
            decode_bytes: sum(&decode, formats, false, weights_and_cache),
            memory_bytes: sum(&decode, formats, true, |_, operator| operator.stored_bytes),
            total_parameters: sum(&decode, formats, true, |_, operator| operator.stored_parameters),
            active_parameters: sum(&decode, formats, false, |_, operator| operator.active_parameters),
            flop_per_s,
            bytes_per_s,
            generated_tokens,
        }
    }

    /// The same on hardware of other rates: `compute` and `bandwidth` times these.
    #[must_use]
    pub fn faster(&self, compute: f64, bandwidth: f64) -> CostModel {
        CostModel {
            flop_per_s: self.flop_per_s * compute,
            bytes_per_s: self.bytes_per_s * bandwidth,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::WeightFormat;
    use crate::theory::Shape;

    /// METHOD of arXiv 2602.10377: ξ_F, ξ_dec, ξ_all, δ, and the mean context S_in + (S_out + 1)/2.
    #[test]
    fn the_coefficients_are_the_papers() {
        let workload = Workload {
            batch: 1,
            prompt_tokens: 1024,
            generated_tokens: 16,
        };
        let costs = CostModel::with_rates(&Formats::of_weights(WeightFormat::Fp16), &workload, 1.0, 1.0);
        let shape = Shape {
            n_layers: 13.0,
            hidden_size: 1100.0,
            ffn_ratio: 1.7,
            activation_rate: 0.21,
            gqa: 3.3,
        };
        let (l, d, r, rate, gqa) = (13.0, 1100.0_f64, 1.7, 0.21, 3.3);
        let (mean_context, layers) = (1024.0 + 17.0 / 2.0, l * d * d);
        let delta = 2.0 * mean_context * 2.0 / (gqa * d * 2.0);
        let xi_dec = 2.0 + 2.0 / gqa + 3.0 * r;
        let xi_all = 2.0 + 2.0 / gqa + 3.0 * r / rate;
        for (sum, expected) in [
            (
                &costs.prefill_flops,
                (4.0 + 4.0 / gqa + 6.0 * r) * layers * 1024.0,
            ),
            (&costs.decode_bytes, (xi_dec + delta) * layers * 2.0),
            (&costs.memory_bytes, xi_all * layers * 2.0),
            (&costs.total_parameters, xi_all * layers),
            (&costs.active_parameters, xi_dec * layers),
        ] {
            let value = sum.value(&shape);
            assert!(
                (value / expected - 1.0).abs() < 1e-12,
                "{value} is not {expected}"
            );
        }
    }
}
