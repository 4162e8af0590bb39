//! Figures of fitted laws and of planned runs.

use rooflaw_report::figure::agreement::{AgreementFigure, AgreementPoint, AgreementSeries};
use rooflaw_report::figure::comparison::{ComparisonFigure, ComparisonRow};
use rooflaw_report::figure::intervals::{Interval, IntervalRow, IntervalsFigure};
use rooflaw_report::figure::plan::{PlanFigure, PlanPanel};
use rooflaw_report::figure::profiles::{ProfilePanel, ProfilesFigure};
use rooflaw_report::figure::residuals::{ResidualPanel, ResidualSeries, ResidualsFigure};
use rooflaw_report::figure::{Figure, NamedPoint, Scale};

const RUNS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../data/runs/gemstones/hot_100b_plus.csv"
);

/// One row of the published runs.
struct Run {
    group: String,
    width: f64,
    depth: f64,
    parameters: f64,
    tokens: f64,
    loss: f64,
}

impl Run {
    /// A rough separable law.
    fn predicted(&self) -> f64 {
        1.798 + 0.7755 * (self.parameters / 1e9).powf(-0.22) + 0.1173 * (self.tokens / 1e11).powf(-0.54)
    }

    fn residual_percent(&self) -> f64 {
        100.0 * (self.predicted() / self.loss - 1.0)
    }

    fn is_left_out(&self) -> bool {
        self.parameters > 1.2e9
    }
}

fn runs() -> Result<Vec<Run>, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string(RUNS)?;
    text.lines()
        .skip(1)
        .map(|line| {
            let mut cells = line.split(',');
            let group = cells.next().unwrap_or_default();
            let numbers = cells.map(str::parse).collect::<Result<Vec<f64>, _>>()?;
            let [width, depth, parameters, tokens, loss] = numbers[..] else {
                return Err("a row has six cells".into());
            };
            let group = group
                .trim_start_matches("PyGemma-")
                .trim_end_matches("_pretrain")
                .into();
            Ok(Run {
                group,
                width,
                depth,
                parameters,
                tokens,
                loss,
            })
        })
        .collect()
}

