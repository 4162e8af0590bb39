//! The two ends of the model: the embedding table, and the final norm with the LM head.

use super::costs::NOTHING;
use super::{ComputeUnit, Costs, Operator, OperatorKind};
use crate::format::Tensor;
use crate::pair::Pair;

#[inline(always)]
pub(super) fn visit_embedding(costs: &Costs<'_>, visit: &mut impl FnMut(&Operator<Pair>)) {
    if !costs.assumptions.vocabulary {
        return;
    }
    let architecture = costs.architecture;
    let (hidden_size, rows) = (costs.hidden.n, f64::from(architecture.vocab_size));
    let tensor = if architecture.tie_embeddings {
        Tensor::LmHead
    } else {
        Tensor::Embedding
    };
    let row_bytes = costs.row_bytes(tensor, costs.hidden);
    visit(&Operator {
        kind: OperatorKind::Embedding,
        instances: 1.0,
        unit: ComputeUnit::Vector,
        flops: Pair::all(0.0),
        stored_parameters: rows * hidden_size,
        active_parameters: rows * hidden_size,
        stored_bytes: rows * row_bytes,
        weight_bytes: costs.steps.tokens * row_bytes,
        activation_bytes: costs.steps.tokens * (hidden_size * costs.activation),
        kv_bytes: Pair::all(NOTHING),
    });
}

#[inline(always)]
pub(super) fn visit_head(costs: &Costs<'_>, visit: &mut impl FnMut(&Operator<Pair>)) {
    let architecture = costs.architecture;
    if costs.assumptions.minor_operators {
        let width = costs.hidden.n;
        visit(&costs.vector(OperatorKind::FinalNorm, 1.0, width, 4.0 * width, 2.0 * width));
    }
    if !costs.assumptions.vocabulary {
        return;
    }
    let tokens = if costs.assumptions.head_on_last_token {
        costs.steps.batch
    } else {
        costs.steps.tokens
    };
    let shape = (costs.hidden, costs.width(architecture.vocab_size));
    let mut head = costs.linear_of(tokens, OperatorKind::LmHead, 1.0, Tensor::LmHead, shape, false);
    head.unit = ComputeUnit::Head;
    if architecture.tie_embeddings {
        // Stored, and counted as active, with the embedding table; read here all the same.
        head.stored_parameters = 0.0;
        head.active_parameters = 0.0;
        head.stored_bytes = 0.0;
    }
    visit(&head);
}
