//! Attention: projections, normalisation, rotary embedding, and the core that meets the KV cache.

use super::{ComputeUnit, Costs, Operator, OperatorKind};
use crate::architecture::{KvProjection, QkNorm};
use crate::format::Tensor;

pub(super) fn visit_attention(costs: &Costs<'_>, visit: &mut impl FnMut(&Operator)) {
    if costs.assumptions.minor_operators {
        visit(&costs.norms(OperatorKind::AttentionNorm));
    }
    match costs.architecture.attention.kv {
        KvProjection::Grouped { .. } => visit_grouped_projections(costs, visit),
        KvProjection::Latent { .. } => visit_latent_projections(costs, visit),
    }
    visit_attention_cores(costs, visit);
    visit_output(costs, visit);
}

fn visit_grouped_projections(costs: &Costs<'_>, visit: &mut impl FnMut(&Operator)) {
    let architecture = costs.architecture;
    let attention = &architecture.attention;
    let KvProjection::Grouped { n_kv_heads, head_dim } = attention.kv else {
        return;
    };
    let (n_layers, hidden_size) = (architecture.n_layers, architecture.hidden_size);
    let kv_width = n_kv_heads * head_dim;
    let query_shape = (hidden_size, architecture.query_width());
    visit(&costs.linear(
        OperatorKind::Query,
        n_layers,
        Tensor::Query,
        query_shape,
        attention.qkv_bias,
    ));
    for (kind, tensor) in [
        (OperatorKind::Key, Tensor::Key),
        (OperatorKind::Value, Tensor::Value),
    ] {
        let mut projection = costs.linear(
            kind,
            n_layers,
            tensor,
            (hidden_size, kv_width),
            attention.qkv_bias,
        );
        // The result goes to the cache.
        projection.activation_bytes = costs.tokens * f64::from(hidden_size) * costs.activation;
        projection.kv_bytes = costs.tokens * f64::from(kv_width) * costs.kv;
        visit(&projection);
    }
    if !costs.assumptions.minor_operators {
        return;
    }
    let width = f64::from(query_shape.1) + f64::from(kv_width);
    let parameters = match attention.qk_norm {
        QkNorm::None => 0.0,
        QkNorm::PerHead => 2.0 * f64::from(head_dim),
        QkNorm::Full => width,
    };
    if parameters > 0.0 {
        visit(&costs.vector(
            OperatorKind::QkNorm,
            n_layers,
            parameters,
            4.0 * width,
            2.0 * width,
        ));
    }
    visit(&costs.vector(OperatorKind::Rope, n_layers, 0.0, 3.0 * width, 2.0 * width));
}

fn visit_latent_projections(costs: &Costs<'_>, visit: &mut impl FnMut(&Operator)) {
    let architecture = costs.architecture;
    let attention = &architecture.attention;
    let KvProjection::Latent {
        q_lora_rank,
        kv_lora_rank,
        qk_nope_head_dim,
        qk_rope_head_dim,
        v_head_dim,
    } = attention.kv
    else {
        return;
    };
    let (n_layers, hidden_size) = (architecture.n_layers, architecture.hidden_size);
    if let Some(rank) = q_lora_rank {
        let shape = (hidden_size, rank);
        visit(&costs.linear(
            OperatorKind::QueryCompress,
            n_layers,
            Tensor::Query,
            shape,
            attention.qkv_bias,
        ));
    }
    let query_shape = (q_lora_rank.unwrap_or(hidden_size), architecture.query_width());
    visit(&costs.linear(OperatorKind::Query, n_layers, Tensor::Query, query_shape, false));

    let cached = kv_lora_rank + qk_rope_head_dim;
    let mut compress = costs.linear(
        OperatorKind::KvCompress,
        n_layers,
        Tensor::Key,
        (hidden_size, cached),
        attention.qkv_bias,
    );
    compress.activation_bytes = costs.tokens * f64::from(hidden_size) * costs.activation;
    compress.kv_bytes = costs.tokens * f64::from(cached) * costs.kv;
    visit(&compress);

    // In decode the expansion is absorbed into queries and values: the same products, for the new token only.
    let expanded = attention.n_heads * (qk_nope_head_dim + v_head_dim);
    let mut expand = costs.linear(
        OperatorKind::KvExpand,
        n_layers,
        Tensor::Value,
        (kv_lora_rank, expanded),
        false,
    );
    if costs.step.tokens > 1.0 {
        let share = (costs.step.past + costs.step.tokens) / costs.step.tokens;
        expand.flops *= share;
        expand.activation_bytes *= share;
    }
    visit(&expand);

    if costs.assumptions.minor_operators {
        let width = f64::from(q_lora_rank.unwrap_or(0)) + f64::from(kv_lora_rank);
        visit(&costs.vector(OperatorKind::QkNorm, n_layers, width, 4.0 * width, 2.0 * width));
        let rotated = f64::from(attention.n_heads + 1) * f64::from(qk_rope_head_dim);
        visit(&costs.vector(OperatorKind::Rope, n_layers, 0.0, 3.0 * rotated, 2.0 * rotated));
    }
}

