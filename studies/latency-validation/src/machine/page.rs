//! The page of machines measured by ourselves.

use super::rank::{near_correlations, order, spearman};
use super::{Held, Machine, Measured, floor};
use crate::statistics::{percent, quantile};
use rooflaw::calibration::{Interval, Population};
use rooflaw::device::Phase;
use std::fmt::Write as _;

const INTRODUCTION: &str = "\
# Predicted against measured on two CPUs

Written by `cargo run --release -p rooflaw-study-latency-validation --bin machine`; do not edit.

llama.cpp's llama-bench (build 11669), one thread, prompts of 128 tokens and generations of 32 from an empty cache, random
weights. 12 architectures in F16, Q8_0 and Q4_0 calibrate; 20 others, drawn from the same families (dense and mixtures of
experts, 27 million to 1.4 billion parameters), are predicted. `data/measurements/cpu` has all of it. The floor is the
difference of a later repeat, more than an hour after the first, from the first. Errors are |predicted / measured − 1|, where
measured is the median of the repeats.
";

/// The page.
#[must_use]
pub fn page(population: &Population, machines: &[Machine]) -> String {
    let mut page = INTRODUCTION.to_owned();
    for machine in machines {
        // Writing to a string cannot fail.
        let _ = writeln!(page, "\n## {}\n\n{}", machine.heading, machine.remarks);
        for phase in Phase::ALL {
            let held = machine.hold(population, phase, &machine.repeats);
            write_phase(&mut page, phase, &held, &machine.repeats);
            let frontier = machine.hold(population, phase, &machine.frontier);
            if !frontier.is_empty() {
                write_frontier(&mut page, phase, &frontier, &machine.frontier);
            }
        }
    }
    page
}

fn write_phase(page: &mut String, phase: Phase, held: &[Held], repeats: &[Vec<Measured>]) {
    let errors = |of: &dyn Fn(&Held) -> bool| -> Vec<f64> {
        held.iter()
            .filter(|one| of(one))
            .map(|one| one.error().abs())
            .collect()
    };
    let inside = held
        .iter()
        .filter(|one| (one.interval.low_s..=one.interval.high_s).contains(&one.middle_s()))
        .count();
    let pairs: Vec<(f64, f64)> = held
        .iter()
        .map(|one| (one.interval.predicted_s, one.middle_s()))
        .collect();
    let near = near_correlations(held);
    let all = errors(&|_| true);
    let widths = held.iter().map(|one| one.interval.high_s / one.interval.low_s);
    let _ = writeln!(
        page,
        "\n### {}\n\n| what | value |\n|---|---:|\n| median error | {} |\n| 90th percentile | {} |",
        capital(phase),
        percent(quantile(all.clone(), 0.5)),
        percent(quantile(all.clone(), 0.9)),
    );
    if repeats.len() > 1 {
        write_floor(page, held, &floor(repeats, phase));
    }
    let _ = writeln!(
        page,
        "| rank correlation (Spearman) | {:.3} |\n\
         | rank correlation among predictions within a factor of 2 (median of {} windows, least) | {:.3}, {:.3} |\n\
         | inside the 90 % interval | {:.0} % |\n| interval, upper over lower end (median) | {:.2} |",
        spearman(&pairs),
        near.len(),
        quantile(near.clone(), 0.5),
        quantile(near, 0.0),
        100.0 * inside as f64 / all.len() as f64,
        quantile(widths.collect(), 0.5),
    );
    let _ = writeln!(
        page,
        "\n| part | median error | 90th percentile |\n|---|---:|---:|"
    );
    for (name, of) in [
        (
            "dense",
            (|one: &Held| one.model.contains("dense")) as fn(&Held) -> bool,
        ),
        ("mixtures of experts", |one| one.model.contains("moe")),
        ("F16", |one| one.weights == "F16"),
        ("Q8_0", |one| one.weights == "Q8_0"),
        ("Q4_0", |one| one.weights == "Q4_0"),
    ] {
        let errors = errors(&of);
        let _ = writeln!(
            page,
            "| {name} | {} | {} |",
            percent(quantile(errors.clone(), 0.5)),
            percent(quantile(errors, 0.9))
        );
    }
    write_rows(page, held);
}

/// How well the machine repeats itself, and what a single repeat looks like.
fn write_floor(page: &mut String, held: &[Held], floor: &[f64]) {
    let single: Vec<f64> = held
        .iter()
        .flat_map(|one| {
            let error = |measured_s: &f64| (one.interval.predicted_s / measured_s - 1.0).abs();
            one.measured_s.iter().map(error)
        })
        .collect();
    let _ = writeln!(
        page,
        "| against single repeats: median error, 90th percentile | {}, {} |\n\
         | floor: median difference of two repeats | {} |\n| floor: its 90th percentile | {} |",
        percent(quantile(single.clone(), 0.5)),
        percent(quantile(single, 0.9)),
        percent(quantile(floor.to_vec(), 0.5)),
        percent(quantile(floor.to_vec(), 0.9)),
    );
}

/// Whether a frontier's points are measured in the predicted order.
fn write_frontier(page: &mut String, phase: Phase, frontier: &[Held], repeats: &[Vec<Measured>]) {
    let found = order(frontier);
    let pairs: Vec<(f64, f64)> = frontier
        .iter()
        .map(|one| (one.interval.predicted_s, one.middle_s()))
        .collect();
    let _ = writeln!(
        page,
        "\n#### {} of a frontier\n\n\
         {} architectures of the frontier that `rooflaw design` found with this calibration (Q8_0, decode, 2 GB), by the predicted \
         time. {} of {} pairs are measured in the predicted order; rank correlation {:.3}.{}",
        capital(phase),
        frontier.len(),
        found.n_pairs - found.out_of_order.len(),
        found.n_pairs,
        spearman(&pairs),
        out_of_order(&found.out_of_order, &floor(repeats, phase)),
    );
    let mut sorted = frontier.to_vec();
    sorted.sort_by(|a, b| a.interval.predicted_s.total_cmp(&b.interval.predicted_s));
    write_rows(page, &sorted);
}

fn out_of_order(gains: &[f64], floor: &[f64]) -> String {
    if gains.is_empty() {
        return String::new();
    }
    let mut text = format!(
        " Out of order by {}",
        gains
            .iter()
            .map(|gain| percent(*gain))
            .collect::<Vec<_>>()
            .join(", ")
    );
    if !floor.is_empty() {
        let _ = write!(
            text,
            "; two repeats of one architecture differ by {} in the median and {} at most",
            percent(quantile(floor.to_vec(), 0.5)),
            percent(quantile(floor.to_vec(), 1.0))
        );
    }
    text + "."
}

fn write_rows(page: &mut String, held: &[Held]) {
    let _ = writeln!(
        page,
        "\n| model | weights | predicted (ms) | 90 % interval | measured, each repeat | error |\n|---|---|---:|---:|---:|---:|"
    );
    for one in held {
        let Interval {
            low_s,
            predicted_s,
            high_s,
        } = one.interval;
        let measured: Vec<String> = one
            .measured_s
            .iter()
            .map(|seconds| format!("{:.2}", seconds * 1e3))
            .collect();
        let _ = writeln!(
            page,
            "| {} | {} | {:.2} | {:.2} to {:.2} | {} | {:+.0} % |",
            one.model,
            one.weights,
            predicted_s * 1e3,
            low_s * 1e3,
            high_s * 1e3,
            measured.join(", "),
            100.0 * one.error()
        );
    }
}

const fn capital(phase: Phase) -> &'static str {
    match phase {
        Phase::Prefill => "Prefill",
        Phase::Decode => "Decode",
    }
}