type Named = (&'static str, Box<dyn Figure>);

/// All figures of this file with their names.
pub fn figures() -> Result<Vec<Named>, Box<dyn std::error::Error>> {
    let runs = runs()?;
    let few: Vec<&Run> = runs.iter().step_by(19).collect();
    let all: Vec<&Run> = runs.iter().collect();
    Ok(vec![
        ("agreement", Box::new(agreement(&all, Scale::Log10))),
        ("agreement-few", Box::new(agreement(&few, Scale::Linear))),
        ("agreement-many", Box::new(many())),
        ("residuals", Box::new(residuals(&all, 4))),
        ("residuals-seven", Box::new(residuals(&few, 7))),
        ("intervals", Box::new(intervals())),
        ("comparison", Box::new(comparison())),
        ("profiles", Box::new(profiles())),
        ("plan", Box::new(plan(&runs, 4))),
        ("plan-one", Box::new(plan(&runs, 1))),
    ])
}

fn agreement(runs: &[&Run], scale: Scale) -> AgreementFigure {
    let series = |label: &str, left_out: bool| AgreementSeries {
        label: label.into(),
        points: runs
            .iter()
            .filter(|run| run.is_left_out() == left_out)
            .map(|run| AgreementPoint {
                actual: run.loss,
                predicted: run.predicted(),
                interval: left_out.then(|| (run.predicted() - 0.05, run.predicted() + 0.06)),
                label: if run.residual_percent().abs() > 2.8 {
                    format!("{}, {:.0} B tokens", run.group, run.tokens / 1e9)
                } else {
                    String::new()
                },
            })
            .collect(),
    };
    AgreementFigure {
        title: "The law against the runs".into(),
        subtitle: format!(
            "{} rows of 22 models · R² 0.96 · mean error 0.031 nats/token in sample, 0.054 left out",
            runs.len()
        ),
        interval_label: "95 % prediction interval".into(),
        scale,
        series: vec![
            series("fitted rows", false),
            series("left out: more than 1.2B parameters", true),
        ],
        ..Default::default()
    }
}

fn many() -> AgreementFigure {
    let mut next = super::noise(5);
    let mut point = |spread: f64| {
        let actual = 2.0 * 1.9f64.powf(next());
        AgreementPoint {
            actual,
            predicted: actual * (1.0 + spread * (next() + next() + next() - 1.5)),
            ..Default::default()
        }
    };
    AgreementFigure {
        title: "Ten thousand rows".into(),
        series: vec![
            AgreementSeries {
                label: "fitted".into(),
                points: (0..10_000).map(|_| point(0.03)).collect(),
            },
            AgreementSeries {
                label: "left out".into(),
                points: (0..700).map(|_| point(0.06)).collect(),
            },
        ],
        ..Default::default()
    }
}

fn residuals(runs: &[&Run], count: usize) -> ResidualsFigure {
    type Variable = (&'static str, Scale, fn(&Run) -> f64);
    let variables: [Variable; 7] = [
        ("parameters", Scale::Log10, |run| run.parameters),
        ("tokens", Scale::Log10, |run| run.tokens),
        ("hidden size", Scale::Log2, |run| run.width),
        ("layers", Scale::Linear, |run| run.depth),
        ("tokens per parameter", Scale::Log10, |run| {
            run.tokens / run.parameters
        }),
        ("training FLOPs", Scale::Log10, |run| {
            6.0 * run.tokens * run.parameters
        }),
        ("predicted loss (nats/token)", Scale::Linear, Run::predicted),
    ];
    let panel = |(label, scale, value): Variable| ResidualPanel {
        label: label.into(),
        scale,
        series: [("fitted", false), ("left out", true)]
            .map(|(label, left_out)| ResidualSeries {
                label: label.into(),
                points: runs
                    .iter()
                    .filter(|run| run.is_left_out() == left_out)
                    .map(|run| (value(run), run.residual_percent()))
                    .collect(),
            })
            .to_vec(),
    };
    ResidualsFigure {
        title: "What the law leaves unexplained".into(),
        subtitle: "Structure in a panel is something the law is missing".into(),
        y_label: "predicted − actual (%)".into(),
        band: Some(2.0),
        band_label: "± 2 %".into(),
        panels: variables.into_iter().take(count).map(panel).collect(),
    }
}

fn intervals() -> IntervalsFigure {
    let row = |name: &str, estimate: f64, low: f64, high: f64, published: Option<f64>, scale| IntervalRow {
        name: name.into(),
        estimate,
        interval: Some(Interval {
            low: Some(low),
            high: Some(high),
        }),
        second: Some(Interval {
            low: Some(estimate - 1.2 * (estimate - low)),
            high: Some(estimate + 0.8 * (high - estimate)),
        }),
        published,
        scale,
        ..Default::default()
    };
    let mut open = row("B (tokens)", 2.3e3, 410.0, 0.0, Some(410.7), Scale::Log10);
    open.interval = Some(Interval {
        low: Some(310.0),
        high: None,
    });
    open.second = Some(Interval {
        low: Some(290.0),
        high: Some(9.1e4),
    });
    open.flag = "not identifiable".into();
    IntervalsFigure {
        title: "What the runs determine".into(),
        subtitle: "L = E + A/N^α + B/D^β · 245 runs".into(),
        interval_label: "95 % profile interval".into(),
        second_label: "95 % bootstrap interval by run".into(),
        published_label: "Hoffmann et al. 2022".into(),
        rows: vec![
            row(
                "E (irreducible loss)",
                1.817,
                1.75,
                1.89,
                Some(1.69),
                Scale::Linear,
            ),
            row("A (parameters)", 482.0, 310.0, 1120.0, Some(406.4), Scale::Log10),
            open,
            row("α", 0.348, 0.312, 0.391, Some(0.34), Scale::Linear),
            row("β", 0.366, 0.333, 0.402, Some(0.28), Scale::Linear),
            row("γ of width", 2.5e-7, 1.1e-8, 3.9e-7, None, Scale::Linear),
        ],
    }
}

fn comparison() -> ComparisonFigure {
    let row = |name: &str, note: &str, error: f64, spread: f64, fitted: f64, beyond: f64| ComparisonRow {
        name: name.into(),
        note: note.into(),
        cross_validated: Some(error),
        standard_error: Some(spread),
        in_sample: Some(fitted),
        extrapolation: Some(beyond),
    };
    ComparisonFigure {
        title: "Which law predicts runs it has not seen".into(),
        subtitle: "Mean absolute error; cross-validated by model, 22 folds".into(),
        rows: vec![
            row(
                "width, depth and tokens",
                "7 parameters",
                0.0184,
                0.0021,
                0.0131,
                0.0243,
            ),
            row(
                "parameters and tokens",
                "5 parameters",
                0.0208,
                0.0024,
                0.0192,
                0.0287,
            ),
            row(
                "parameters, tokens and their interaction",
                "6 parameters",
                0.0211,
                0.0038,
                0.0189,
                0.0512,
            ),
            row("tokens", "3 parameters", 0.0871, 0.0094, 0.0840, 0.0952),
            ComparisonRow {
                name: "routed".into(),
                note: "no mixture of experts among the runs".into(),
                ..Default::default()
            },
        ],
        best: Some(0),
        ..Default::default()
    }
}

fn profiles() -> ProfilesFigure {
    let panel = |label: &str, optimum: f64, low: f64, high: f64, scale| ProfilePanel {
        label: label.into(),
        scale,
        points: (0..25)
            .map(|index| {
                let along = (f64::from(index) - 12.0) / 6.0;
                let width = if along < 0.0 {
                    optimum - low
                } else {
                    high - optimum
                };
                (
                    optimum + along * width,
                    3.84 * along.abs().powf(if along < 0.0 { 2.2 } else { 1.9 }),
                )
            })
            .collect(),
        optimum: Some(optimum),
        ..Default::default()
    };
    let mut flat = panel("B", 2300.0, 0.0, 0.0, Scale::Log10);
    flat.points = (0..25)
        .map(|index| 310.0 * 1.4f64.powi(index))
        .map(|value| (value, 5.5 * (1.0 - (value / 2300.0f64).powf(-0.6)).powi(2)))
        .collect();
    flat.note = "not identifiable".into();
    ProfilesFigure {
        title: "How sharply the runs determine each parameter".into(),
        subtitle: "All other parameters fitted anew at each value".into(),
        threshold: Some(3.84),
        threshold_label: "95 % threshold".into(),
        panels: vec![
            panel("E (nats/token)", 1.817, 1.75, 1.89, Scale::Linear),
            panel("A", 482.0, 310.0, 1120.0, Scale::Linear),
            flat,
            panel("α", 0.348, 0.312, 0.391, Scale::Linear),
            panel("β", 0.366, 0.333, 0.402, Scale::Linear),
        ],
        ..Default::default()
    }
}

fn plan(runs: &[Run], count: usize) -> PlanFigure {
    let mut next = super::noise(11);
    // (hidden size, layers, parameters, tokens)
    let mut run = |reach: f64| {
        let width = 128.0 * (2.0 * 2f64.powf(4.0 * next())).round();
        let depth = (4.0 * 20f64.powf(next())).round();
        let tokens = reach * 1e10 * 60f64.powf(next());
        [width, depth, 12.0 * depth * width * width + 5e4 * width, tokens]
    };
    let candidates: Vec<[f64; 4]> = (0..3000).map(|_| run(1.0)).collect();
    let mut chosen: Vec<[f64; 4]> = (0..11).map(|_| run(1.5)).collect();
    chosen.push(chosen[3]);
    let existing: Vec<[f64; 4]> = runs
        .iter()
        .step_by(5)
        .map(|run| [run.width, run.depth, run.parameters, run.tokens])
        .collect();
    let variables = [
        ("hidden size", Scale::Log2),
        ("layers", Scale::Log10),
        ("parameters", Scale::Log10),
        ("tokens", Scale::Log10),
    ];
    let pairs = [(2, 3), (0, 1), (0, 3), (1, 3)];
    PlanFigure {
        title: "12 runs that narrow the law most".into(),
        subtitle: "8.4e20 FLOPs together · D-optimal among 3,000 candidates".into(),
        panels: pairs
            .into_iter()
            .take(count)
            .map(|(x, y)| {
                let pair = |values: &[[f64; 4]]| values.iter().map(|value| (value[x], value[y])).collect();
                PlanPanel {
                    x_label: variables[x].0.into(),
                    x_scale: variables[x].1,
                    y_label: variables[y].0.into(),
                    y_scale: variables[y].1,
                    existing: pair(&existing),
                    candidates: pair(&candidates),
                    chosen: chosen
                        .iter()
                        .enumerate()
                        .map(|(index, run)| NamedPoint {
                            name: (index + 1).to_string(),
                            x: run[x],
                            y: run[y],
                        })
                        .collect(),
                }
            })
            .collect(),
        ..Default::default()
    }
}
