//! The study's figures.

use crate::frontiers::{Frontier, Frontiers};
use crate::setup::{Costing, Designs, Format, Setup, latency_ms};
use crate::text::Shape;
use anyhow::{Context as _, Result};
use rooflaw::search::{Candidate, Objective};
use rooflaw_report::figure::frontier::{FrontierFigure, FrontierPoint, FrontierSeries};
use rooflaw_report::figure::parameters::{ParameterPanel, ParameterSeries, ParametersFigure};
use rooflaw_report::figure::{Figure, NamedPoint, Scale};

/// A figure and the stem of its files.
pub type Named = (String, Box<dyn Figure + Sync>);

/// Every figure.
pub fn all(setup: &Setup, frontiers: &Frontiers) -> Result<Vec<Named>> {
    let mut figures: Vec<Named> = Vec::new();
    for objective in Objective::ALL {
        for format in Format::ALL {
            let name = format!("frontier-{}-{}", objective.name(), format.slug());
            figures.push((name, Box::new(frontier(setup, frontiers, objective, format)?)));
        }
    }
    for designs in [Designs::Grid, Designs::Default] {
        for format in Format::ALL {
            let name = format!("parameters-{}-{}", designs.slug(), format.slug());
            let figure = parameters(setup, frontiers, Costing::Full, designs, format)?;
            figures.push((name, Box::new(figure)));
        }
    }
    let (designs, format) = (Designs::Default, Format::Fp16);
    figures.push((
        format!("parameters-{}-{}-simplified", designs.slug(), format.slug()),
        Box::new(parameters(
            setup,
            frontiers,
            Costing::Simplified,
            designs,
            format,
        )?),
    ));
    Ok(figures)
}

fn capitalised(objective: Objective) -> &'static str {
    match objective {
        Objective::Prefill => "Prefill",
        Objective::Decode => "Decode",
        Objective::Total => "Total latency",
    }
}

/// One objective and format: the sampled frontier, the exact ones, the sampled candidates and the baseline.
fn frontier(
    setup: &Setup,
    frontiers: &Frontiers,
    objective: Objective,
    format: Format,
) -> Result<FrontierFigure> {
    let series = |designs: Designs| -> Result<FrontierSeries> {
        let frontier = frontiers.get(Costing::Full, designs, objective, format)?;
        let point = |candidate: &Candidate| FrontierPoint {
            latency_ms: latency_ms(objective, candidate),
            loss: candidate.evaluation.loss,
            label: String::new(),
            is_moe: candidate.architecture.ffn.moe.is_some(),
        };
        Ok(FrontierSeries {
            label: designs.name().to_owned(),
            points: frontier.points.iter().map(point).collect(),
        })
    };
    let candidates = frontiers
        .of_costing(Costing::Full)
        .get(format as usize)
        .context("no candidates in this format")?;
    let cloud = |candidate: &Candidate| (latency_ms(objective, candidate), candidate.evaluation.loss);
    let baseline = setup.evaluator(Costing::Full, format).evaluate(&setup.baseline);
    Ok(FrontierFigure {
        title: format!(
            "{}, {}: sampled and exact frontiers",
            capitalised(objective),
            format.name()
        ),
        subtitle: setup.conditions(),
        x_label: format!("predicted {} (ms)", objective.latency_name()),
        // The longest frontier first, under the others.
        series: Designs::ALL
            .into_iter()
            .rev()
            .map(series)
            .collect::<Result<_>>()?,
        cloud: candidates.iter().map(cloud).collect(),
        known_models: vec![NamedPoint {
            name: "Qwen2.5-0.5B shape".to_owned(),
            x: objective.latency_s(&baseline) * 1e3,
            y: baseline.loss,
        }],
        ..FrontierFigure::default()
    })
}

/// Latency bins per decade in which a parameter's median is drawn.
const BINS_PER_DECADE: f64 = 12.0;

/// A frontier's architectures by bin of latency: the bin's middle in ms, and its architectures.
fn bins(frontier: &Frontier) -> Vec<(f64, Vec<&Candidate>)> {
    let mut bins: Vec<(f64, Vec<&Candidate>)> = Vec::new();
    for point in &frontier.points {
        let number = (latency_ms(frontier.objective, point).log10() * BINS_PER_DECADE).floor();
        let middle = 10_f64.powf((number + 0.5) / BINS_PER_DECADE);
        match bins.last_mut() {
            Some((last, designs)) if *last == middle => designs.push(point),
            _ => bins.push((middle, vec![point])),
        }
    }
    bins
}

/// The lower median: a value that some architecture has.
fn lower_median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values
        .get(values.len().saturating_sub(1) / 2)
        .copied()
        .unwrap_or(f64::NAN)
}

/// How the architectures change along the exact frontiers of one set of architectures, one series for each objective.
///
/// Neighbours on a frontier differ back and forth by a step of some axis, so medians within bins are drawn.
fn parameters(
    setup: &Setup,
    frontiers: &Frontiers,
    costing: Costing,
    designs: Designs,
    format: Format,
) -> Result<ParametersFigure> {
    let chosen: Vec<&Frontier> = Objective::ALL
        .into_iter()
        .map(|objective| frontiers.get(costing, designs, objective, format))
        .collect::<Result<_>>()?;
    let panel = |label: &str, scale: Scale, value: &dyn Fn(&Candidate) -> f64| ParameterPanel {
        label: label.to_owned(),
        scale,
        series: chosen
            .iter()
            .map(|frontier| ParameterSeries {
                label: frontier.objective.latency_name().to_owned(),
                points: bins(frontier)
                    .into_iter()
                    .map(|(middle, designs)| (middle, lower_median(designs.into_iter().map(value).collect())))
                    .collect(),
            })
            .collect(),
    };
    let of_shape =
        |value: fn(&Shape) -> f64| move |candidate: &Candidate| value(&Shape::of(&candidate.architecture));
    let costed = match costing {
        Costing::Full => "",
        Costing::Simplified => " · the paper's simplifications",
    };
    Ok(ParametersFigure {
        title: format!(
            "Architectures along the frontiers: {}, {}",
            designs.name(),
            format.name()
        ),
        subtitle: format!("{}{costed} · medians within bins of latency", setup.conditions()),
        x_label: "predicted latency (ms)".to_owned(),
        panels: vec![
            panel(
                "layers",
                Scale::Linear,
                &of_shape(|shape| f64::from(shape.n_layers)),
            ),
            panel(
                "hidden size",
                Scale::Log2,
                &of_shape(|shape| f64::from(shape.hidden_size)),
            ),
            panel(
                "active FFN ratio r",
                Scale::Log2,
                &of_shape(|shape| shape.ffn_ratio),
            ),
            panel(
                "activation rate ρ",
                Scale::Log2,
                &of_shape(|shape| shape.activation_rate),
            ),
            panel(
                "experts (1: dense)",
                Scale::Log2,
                &of_shape(|shape| f64::from(shape.n_experts)),
            ),
            panel(
                "experts per token (top-k)",
                Scale::Linear,
                &of_shape(|shape| f64::from(shape.experts_per_token)),
            ),
            panel("query heads per KV head", Scale::Log2, &of_shape(Shape::gqa)),
            panel("active parameters (billions)", Scale::Log10, &|candidate| {
                candidate.evaluation.parameters.active as f64 / 1e9
            }),
            panel("memory (GB)", Scale::Log10, &|candidate| {
                candidate.evaluation.memory.total_bytes() / 1e9
            }),
        ],
        ..ParametersFigure::default()
    })
}
