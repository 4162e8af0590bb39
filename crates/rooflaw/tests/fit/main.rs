//! Published fits reproduced on the published runs: `data/runs/`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

#[path = "../../examples/fit_timing/data.rs"]
mod data;

mod chinchilla;
mod clark;
mod embedded;
mod gemstones;
mod page;
mod properties;
mod steplaw;
mod synthetic;
mod trust;
mod validation;

use rooflaw::law::fit::{Fit, Form, Objective, Observations, Quality, predict};

/// The losses that published numbers predict: `E`, coefficients, exponents.
pub fn published(form: &Form, numbers: (f64, &[f64], &[f64]), observations: &Observations) -> Vec<f64> {
    predict(form, numbers.0, numbers.1, numbers.2, observations).expect("variables")
}

/// What a fit says, for `cargo test -- --nocapture`.
pub fn print(what: &str, fit: &Fit) {
    let Quality {
        rows,
        r_squared,
        mae,
        mre,
        ..
    } = fit.quality;
    let convergence = fit.convergence;
    println!(
        "{what}: n {rows} value {:.8e} E {:.5} c {:.5?} e {:.5?} R2 {r_squared:.5} MAE {mae:.6} MRE {:.3} %; {} of {} starts at the optimum, {} converged",
        fit.value,
        fit.irreducible_loss,
        fit.coefficients,
        fit.exponents,
        100.0 * mre,
        convergence.at_optimum,
        convergence.starts,
        convergence.converged
    );
    assert!(convergence.best_converged, "{what}");
}

/// δ as in the papers.
pub const fn huber(delta: f64) -> Objective {
    Objective::LogHuber { delta }
}
