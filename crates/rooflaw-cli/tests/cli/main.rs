//! The `rooflaw` binary from end to end: what people type, what they get, and what happens to their mistakes.
//!
//! One test program for all subjects, so that it is linked once. Searches use the paper's space: 9,000 combinations.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

mod bad_calibrations;
mod bad_files;
mod bad_fit;
mod bad_flags;
mod bad_names;
mod bad_out;
mod bad_runs;
mod budgets;
mod calibrate;
mod commands;
mod determinism;
mod explain;
mod export;
mod fake_bench;
mod fit;
mod folder;
mod forward;
mod json;
mod laws;
mod measure_device;
mod measure_interrupt;
mod measure_models;
mod measure_plan;
mod plan_runs;
mod real_bench;
mod run_folders;
mod runs;
mod search;
mod several;
mod terminal;
mod tool;
mod uncertainty;
mod whatif;
