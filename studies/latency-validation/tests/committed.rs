//! What is committed is what the measurements give, and as good as it is said to be.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use rooflaw::calibration::{PhaseFit, Population};
use rooflaw::device::Phase;
use rooflaw_study_latency_validation::{machine, rows};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn effects_are_those_of_the_published_measurements() {
    let published = rows::read(&root().join("data/measurements")).unwrap();
    let observations = rows::observations(&published);
    let [decode, prefill] = Phase::ALL.map(|phase| PhaseFit::new(phase, &observations));
    let text = Population::new(&prefill, &decode).to_toml().unwrap();
    let (fitted, embedded): (toml::Table, toml::Table) = (
        toml::from_str(&text).unwrap(),
        toml::from_str(&Population::embedded().to_toml().unwrap()).unwrap(),
    );
    for phase in Phase::ALL.map(Phase::name) {
        for key in ["scale", "uncertainty", "effects"] {
            assert_eq!(fitted[phase][key], embedded[phase][key], "{phase} {key}");
        }
    }
}

/// |predicted / measured − 1| and whether the measurement is in its interval, by phase and split.
fn held_out() -> BTreeMap<(String, String), Vec<(f64, bool)>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("results/predictions.csv");
    let mut groups: BTreeMap<(String, String), Vec<(f64, bool)>> = BTreeMap::new();
    let mut reader = csv::Reader::from_path(path).unwrap();
    for record in reader.deserialize() {
        let row: BTreeMap<String, String> = record.unwrap();
        let number = |key: &str| row[key].parse::<f64>().unwrap();
        let measured = number("measured_s");
        let is_inside = (number("low_s")..=number("high_s")).contains(&measured);
        groups
            .entry((row["phase"].clone(), row["left_out"].clone()))
            .or_default()
            .push(((number("predicted_s") / measured - 1.0).abs(), is_inside));
    }
    groups
}

#[test]
fn published_measurements_are_predicted() {
    let groups = held_out();
    assert_eq!(groups.len(), 4);
    for (phase, left_out, most) in [
        ("decode", "model left out", 0.08),
        ("prefill", "model left out", 0.15),
        ("decode", "device left out", 0.20),
        ("prefill", "device left out", 0.30),
    ] {
        let rows = &groups[&(phase.to_owned(), left_out.to_owned())];
        let mut errors: Vec<f64> = rows.iter().map(|row| row.0).collect();
        errors.sort_by(f64::total_cmp);
        let median = errors[errors.len() / 2];
        assert!(median <= most, "{phase}, {left_out}: {median}");
        let inside = rows.iter().filter(|row| row.1).count() as f64 / rows.len() as f64;
        assert!((0.85..=0.95).contains(&inside), "{phase}, {left_out}: {inside}");
    }
}

#[test]
fn measured_machines_are_predicted() {
    let machines = machine::committed(&root()).unwrap();
    assert_eq!(machines.len(), 2);
    let population = Population::embedded();
    for machine in &machines {
        for (phase, most) in [(Phase::Decode, [0.06, 0.15]), (Phase::Prefill, [0.08, 0.20])] {
            let errors = machine.errors(population, phase);
            assert!(
                errors[0] <= most[0] && errors[1] <= most[1],
                "{} {phase:?}: {errors:?}",
                machine.heading
            );
            assert!(machine.rank_correlation(population, phase) >= 0.97);
        }
    }
    let page = fs::read_to_string(root().join("docs/latency-cpu.md")).unwrap();
    assert!(
        page == machine::page(population, &machines),
        "docs/latency-cpu.md is stale: run `cargo run --release -p rooflaw-study-latency-validation --bin machine`"
    );
}
