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
use rooflaw::space;
use truth::{Case, Repetition, repetition};

/// Worlds of each case.
const WORLDS: u64 = 40;

/// Tolerances of the frontier, nats/token.
const TOLERANCES: [f64; 2] = [0.005, 0.02];

/// A device with a calibration and one without, many runs and few.
const CASES: [Case; 4] = [
    Case {
        device: "jetson-orin-nano-super-8gb",
        weights: WeightFormat::Q8_0,
        total_s: 0.3,
        runs: 170,
    },
    Case {
        device: "jetson-orin-nano-super-8gb",
        weights: WeightFormat::Q8_0,
        total_s: 0.3,
        runs: 40,
    },
    Case {
        device: "jetson-agx-orin-64gb",
        weights: WeightFormat::Bf16,
        total_s: 0.15,
        runs: 170,
    },
    Case {
        device: "jetson-agx-orin-64gb",
        weights: WeightFormat::Bf16,
        total_s: 0.15,
        runs: 40,
    },
];

/// The worlds of one case and tolerance.
pub struct Worlds {
    pub case: &'static Case,
    pub tolerance: f64,
    pub repetitions: Vec<Repetition>,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let check = match arguments.as_slice() {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => bail!("usage: rooflaw-study-decisions [--check]"),
    };
    let space = space::find("default")?;
    let mut all: Vec<Worlds> = Vec::new();
    for case in &CASES {
        for tolerance in TOLERANCES {
            let options = Options {
                searches: 32,
                tolerance,
                ..Options::default()
            };
            let repetitions = (0..WORLDS)
                .map(|seed| {
                    let found = repetition(case, &space, options, seed);
                    found.with_context(|| format!("{}, seed {seed}", case.device))
                })
                .collect::<Result<Vec<_>>>()?;
            all.push(Worlds {
                case,
                tolerance,
                repetitions,
            });
        }
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
