//! The two ends of the model: the embedding table, and the final norm with the LM head.

use super::{ComputeUnit, Costs, Operator, OperatorKind};
use crate::format::Tensor;

pub(super) fn visit_embedding(costs: &Costs<'_>, visit: &mut impl FnMut(&Operator)) {
    if !costs.assumptions.vocabulary {
        return;
    }
    let architecture = costs.architecture;
    let hidden_size = f64::from(architecture.hidden_size);
    let parameters = f64::from(architecture.vocab_size) * hidden_size;
    let tensor = if architecture.tie_embeddings {
        Tensor::LmHead
    } else {
        Tensor::Embedding
    };
    let bytes_per_weight = costs.bytes_per_weight(tensor, architecture.hidden_size);
    visit(&Operator {
        kind: OperatorKind::Embedding,
        instances: 1.0,
        unit: ComputeUnit::Vector,
        flops: 0.0,
        stored_parameters: parameters,
        active_parameters: parameters,
        stored_bytes: parameters * bytes_per_weight,
        weight_bytes: costs.tokens * hidden_size * bytes_per_weight,
        activation_bytes: costs.tokens * hidden_size * costs.activation,
        kv_bytes: 0.0,
    });
}

pub(super) fn visit_head(costs: &Costs<'_>, visit: &mut impl FnMut(&Operator)) {
    let architecture = costs.architecture;
    if costs.assumptions.minor_operators {
        let width = f64::from(architecture.hidden_size);
        visit(&costs.vector(OperatorKind::FinalNorm, 1, width, 4.0 * width, 2.0 * width));
    }
    if !costs.assumptions.vocabulary {
        return;
    }
    let shape = (architecture.hidden_size, architecture.vocab_size);
    let mut head = costs.linear(OperatorKind::LmHead, 1, Tensor::LmHead, shape, false);
    head.unit = ComputeUnit::Head;
    if costs.assumptions.head_on_last_token {
        let share = costs.step.batch / costs.tokens;
        head.flops *= share;
        head.activation_bytes *= share;
    }
    if architecture.tie_embeddings {
        // Stored, and counted as active, with the embedding table; read here all the same.
        head.stored_parameters = 0.0;
        head.active_parameters = 0.0;
        head.stored_bytes = 0.0;
    }
    visit(&head);
}
