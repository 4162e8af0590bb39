//! All runs chosen at once, with the true law known: by number, and at equal cost.

use crate::measure::{Measured, trials};
use crate::setup::{SEED, Setup};
use anyhow::Result;
use rayon::prelude::*;
use rooflaw::plan::{Candidates, Criterion, Limit, Options, fill, optimal, random};

/// Numbers of runs; 170 is the paper's.
pub const NUMBERS: [usize; 6] = [12, 16, 24, 40, 80, 170];

/// Numbers of runs of a truth that is not of the law's form.
pub const MISFIT_NUMBERS: [usize; 4] = [16, 24, 80, 170];

/// Numbers whose cost, at the grid's mean, is the budget of the comparison at equal cost.
pub const BUDGETS: [usize; 2] = [24, 80];

/// Draws of noise, and of runs where these are drawn.
const SEEDS: usize = 200;

/// Ways to choose all runs at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// By a criterion, the law being known.
    Optimal(Criterion),
    /// Spread.
    Filling,
    /// Drawn from the candidates, half at the ends of the axes.
    RandomCandidates,
    /// Drawn evenly from the space.
    RandomSpace,
    /// Drawn from the paper's grid.
    RandomGrid,
}

impl Method {
    /// All.
    pub const ALL: [Method; 6] = [
        Method::Optimal(Criterion::D),
        Method::Optimal(Criterion::I),
        Method::Filling,
        Method::RandomCandidates,
        Method::RandomSpace,
        Method::RandomGrid,
    ];

    /// The name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Method::Optimal(Criterion::D) => "D-optimal",
            Method::Optimal(Criterion::I) => "I-optimal",
            Method::Filling => "space filling",
            Method::RandomCandidates => "random, ends",
            Method::RandomSpace => "random, space",
            Method::RandomGrid => "random, paper grid",
        }
    }

    const fn from(self, setup: &Setup) -> &Candidates {
        match self {
            Method::RandomSpace => &setup.even,
            Method::RandomGrid => &setup.grid,
            _ => &setup.candidates,
        }
    }

    fn choose(self, setup: &Setup, limit: Limit, seed: u64) -> Result<Vec<usize>> {
        let from = self.from(setup);
        Ok(match self {
            Method::Optimal(criterion) => {
                let truth = [setup.truth.clone()];
                let options = Options {
                    criterion,
                    ..Options::new(limit)
                };
                let plan = optimal(&setup.problem(&truth), &options)?;
                plan.chosen.iter().map(|run| run.candidate).collect()
            }
            Method::Filling => fill(from, None, None, limit)?.chosen,
            _ => random(from, limit, SEED + seed)?,
        })
    }

    const fn is_drawn(self) -> bool {
        !matches!(self, Method::Optimal(_) | Method::Filling)
    }
}

fn measure(
    setup: &Setup,
    experiment: &'static str,
    method: Method,
    limit: Limit,
    label: String,
) -> Result<Measured> {
    let choices: Vec<Vec<usize>> = if method.is_drawn() {
        let draw = |seed| method.choose(setup, limit, seed);
        (0..SEEDS as u64)
            .into_par_iter()
            .map(draw)
            .collect::<Result<_>>()?
    } else {
        vec![method.choose(setup, limit, 0)?; SEEDS]
    };
    let trials = trials(setup, method.from(setup), &choices)?;
    Ok(Measured {
        experiment,
        method: method.name().to_owned(),
        limit: label,
        trials,
    })
}

/// Every method with every number of runs.
pub fn by_number(setup: &Setup) -> Result<Vec<Measured>> {
    let mut found = Vec::new();
    for runs in NUMBERS {
        for method in Method::ALL {
            let limit = Limit::runs(runs);
            found.push(measure(setup, "number", method, limit, runs.to_string())?);
        }
    }
    Ok(found)
}

/// Every method with some numbers of runs, of a truth that is not of the form that plans and fits assume.
pub fn by_number_misfit(setup: &Setup) -> Result<Vec<Measured>> {
    let mut found = Vec::new();
    for runs in MISFIT_NUMBERS {
        for method in Method::ALL {
            let limit = Limit::runs(runs);
            found.push(measure(setup, "misfit", method, limit, runs.to_string())?);
        }
    }
    Ok(found)
}

/// What `runs` runs of the paper's grid cost on average, FLOP.
pub fn budget(setup: &Setup, runs: usize) -> f64 {
    let all: f64 = setup.grid.list().iter().map(|run| run.training_flop).sum();
    all / setup.grid.len() as f64 * runs as f64
}

/// Every method within what a draw of the paper's grid costs, with as many runs and with as many as it allows.
pub fn by_cost(setup: &Setup) -> Result<Vec<Measured>> {
    let mut found = Vec::new();
    for runs in BUDGETS {
        let budget = budget(setup, runs);
        for method in Method::ALL {
            let limit = Limit::runs(runs).within(budget);
            let label = format!("{runs} within {budget:.2e}");
            found.push(measure(setup, "cost", method, limit, label)?);
        }
        for method in Method::ALL {
            let label = format!("any within {budget:.2e}");
            found.push(measure(setup, "cost", method, Limit::budget(budget), label)?);
        }
    }
    Ok(found)
}
