//! `rooflaw measure`: this machine, and models on it.

mod device;
mod models;
mod plan;
mod show;

use anyhow::Result;
use clap::Subcommand;

/// Measure this machine, and models on it.
#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
#[command(after_help = "Examples:
  rooflaw measure device --out mine.toml       bandwidth, rates of products
  rooflaw measure models qwen3-0.6b --llama-bench ./llama-bench
  rooflaw measure plan qwen3-0.6b --out pi     for a machine elsewhere
  rooflaw measure models --help                more, and how it is measured

How, and how far to trust it: docs/measuring.md")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Memory bandwidth and rates of matrix products of this machine
    Device(device::DeviceArgs),
    /// Prefill and decode of models, through llama-bench
    Models(Box<models::ModelsCommand>),
    /// A folder with which another machine measures models by itself
    Plan(Box<plan::PlanArgs>),
}

/// Runs the command.
pub fn run(args: &Args) -> Result<()> {
    match &args.command {
        Command::Device(args) => device::run(args),
        Command::Models(args) => models::run(args),
        Command::Plan(args) => plan::run(args),
    }
}
