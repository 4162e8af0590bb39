//! `rooflaw-train sweep`: many training runs, planned, priced, run here or on a cluster, collected.

mod collect;
mod models;
mod orphan;
mod plan;
mod plan_print;
mod run;
mod run_one;
mod signals;
mod status;
mod submit;
mod worker;

use anyhow::{Context as _, Result};
use rooflaw_sweep::folder::SweepFolder;
use rooflaw_sweep::plan::Plan;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Many training runs: planned, priced, run here or on a cluster, collected.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rooflaw-train sweep plan --space paper --sample 170 --recipe paper --engine cuda --device h200
                                            what 170 runs of 10B tokens would take
  rooflaw-train sweep plan small/ --data corpus --recipe small --out sweep
  rooflaw-train sweep run sweep --workers 4
  rooflaw-train sweep submit sweep --slurm --dry-run
  rooflaw-train sweep status sweep
  rooflaw-train sweep collect sweep --out runs.csv && rooflaw fit runs.csv")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Architectures × recipes × seeds × data: what it takes, and a plan file
    Plan(plan::Args),
    /// Train the runs of a plan on this machine
    Run(run::Args),
    /// Train some runs of a plan, as a cluster's task
    RunOne(run_one::Args),
    /// Hand the open runs of a plan to Slurm or Kubernetes
    Submit(submit::Args),
    /// Where every run of a plan is
    Status(status::Args),
    /// A table of the runs that are done, for `rooflaw fit`
    Collect(collect::Args),
    /// A trainer that ends with whoever started it
    #[command(hide = true)]
    Trainer(orphan::Args),
}

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    match &args.command {
        Command::Plan(args) => plan::run(args),
        Command::Run(args) => run::run(args),
        Command::RunOne(args) => run_one::run(args),
        Command::Submit(args) => submit::run(args),
        Command::Status(args) => status::run(args),
        Command::Collect(args) => collect::run(args),
        Command::Trainer(args) => orphan::run(args),
    }
}

/// The name of a plan in its folder.
const PLAN: &str = "plan.json";

/// A plan file, given by itself or by its folder.
fn plan_path(given: &Path) -> PathBuf {
    if given.is_dir() {
        given.join(PLAN)
    } else {
        given.to_path_buf()
    }
}

/// A plan and its folder.
fn open(given: &Path) -> Result<(SweepFolder, Plan)> {
    let path = plan_path(given);
    let plan = Plan::read(&path)?;
    let sweep = SweepFolder::of_plan(&path).context("a plan's folder holds its runs")?;
    Ok((sweep, plan))
}
