//! Regenerates the identifiability study: `cargo run --release -p rooflaw-study-identifiability`.
//!
//! With `--check` nothing is written: what would be is compared with what is there, and a difference is an error.

mod output;
mod repetition;
mod report;
#[path = "../../../crates/rooflaw/tests/fit/synthetic.rs"]
mod synthetic;

use anyhow::{Result, bail};
use repetition::Repetition;

/// Draws of designs and noise.
const REPETITIONS: u64 = 100;
/// Refits behind a bootstrap interval.
const REFITS: usize = 1000;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let check = match arguments.as_slice() {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => bail!("usage: rooflaw-study-identifiability [--check]"),
    };
    let repetitions = (0..REPETITIONS)
        .map(|seed| Repetition::run(seed, REFITS))
        .collect::<Result<Vec<_>>>()?;
    let files = [
        ("coverage.csv", report::coverage(&repetitions)),
        ("intervals.csv", report::intervals(&repetitions)),
        ("summary.md", report::summary(&repetitions, REFITS)?),
    ];
    for (name, content) in &files {
        if check {
            output::check(name, content)?;
        } else {
            output::write(name, content)?;
        }
    }
    println!(
        "{} files {}",
        files.len(),
        if check { "are up to date" } else { "written" }
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first repetitions, against the committed intervals.
    #[test]
    fn committed_intervals_are_up_to_date() {
        let first = (0..2)
            .map(|seed| Repetition::run(seed, REFITS))
            .collect::<Result<Vec<_>>>()
            .unwrap();
        let committed = output::read("intervals.csv").unwrap();
        for line in report::intervals(&first).lines() {
            assert!(committed.lines().any(|known| known == line), "{line}");
        }
    }
}
