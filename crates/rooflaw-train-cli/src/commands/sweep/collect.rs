//! `rooflaw-train sweep collect`: a table of the runs that are done.

use anyhow::Result;
use rooflaw_sweep::collect;
use rooflaw_terminal as output;
use std::path::PathBuf;
use std::process::ExitCode;

/// A table of the runs that are done, for `rooflaw fit`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rooflaw-train sweep collect sweep --out runs.csv
  rooflaw-train sweep collect sweep > runs.csv
  rooflaw fit runs.csv")]
pub struct Args {
    /// The plan, or its folder
    plan: PathBuf,
    /// Write the table there [default: standard output]
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    out: Option<PathBuf>,
    /// JSON Lines in place of CSV
    #[arg(long, help_heading = "Output")]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    let (sweep, plan) = super::open(&args.plan)?;
    let file = args.out.as_deref().map(output::File::new).transpose()?;
    let table = collect::table(&sweep, &plan)?;
    let text = if args.json {
        table.to_jsonl()?
    } else {
        table.to_csv()?
    };
    match file {
        Some(file) => {
            file.write(&text)?;
            let (done, all) = (table.n_rows(), plan.runs.len());
            output::note(&format!("{done} of {all} runs are in the table"))?;
        }
        None => output::raw(&text)?,
    }
    Ok(ExitCode::SUCCESS)
}
