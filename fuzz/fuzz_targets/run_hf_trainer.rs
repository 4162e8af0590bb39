//! Any bytes as a `trainer_state.json`: no panic, and a table made of it is read back as it was.
//!
//! `mkdir -p fuzz/corpus/run_hf_trainer; RUSTC_BOOTSTRAP=1 cargo fuzz run run_hf_trainer fuzz/corpus/run_hf_trainer \
//! crates/rooflaw/tests/data/runs/trainer`

#![no_main]

#[path = "../imported.rs"]
mod imported;

use libfuzzer_sys::fuzz_target;
use rooflaw::runs::import::hf_trainer;

fuzz_target!(|bytes: &[u8]| {
    match hf_trainer("run", bytes) {
        Ok(run) => imported::check(&[run]),
        Err(error) => drop(error.to_string()),
    }
});
