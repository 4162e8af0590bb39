//! The frontier as a table of `rooflaw design --out`.

use crate::commands::design::Design;
use anyhow::Result;
use rooflaw::architecture::KvProjection;
use rooflaw::law::{LossInterval, LossLaw};

/// The table's text.
pub fn of(design: &Design<'_>, law: &LossLaw) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "weights",
        "index",
        "n_layers",
        "hidden_size",
        "n_heads",
        "n_kv_heads",
        "head_dim",
        "ffn_ratio",
        "activation_rate",
        "n_experts",
        "experts_per_token",
        "ffn_width",
        "loss_nats_per_token",
        "loss_low",
        "loss_high",
        "ttft_s",
        "ttft_low_s",
        "ttft_high_s",
        "tpot_s",
        "tpot_low_s",
        "tpot_high_s",
        "total_s",
        "total_low_s",
        "total_high_s",
        "probability_within_budget",
        "memory_bytes",
        "total_parameters",
        "active_parameters",
        "extrapolates_in",
    ])?;
    let trust = &design.trust;
    for (position, found) in design.outcome.by_format.iter().enumerate() {
        for (place, candidate) in found.frontier.iter().enumerate() {
            let latency = trust
                .frontier_latency_intervals
                .get(position)
                .and_then(|intervals| intervals.get(place))
                .copied()
                .unwrap_or_default();
            let probability = trust
                .frontier_probabilities
                .get(position)
                .and_then(|probabilities| probabilities.get(place))
                .map_or_else(String::new, |probability| format!("{probability:.4}"));
            let (a, e) = (&candidate.architecture, &candidate.evaluation);
            let (n_kv_heads, head_dim) = match a.attention.kv {
                KvProjection::Grouped { n_kv_heads, head_dim } => (n_kv_heads, head_dim),
                KvProjection::Latent { .. } => (0, 0),
            };
            let (n_experts, per_token, width) = a.ffn.moe.map_or((1, 1, a.ffn.intermediate_size), |m| {
                (m.n_experts, m.experts_per_token, m.expert_size)
            });
            let features = law.features(a);
            let extrapolations = law.extrapolations(&features);
            let intervals = design.frontier_loss_intervals.get(position);
            let interval = intervals.and_then(|intervals| intervals.get(place));
            let bound =
                |of: fn(&LossInterval) -> f64| interval.map(of).map_or_else(String::new, |l| l.to_string());
            let outside: Vec<&str> = extrapolations.iter().map(|found| found.feature.name()).collect();
            writer.write_record([
                found.formats.weights.to_string(),
                candidate.index.to_string(),
                a.n_layers.to_string(),
                a.hidden_size.to_string(),
                a.attention.n_heads.to_string(),
                n_kv_heads.to_string(),
                head_dim.to_string(),
                a.ffn_ratio().to_string(),
                a.activation_rate().to_string(),
                n_experts.to_string(),
                per_token.to_string(),
                width.to_string(),
                e.loss.to_string(),
                bound(|interval| interval.low),
                bound(|interval| interval.high),
                e.ttft_s.to_string(),
                latency.ttft.low_s.to_string(),
                latency.ttft.high_s.to_string(),
                e.tpot_s.to_string(),
                latency.tpot.low_s.to_string(),
                latency.tpot.high_s.to_string(),
                e.total_s.to_string(),
                latency.total.low_s.to_string(),
                latency.total.high_s.to_string(),
                probability,
                e.memory.total_bytes().to_string(),
                e.parameters.total.to_string(),
                e.parameters.active.to_string(),
                outside.join(" "),
            ])?;
        }
    }
    Ok(writer.into_inner()?)
}
