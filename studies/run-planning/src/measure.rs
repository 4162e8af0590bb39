//! Many trials of one way to choose runs, summarised.

use crate::setup::Setup;
use crate::trial::{self, Errors};
use anyhow::Result;
use rayon::prelude::*;
use rooflaw::plan::{Candidates, expect_each};

/// One trial.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Runs.
    pub runs: usize,
    /// What training them costs, FLOP.
    pub training_flop: f64,
    /// Root mean squared prediction error that the linearised law at the truth lets expect; `None` where the runs do
    /// not determine it.
    pub expected: Option<f64>,
    /// Errors of the refit; `None` where it failed.
    pub errors: Option<Errors>,
}

/// Trials of one way to choose runs.
pub struct Measured {
    /// The experiment.
    pub experiment: &'static str,
    /// The way to choose.
    pub method: String,
    /// What it was given: runs or budget.
    pub limit: String,
    /// The trials.
    pub trials: Vec<Trial>,
}

/// Refits once to each choice, each with noise of its own.
pub fn trials(setup: &Setup, from: &Candidates, choices: &[Vec<usize>]) -> Result<Vec<Trial>> {
    let truth = [setup.truth.clone()];
    let mut problem = setup.problem(&truth);
    problem.candidates = from;
    // A choice that is not drawn is the same every time.
    let mut different = choices.to_vec();
    different.dedup();
    let expected = expect_each(&problem, &different)?;
    (0..choices.len())
        .into_par_iter()
        .map(|index| {
            let (seed, chosen) = (index as u64, &choices[index]);
            let runs = trial::run(setup, from, chosen, noise_seed(seed))?;
            let expected = expected.get(index).or(expected.first());
            Ok(Trial {
                runs: chosen.len(),
                training_flop: from.total_flop(chosen),
                expected: expected
                    .and_then(|expected| expected.after)
                    .map(|after| after.rms),
                errors: match trial::refit(setup, &runs, seed) {
                    Ok(fit) => Some(trial::errors(setup, &fit.values())?),
                    Err(_) => None,
                },
            })
        })
        .collect()
}

/// The stream of noise of a seed, apart from that of draws.
pub const fn noise_seed(seed: u64) -> u64 {
    crate::setup::SEED + 1_000_000 + seed
}

/// The smallest value that at least `share` of all are not above; NaN without values.
pub fn quantile(values: impl Iterator<Item = f64>, share: f64) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

impl Measured {
    /// A quantile over the trials of what `value` makes of one; a failed refit counts as infinitely wrong.
    pub fn of_errors(&self, share: f64, value: impl Fn(&Errors) -> f64) -> f64 {
        let value = |trial: &Trial| trial.errors.as_ref().map_or(f64::INFINITY, &value);
        quantile(self.trials.iter().map(value), share)
    }

    /// A median over the trials.
    pub fn median(&self, value: impl Fn(&Trial) -> f64) -> f64 {
        quantile(self.trials.iter().map(value), 0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_by_hand() {
        let values = || (1..=10).map(f64::from);
        assert_eq!(quantile(values(), 0.5), 5.0);
        assert_eq!(quantile(values(), 0.9), 9.0);
        assert_eq!(quantile(values(), 1.0), 10.0);
        assert!(quantile(std::iter::empty(), 0.5).is_nan());
    }
}
