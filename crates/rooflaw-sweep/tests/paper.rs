//! What the 170 trainings of arXiv 2602.10377 would take, beside the 13,600 H200-hours that it publishes. The figures are those of
//! docs/sweeps.md.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

use rooflaw::device;
use rooflaw::plan::{Candidates, Sampling, Training as Cost, TrainingPrecision};
use rooflaw::space;
use rooflaw_sweep::plan::price::{Basis, DEFAULT_MFU, implied_mfu};
use rooflaw_sweep::plan::{Candidate, Data, Engine, Plan, Recipe, Training};
use std::path::PathBuf;

/// 8 H200 for 10 hours for each of 170 models.
const PUBLISHED_HOURS: f64 = 170.0 * 10.0 * 8.0;

fn plan(largest_ratio: f64) -> Plan {
    let space = space::find("paper").unwrap();
    let cost = Cost {
        sequence_length: 1,
        tokens: Vec::new(),
    };
    let sampling = Sampling {
        count: if largest_ratio < 8.0 { 4096 } else { 170 },
        seed: 1,
        ends: 0.0,
    };
    let candidates = Candidates::of_space(&space, &cost, &sampling).unwrap();
    let ratios = candidates.variable("ffn_ratio").unwrap();
    let drawn = candidates.list().iter().zip(ratios);
    let drawn = drawn.filter(|(_, ratio)| **ratio <= largest_ratio);
    let recipe = rooflaw_train::recipe::find("paper").unwrap();
    let training = |found: &rooflaw::plan::Candidate| Training {
        candidate: Candidate::from_architecture(
            &format!("paper-{}", found.index.unwrap()),
            &found.architecture.unwrap(),
        )
        .unwrap(),
        recipe: Recipe {
            name: "paper".to_owned(),
            text: String::new(),
            tokens: recipe.tokens(),
            sequence_length: recipe.sequence_length,
            sequences: recipe.micro_batch(),
        },
    };
    let trainings: Vec<Training> = drawn.map(|(found, _)| training(found)).collect();
    let data = Data {
        path: PathBuf::new(),
        hash: String::new(),
    };
    let basis = Basis::of_device(
        device::find("h200").unwrap(),
        DEFAULT_MFU,
        TrainingPrecision::Bf16,
    );
    Plan::of(&trainings, &[1], data, Engine::Cuda, Some(basis.unwrap())).unwrap()
}

fn flop(plan: &Plan) -> f64 {
    plan.runs.iter().map(|run| run.predicted.training_flop).sum()
}

#[test]
fn the_papers_runs_are_priced_as_the_page_says() {
    let page = include_str!("../../../docs/sweeps.md");
    let has = |text: &str| assert!(page.contains(text), "docs/sweeps.md lacks `{text}`");
    let peak = device::find("h200").unwrap().peaks.bf16.unwrap();
    let plan = plan(8.0);
    assert_eq!(plan.runs.len(), 170);
    let hours: f64 = plan
        .runs
        .iter()
        .filter_map(|run| run.predicted.seconds)
        .sum::<f64>()
        / 3600.0;
    has(&format!("Together 1700B tokens, {:.2e} FLOP", flop(&plan)));
    has(&format!(
        "{:.0} % of 989.0 TFLOP/s: {:.0} device-hours",
        100.0 * DEFAULT_MFU,
        hours.ceil()
    )
    .replacen("8672", "8,672", 1));
    let implied = implied_mfu(flop(&plan), peak, PUBLISHED_HOURS);
    has(&format!(
        "13,600 device-hours, which is {:.1} % of the peak rate",
        100.0 * implied
    ));
    // 6·N·D of the active parameters is most of it: by hand, without the operator list.
    let by_hand: f64 = plan
        .runs
        .iter()
        .map(|run| 6.0 * run.predicted.active_parameters as f64 * run.predicted.tokens as f64)
        .sum();
    let share = by_hand / flop(&plan);
    assert!((0.7..1.0).contains(&share), "{share}");
}

/// The expansion ratios of the paper's grid are not published: what is said of its hours rests on them.
#[test]
fn what_the_published_hours_imply_depends_on_what_is_not_published() {
    let page = include_str!("../../../docs/sweeps.md");
    let peak = device::find("h200").unwrap().peaks.bf16.unwrap();
    let row = |largest: f64| {
        let plan = plan(largest);
        let of_170 = flop(&plan) / plan.runs.len() as f64 * 170.0;
        let implied = 100.0 * implied_mfu(of_170, peak, PUBLISHED_HOURS);
        format!("| at most {largest} | {of_170:.1e} | {implied:.0} % |")
    };
    let table = [1.0, 2.0, 4.0].map(row).join("\n");
    assert!(page.contains(&table), "docs/sweeps.md lacks\n{table}");
}
