//! Predicted against measured, log-log.

use crate::folds::Split;
use crate::page::Part;
use crate::statistics::{Summary, percent};
use rooflaw::device::DeviceClass;
use rooflaw_report::Theme;
use rooflaw_report::figure::agreement::{AgreementFigure, AgreementPoint, AgreementSeries};
use rooflaw_report::figure::{Figure as _, Scale};
use std::error::Error;

/// The figure of a split, both phases in one, as SVG.
///
/// # Errors
/// What the drawing says.
pub fn svg(parts: &[Part<'_>], split: Split) -> Result<String, Box<dyn Error>> {
    let parts: Vec<&Part<'_>> = parts.iter().filter(|part| part.split == split).collect();
    let of_class = |class: DeviceClass| -> Vec<AgreementPoint> {
        parts
            .iter()
            .flat_map(|part| &part.predicted)
            .filter(|one| one.observation.device.class == class)
            .map(|one| AgreementPoint {
                actual: one.measured_s(),
                predicted: one.interval.predicted_s,
                ..AgreementPoint::default()
            })
            .collect()
    };
    let errors: Vec<String> = parts
        .iter()
        .map(|part| {
            let summary = Summary::of(part.predicted.iter());
            format!("{} {}", part.phase.name(), percent(summary.median_error))
        })
        .collect();
    let figure = AgreementFigure {
        title: format!("Published latencies, {}", split.name()),
        subtitle: format!(
            "Time per token and time of prompts; median error: {}.",
            errors.join(", ")
        ),
        x_label: "measured (s)".to_owned(),
        y_label: "predicted (s)".to_owned(),
        scale: Scale::Log10,
        series: DeviceClass::ALL
            .into_iter()
            .map(|class| AgreementSeries {
                label: class.name().to_owned(),
                points: of_class(class),
            })
            .filter(|series| !series.points.is_empty())
            .collect(),
        ..AgreementFigure::default()
    };
    Ok(figure.svg(Theme::Light)?)
}
