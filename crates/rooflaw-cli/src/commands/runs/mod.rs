//! `rooflaw runs`: tables of training runs.

mod check;
mod import;

use crate::output;
use anyhow::Result;
use clap::Subcommand;
use rooflaw::runs::RunTable;
use serde::Serialize;

/// Tables of training runs: what is in them, and from the logs of trainers.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
#[command(after_help = "Examples:
  rooflaw runs runs.csv                        what is in it, and what it lacks
  rooflaw runs runs.csv --where 'tokens>=1e9'  of some of its rows
  rooflaw runs sweep/                          what came of its trainings
  rooflaw runs import out/ --out runs.csv      from a folder of trainings
  rooflaw runs import --help                   from which logs, and how

The format: docs/runs.md")]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    check: check::CheckArgs,
}

#[derive(Subcommand)]
enum Command {
    /// What is in a table, and what limits a law fitted to it
    Check(check::CheckArgs),
    /// A table from the logs of trainers
    Import(import::ImportArgs),
}

/// Runs the command.
pub fn run(args: &Args) -> Result<()> {
    match &args.command {
        Some(Command::Import(import)) => import::run(import),
        Some(Command::Check(check)) => check::run(check),
        None => check::run(&args.check),
    }
}

/// A warning in JSON and on the terminal.
#[derive(Serialize)]
struct Warning {
    name: &'static str,
    message: String,
}

impl Warning {
    fn new(name: &'static str, message: &impl ToString) -> Warning {
        let message = message.to_string();
        Warning { name, message }
    }
}

fn warn(warnings: &[Warning]) -> Result<()> {
    warnings
        .iter()
        .try_for_each(|warning| output::warning(&warning.message))
}

/// `770 rows of 22 runs`, or `245 runs`.
fn size(table: &RunTable) -> String {
    let count = |count: usize, what: &str| {
        let plural = if count == 1 { "" } else { "s" };
        format!("{} {what}{plural}", output::thousands(count as u64))
    };
    let (rows, runs) = (table.n_rows(), table.n_runs());
    if rows == runs {
        return count(runs, "run");
    }
    format!("{} of {}", count(rows, "row"), count(runs, "run"))
}
