//! Regenerates the study of decisions under uncertainty: `cargo run --release -p rooflaw-study-decisions`.
//!
//! With `--check` nothing is written: what would be is compared with what is there, and a difference is an error.

mod output;
mod report;
#[path = "../../../crates/rooflaw/tests/fit/synthetic.rs"]
#[allow(dead_code, reason = "shared with tests and another study")]
mod synthetic;
#[path = "../../../crates/rooflaw/tests/decision/truth.rs"]
mod truth;

use anyhow::{Context as _, Result, bail};
use rooflaw::decision::Options;
use rooflaw::format::WeightFormat;
use rooflaw::law::LossLaw;
use rooflaw::space;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use truth::{Case, Repetition, fitted, repetition};

/// A device with a calibration, and one without.
const NANO: Case = Case {
    device: "jetson-orin-nano-super-8gb",
    weights: WeightFormat::Q8_0,
    total_s: 0.3,
};
const AGX: Case = Case {
    device: "jetson-agx-orin-64gb",
    weights: WeightFormat::Bf16,
    total_s: 0.15,
};

/// A device, runs that the law is fitted to, a space, a tolerance of the frontier in nats/token, and how many worlds.
struct Setup {
    case: Case,
    runs: usize,
    space: &'static str,
    tolerance: f64,
    worlds: u64,
}

const fn setup(case: Case, runs: usize, space: &'static str, tolerance: f64, worlds: u64) -> Setup {
    Setup {
        case,
        runs,
        space,
        tolerance,
        worlds,
    }
}

const SETUPS: [Setup; 9] = [
    setup(NANO, 170, "paper", 0.005, 40),
    setup(NANO, 170, "paper", 0.02, 40),
    setup(NANO, 40, "paper", 0.005, 40),
    setup(NANO, 40, "paper", 0.02, 40),
    setup(AGX, 170, "paper", 0.005, 40),
    setup(AGX, 170, "paper", 0.02, 40),
    setup(AGX, 40, "paper", 0.005, 40),
    setup(AGX, 40, "paper", 0.02, 40),
    setup(NANO, 170, "default", 0.02, 12),
];

/// The worlds of one setup.
struct Worlds {
    setup: &'static Setup,
    repetitions: Vec<Repetition>,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let check = match arguments.as_slice() {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => bail!("usage: rooflaw-study-decisions [--check]"),
    };
    let mut laws: BTreeMap<(usize, u64), LossLaw> = BTreeMap::new();
    let mut all: Vec<Worlds> = Vec::new();
    for setup in &SETUPS {
        let space = space::find(setup.space)?;
        let options = Options {
            searches: 16,
            tolerance: setup.tolerance,
            ..Options::default()
        };
        let mut repetitions = Vec::new();
        for seed in 0..setup.worlds {
            let known = laws.entry((setup.runs, seed));
            let law = match known {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(empty) => empty.insert(fitted(setup.runs, seed).context("fitting")?),
            };
            let found = repetition(&setup.case, law, &space, options, seed);
            repetitions.push(found.with_context(|| format!("{}, seed {seed}", setup.case.device))?);
        }
        all.push(Worlds { setup, repetitions });
    }
    for (name, content) in [
        ("bins.csv", report::bins(&all)),
        ("regrets.csv", report::regrets(&all)),
        ("summary.md", report::summary(&all)),
    ] {
        if check {
            output::check(name, &content)?;
        } else {
            output::write(name, &content)?;
        }
    }
    Ok(())
}
