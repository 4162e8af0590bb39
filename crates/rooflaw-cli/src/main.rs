//! The `rooflaw` command: on this device, within these budgets, which language model should I build?

mod commands;
mod input;
mod interrupt;
mod latency;
mod report;

use clap::{Parser, Subcommand};
use rooflaw_terminal as output;
use std::process::ExitCode;

/// Which language model to build for a device: scaling laws joined to the roofline.
#[derive(Parser)]
#[command(name = "rooflaw", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Examples:
  rooflaw design                                 what to build, on defaults
  rooflaw design --device raspberry-pi-5 --out pi    report and config.json
  rooflaw predict qwen3-0.6b --device apple-m4   where the time goes
  rooflaw calibrate bench.json --device apple-m4 what it really achieves
  rooflaw COMMAND --help                         more examples")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The frontier of loss against latency, and the best within budgets
    Design(commands::design::Args),
    /// TTFT, TPOT, memory and the operator table of one model on a device
    Predict(commands::predict::Args),
    /// Several models side by side on a device
    Compare(commands::compare::Args),
    /// Why the best design is what it is: what binds, closed forms, shadow prices
    Explain(commands::explain::Args),
    /// What another device would buy: more bandwidth, compute, memory; the cheapest that reaches a loss
    Whatif(commands::whatif::Args),
    /// What a device achieves, from a few measurements: latencies that one can trust
    Calibrate(commands::calibrate::Args),
    /// Tables of training runs: what is in them, and from the logs of trainers
    Runs(commands::runs::Args),
    /// Text to tokens for training (needs `rooflaw-train`)
    Data(commands::forward::Args),
    /// Train a model, and record the run (needs `rooflaw-train`)
    Train(commands::forward::Args),
    /// Evaluate a trained model (needs `rooflaw-train`)
    Eval(commands::forward::Args),
    /// Many trainings, here or on a cluster (needs `rooflaw-train`)
    Sweep(commands::forward::Args),
    /// Fit loss laws to training runs, and say how far to trust them
    Fit(commands::fit::Args),
    /// Which architectures to train next, so that a law is known best
    PlanRuns(commands::plan_runs::Args),
    /// A model as a GGUF file or a Hugging Face directory, with random weights or given ones
    Export(commands::export::Args),
    /// Measure this machine, and models on it
    Measure(commands::measure::Args),
    /// The devices rooflaw knows, with the source of each figure
    Devices(commands::devices::Args),
    /// The published models rooflaw knows
    Models(commands::models::Args),
    /// The loss laws rooflaw knows
    Laws(commands::laws::Args),
    /// The design spaces rooflaw knows
    Spaces(commands::spaces::Args),
}

fn main() -> ExitCode {
    let forwarded = |command, args| {
        commands::forward::run(command, args).unwrap_or_else(|error| {
            output::error(&error);
            ExitCode::from(2)
        })
    };
    let result = match Cli::parse().command {
        Command::Data(args) => return forwarded("data", &args),
        Command::Train(args) => return forwarded("train", &args),
        Command::Eval(args) => return forwarded("eval", &args),
        Command::Sweep(args) => return forwarded("sweep", &args),
        Command::Design(args) => commands::design::run(&args),
        Command::Predict(args) => commands::predict::run(&args),
        Command::Compare(args) => commands::compare::run(&args),
        Command::Explain(args) => commands::explain::run(&args),
        Command::Whatif(args) => commands::whatif::run(&args),
        Command::Calibrate(args) => commands::calibrate::run(&args),
        Command::Runs(args) => commands::runs::run(&args),
        Command::Fit(args) => commands::fit::run(&args),
        Command::PlanRuns(args) => commands::plan_runs::run(&args),
        Command::Export(args) => commands::export::run(&args),
        Command::Measure(args) => commands::measure::run(&args),
        Command::Devices(args) => commands::devices::run(&args),
        Command::Models(args) => commands::models::run(&args),
        Command::Laws(args) => commands::laws::run(&args),
        Command::Spaces(args) => commands::spaces::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // `rooflaw … | head` is no mistake of the user's.
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&error);
            ExitCode::from(2)
        }
    }
}
