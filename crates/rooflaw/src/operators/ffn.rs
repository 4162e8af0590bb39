//! The FFN: dense, or router with routed and shared experts.

use super::{ComputeUnit, Costs, Operator, OperatorKind};
use crate::architecture::Moe;
use crate::format::Tensor;
use crate::pair::Pair;

#[inline(always)]
pub(super) fn visit_ffn(costs: &Costs<'_>, visit: &mut impl FnMut(&Operator<Pair>)) {
    if costs.assumptions.minor_operators {
        visit(&costs.norms(OperatorKind::FfnNorm));
    }
    let architecture = costs.architecture;
    let n_moe_layers = architecture.n_moe_layers();
    let n_dense_layers = architecture.n_layers - n_moe_layers;
    if n_dense_layers > 0 {
        let width = architecture.ffn.intermediate_size;
        visit_mlp(costs, &DENSE, f64::from(n_dense_layers), width, visit);
    }
    if let Some(moe) = &architecture.ffn.moe {
        let n_moe_layers = f64::from(n_moe_layers);
        visit_experts(costs, moe, n_moe_layers, visit);
        if moe.n_shared_experts > 0 {
            let width = moe.n_shared_experts * moe.shared_expert_size;
            visit_mlp(costs, &SHARED, n_moe_layers, width, visit);
        }
    }
}

/// The names of a dense MLP's operators.
struct MlpKinds {
    gate: OperatorKind,
    up: OperatorKind,
    activation: OperatorKind,
    down: OperatorKind,
}

const DENSE: MlpKinds = MlpKinds {
    gate: OperatorKind::FfnGate,
    up: OperatorKind::FfnUp,
    activation: OperatorKind::FfnActivation,
    down: OperatorKind::FfnDown,
};

const SHARED: MlpKinds = MlpKinds {
    gate: OperatorKind::SharedGate,
    up: OperatorKind::SharedUp,
    activation: OperatorKind::SharedActivation,
    down: OperatorKind::SharedDown,
};

/// FLOPs of the non-linearity and of the product with the gate, per element of the FFN's width.
const ACTIVATION_FLOPS: f64 = 5.0;

#[inline(always)]
fn visit_mlp(
    costs: &Costs<'_>,
    kinds: &MlpKinds,
    n_layers: f64,
    width: u32,
    visit: &mut impl FnMut(&Operator<Pair>),
) {
    let architecture = costs.architecture;
    let (hidden, bias) = (costs.hidden, architecture.ffn.bias);
    let width = costs.width(width);
    let is_gated = architecture.ffn.activation.is_gated();
    if is_gated {
        visit(&costs.linear(kinds.gate, n_layers, Tensor::FfnUp, (hidden, width), bias));
    }
    visit(&costs.linear(kinds.up, n_layers, Tensor::FfnUp, (hidden, width), bias));
    if costs.assumptions.minor_operators {
        let gated_shared = kinds.gate == OperatorKind::SharedGate
            && architecture.ffn.moe.is_some_and(|moe| moe.shared_expert_gate);
        let parameters = if gated_shared { hidden.n } else { 0.0 };
        let moved = if is_gated { 3.0 } else { 2.0 } * width.n + parameters;
        let flops = ACTIVATION_FLOPS * width.n + 2.0 * parameters;
        visit(&costs.vector(kinds.activation, n_layers, parameters, flops, moved));
    }
    visit(&costs.linear(kinds.down, n_layers, Tensor::FfnDown, (width, hidden), bias));
}

/// Tokens times `K/E` from which on an expert is missed with less than half the probability that an `f64` near 1
/// resolves: `(1 − K/E)^T ≤ exp(−T·K/E) < 2^-54`.
const NEVER_MISSED: f64 = 37.5;

/// Expected number of distinct experts that `tokens` tokens are routed to, each to `experts_per_token` of
/// `n_experts` uniformly and independently: `E·(1 − (1 − K/E)^T)`. Trained routers are more uneven within a batch of
/// one text, so this is an upper expectation.
#[inline(always)]
fn expected_experts(n_experts: f64, experts_per_token: f64, tokens: f64) -> f64 {
    if tokens <= 1.0 || experts_per_token >= n_experts {
        return experts_per_token;
    }
    if tokens * experts_per_token > NEVER_MISSED * n_experts {
        return n_experts;
    }
    let missed = (tokens * (-experts_per_token / n_experts).ln_1p()).exp();
    n_experts * (1.0 - missed)
}

#[inline(always)]
fn visit_experts(costs: &Costs<'_>, moe: &Moe, n_layers: f64, visit: &mut impl FnMut(&Operator<Pair>)) {
    let architecture = costs.architecture;
    let (hidden, bias) = (costs.hidden, architecture.ffn.bias);
    let n_experts = f64::from(moe.n_experts);
    let experts_per_token = f64::from(moe.experts_per_token);
    if costs.assumptions.minor_operators {
        let shape = (hidden, costs.width(moe.n_experts));
        visit(&costs.linear(
            OperatorKind::Router,
            n_layers,
            Tensor::Router,
            shape,
            moe.router_bias,
        ));
    }
    let touched = if costs.assumptions.expert_union {
        costs
            .steps
            .map(|step| expected_experts(n_experts, experts_per_token, step.total_tokens()))
    } else {
        Pair::all(experts_per_token)
    };
    // One grouped product over the experts: every token passes `experts_per_token` of them.
    let expert = |kind, tensor, shape| {
        let one = costs.linear(kind, n_layers, tensor, shape, bias);
        Operator {
            unit: ComputeUnit::Expert,
            flops: one.flops * experts_per_token,
            stored_parameters: one.stored_parameters * n_experts,
            active_parameters: one.active_parameters * experts_per_token,
            stored_bytes: one.stored_bytes * n_experts,
            weight_bytes: touched * one.stored_bytes,
            activation_bytes: one.activation_bytes * experts_per_token,
            ..one
        }
    };
    let size = costs.width(moe.expert_size);
    let is_gated = architecture.ffn.activation.is_gated();
    if is_gated {
        visit(&expert(
            OperatorKind::ExpertGate,
            Tensor::ExpertUp,
            (hidden, size),
        ));
    }
    visit(&expert(OperatorKind::ExpertUp, Tensor::ExpertUp, (hidden, size)));
    if costs.assumptions.minor_operators {
        let width = experts_per_token * size.n;
        let moved = if is_gated { 3.0 } else { 2.0 } * width;
        visit(&costs.weightless(
            OperatorKind::ExpertActivation,
            n_layers,
            ACTIVATION_FLOPS * width,
            moved,
        ));
    }
    visit(&expert(
        OperatorKind::ExpertDown,
        Tensor::ExpertDown,
        (size, hidden),
    ));
}

#[cfg(test)]
mod tests {
    use super::expected_experts;

    #[test]
    fn expected_experts_has_its_limits() {
        assert_eq!(expected_experts(64.0, 8.0, 1.0), 8.0);
        assert_eq!(expected_experts(8.0, 8.0, 100.0), 8.0);
        assert!((expected_experts(64.0, 8.0, 2.0) - 15.0).abs() < 1e-9);
        assert!((expected_experts(64.0, 8.0, 1e6) - 64.0).abs() < 1e-9);
        // Where missing one stops being computed, nothing jumps.
        let never_missed = super::NEVER_MISSED * 8.0;
        assert_eq!(expected_experts(64.0, 8.0, never_missed), 64.0);
    }
}
