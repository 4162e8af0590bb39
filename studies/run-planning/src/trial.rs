//! Runs done on paper: true losses with noise, a refit, and how far it is from the truth.

use crate::setup::{NOISE, Setup, losses};
use anyhow::Result;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rooflaw::law::fit::{Fit, Objective, Observations, Starts, Values, fit};
use rooflaw::plan::Candidates;
use rooflaw::runs::RunTable;

/// Starts of each fit.
const STARTS: usize = 24;

/// A table of runs of some candidates, with losses of the truth and noise.
pub fn run(setup: &Setup, candidates: &Candidates, chosen: &[usize], seed: u64) -> Result<RunTable> {
    let pick = |values: &[f64]| -> Vec<f64> { chosen.iter().map(|&index| values[index]).collect() };
    let mut table = RunTable {
        variables: candidates
            .variables()
            .iter()
            .map(|(name, values)| (name.clone(), pick(values)))
            .collect(),
        loss: vec![1.0; chosen.len()],
        standard_error: None,
        weight: None,
        group: None,
        unit: None,
        tokenizer: None,
    };
    table.loss = setup.true_losses(&table)?;
    let mut noise = Normal::new(seed);
    table
        .loss
        .iter_mut()
        .for_each(|loss| *loss += NOISE * noise.next());
    Ok(table)
}

/// Both tables' rows.
pub fn joined(mut first: RunTable, second: &RunTable) -> RunTable {
    for ((_, values), (_, more)) in first.variables.iter_mut().zip(&second.variables) {
        values.extend(more);
    }
    first.loss.extend(&second.loss);
    first
}

/// A fit to runs, as a user would do it: least squares from random starts, without knowing the truth.
pub fn refit(setup: &Setup, runs: &RunTable, seed: u64) -> Result<Fit> {
    let starts = Starts::Random { count: STARTS, seed };
    Ok(fit(
        &setup.form,
        &runs.observations()?,
        Objective::LeastSquares,
        &starts,
    )?)
}

/// Values that the runs do not contradict: the fit, and refits to the fit's losses with new noise.
pub fn plausible(
    setup: &Setup,
    runs: &RunTable,
    found: &Fit,
    count: usize,
    seed: u64,
) -> Result<Vec<Values>> {
    let rows = runs.observations()?;
    let predicted = found.predict(&rows)?;
    let mut sets = vec![found.values()];
    let mut noise = Normal::new(seed);
    for _ in 1..count {
        let mut table = runs.clone();
        table.loss = predicted.iter().map(|loss| loss + NOISE * noise.next()).collect();
        let again: Observations = table.observations()?;
        let starts = Starts::Given(vec![found.as_start()]);
        if let Ok(again) = fit(&setup.form, &again, Objective::LeastSquares, &starts) {
            sets.push(again.values());
        }
    }
    Ok(sets)
}

/// How far a refit is from the truth.
#[derive(Clone, Debug)]
pub struct Errors {
    /// Root mean squared error over the held-out architectures, nats per token.
    pub rmse: f64,
    /// The largest error over them.
    pub max: f64,
    /// Absolute errors of E (nats) and of the exponents, in the form's order; relative ones of the coefficients.
    pub parameters: Vec<f64>,
}

/// Measures a refit.
pub fn errors(setup: &Setup, values: &Values) -> Result<Errors> {
    let predicted = losses(&setup.form, values, &setup.held_out_rows)?;
    let off = predicted
        .iter()
        .zip(&setup.held_out_losses)
        .map(|(p, y)| (p - y).abs());
    let (sum, max) = off.fold((0.0, 0.0_f64), |(sum, max), off| (sum + off * off, max.max(off)));
    let truth = &setup.truth;
    let mut parameters = vec![(values.irreducible_loss - truth.irreducible_loss).abs()];
    let coefficients = values.coefficients.iter().zip(&truth.coefficients);
    parameters.extend(coefficients.map(|(found, truth)| (found / truth - 1.0).abs()));
    let exponents = values.exponents.iter().zip(&truth.exponents);
    parameters.extend(exponents.map(|(found, truth)| (found - truth).abs()));
    Ok(Errors {
        rmse: (sum / predicted.len() as f64).sqrt(),
        max,
        parameters,
    })
}

/// Standard normal numbers by Box and Muller.
struct Normal {
    random: ChaCha8Rng,
    spare: Option<f64>,
}

impl Normal {
    fn new(seed: u64) -> Normal {
        Normal {
            random: ChaCha8Rng::seed_from_u64(seed),
            spare: None,
        }
    }

    fn next(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (-2.0 * (1.0 - self.random.random::<f64>()).ln()).sqrt();
        let angle = std::f64::consts::TAU * self.random.random::<f64>();
        self.spare = Some(radius * angle.sin());
        radius * angle.cos()
    }
}
