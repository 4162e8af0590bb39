//! Attention: projections, normalisation, rotary embedding, and the core that meets the KV cache.

use super::costs::NOTHING;
use super::{Assumptions, ComputeUnit, Costs, Operator, OperatorKind, Step};
use crate::architecture::{KvProjection, QkNorm};
use crate::format::Tensor;
use crate::pair::Pair;

#[inline(always)]
pub(super) fn visit_attention(costs: &Costs<'_>, visit: &mut impl FnMut(&Operator<Pair>)) {
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

#[inline(always)]
fn visit_grouped_projections(costs: &Costs<'_>, visit: &mut impl FnMut(&Operator<Pair>)) {
    let architecture = costs.architecture;
    let attention = &architecture.attention;
    let KvProjection::Grouped { n_kv_heads, head_dim } = attention.kv else {
        return;
    };
    let (n_layers, hidden) = (costs.n_layers, costs.hidden);
    let query_width = costs.width(architecture.query_width());
    let kv_width = costs.width(n_kv_heads * head_dim);
    visit(&costs.linear(
        OperatorKind::Query,
        n_layers,
        Tensor::Query,
        (hidden, query_width),
        attention.qkv_bias,
    ));
    for (kind, tensor) in [
        (OperatorKind::Key, Tensor::Key),
        (OperatorKind::Value, Tensor::Value),
    ] {
        let shape = (hidden, kv_width);
        visit(&costs.cached_linear(kind, n_layers, tensor, shape, attention.qkv_bias));
    }
    if !costs.assumptions.minor_operators {
        return;
    }
    let width = query_width.n + kv_width.n;
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
    visit(&costs.weightless(OperatorKind::Rope, n_layers, 3.0 * width, 2.0 * width));
}

#[inline(always)]
fn visit_latent_projections(costs: &Costs<'_>, visit: &mut impl FnMut(&Operator<Pair>)) {
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
    let (n_layers, hidden) = (costs.n_layers, costs.hidden);
    if let Some(rank) = q_lora_rank {
        let shape = (hidden, costs.width(rank));
        visit(&costs.linear(
            OperatorKind::QueryCompress,
            n_layers,
            Tensor::Query,
            shape,
            attention.qkv_bias,
        ));
    }
    let query_shape = (
        costs.width(q_lora_rank.unwrap_or(architecture.hidden_size)),
        costs.width(architecture.query_width()),
    );
    visit(&costs.linear(OperatorKind::Query, n_layers, Tensor::Query, query_shape, false));

    let cached = kv_lora_rank + qk_rope_head_dim;
    visit(&costs.cached_linear(
        OperatorKind::KvCompress,
        n_layers,
        Tensor::Key,
        (hidden, costs.width(cached)),
        attention.qkv_bias,
    ));

    // In decode the expansion is absorbed into queries and values: the same products, for the new tokens only.
    let expanded = attention.n_heads * (qk_nope_head_dim + v_head_dim);
    let expanded_tokens = costs.steps.map(|step| {
        if is_expanded(costs.assumptions, step) {
            step.batch * step.context()
        } else {
            step.total_tokens()
        }
    });
    visit(&costs.linear_of(
        expanded_tokens,
        OperatorKind::KvExpand,
        n_layers,
        Tensor::Value,
        (costs.width(kv_lora_rank), costs.width(expanded)),
        false,
    ));

    if costs.assumptions.minor_operators {
        let width = f64::from(q_lora_rank.unwrap_or(0)) + f64::from(kv_lora_rank);
        visit(&costs.vector(OperatorKind::QkNorm, n_layers, width, 4.0 * width, 2.0 * width));
        let rotated = f64::from(attention.n_heads + 1) * f64::from(qk_rope_head_dim);
        visit(&costs.weightless(OperatorKind::Rope, n_layers, 3.0 * rotated, 2.0 * rotated));
    }
}

#[inline(always)]
fn visit_output(costs: &Costs<'_>, visit: &mut impl FnMut(&Operator<Pair>)) {
    let architecture = costs.architecture;
    let attention = &architecture.attention;
    let width = match attention.kv {
        KvProjection::Grouped { .. } => architecture.query_width(),
        KvProjection::Latent { v_head_dim, .. } => attention.n_heads * v_head_dim,
    };
    let shape = (costs.width(width), costs.hidden);
    visit(&costs.linear(
        OperatorKind::Output,
        costs.n_layers,
        Tensor::Output,
        shape,
        attention.output_bias,
    ));
}

/// Whether a step of latent attention expands keys and values.
#[inline(always)]
fn is_expanded(assumptions: &Assumptions, step: &Step) -> bool {
    step.tokens > 1.0 && !assumptions.absorbed_latent
}

/// What attention multiplies, per query head, and what it reads of the cache, per token.
struct CoreWidths {
    /// Width of a query-key product.
    key: Pair,
    /// Width of a weighted value.
    value: Pair,
    /// Cached elements that are read once.
    cached: Pair,
    /// Those that the scores read when the two products are apart.
    cached_key: Pair,
    /// Those that the weighted values read when the two products are apart; the latent cache is read twice.
    cached_value: Pair,
    /// Expanded keys and values read as activations (latent attention in prefill).
    expanded: Pair,
}

impl CoreWidths {
    #[inline(always)]
    fn new(costs: &Costs<'_>) -> CoreWidths {
        let attention = &costs.architecture.attention;
        match attention.kv {
            KvProjection::Grouped { n_kv_heads, head_dim } => {
                let (head_dim, n_kv_heads) = (f64::from(head_dim), f64::from(n_kv_heads));
                let cached = Pair::all(n_kv_heads * head_dim);
                CoreWidths {
                    key: Pair::all(head_dim),
                    value: Pair::all(head_dim),
                    cached: cached + cached,
                    cached_key: cached,
                    cached_value: cached,
                    expanded: Pair::all(0.0),
                }
            }
            KvProjection::Latent {
                kv_lora_rank,
                qk_nope_head_dim,
                qk_rope_head_dim,
                v_head_dim,
                ..
            } => {
                let n_heads = f64::from(attention.n_heads);
                let (rank, rope) = (f64::from(kv_lora_rank), f64::from(qk_rope_head_dim));
                let (nope, value) = (f64::from(qk_nope_head_dim), f64::from(v_head_dim));
                let either = |prefill: f64, decode: f64| {
                    costs.steps.map(|step| {
                        if is_expanded(costs.assumptions, step) {
                            prefill
                        } else {
                            decode
                        }
                    })
                };
                CoreWidths {
                    key: either(nope + rope, rank + rope),
                    value: either(value, rank),
                    cached: either(rope, rank + rope),
                    cached_key: either(rope, rank + rope),
                    cached_value: either(0.0, rank),
                    expanded: either(n_heads * (nope + value), 0.0),
                }
            }
        }
    }
}

/// The only operators whose cost depends on the context: the attention of global and of local layers.
#[inline(always)]
pub(crate) fn visit_attention_cores(costs: &Costs<'_>, visit: &mut impl FnMut(&Operator<Pair>)) {
    let n_local = costs.architecture.n_local_layers();
    let n_global = costs.architecture.n_layers - n_local;
    if n_global > 0 {
        visit_core(costs, n_global, None, visit);
    }
    if let Some(window) = costs.architecture.attention.sliding_window
        && n_local > 0
    {
        visit_core(costs, n_local, Some(f64::from(window.size)), visit);
    }
}

#[inline(always)]
fn visit_core(
    costs: &Costs<'_>,
    n_layers: u32,
    window: Option<f64>,
    visit: &mut impl FnMut(&Operator<Pair>),
) {
    let (attention, assumptions) = (&costs.architecture.attention, costs.assumptions);
    let widths = CoreWidths::new(costs);
    let n_heads = f64::from(attention.n_heads);
    let reach = window.map_or(costs.steps.global, |window| costs.steps.local(window));
    let score_elements = reach.pairs * n_heads;
    let rows = costs.steps.tokens * n_heads;
    let (queries, results) = (rows * widths.key, rows * widths.value);
    let expanded = reach.context * widths.expanded;
    let sinks = n_heads * f64::from(u8::from(attention.sinks));
    let sink_bytes = costs.vector_bytes(sinks);

    let softmax = Operator {
        kind: OperatorKind::Softmax,
        instances: f64::from(n_layers),
        unit: ComputeUnit::Vector,
        // Maximum, subtraction, exponential, sum, division.
        flops: score_elements * 5.0,
        stored_parameters: sinks,
        active_parameters: sinks,
        stored_bytes: sink_bytes,
        weight_bytes: Pair::all(sink_bytes),
        activation_bytes: score_elements * (2.0 * costs.activation),
        kv_bytes: Pair::all(NOTHING),
    };
    if assumptions.fused_attention {
        visit(&Operator {
            kind: if window.is_some() {
                OperatorKind::LocalAttention
            } else {
                OperatorKind::Attention
            },
            unit: ComputeUnit::Attention,
            flops: softmax.flops + score_elements * (widths.key + widths.value) * 2.0,
            activation_bytes: (queries + results + expanded) * costs.activation,
            kv_bytes: reach.cached * widths.cached * costs.kv,
            ..softmax
        });
        return;
    }
    let weightless = Operator {
        unit: ComputeUnit::Attention,
        stored_parameters: 0.0,
        active_parameters: 0.0,
        stored_bytes: 0.0,
        weight_bytes: Pair::all(0.0),
        ..softmax
    };
    visit(&Operator {
        kind: OperatorKind::Scores,
        flops: score_elements * widths.key * 2.0,
        activation_bytes: (queries + score_elements + expanded * 0.5) * costs.activation,
        kv_bytes: reach.cached * widths.cached_key * costs.kv,
        ..weightless
    });
    visit(&softmax);
    visit(&Operator {
        kind: OperatorKind::WeightedValues,
        flops: score_elements * widths.value * 2.0,
        activation_bytes: (results + score_elements + expanded * 0.5) * costs.activation,
        kv_bytes: reach.cached * widths.cached_value * costs.kv,
        ..weightless
    });
}