fn visit_output(costs: &Costs<'_>, visit: &mut impl FnMut(&Operator)) {
    let architecture = costs.architecture;
    let attention = &architecture.attention;
    let width = match attention.kv {
        KvProjection::Grouped { .. } => architecture.query_width(),
        KvProjection::Latent { v_head_dim, .. } => attention.n_heads * v_head_dim,
    };
    let shape = (width, architecture.hidden_size);
    visit(&costs.linear(
        OperatorKind::Output,
        architecture.n_layers,
        Tensor::Output,
        shape,
        attention.output_bias,
    ));
}

/// What attention multiplies, per query head, and what it reads of the cache, per token.
struct CoreWidths {
    /// Width of a query-key product.
    key: f64,
    /// Width of a weighted value.
    value: f64,
    /// Cached elements that the scores read.
    cached_key: f64,
    /// Cached elements that the weighted values read besides; the latent cache serves as both.
    cached_value: f64,
    /// Expanded keys and values read as activations (latent attention in prefill).
    expanded: f64,
}

impl CoreWidths {
    fn new(costs: &Costs<'_>) -> CoreWidths {
        let n_heads = f64::from(costs.architecture.attention.n_heads);
        match costs.architecture.attention.kv {
            KvProjection::Grouped { n_kv_heads, head_dim } => {
                let (head_dim, n_kv_heads) = (f64::from(head_dim), f64::from(n_kv_heads));
                CoreWidths {
                    key: head_dim,
                    value: head_dim,
                    cached_key: n_kv_heads * head_dim,
                    cached_value: n_kv_heads * head_dim,
                    expanded: 0.0,
                }
            }
            KvProjection::Latent {
                kv_lora_rank,
                qk_nope_head_dim,
                qk_rope_head_dim,
                v_head_dim,
                ..
            } => {
                let (rank, rope) = (f64::from(kv_lora_rank), f64::from(qk_rope_head_dim));
                let (nope, value) = (f64::from(qk_nope_head_dim), f64::from(v_head_dim));
                if costs.step.tokens > 1.0 {
                    let expanded = n_heads * (nope + value);
                    CoreWidths {
                        key: nope + rope,
                        value,
                        cached_key: rope,
                        cached_value: 0.0,
                        expanded,
                    }
                } else {
                    CoreWidths {
                        key: rank + rope,
                        value: rank,
                        cached_key: rank + rope,
                        cached_value: 0.0,
                        expanded: 0.0,
                    }
                }
            }
        }
    }
}

/// The only operators whose cost depends on the context: the attention of global and of local layers.
pub(crate) fn visit_attention_cores(costs: &Costs<'_>, visit: &mut impl FnMut(&Operator)) {
    let widths = CoreWidths::new(costs);
    let n_local = costs.architecture.n_local_layers();
    let n_global = costs.architecture.n_layers - n_local;
    if n_global > 0 {
        visit_core(costs, &widths, n_global, None, visit);
    }
    if let Some(window) = costs.architecture.attention.sliding_window
        && n_local > 0
    {
        visit_core(costs, &widths, n_local, Some(f64::from(window.size)), visit);
    }
}

