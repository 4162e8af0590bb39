//! Runs in batches, the law unknown: fill first, fit, plan the next for the fitted law, and so on.

use crate::measure::{Measured, Trial, noise_seed};
use crate::setup::{SEED, Setup};
use crate::trial::{errors, joined, plausible, refit, run};
use anyhow::Result;
use rayon::prelude::*;
use rooflaw::plan::{Criterion, Limit, Options, fill, optimal, random};
use rooflaw::runs::RunTable;

/// How many runs there are after each batch; the first is filling.
pub const STAGES: [usize; 5] = [12, 16, 24, 40, 80];

/// Draws of noise.
const SEEDS: u64 = 40;

/// Sets of values that plans are averaged over.
const ENSEMBLE: usize = 8;

/// Ways to choose the next runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strategy {
    /// For the law as fitted so far.
    Fitted(Criterion),
    /// Averaged over laws that the runs so far do not contradict.
    Ensemble(Criterion),
    /// For the fitted law, refitted after every run.
    OneByOne(Criterion),
    /// For the true law.
    Truth(Criterion),
    /// Spread away from the runs so far.
    Filling,
    /// Drawn evenly from the space.
    Random,
}

impl Strategy {
    const ALL: [Strategy; 9] = [
        Strategy::Fitted(Criterion::D),
        Strategy::Fitted(Criterion::I),
        Strategy::Ensemble(Criterion::D),
        Strategy::Ensemble(Criterion::I),
        Strategy::OneByOne(Criterion::I),
        Strategy::Truth(Criterion::D),
        Strategy::Truth(Criterion::I),
        Strategy::Filling,
        Strategy::Random,
    ];

    const fn name(self) -> &'static str {
        match self {
            Strategy::Fitted(Criterion::D) => "D, fitted values",
            Strategy::Fitted(Criterion::I) => "I, fitted values",
            Strategy::Ensemble(Criterion::D) => "D, 8 plausible laws",
            Strategy::Ensemble(Criterion::I) => "I, 8 plausible laws",
            Strategy::OneByOne(Criterion::D) => "D, one at a time",
            Strategy::OneByOne(Criterion::I) => "I, one at a time",
            Strategy::Truth(Criterion::D) => "D, true values",
            Strategy::Truth(Criterion::I) => "I, true values",
            Strategy::Filling => "space filling",
            Strategy::Random => "random, space",
        }
    }

    /// Runs with the next ones done, up to `goal`.
    fn advance(self, setup: &Setup, runs: RunTable, goal: usize, seed: u64) -> Result<RunTable> {
        let so_far = runs.n_rows();
        let more = goal - so_far;
        if more == 0 {
            return Ok(runs);
        }
        let noise = noise_seed(seed) + 10_000 * so_far as u64;
        let (from, chosen) = match self {
            Strategy::Filling => {
                let filling = fill(&setup.candidates, Some(&runs), None, Limit::runs(more))?;
                (&setup.candidates, filling.chosen)
            }
            Strategy::Random => {
                let drawn = random(
                    &setup.even,
                    Limit::runs(more),
                    SEED + seed + 10_000 * so_far as u64,
                )?;
                (&setup.even, drawn)
            }
            Strategy::OneByOne(criterion) => {
                let next = Strategy::Fitted(criterion);
                return (so_far..goal)
                    .try_fold(runs, |runs, so_far| next.advance(setup, runs, so_far + 1, seed));
            }
            Strategy::Fitted(criterion) | Strategy::Ensemble(criterion) | Strategy::Truth(criterion) => {
                let values = match self {
                    Strategy::Truth(_) => vec![setup.truth.clone()],
                    Strategy::Ensemble(_) => {
                        let found = refit(setup, &runs, seed)?;
                        plausible(setup, &runs, &found, ENSEMBLE, noise + 1_000_000)?
                    }
                    _ => vec![refit(setup, &runs, seed)?.values()],
                };
                let mut problem = setup.problem(&values);
                problem.existing = Some(&runs);
                let options = Options {
                    criterion,
                    ..Options::new(Limit::runs(more))
                };
                let plan = optimal(&problem, &options)?;
                let chosen = plan.chosen.iter().map(|run| run.candidate).collect();
                (&setup.candidates, chosen)
            }
        };
        Ok(joined(runs, &run(setup, from, &chosen, noise)?))
    }
}

/// Every strategy at every stage.
pub fn measured(setup: &Setup) -> Result<Vec<Measured>> {
    let first = fill(&setup.candidates, None, None, Limit::runs(STAGES[0]))?.chosen;
    let mut found = Vec::new();
    for strategy in Strategy::ALL {
        let one = |seed: u64| -> Result<Vec<Trial>> {
            let mut runs = run(setup, &setup.candidates, &first, noise_seed(seed))?;
            let mut trials = Vec::new();
            for goal in STAGES {
                runs = strategy.advance(setup, runs, goal, seed)?;
                trials.push(summary(setup, &runs, seed)?);
            }
            Ok(trials)
        };
        let by_seed: Vec<Vec<Trial>> = (0..SEEDS).into_par_iter().map(one).collect::<Result<_>>()?;
        for (stage, runs) in STAGES.iter().enumerate() {
            found.push(Measured {
                experiment: "sequential",
                method: strategy.name().to_owned(),
                limit: runs.to_string(),
                trials: by_seed.iter().map(|trials| trials[stage].clone()).collect(),
            });
        }
    }
    Ok(found)
}

fn summary(setup: &Setup, runs: &RunTable, seed: u64) -> Result<Trial> {
    let cost = runs.variables.iter().find(|(name, _)| name == "training_flop");
    let errors = match refit(setup, runs, seed) {
        Ok(fit) => Some(errors(setup, &fit.values())?),
        Err(_) => None,
    };
    Ok(Trial {
        runs: runs.n_rows(),
        training_flop: cost.map_or(0.0, |(_, values)| values.iter().sum()),
        expected: None,
        errors,
    })
}
