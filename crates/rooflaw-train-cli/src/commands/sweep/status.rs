//! `rooflaw-train sweep status`: where every run of a plan is.

use anyhow::Result;
use rooflaw_sweep::slurm::{self, Job};
use rooflaw_sweep::status::{self, Outlook, RunStatus, State};
use rooflaw_terminal::{self as output, MeasuredTable};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

/// Where every run of a plan is.
#[derive(clap::Args)]
#[command(
    after_help = "The folders of the runs are asked, not the cluster; what Slurm says of a run that waits stands beside it.

Examples:
  rooflaw-train sweep status sweep
  rooflaw-train sweep status sweep --open
  rooflaw-train sweep status sweep --json"
)]
pub struct Args {
    /// The plan, or its folder
    plan: PathBuf,
    /// Leave out runs that are done
    #[arg(long)]
    open: bool,
    /// Retries of the sweep, after which a failure is one for good
    #[arg(long, value_name = "N", default_value_t = 2)]
    retries: u32,
    /// Print JSON
    #[arg(long, help_heading = "Output")]
    json: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    outlook: &'a Outlook,
    runs: Vec<&'a RunStatus>,
    slurm: BTreeMap<&'a str, (&'a str, &'a str)>,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    let (sweep, plan) = super::open(&args.plan)?;
    let all = status::of(&sweep, &plan, args.retries)?;
    let outlook = status::outlook(&plan, &all);
    // A machine without Slurm says nothing of jobs: they are hints.
    let jobs = slurm::hints(&sweep, &plan).unwrap_or_default();
    let is_shown = |status: &&RunStatus| !(args.open && matches!(status.state, State::Done { .. }));
    let shown: Vec<&RunStatus> = all.iter().filter(is_shown).collect();
    if args.json {
        let slurm = jobs
            .iter()
            .map(|(id, job)| (id.as_str(), (job.id.as_str(), job.state.as_str())))
            .collect();
        output::json(&Report {
            outlook: &outlook,
            runs: shown,
            slurm,
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    output::heading(&summary(&outlook))?;
    if !shown.is_empty() {
        output::table(&table(&shown, &jobs))?;
    }
    for status in &shown {
        if let State::Failed { why } = &status.state {
            output::line(&format!("{} failed: {why}", status.name))?;
        }
    }
    if let Some(rate) = outlook.flop_per_s.filter(|_| outlook.flop_left > 0.0) {
        let seconds = outlook.flop_left / rate;
        output::line(&format!(
            "{:.2e} FLOP are left: {} for one worker at {}.",
            outlook.flop_left,
            duration(seconds),
            speed(rate)
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn summary(outlook: &Outlook) -> String {
    let Outlook {
        done,
        running,
        failed,
        waiting,
        ..
    } = outlook;
    format!("{done} done, {running} running, {failed} failed, {waiting} waiting")
}

fn table(shown: &[&RunStatus], jobs: &BTreeMap<String, Job>) -> MeasuredTable {
    let mut table = MeasuredTable::new(
        &["run", "state", "tries", "step", "loss", "left", "where"],
        &[0, 1, 6],
    );
    for status in shown {
        let job = jobs
            .get(&status.id)
            .map(|job| format!("{} {}", job.id, job.state.to_lowercase()));
        let (state, place) = match &status.state {
            State::Done { .. } => ("done", String::new()),
            State::Running {
                host,
                job,
                silent_for,
            } => {
                let silent = silent_for.filter(|&silent| silent > 60.0);
                let silent =
                    silent.map_or_else(String::new, |silent| format!(", silent {}", duration(silent)));
                let job = job.as_ref().map_or_else(String::new, |job| format!(" {job}"));
                ("running", format!("{host}{job}{silent}"))
            }
            State::Failed { .. } => ("failed", String::new()),
            State::Waiting { after: Some(_) } => ("to retry", job.unwrap_or_default()),
            State::Waiting { after: None } => ("waiting", job.unwrap_or_default()),
        };
        let loss = match (&status.state, status.progress.map(|progress| progress.loss)) {
            (State::Done { validation_loss, .. }, _) => output::loss(*validation_loss),
            (_, Some(loss)) => output::loss(loss),
            (_, None) => "–".to_owned(),
        };
        let left = match (&status.state, status.seconds_left) {
            (State::Done { .. } | State::Failed { .. }, _) => String::new(),
            (_, Some(seconds)) => duration(seconds),
            (_, None) => "?".to_owned(),
        };
        table.push(vec![
            status.name.clone(),
            state.to_owned(),
            status.attempts.to_string(),
            status
                .progress
                .map_or_else(|| "–".to_owned(), |progress| progress.step.to_string()),
            loss,
            left,
            place,
        ]);
    }
    table
}

/// A speed for people: `12.3 GFLOP/s`.
pub fn speed(flop_per_s: f64) -> String {
    match flop_per_s {
        rate if rate < 1e12 => format!("{} GFLOP/s", output::short(rate / 1e9, 2)),
        rate => format!("{} TFLOP/s", output::tera(rate)),
    }
}

/// A duration for people: `12 s`, `3.4 min`, `5.0 h`, `12 d`.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => "1 s".to_owned(),
        s if s < 99.5 => format!("{s:.0} s"),
        s if s < 5940.0 => format!("{:.1} min", s / 60.0),
        s if s < 359_640.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{:.0} d", s / 86_400.0),
    }
}
