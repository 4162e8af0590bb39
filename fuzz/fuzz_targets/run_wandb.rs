//! Any bytes as a Weights & Biases export: no panic, and a table made of it is read back as it was.
//!
//! `mkdir -p fuzz/corpus/run_wandb; RUSTC_BOOTSTRAP=1 cargo fuzz run run_wandb fuzz/corpus/run_wandb \
//! crates/rooflaw/tests/data/runs/wandb`

#![no_main]

#[path = "../imported.rs"]
mod imported;

use libfuzzer_sys::fuzz_target;
use rooflaw::runs::import::wandb;

fuzz_target!(|bytes: &[u8]| {
    match wandb(bytes) {
        Ok(runs) => imported::check(&runs),
        Err(error) => drop(error.to_string()),
    }
});
