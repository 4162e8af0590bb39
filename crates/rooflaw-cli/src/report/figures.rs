//! The core's results as figures.

use crate::commands::design::Design;
use crate::commands::predict::Prediction;
use crate::latency;
use rooflaw::architecture::Architecture;
use rooflaw::operators::ComputeUnit;
use rooflaw::roofline::{Roofline, StepTable};
use rooflaw::search::Candidate;
use rooflaw_report::figure::frontier::{FrontierFigure, FrontierPoint, FrontierSeries, LatencyBand};
use rooflaw_report::figure::parameters::{ParameterPanel, ParameterSeries, ParametersFigure};
use rooflaw_report::figure::roofline::{Ceiling, RooflineFigure, RooflinePoint};
use rooflaw_report::figure::{NamedPoint, Scale};

/// The roofline with the operators of both phases.
pub fn roofline_figure(prediction: &Prediction<'_>, roofline: &Roofline) -> RooflineFigure {
    let mut ceilings: Vec<Ceiling> = Vec::new();
    let formats = &prediction.formats;
    for (unit, label) in [
        (
            ComputeUnit::Matrix,
            formats.weights.matrix_precision().name().to_owned(),
        ),
        (ComputeUnit::Attention, formats.activations.name().to_owned()),
        (ComputeUnit::Vector, "vector fp32".to_owned()),
    ] {
        let peak = roofline.peak(unit);
        if ceilings.iter().all(|ceiling| ceiling.peak_flops_per_s != peak) {
            ceilings.push(Ceiling {
                label,
                peak_flops_per_s: peak,
            });
        }
    }
    let points = |phase: &'static str, step: &StepTable| -> Vec<RooflinePoint> {
        let total = step.total_s();
        step.rows
            .iter()
            .filter(|row| row.flops > 0.0)
            .map(|row| RooflinePoint {
                label: row.kind.name().to_owned(),
                phase: phase.to_owned(),
                intensity_flop_per_byte: row.arithmetic_intensity,
                achieved_flops_per_s: row.flops / row.time_s,
                share_of_time: row.time_s / total,
            })
            .collect()
    };
    let mut operators = points("prefill", &prediction.prefill);
    operators.extend(points("decode", &prediction.decode));
    RooflineFigure {
        title: format!("Roofline of {}", prediction.model),
        device: format!(
            "{}, weights {}, batch {}: prefill of {} tokens, decode at context {}",
            prediction.device.name,
            formats.weights,
            prediction.workload.batch,
            prediction.workload.prompt_tokens,
            prediction.context,
        ),
        ceilings,
        bandwidth_bytes_per_s: roofline.bandwidth(),
        operators,
    }
}

/// Loss against latency: the frontiers, the space around them, known models, the chosen architecture.
pub fn frontier_figure(design: &Design<'_>) -> FrontierFigure {
    let latency_ms = |candidate: &Candidate| 1e3 * design.objective.latency_s(&candidate.evaluation);
    let series = design
        .outcome
        .by_format
        .iter()
        .map(|found| FrontierSeries {
            label: found.formats.weights.to_string(),
            points: found
                .frontier
                .iter()
                .map(|candidate| FrontierPoint {
                    latency_ms: latency_ms(candidate),
                    loss: candidate.evaluation.loss,
                    label: String::new(),
                    is_moe: candidate.architecture.ffn.moe.is_some(),
                })
                .collect(),
        })
        .collect();
    let slowest = design
        .outcome
        .by_format
        .iter()
        .flat_map(|found| found.frontier.last())
        .map(latency_ms)
        .fold(0.0, f64::max);
    let chosen = &design.chosen.candidate;
    FrontierFigure {
        title: format!("Loss against latency on {}", design.device.name),
        subtitle: format!(
            "space {}, law {}; batch {}, {} tokens in, {} out",
            design.space,
            design.law,
            design.workload.batch,
            design.workload.prompt_tokens,
            design.workload.generated_tokens,
        ),
        x_label: format!("predicted {} (ms)", design.objective.latency_name()),
        y_label: format!("predicted loss ({})", design.loss_unit),
        series,
        // Far right of the frontier's end there is only empty space to look at.
        cloud: design
            .cloud
            .iter()
            .copied()
            .filter(|(latency, _)| *latency <= 3.0 * slowest)
            .collect(),
        budget_ms: design.latency_budget_s.map(|seconds| 1e3 * seconds),
        known_models: design
            .known_models
            .iter()
            .filter(|model| model.x <= 1.5 * slowest)
            .cloned()
            .collect(),
        chosen: Some(NamedPoint {
            name: "chosen".to_owned(),
            x: latency_ms(chosen),
            y: chosen.evaluation.loss,
        }),
        loss_interval: loss_band(design),
        loss_interval_label: String::new(),
        latency_band: latency_band(design),
    }
}

