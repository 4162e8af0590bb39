//! Tables of the study.

use crate::measure::{CHECKPOINTS, Measure, Measured};
use crate::problem::{Exact, Problem};
use crate::study::Method;
use std::fmt::Write as _;

/// Mean, least and most over the seeds.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    pub mean: f64,
    pub least: f64,
    pub most: f64,
}

impl Spread {
    pub fn of(values: &[f64]) -> Spread {
        Spread {
            mean: values.iter().sum::<f64>() / values.len() as f64,
            least: values.iter().copied().fold(f64::INFINITY, f64::min),
            most: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

/// Every run at every checkpoint, as CSV.
pub fn rows(spaces: &[(&str, &Measure<'_>, &[Method])]) -> String {
    let mut text =
        "space,method,seed,evaluations,relative_hypervolume,loss_given_away_nats,frontier_found\n".to_owned();
    for (space, measure, methods) in spaces {
        for method in *methods {
            for (seed, run) in method.runs.iter().enumerate() {
                for evaluations in CHECKPOINTS {
                    let found = measure.of(run, evaluations);
                    let regret = found
                        .regret
                        .map(|regret| format!("{regret:.6}"))
                        .unwrap_or_default();
                    let _ = writeln!(
                        text,
                        "{space},{},{seed},{evaluations},{:.6},{regret},{:.4}",
                        method.name, found.hypervolume, found.found,
                    );
                }
            }
        }
    }
    text
}

/// The table of a space at the paper's two numbers of evaluations.
pub fn table(measure: &Measure<'_>, methods: &[Method]) -> String {
    let mut text = "\
| method | evaluations | hypervolume, exact = 1: mean (least to most) | loss given away, 10⁻³ nats | exact frontier found | runs that found all |
|---|--:|--:|--:|--:|--:|
"
    .to_owned();
    for method in methods {
        for evaluations in [1_942, 50_000] {
            let found: Vec<Measured> = method
                .runs
                .iter()
                .map(|run| measure.of(run, evaluations))
                .collect();
            let spread =
                |value: &dyn Fn(&Measured) -> f64| Spread::of(&found.iter().map(value).collect::<Vec<f64>>());
            let volume = spread(&|found| found.hypervolume);
            let regret = spread(&|found| found.regret.unwrap_or(f64::INFINITY) * 1e3);
            let share = spread(&|found| found.found * 100.0);
            let _ = writeln!(
                text,
                "| {} | {} | {:.5} ({:.5} to {:.5}) | {:.1} ({:.1} to {:.1}) | {:.1} % | {} |",
                method.name,
                if evaluations < 10_000 { "1,942" } else { "50,000" },
                volume.mean,
                volume.least,
                volume.most,
                regret.mean,
                regret.least,
                regret.most,
                share.mean,
                found.iter().filter(|found| found.found >= 1.0).count(),
            );
        }
    }
    text
}

/// What there is to say of a space.
pub fn summary(problem: &Problem, exact: &Exact, measure: &Measure<'_>, methods: &[Method]) -> String {
    let [latency, loss] = measure.reference();
    format!(
        "## {} ({}), {} combinations\n\nExact: {} points, {} evaluations. Reference point of hypervolumes: {:.1} ms, {loss:.4} \
         nats/token. Loss given away at {:.1} ms.\n\n{}\n",
        problem.space.name,
        problem.space.id,
        thousands(problem.space.len()),
        thousands(exact.points.len() as u64),
        thousands(exact.n_evaluations),
        latency * 1e3,
        problem.budget_s * 1e3,
        table(measure, methods),
    )
}

/// A number with commas.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
