//! The `rooflaw-train` command, which `rooflaw data`, `train`, `eval` and `sweep` execute: it has the heavy dependencies.

mod commands;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Prepares data, trains, evaluates, runs sweeps.
#[derive(Parser)]
#[command(
    name = "rooflaw-train",
    version,
    propagate_version = true,
    max_term_width = 100
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {}

fn main() -> ExitCode {
    match Cli::parse().command {}
}
