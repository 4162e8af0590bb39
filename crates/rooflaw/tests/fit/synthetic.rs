//! Runs drawn from the published co-design law (2602.10377), for tests and the identifiability study.

use rand::seq::index::sample;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rooflaw::law::fit::{FitError, Form, Observations, Values, predict};
use statrs::distribution::{ContinuousCDF as _, Normal};

/// Runs in a repetition: as many as the paper trained.
pub const RUNS: usize = 170;
/// Standard deviation of the noise, nats/token.
pub const NOISE: f64 = 0.01;

const N_LAYERS: [f64; 8] = [4.0, 8.0, 12.0, 16.0, 20.0, 24.0, 28.0, 32.0];
const HIDDEN_SIZE: [f64; 9] = [
    768.0, 1024.0, 1280.0, 1536.0, 1792.0, 2048.0, 2304.0, 2560.0, 3072.0,
];
/// `K/E` of (1, 1), (8, 1), (8, 2), (16, 1), (16, 2).
const ACTIVATION_RATE: [f64; 5] = [1.0, 1.0 / 8.0, 2.0 / 8.0, 1.0 / 16.0, 2.0 / 16.0];
const HEAD_DIM: f64 = 64.0;
/// The last stands for all heads.
const KV_HEADS: [Option<f64>; 5] = [Some(1.0), Some(2.0), Some(4.0), Some(8.0), None];
const FFN_RATIO: [f64; 5] = [0.5, 1.0, 2.0, 4.0, 8.0];

/// The published coefficients and exponents, in the order of [`Form::codesign`].
pub fn published() -> Values {
    Values {
        irreducible_loss: 2.53,
        coefficients: vec![9.96, 0.031, 500.0, 0.20],
        exponents: vec![1.63, 1.09, 0.17, -0.33, 0.97, 0.05],
    }
}

/// The names of the law's numbers in the paper, in the order of [`Form::free_parameters`].
pub const NAMES: [&str; 11] = [
    "L∞", "κ_l", "κ_ρ", "κ_d", "κ_m", "α_l", "α_ρ", "α_r", "β1", "β2", "α_m",
];

/// The loss of each row by the published law, and the rows with noise: designs drawn without replacement from
/// the paper's grid with five FFN ratios.
///
/// # Errors
/// None in practice.
pub fn draw(seed: u64) -> Result<(Vec<f64>, Observations), FitError> {
    draw_of(seed, RUNS)
}

/// The same with another number of runs.
///
/// # Errors
/// None in practice.
pub fn draw_of(seed: u64, runs: usize) -> Result<(Vec<f64>, Observations), FitError> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let grid: Vec<[f64; 5]> = grid();
    let designs: Vec<[f64; 5]> = sample(&mut random, grid.len(), runs)
        .into_iter()
        .map(|index| grid[index])
        .collect();
    let law = published();
    let truth = predict(
        &Form::codesign(),
        law.irreducible_loss,
        &law.coefficients,
        &law.exponents,
        &observed(&designs, vec![1.0; runs])?,
    )?;
    let noise = Normal::standard();
    let noisy = truth.iter().map(|loss| {
        // Never 0, where the quantile is infinite.
        let uniform = (f64::from(random.random::<u32>()) + 0.5) / 4_294_967_296.0;
        loss + NOISE * noise.inverse_cdf(uniform)
    });
    let noisy = noisy.collect();
    Ok((truth, observed(&designs, noisy)?))
}

/// Designs as rows with losses.
///
/// # Errors
/// Losses that are not positive, or not as many.
pub fn observed(designs: &[[f64; 5]], losses: Vec<f64>) -> Result<Observations, FitError> {
    VARIABLES
        .iter()
        .enumerate()
        .try_fold(Observations::new(losses)?, |rows, (index, name)| {
            let values: Vec<f64> = designs.iter().map(|design| design[index]).collect();
            rows.with_variable(name, &values)
        })
}

/// The variables of a design.
pub const VARIABLES: [&str; 5] = [
    "n_layers",
    "activation_rate",
    "ffn_ratio",
    "hidden_size",
    "kv_dim",
];

/// Every design of the paper's grid with five FFN ratios.
pub fn grid() -> Vec<[f64; 5]> {
    let mut grid = Vec::new();
    for n_layers in N_LAYERS {
        for activation_rate in ACTIVATION_RATE {
            for ffn_ratio in FFN_RATIO {
                for hidden_size in HIDDEN_SIZE {
                    for kv_heads in KV_HEADS {
                        let kv_dim = kv_heads.map_or(hidden_size, |heads| HEAD_DIM * heads);
                        grid.push([n_layers, activation_rate, ffn_ratio, hidden_size, kv_dim]);
                    }
                }
            }
        }
    }
    grid
}
