//! `rooflaw-train sweep run-one`: some runs of a plan, as a cluster's task.

use super::signals::Asked;
use super::worker::WorkerArgs;
use anyhow::{Result, bail};
use rooflaw_sweep::attempt::Attempt;
use rooflaw_sweep::{one, slurm, tasks};
use rooflaw_terminal as output;
use std::path::PathBuf;
use std::process::ExitCode;

/// Train some runs of a plan, as a cluster's task.
#[derive(clap::Args)]
#[command(
    after_help = "SIGUSR1 (from `sbatch --signal=B:USR1@120`) writes a checkpoint and puts the job back into Slurm's queue; \
SIGTERM writes a checkpoint and ends.

Exit codes: 0 all are done, 1 one failed, 75 another worker has one, 130 stopped before the end.

Examples:
  rooflaw-train sweep run-one --plan sweep --index 3
  rooflaw-train sweep run-one --plan sweep --index $SLURM_ARRAY_TASK_ID
  rooflaw-train sweep run-one --plan sweep --tasks sweep/slurm/1/tasks.txt --task 0"
)]
pub struct Args {
    /// The plan, or its folder
    #[arg(long, value_name = "PLAN")]
    plan: PathBuf,
    /// Indices of runs in the plan, from 0, separated by commas
    #[arg(
        long,
        value_name = "I",
        value_delimiter = ',',
        required_unless_present = "tasks"
    )]
    index: Vec<usize>,
    /// A file that tells each task its runs
    #[arg(long, value_name = "FILE", requires = "task", conflicts_with = "index")]
    tasks: Option<PathBuf>,
    /// Which task of it, from 0
    #[arg(long, value_name = "N", requires = "tasks")]
    task: Option<usize>,
    #[command(flatten)]
    worker: WorkerArgs,
}

/// Exit code when another worker has a run.
const HELD: u8 = 75;
/// Exit code when it was stopped.
const INTERRUPTED: u8 = 130;

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    let (sweep, plan) = super::open(&args.plan)?;
    let indices = match (&args.tasks, args.task) {
        (Some(file), Some(number)) => tasks::task(&plan, file, number)?,
        _ => args.index.clone(),
    };
    if indices.is_empty() {
        bail!("the task has no runs");
    }
    let asked = Asked::listen()?;
    let threads = args.worker.threads_of(1);
    let worker = args.worker.worker(sweep, plan, threads)?;
    let summary = one::run(
        &worker,
        &indices,
        args.worker.retry_failed,
        &asked.stop,
        &|index, attempt| {
            let name = worker.plan.runs.get(index).map_or("", |run| &run.name);
            let said = match attempt {
                Attempt::Done { now: true } => "done".to_owned(),
                Attempt::Done { now: false } => "done before".to_owned(),
                Attempt::Failed { why, .. } => format!("failed: {why}"),
                Attempt::Again { why } => format!("failed, to be tried again: {why}"),
                Attempt::Elsewhere => "another worker has it".to_owned(),
                Attempt::Stopped => "stopped".to_owned(),
            };
            let _ = output::note(&format!("{name}: {said}"));
        },
    )?;
    if summary.stopped {
        if asked.to_go_on_later() && slurm::requeue_this_job()? {
            output::note("put back into the queue")?;
        }
        return Ok(ExitCode::from(INTERRUPTED));
    }
    Ok(match (summary.failed.len(), summary.elsewhere.len()) {
        (0, 0) => ExitCode::SUCCESS,
        (0, _) => ExitCode::from(HELD),
        _ => ExitCode::FAILURE,
    })
}