/// The interval of the latency along the frontier of the chosen format.
fn latency_band(design: &Design<'_>) -> Option<LatencyBand> {
    let formats = &design.outcome.by_format;
    let position = formats
        .iter()
        .position(|found| found.formats == design.chosen.formats)?;
    let intervals = design.trust.frontier_latency_intervals.get(position)?;
    let coverage = design.latencies.get(position)?.coverage;
    let points = formats[position].frontier.iter().zip(intervals);
    Some(LatencyBand {
        label: format!("{:.0} % of latencies", 100.0 * coverage),
        points: points
            .map(|(candidate, intervals)| {
                let latency = latency::of_objective(intervals, design.objective);
                (
                    candidate.evaluation.loss,
                    1e3 * latency.low_s,
                    1e3 * latency.high_s,
                )
            })
            .collect(),
    })
}

/// The interval of the loss along the frontier of the chosen format, if the law states one.
fn loss_band(design: &Design<'_>) -> Option<Vec<(f64, f64, f64)>> {
    let formats = &design.outcome.by_format;
    let position = formats
        .iter()
        .position(|found| found.formats == design.chosen.formats)?;
    let intervals = design.frontier_loss_intervals.get(position)?;
    let latency_ms = |candidate: &Candidate| 1e3 * design.objective.latency_s(&candidate.evaluation);
    let points = formats[position].frontier.iter().zip(intervals);
    Some(
        points
            .map(|(candidate, interval)| (latency_ms(candidate), interval.low, interval.high))
            .collect(),
    )
}

/// How the architecture changes along the frontier.
pub fn parameters_figure(design: &Design<'_>) -> ParametersFigure {
    type Parameter = (&'static str, Scale, fn(&Architecture) -> f64);
    let parameters: [Parameter; 7] = [
        ("layers", Scale::Linear, |a| f64::from(a.n_layers)),
        ("hidden size", Scale::Linear, |a| f64::from(a.hidden_size)),
        ("active FFN ratio r", Scale::Log2, Architecture::ffn_ratio),
        ("activation rate ρ", Scale::Log2, Architecture::activation_rate),
        ("experts", Scale::Log2, |a| {
            f64::from(a.ffn.moe.map_or(1, |moe| moe.n_experts))
        }),
        ("experts per token", Scale::Log2, |a| {
            f64::from(a.ffn.moe.map_or(1, |moe| moe.experts_per_token))
        }),
        ("query heads per KV head", Scale::Log2, |a| {
            a.gqa().unwrap_or(f64::NAN)
        }),
    ];
    let panels = parameters
        .into_iter()
        .map(|(label, scale, value)| ParameterPanel {
            label: label.to_owned(),
            scale,
            series: design
                .outcome
                .by_format
                .iter()
                .map(|found| ParameterSeries {
                    label: found.formats.weights.to_string(),
                    points: found
                        .frontier
                        .iter()
                        .map(|c| {
                            (
                                1e3 * design.objective.latency_s(&c.evaluation),
                                value(&c.architecture),
                            )
                        })
                        .collect(),
                })
                .collect(),
        })
        .collect();
    ParametersFigure {
        title: "Parameters along the frontier".to_owned(),
        subtitle: format!("{}, space {}", design.device.name, design.space),
        x_label: format!("predicted {} (ms)", design.objective.latency_name()),
        panels,
        budget_ms: design.latency_budget_s.map(|seconds| 1e3 * seconds),
        chosen_ms: Some(1e3 * design.objective.latency_s(&design.chosen.candidate.evaluation)),
    }
}
