//! Step Law (Li et al. 2025, arXiv 2503.04715): mixtures of experts at one total size, and dense models.
//!
//! The runs come without a licence, so they are not in this repository: the test reads them from
//! `$ROOFLAW_SHARED/data/laws/steplaw`, and is skipped where that is not set.

use super::{data, huber, print};
use rooflaw::law::fit::{Form, Starts, fit};
use std::path::PathBuf;

fn folder() -> Option<PathBuf> {
    let shared = std::env::var_os("ROOFLAW_SHARED")?;
    Some(PathBuf::from(shared).join("data/laws/steplaw"))
}

/// The best of each cell of learning rates and batch sizes: smoothed training loss, tokens, and a column of sizes.
fn cells(file: &str, size: &str) -> Option<data::Table> {
    let path = folder()?.join(file);
    let table = data::Table::read_at(&path);
    assert!(table.numbers(size).iter().all(|&n| n > 1e6));
    Some(table)
}

/// `E + A/N_active^α + B/D^β` on the 16 cells of mixtures of experts. scipy: α .726, β .247, E 1.650, R² .9962, MAE .0067.
#[test]
fn active_parameters_and_tokens() {
    let Some(table) = cells("moe_best_over_lr_bs.csv", "Na") else {
        println!("skipped: ROOFLAW_SHARED is not set");
        return;
    };
    let observations = table.observations(&["Na", "D"], "smooth loss");
    assert_eq!(observations.n_rows(), 16);
    let starts = Starts::Random { count: 64, seed: 1 };
    let found = fit(&Form::additive(&["Na", "D"]), &observations, huber(1e-3), &starts).unwrap();
    print("Step Law, MoE", &found);
    assert!(found.quality.r_squared >= 0.996);
    assert!((found.exponents[0] - 0.726).abs() < 5e-3 && (found.exponents[1] - 0.247).abs() < 5e-3);
    assert!((found.irreducible_loss - 1.650).abs() < 5e-3);
}

/// The 17 dense cells. scipy: α .133, β .295, R² .9946, MAE .0066.
#[test]
fn dense_parameters_and_tokens() {
    let Some(table) = cells("dense_best_over_lr_bs.csv", "N") else {
        println!("skipped: ROOFLAW_SHARED is not set");
        return;
    };
    let observations = table.observations(&["N", "D"], "smooth loss");
    assert_eq!(observations.n_rows(), 17);
    let starts = Starts::Random { count: 64, seed: 1 };
    let found = fit(&Form::additive(&["N", "D"]), &observations, huber(1e-3), &starts).unwrap();
    print("Step Law, dense", &found);
    assert!(found.quality.r_squared >= 0.9945 && found.quality.mae <= 0.0067);
}
