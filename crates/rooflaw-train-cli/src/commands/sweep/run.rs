//! `rooflaw-train sweep run`: the runs of a plan on this machine.

use super::signals::Asked;
use super::worker::WorkerArgs;
use anyhow::{Result, anyhow};
use rooflaw_sweep::attempt::{Attempt, Worker};
use rooflaw_sweep::local::{self, Event, Order, Summary};
use rooflaw_sweep::status::{self, State};
use rooflaw_terminal as output;
use serde::Serialize;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Train the runs of a plan on this machine.
#[derive(clap::Args)]
#[command(
    after_help = "Started again after a crash, or beside another one on the same folder, it goes on with what is open: \
a run is trained by one worker at a time, and from its last checkpoint. Ctrl-C writes checkpoints and ends.

Exit codes: 0 all runs are done, 1 some failed, 130 stopped before the end.

Examples:
  rooflaw-train sweep run sweep --workers 4
  rooflaw-train sweep run sweep/plan.json --shortest-first --retry-failed"
)]
pub struct Args {
    /// The plan, or its folder
    plan: PathBuf,
    /// Runs at a time
    #[arg(long, short, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers: u16,
    /// Shortest runs first, to see results and mistakes early; longest first ends sooner
    #[arg(long)]
    shortest_first: bool,
    #[command(flatten)]
    worker: WorkerArgs,
    /// Print JSON
    #[arg(long, help_heading = "Output")]
    json: bool,
}

/// How it ended.
#[derive(Serialize)]
struct Ended {
    done: usize,
    failed: Vec<FailedRun>,
    open: usize,
    seconds: f64,
}

#[derive(Serialize)]
struct FailedRun {
    id: String,
    name: String,
    why: String,
}

/// Exit code of a sweep that was stopped.
const INTERRUPTED: u8 = 130;

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    let (sweep, plan) = super::open(&args.plan)?;
    let asked = Asked::listen()?;
    let workers = NonZeroUsize::new(usize::from(args.workers)).unwrap_or(NonZeroUsize::MIN);
    let threads = args.worker.threads_of(workers.get());
    let worker = args.worker.worker(sweep, plan, threads)?;
    let order = if args.shortest_first {
        Order::ShortestFirst
    } else {
        Order::LongestFirst
    };
    let started = Instant::now();
    let progress = Progress::new(&worker, args.workers);
    let summary = thread::scope(|scope| {
        let forgive = args.worker.retry_failed;
        let observe = |index: usize, event: &Event| progress.observe(index, event);
        let sweep = {
            let (worker, stop) = (&worker, &asked.stop);
            scope.spawn(move || local::run(worker, workers, order, forgive, stop, &observe))
        };
        while !sweep.is_finished() {
            thread::sleep(Duration::from_millis(100));
            progress.show();
        }
        sweep.join()
    })
    .map_err(|_| anyhow!("a worker ended by a mistake of this program's"))??;
    progress.bar.finish();
    tell(args, &worker, &summary, started.elapsed())
}

fn tell(args: &Args, worker: &Worker, summary: &Summary, elapsed: Duration) -> Result<ExitCode> {
    let failed = |(index, why): &(usize, String)| {
        let run = worker.plan.runs.get(*index)?;
        Some(FailedRun {
            id: run.id.clone(),
            name: run.name.clone(),
            why: why.clone(),
        })
    };
    let ended = Ended {
        done: summary.done,
        failed: summary.failed.iter().filter_map(failed).collect(),
        open: summary.open,
        seconds: elapsed.as_secs_f64(),
    };
    if args.json {
        output::json(&ended)?;
    } else {
        output::line(&format!(
            "{} of {} runs are done, {} failed, {} are open; {}.",
            ended.done,
            worker.plan.runs.len(),
            ended.failed.len(),
            ended.open,
            super::status::duration(ended.seconds),
        ))?;
        for run in &ended.failed {
            output::line(&format!("  {}: {}", run.name, run.why))?;
        }
        if ended.open > 0 {
            output::line("Start the same command again to go on.")?;
        }
    }
    Ok(match (ended.open, ended.failed.len()) {
        (0, 0) => ExitCode::SUCCESS,
        (0, _) => ExitCode::FAILURE,
        _ => ExitCode::from(INTERRUPTED),
    })
}

