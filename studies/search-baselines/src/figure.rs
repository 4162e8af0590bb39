//! The study's figure: what is missing of the exact frontier against evaluations.

use crate::measure::{CHECKPOINTS, Measure};
use crate::problem::{Exact, Problem};
use crate::report::{Spread, thousands};
use crate::study::Method;
use rooflaw_report::figure::NamedPoint;
use rooflaw_report::figure::convergence::{ConvergenceFigure, ConvergencePoint, ConvergenceSeries};

/// Less than this is missing nowhere that matters.
const FLOOR: f64 = 1e-5;

/// The figure of a space. The exact search's time is of this run.
pub fn convergence(
    problem: &Problem,
    exact: &Exact,
    measure: &Measure<'_>,
    methods: &[Method],
) -> ConvergenceFigure {
    let series = methods.iter().map(|method| ConvergenceSeries {
        label: method.name.clone(),
        points: CHECKPOINTS
            .into_iter()
            .map(|evaluations| {
                let missing = method
                    .runs
                    .iter()
                    .map(|run| 1.0 - measure.of(run, evaluations).hypervolume);
                let spread = Spread::of(&missing.collect::<Vec<f64>>());
                ConvergencePoint {
                    spent: evaluations as f64,
                    mean: spread.mean,
                    low: spread.least,
                    high: spread.most,
                }
            })
            .collect(),
    });
    ConvergenceFigure {
        title: format!(
            "What searches miss of the exact frontier: {} combinations",
            thousands(problem.space.len())
        ),
        subtitle: format!(
            "space `{}` · Jetson AGX Orin 64GB · bf16 · loss and total latency · 10 seeds each",
            problem.space.id
        ),
        x_label: "architectures evaluated".to_owned(),
        y_label: "share of the exact hypervolume missed".to_owned(),
        series: series.collect(),
        band_label: "least to most of the seeds".to_owned(),
        complete: Some(NamedPoint {
            name: format!(
                "exact: {} evaluations, {:.2} s",
                thousands(exact.n_evaluations),
                exact.seconds
            ),
            x: exact.n_evaluations as f64,
            y: 0.0,
        }),
        floor: Some(FLOOR),
    }
}
