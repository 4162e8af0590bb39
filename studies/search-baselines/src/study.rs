//! The runs of all methods on one space.

use crate::adaptive;
use crate::ledger::Improvement;
use crate::nsga2;
use crate::output;
use crate::problem::Problem;
use crate::sampling;
use anyhow::{Context as _, Result, ensure};
use rayon::prelude::*;

/// Runs of each method.
pub const SEEDS: u64 = 10;
/// Evaluations of each run.
pub const BUDGET: u64 = 50_000;

/// A method's runs, one for each seed.
pub struct Method {
    pub name: String,
    pub runs: Vec<Vec<Improvement>>,
}

/// Random sampling, NSGA-II as read from `results/`, the adaptive search. A run's beginning does not depend on its budget.
///
/// # Errors
/// Results of NSGA-II that are missing or stale.
pub fn methods(problem: &Problem, budget: u64) -> Result<Vec<Method>> {
    let runs = |search: fn(&Problem, u64, u64) -> Vec<Improvement>| -> Vec<Vec<Improvement>> {
        let seeds = (0..SEEDS).into_par_iter();
        seeds.map(|seed| search(problem, budget, seed)).collect()
    };
    let mut methods = vec![Method {
        name: "random".to_owned(),
        runs: runs(sampling::random),
    }];
    let file = format!("nsga2-{}.csv", problem.space.id);
    let mut evolved =
        nsga2::read(problem, &output::read(&file)?).with_context(|| format!("results/{file}"))?;
    let mut populations: Vec<u32> = evolved.keys().map(|(population, _)| *population).collect();
    populations.dedup();
    for population in populations {
        let runs: Vec<_> = (0..SEEDS)
            .filter_map(|seed| evolved.remove(&(population, seed)))
            .collect();
        ensure!(
            runs.len() as u64 == SEEDS,
            "results/{file}: population {population} lacks a seed"
        );
        methods.push(Method {
            name: format!("NSGA-II (population {population})"),
            runs,
        });
    }
    methods.push(Method {
        name: "adaptive".to_owned(),
        runs: runs(adaptive::search),
    });
    Ok(methods)
}
