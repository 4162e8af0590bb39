//! What `nsga2.py` found: which architectures, and when.

use crate::ledger::{Improvement, insert};
use crate::problem::{Prediction, Problem};
use anyhow::{Context as _, Result, bail};
use std::collections::BTreeMap;

/// Improvements by population and seed.
pub type Runs = BTreeMap<(u32, u64), Vec<Improvement>>;

/// Reads the runs on a space, and predicts their architectures again.
///
/// # Errors
/// Rows that are not what the study's objectives would have led to.
pub fn read(problem: &Problem, text: &str) -> Result<Runs> {
    let mut runs = Runs::new();
    let mut frontiers: BTreeMap<(u32, u64), Vec<Improvement>> = BTreeMap::new();
    for row in csv::Reader::from_reader(text.as_bytes()).deserialize() {
        let (population, seed, evaluation, index): (u32, u64, u64, u64) = row?;
        let place = || format!("population {population}, seed {seed}, evaluation {evaluation}");
        let Prediction::Fits(point) = problem.predict(index) else {
            bail!("{}: {index} is no architecture that fits", place());
        };
        let found = Improvement {
            evaluation,
            index,
            point,
        };
        let run = runs.entry((population, seed)).or_default();
        let is_later = run.last().is_none_or(|last| last.evaluation < evaluation);
        let frontier = frontiers.entry((population, seed)).or_default();
        if !(is_later && insert(frontier, found)) {
            bail!("{}: {index} improves nothing; run nsga2.py again", place());
        }
        run.push(found);
    }
    runs.first_key_value().context("no runs")?;
    Ok(runs)
}