/// What people see meanwhile.
struct Progress<'a> {
    worker: &'a Worker,
    workers: u16,
    bar: output::Progress,
    state: Mutex<Shown>,
}

struct Shown {
    running: BTreeSet<usize>,
    ended: u64,
    looked: Instant,
}

/// Between two looks at the folders of all runs.
const LOOK: Duration = Duration::from_secs(2);

impl<'a> Progress<'a> {
    fn new(worker: &'a Worker, workers: u16) -> Progress<'a> {
        Progress {
            worker,
            workers,
            bar: output::Progress::work(worker.plan.runs.len() as u64),
            state: Mutex::new(Shown {
                running: BTreeSet::new(),
                ended: 0,
                looked: Instant::now(),
            }),
        }
    }

    fn observe(&self, index: usize, event: &Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let name = self.worker.plan.runs.get(index).map_or("", |run| &run.name);
        let said = match event {
            Event::Started => {
                state.running.insert(index);
                None
            }
            Event::Ended(attempt) => {
                state.running.remove(&index);
                if matches!(attempt, Attempt::Done { .. } | Attempt::Failed { .. }) {
                    state.ended += 1;
                    self.bar.advance(1);
                }
                self.words(index, name, attempt)
            }
        };
        if let Some(said) = said {
            // Standard error that cannot be written to is no reason to stop training.
            let _ = self.bar.aside(|| output::note(&said));
        }
    }

    fn words(&self, index: usize, name: &str, attempt: &Attempt) -> Option<String> {
        let result = || {
            let run = self.worker.plan.runs.get(index)?;
            rooflaw_sweep::record::result(&self.worker.sweep.run(run))
                .ok()
                .flatten()
        };
        match attempt {
            Attempt::Done { now: true } => {
                let loss = result().map_or_else(String::new, |result| {
                    format!(", validation loss {}", output::loss(result.validation_loss))
                });
                Some(format!("{name}: done{loss}"))
            }
            Attempt::Failed { why, now: true } => Some(format!("{name}: failed: {why}")),
            Attempt::Failed { why, now: false } => Some(format!(
                "{name}: failed before: {why} (--retry-failed tries again)"
            )),
            Attempt::Again { why } => Some(format!("{name}: failed, to be tried again: {why}")),
            Attempt::Stopped => Some(format!("{name}: stopped")),
            Attempt::Done { now: false } | Attempt::Elsewhere => None,
        }
    }

    /// Draws the bar's words: who is where, and how long it will take.
    fn show(&self) {
        let running: Vec<usize> = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.looked.elapsed() < LOOK {
                return;
            }
            state.looked = Instant::now();
            state.running.iter().copied().collect()
        };
        let all = status::of(&self.worker.sweep, &self.worker.plan, self.worker.policy.retries);
        let Ok(all) = all else {
            return;
        };
        let outlook = status::outlook(&self.worker.plan, &all);
        let left = outlook.seconds_left.map_or_else(String::new, |seconds| {
            format!(
                ", {} left",
                super::status::duration(seconds / f64::from(self.workers))
            )
        });
        let first = running.iter().find_map(|&index| {
            let status = all.get(index)?;
            let State::Running { .. } = status.state else {
                return None;
            };
            let loss = status.progress?.loss;
            Some(format!(
                "; {} {:.0} % {}",
                status.name,
                100.0 * status.share,
                output::loss(loss)
            ))
        });
        self.bar.say(format!(
            "{} done, {} running{left}{}",
            outlook.done,
            outlook.running,
            first.unwrap_or_default()
        ));
    }
}