/// Query-key pairs of one sequence: each new token with all it attends to.
fn attended_pairs(tokens: f64, past: f64, causal: bool, window: Option<f64>) -> f64 {
    let window = window.unwrap_or(f64::INFINITY);
    if !causal {
        return tokens * (past + tokens).min(window);
    }
    // The first `growing` tokens see everything before them, the others a full window.
    let growing = (window - past).clamp(0.0, tokens);
    let full = tokens - growing;
    let saturated = if full > 0.0 { full * window } else { 0.0 };
    growing * past + growing * (growing + 1.0) / 2.0 + saturated
}

fn visit_core(
    costs: &Costs<'_>,
    widths: &CoreWidths,
    n_layers: u32,
    window: Option<f64>,
    visit: &mut impl FnMut(&Operator),
) {
    let (step, assumptions) = (costs.step, costs.assumptions);
    let n_heads = f64::from(costs.architecture.attention.n_heads);
    let score_elements =
        step.batch * n_heads * attended_pairs(step.tokens, step.past, assumptions.causal, window);
    let context = step.past + step.tokens;
    let context = window.map_or(context, |window| context.min(step.tokens - 1.0 + window));
    let cached_tokens = if assumptions.batched_kv {
        step.batch * context
    } else {
        context
    };
    let queries = costs.tokens * n_heads * widths.key * costs.activation;
    let results = costs.tokens * n_heads * widths.value * costs.activation;
    let expanded = step.batch * context * widths.expanded * costs.activation;
    let sinks = if costs.architecture.attention.sinks {
        n_heads
    } else {
        0.0
    };
    let sink_bytes = sinks * costs.bytes_per_weight(Tensor::Vector, 1);

    let softmax = Operator {
        kind: OperatorKind::Softmax,
        instances: f64::from(n_layers),
        unit: ComputeUnit::Vector,
        // Maximum, subtraction, exponential, sum, division.
        flops: 5.0 * score_elements,
        stored_parameters: sinks,
        active_parameters: sinks,
        stored_bytes: sink_bytes,
        weight_bytes: sink_bytes,
        activation_bytes: 2.0 * score_elements * costs.activation,
        kv_bytes: 0.0,
    };
    if assumptions.fused_attention {
        let kind = if window.is_some() {
            OperatorKind::LocalAttention
        } else {
            OperatorKind::Attention
        };
        visit(&Operator {
            kind,
            unit: ComputeUnit::Attention,
            flops: softmax.flops + 2.0 * score_elements * (widths.key + widths.value),
            activation_bytes: queries + results + expanded,
            kv_bytes: cached_tokens * (widths.cached_key + widths.cached_value) * costs.kv,
            ..softmax
        });
        return;
    }
    let weightless = Operator {
        unit: ComputeUnit::Attention,
        stored_parameters: 0.0,
        active_parameters: 0.0,
        stored_bytes: 0.0,
        weight_bytes: 0.0,
        ..softmax
    };
    let scores_moved = score_elements * costs.activation;
    visit(&Operator {
        kind: OperatorKind::Scores,
        flops: 2.0 * score_elements * widths.key,
        activation_bytes: queries + scores_moved + expanded / 2.0,
        kv_bytes: cached_tokens * widths.cached_key * costs.kv,
        ..weightless
    });
    visit(&softmax);
    visit(&Operator {
        kind: OperatorKind::WeightedValues,
        flops: 2.0 * score_elements * widths.value,
        activation_bytes: results + scores_moved + expanded / 2.0,
        // The latent cache is read a second time when the two products are apart.
        kv_bytes: cached_tokens
            * (if widths.cached_value > 0.0 || widths.expanded > 0.0 {
                widths.cached_value
            } else {
                widths.value
            })
            * costs.kv,
        ..weightless
    });
}

#[cfg(test)]
mod tests {
    use super::attended_pairs;

    #[test]
    fn pairs_equal_a_count() {
        for tokens in 1..12_u32 {
            for past in 0..12_u32 {
                for window in [None, Some(1), Some(3), Some(7), Some(100)] {
                    let counted: u32 = (1..=tokens)
                        .map(|i| (past + i).min(window.unwrap_or(u32::MAX)))
                        .sum();
                    let pairs =
                        attended_pairs(f64::from(tokens), f64::from(past), true, window.map(f64::from));
                    assert_eq!(pairs, f64::from(counted), "{tokens} {past} {window:?}");
                }
            }
        }
    }
}
