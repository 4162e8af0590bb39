//! Regenerates the comparison of searches: `cargo run --release -p rooflaw-study-search-baselines`.
//!
//! With `--check` nothing is written: what would be is compared with what is there, and a difference is an error.
//! `objectives SPACE` answers what `nsga2.py` asks.

mod adaptive;
mod figure;
mod ledger;
mod measure;
mod nsga2;
mod output;
mod problem;
mod report;
mod sampling;
mod server;
mod study;

use anyhow::{Result, bail};
use measure::Measure;
use problem::{Exact, Problem};
use rooflaw_report::Theme;
use rooflaw_report::figure::Figure as _;
use std::time::Instant;
use study::Method;

/// Pixels of a PNG per unit of its SVG.
const PNG_SCALE: f32 = 1.5;
/// Times that the exact search is run: the machine may have other work, and the shortest time counts.
const TIMED: usize = 5;
/// The spaces searched.
const SPACES: [&str; 2] = ["default", "wide"];

struct Searched {
    problem: Problem,
    exact: Exact,
    methods: Vec<Method>,
}

impl Searched {
    fn new(space: &str) -> Result<Searched> {
        let problem = Problem::new(space)?;
        let mut exact = problem.exact()?;
        for _ in 1..TIMED {
            exact.seconds = exact.seconds.min(problem.exact()?.seconds);
        }
        let methods = study::methods(&problem, study::BUDGET)?;
        Ok(Searched {
            problem,
            exact,
            methods,
        })
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => regenerate(false),
        ["--check"] => regenerate(true),
        ["objectives", space] => server::serve(&Problem::new(space)?),
        _ => bail!("usage: rooflaw-study-search-baselines [--check | objectives SPACE]"),
    }
}

fn regenerate(check: bool) -> Result<()> {
    let searched: Vec<Searched> = SPACES.into_iter().map(Searched::new).collect::<Result<_>>()?;
    let measures: Vec<Measure<'_>> = searched
        .iter()
        .map(|space| Measure::new(&space.exact, space.problem.budget_s))
        .collect();
    let named: Vec<(&str, &Measure<'_>, &[Method])> = searched
        .iter()
        .zip(&measures)
        .map(|(space, measure)| (space.problem.space.id.as_str(), measure, space.methods.as_slice()))
        .collect();
    let mut summary = String::new();
    for (space, measure) in searched.iter().zip(&measures) {
        summary += &report::summary(&space.problem, &space.exact, measure, &space.methods);
        // Times differ from run to run, so they are not in the files that `--check` compares.
        if !check {
            let figure = figure::convergence(&space.problem, &space.exact, measure, &space.methods);
            let png = rooflaw_report::png(&figure.svg(Theme::Light)?, PNG_SCALE)?;
            output::write(&format!("{}.png", space.problem.space.id), &png)?;
        }
        let start = Instant::now();
        adaptive::search(&space.problem, study::BUDGET, 0);
        println!(
            "{}: exact {:.2} s on all cores, adaptive {:.2} s on one",
            space.problem.space.id,
            space.exact.seconds,
            start.elapsed().as_secs_f64()
        );
    }
    for (name, content) in [("runs.csv", report::rows(&named)), ("summary.md", summary)] {
        if check {
            output::check(name, &content)?;
        } else {
            output::write(name, content.as_bytes())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 50,000 evaluations take too long without optimisation; `--check` covers them.
    #[test]
    fn committed_runs_are_up_to_date_as_far_as_the_papers_sample_goes() {
        const FAR: u64 = 1_942;
        let problem = Problem::new("default").unwrap();
        let exact = problem.exact().unwrap();
        let measure = Measure::new(&exact, problem.budget_s);
        let methods = study::methods(&problem, FAR).unwrap();
        let now = report::rows(&[("default", &measure, &methods)]);
        let there = output::read("runs.csv").unwrap();
        let near = |text: &str| -> Vec<String> {
            let is_near = |line: &&str| {
                let mut cells = line.split(',');
                let evaluations = cells.nth(3).and_then(|cell| cell.parse::<u64>().ok());
                line.starts_with("default,") && evaluations.is_some_and(|evaluations| evaluations <= FAR)
            };
            text.lines().filter(is_near).map(str::to_owned).collect()
        };
        assert_eq!(near(&now).len(), 4 * 10 * 9);
        assert_eq!(near(&now), near(&there));
    }
}
