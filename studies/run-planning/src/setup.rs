//! What the study takes for true, and the runs that it chooses from.

use anyhow::{Context as _, Result};
use rooflaw::law::fit::{Form, Observations, Values, predict};
use rooflaw::plan::{Candidates, Noise, Problem, Sampling, Training};
use rooflaw::runs::RunTable;
use rooflaw::space;

/// Standard deviation of a run's loss, nats per token.
pub const NOISE: f64 = 0.01;

/// Seeds of everything drawn are counted from here: the paper's number, so that nobody can think it was chosen for its
/// outcome.
pub const SEED: u64 = 260_210_377;

/// Tokens that every run is trained on: the paper's.
const TOKENS: f64 = 1e10;

/// Tokens per sequence; the paper does not say.
const SEQUENCE_LENGTH: u32 = 2048;

/// Bounds of the exponents in fits: the signs that the terms' meanings give. Without them least squares may end
/// where the exponent of the KV cache is below 0 and its coefficient 0.
const EXPONENTS: (f64, f64) = (0.0, 5.0);
const BETA1: (f64, f64) = (-3.0, 3.0);

/// Truth and candidates.
pub struct Setup {
    /// The co-design law.
    pub form: Form,
    /// Its published numbers: the truth.
    pub truth: Values,
    /// What planned runs are chosen from: 4,096 architectures of the default space, drawn half to the ends of its axes.
    pub candidates: Candidates,
    /// 4,096 architectures spread evenly over it: what a random draw of the space is drawn from.
    pub even: Candidates,
    /// All architectures of the paper's grid.
    pub grid: Candidates,
    /// 1,024 others, spread evenly: where plans want predictions to be right.
    pub targets: Candidates,
    /// 4,096 others again, where refits are measured, as a law's rows.
    pub held_out_rows: Observations,
    /// Their true losses.
    pub held_out_losses: Vec<f64>,
    /// Whether the truth has a term that the fitted law lacks.
    misfit: bool,
}

/// What the fitted law lacks where the truth is not of its form: depth and width help each other a little less, nats
/// per unit of the product of their logarithms; about as much as the noise over the space.
const INTERACTION: f64 = 0.05;

impl Setup {
    /// Draws everything; the truth is of the fitted form.
    pub fn new() -> Result<Setup> {
        Setup::drawn(false)
    }

    /// The same with a truth that no values of the fitted form agree with.
    pub fn with_misfit() -> Result<Setup> {
        Setup::drawn(true)
    }

    fn drawn(misfit: bool) -> Result<Setup> {
        let mut form = Form::codesign();
        for exponent in &mut form.exponents {
            let (low, high) = if exponent.name == "beta1" {
                BETA1
            } else {
                EXPONENTS
            };
            *exponent = exponent.clone().within(low, high);
        }
        // arXiv 2602.10377: κ_l, κ_ρ, κ_d, κ_m; α_l, α_ρ, α_r, β1, β2, α_m.
        let truth = Values {
            irreducible_loss: 2.53,
            coefficients: vec![9.96, 0.031, 500.0, 0.20],
            exponents: vec![1.63, 1.09, 0.17, -0.33, 0.97, 0.05],
        };
        let training = Training {
            sequence_length: SEQUENCE_LENGTH,
            tokens: vec![TOKENS],
        };
        let space = space::find("default")?;
        let whole = Sampling {
            count: usize::MAX - 1,
            ..Sampling::targets(0)
        };
        let held_out = Candidates::of_space(&space, &training, &Sampling::targets(2))?;
        let held_out_rows = held_out.observations()?;
        let few = Sampling {
            count: 1024,
            ..Sampling::targets(3)
        };
        let held_out_losses = true_losses(&form, &truth, held_out.variables(), &held_out_rows, misfit)?;
        Ok(Setup {
            targets: Candidates::of_space(&space, &training, &few)?,
            held_out_losses,
            misfit,
            candidates: Candidates::of_space(&space, &training, &Sampling::candidates(0))?,
            even: Candidates::of_space(&space, &training, &Sampling::targets(1))?,
            grid: Candidates::of_space(&space::find("paper")?, &training, &whole)?,
            held_out_rows,
            form,
            truth,
        })
    }

    /// The true losses of runs.
    pub fn true_losses(&self, runs: &RunTable) -> Result<Vec<f64>> {
        let rows = runs.observations()?;
        true_losses(&self.form, &self.truth, &runs.variables, &rows, self.misfit)
    }

    /// The problem of choosing runs with given values in mind.
    pub fn problem<'a>(&'a self, values: &'a [Values]) -> Problem<'a> {
        Problem {
            form: &self.form,
            values,
            candidates: &self.candidates,
            targets: Some(&self.targets),
            existing: None,
            noise: Noise::Absolute(NOISE),
        }
    }
}

fn true_losses(
    form: &Form,
    truth: &Values,
    variables: &[(String, Vec<f64>)],
    rows: &Observations,
    misfit: bool,
) -> Result<Vec<f64>> {
    let mut found = losses(form, truth, rows)?;
    if misfit {
        let column = |name: &str| {
            let column = variables.iter().find(|(found, _)| found == name);
            column
                .map(|(_, values)| values)
                .context("a column that is missing")
        };
        // Around the middle of the space, where the law is right.
        let sizes = column("n_layers")?.iter().zip(column("hidden_size")?);
        for (loss, (n_layers, hidden_size)) in found.iter_mut().zip(sizes) {
            *loss += INTERACTION * (n_layers / 12.0).ln() * (hidden_size / 1536.0).ln();
        }
    }
    Ok(found)
}

/// The losses of a law.
pub fn losses(form: &Form, values: &Values, rows: &Observations) -> Result<Vec<f64>> {
    predict(
        form,
        values.irreducible_loss,
        &values.coefficients,
        &values.exponents,
        rows,
    )
    .context("predicting losses")
}
