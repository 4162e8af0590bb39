//! The `rooflaw-train` command, which `rooflaw data`, `train`, `eval` and `sweep` execute: it has the heavy dependencies.

mod commands;
mod input;
mod interrupt;

use clap::{Parser, Subcommand};
use rooflaw_terminal as output;
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
enum Command {
    /// Text to tokens: tokenizers trained, data sets prepared, shown, verified
    Data(commands::data::Args),
    /// Train a model, and record the run so that it can be gone on with, compared and fitted to
    Train(commands::train::Args),
    /// How well a model predicts: held-out loss, perplexity
    Eval(commands::eval::Args),
    /// Many training runs: planned, priced, run here or on a cluster, collected
    Sweep(commands::sweep::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Data(args) => commands::data::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Train(args) => commands::train::run(&args),
        Command::Eval(args) => commands::eval::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Sweep(args) => commands::sweep::run(&args),
    };
    match result {
        Ok(code) => code,
        // `rooflaw … | head` is no mistake of the user's.
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&error);
            ExitCode::from(interrupt::exit_code(&error))
        }
    }
}
