//! The repetitions as tables and text.

use crate::repetition::{CONFIDENCE, Repetition};
use crate::synthetic::{self, NAMES};
use anyhow::{Context as _, Result};
use rooflaw::law::fit::{Form, Interval, ParameterIntervals, Values, Verdict, most_informative};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What one number came to over all repetitions.
struct Row {
    name: &'static str,
    truth: f64,
    estimate: f64,
    /// Repetitions with the truth inside.
    inside: [usize; 2],
    /// Median width of the bounded intervals; `None` when most are open.
    width: [Option<f64>; 2],
    flagged: usize,
}

fn rows(repetitions: &[Repetition]) -> Vec<Row> {
    let truth = synthetic::published();
    let free = Form::codesign().free_parameters();
    let row = |(index, name): (usize, &&'static str)| {
        let parameter = free[index];
        let truth = truth.get(parameter);
        let of = |kind: fn(&Repetition) -> &ParameterIntervals| -> Vec<Interval> {
            repetitions
                .iter()
                .map(|found| kind(found).parameters[index])
                .collect()
        };
        let kinds = [of(|found| &found.profile), of(|found| &found.bootstrap)];
        let flagged = |found: &&Repetition| found.judged.parameters[index].verdict != Verdict::Identifiable;
        Row {
            name,
            truth,
            estimate: median(repetitions.iter().map(|found| found.fit.values().get(parameter))),
            inside: [0, 1].map(|kind| {
                kinds[kind]
                    .iter()
                    .filter(|interval| interval.contains(truth))
                    .count()
            }),
            width: [0, 1].map(|kind| {
                let width =
                    |interval: &Interval| interval.bounded().map_or(f64::INFINITY, |(low, high)| high - low);
                Some(median(kinds[kind].iter().map(width))).filter(|width| width.is_finite())
            }),
            flagged: repetitions.iter().filter(flagged).count(),
        }
    };
    NAMES.iter().enumerate().map(row).collect()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// What falls below this, in any of the law's units, is 0 but for the last digits of a descent.
const NOTHING: f64 = 1e-6;

fn digits(value: f64) -> String {
    format!("{:.4e}", if value.abs() < NOTHING { 0.0 } else { value })
}

fn limit(value: Option<f64>) -> String {
    value.map_or(String::new(), digits)
}

/// Coverage of each number's intervals.
pub fn coverage(repetitions: &[Repetition]) -> String {
    let mut text = "parameter,truth,median_estimate,inside_profile,inside_bootstrap,median_width_profile,median_width_bootstrap,not_identifiable,repetitions\n".to_owned();
    for row in rows(repetitions) {
        let Row {
            name,
            truth,
            estimate,
            inside,
            width,
            flagged,
        } = row;
        let [profile, bootstrap] = width.map(limit);
        let _ = writeln!(
            text,
            "{name},{truth},{estimate:.4e},{},{},{profile},{bootstrap},{flagged},{}",
            inside[0],
            inside[1],
            repetitions.len()
        );
    }
    text
}

/// Every interval of every repetition; an open side is empty.
pub fn intervals(repetitions: &[Repetition]) -> String {
    let mut text =
        "seed,parameter,estimate,profile_low,profile_high,bootstrap_low,bootstrap_high,identifiable\n"
            .to_owned();
    for found in repetitions {
        for (index, (name, report)) in NAMES.iter().zip(&found.judged.parameters).enumerate() {
            let (profile, bootstrap) = (found.profile.parameters[index], found.bootstrap.parameters[index]);
            let _ = writeln!(
                text,
                "{},{name},{},{},{},{},{},{}",
                found.seed,
                digits(report.value),
                limit(profile.low),
                limit(profile.high),
                limit(bootstrap.low),
                limit(bootstrap.high),
                report.verdict == Verdict::Identifiable
            );
        }
    }
    text
}

/// The findings in words and tables.
pub fn summary(repetitions: &[Repetition], refits: usize) -> Result<String> {
    let n = repetitions.len();
    let mut text = format!(
        "# What {} runs tell about the co-design law\n\n{n} repetitions, noise {} nats, least squares, {} % intervals; bootstrap by {refits} refits each.\n\n",
        synthetic::RUNS,
        synthetic::NOISE,
        100.0 * CONFIDENCE
    );
    text += "| | published | median estimate | inside, profile | inside, bootstrap | median width, profile | median width, bootstrap | not identifiable |\n|---|--:|--:|--:|--:|--:|--:|--:|\n";
    for Row {
        name,
        truth,
        estimate,
        inside,
        width,
        flagged,
    } in rows(repetitions)
    {
        let [profile, bootstrap] =
            width.map(|width| width.map_or("open".to_owned(), |width| format!("{width:.3}")));
        let _ = writeln!(
            text,
            "| {name} | {truth} | {estimate:.3} | {} | {} | {profile} | {bootstrap} | {flagged} |",
            inside[0], inside[1]
        );
    }
    let least = repetitions
        .iter()
        .map(|found| found.r_squared)
        .fold(f64::INFINITY, f64::min);
    let _ = writeln!(
        text,
        "\nR² of the fitted law against the published one on the runs: at least {least:.5}, median {:.5}.\n\nWhat cannot be told apart, and in how many repetitions:\n",
        median(repetitions.iter().map(|found| found.r_squared))
    );
    let mut said: BTreeMap<String, usize> = BTreeMap::new();
    for sentence in repetitions.iter().flat_map(|found| found.judged.sentences()) {
        *said.entry(sentence).or_default() += 1;
    }
    let mut said: Vec<(String, usize)> = said.into_iter().collect();
    said.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
    for (sentence, times) in said {
        let _ = writeln!(text, "* {times}: {sentence}");
    }
    text += &runs_that_help(repetitions.first().context("no repetitions")?)?;
    Ok(text)
}

/// One more run of the grid, or beyond it in the cached width alone, by what it tells about the weakest
/// direction at the published law.
fn runs_that_help(first: &Repetition) -> Result<String> {
    let law: Values = synthetic::published();
    let gains = |designs: &[[f64; 5]]| -> Result<Vec<f64>> {
        let candidates = synthetic::observed(designs, vec![1.0; designs.len()])?;
        Ok(most_informative(
            &Form::codesign(),
            &law,
            &first.rows,
            &candidates,
        )?)
    };
    let grid = synthetic::grid();
    let of_grid = gains(&grid)?;
    let best = (0..grid.len())
        .max_by(|&a, &b| of_grid[a].total_cmp(&of_grid[b]))
        .context("an empty grid")?;
    let mut text = format!(
        "\nOne more run at the published law, after the 170 of seed {}: the variance of the weakest direction falls by at most {:.1} % with a run of the grid",
        first.seed,
        100.0 * of_grid[best]
    );
    let design: Vec<String> = synthetic::VARIABLES
        .iter()
        .zip(grid[best])
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    let _ = writeln!(
        text,
        " ({}). The same design with another cached width:\n",
        design.join(", ")
    );
    text += "| kv_dim | gain |\n|--:|--:|\n";
    for kv_dim in [1.0, 8.0, 32.0, 64.0, 512.0, 3072.0, 12288.0, 49152.0] {
        let mut design = grid[best];
        design[4] = kv_dim;
        let _ = writeln!(text, "| {kv_dim} | {:.1} % |", 100.0 * gains(&[design])?[0]);
    }
    Ok(text)
}
