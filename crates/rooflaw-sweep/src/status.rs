//! Where every run is, as its folder and its claims tell.

use crate::attempt::final_failure;
use crate::claim::{Outcome, Owner};
use crate::error::SweepError;
use crate::folder::SweepFolder;
use crate::plan::{Plan, PlannedRun};
use crate::record;
use rooflaw_train::record::{RunResult, Trained};
use serde::Serialize;

/// Where a run is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// It has its result.
    Done {
        /// Validation loss, nats per token.
        validation_loss: f64,
        /// How long it took, seconds.
        wall_seconds: f64,
    },
    /// A worker has it.
    Running {
        /// Which machine.
        host: String,
        /// Which job of the cluster.
        job: Option<String>,
        /// Seconds since the last sign of life, on this machine's clock.
        silent_for: Option<f64>,
    },
    /// It failed for good.
    Failed {
        /// Why.
        why: String,
    },
    /// It waits for a worker.
    Waiting {
        /// Why the last attempt ended, when that was a failure.
        after: Option<String>,
    },
}

/// A run and where it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunStatus {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it is.
    #[serde(flatten)]
    pub state: State,
    /// Attempts so far.
    pub attempts: u32,
    /// Share of its training that is done.
    pub share: f64,
    /// The last step that its metrics tell; nothing before the first.
    pub progress: Option<Trained>,
    /// Seconds of training that are left, at its own speed of late, else as predicted; `None` when neither is known.
    pub seconds_left: Option<f64>,
}

/// Where all runs of a plan are.
///
/// # Errors
/// A sweep folder that cannot be read.
pub fn of(sweep: &SweepFolder, plan: &Plan, retries: u32) -> Result<Vec<RunStatus>, SweepError> {
    let here = Owner::this_process();
    plan.runs
        .iter()
        .map(|run| of_run(sweep, run, retries, &here))
        .collect()
}

/// Where one run is.
///
/// # Errors
/// A sweep folder that cannot be read.
pub fn of_run(
    sweep: &SweepFolder,
    run: &PlannedRun,
    retries: u32,
    here: &Owner,
) -> Result<RunStatus, SweepError> {
    let folder = sweep.run(run);
    let claims = sweep.claims(run);
    let latest = claims.latest()?;
    let result = record::result(&folder)?;
    let progress = record::progress(&folder);
    let share = match (&result, &progress) {
        (Some(_), _) => 1.0,
        (None, Some(progress)) => share(progress, run),
        (None, None) => 0.0,
    };
    let state = match (result, &latest.outcome, &latest.owner) {
        (
            Some(RunResult {
                validation_loss,
                wall_seconds,
                ..
            }),
            _,
            _,
        ) => State::Done {
            validation_loss,
            wall_seconds,
        },
        (None, None, Some(owner)) if !owner.is_gone(here) => State::Running {
            host: owner.host.clone(),
            job: owner.job.clone(),
            silent_for: claims.silent_for(latest.number),
        },
        (None, outcome, _) => match final_failure(&claims, retries, 0)? {
            Some(why) => State::Failed { why },
            None => State::Waiting {
                after: outcome.clone().and_then(|outcome| match outcome {
                    Outcome::Failed { why, .. } => Some(why),
                    _ => None,
                }),
            },
        },
    };
    let seconds_left = seconds_left(run, &state, share, progress.as_ref());
    Ok(RunStatus {
        id: run.id.clone(),
        name: run.name.clone(),
        state,
        attempts: latest.number,
        share,
        progress,
        seconds_left,
    })
}

fn share(progress: &Trained, run: &PlannedRun) -> f64 {
    (progress.tokens as f64 / run.predicted.tokens.max(1) as f64).min(1.0)
}

fn seconds_left(run: &PlannedRun, state: &State, share: f64, progress: Option<&Trained>) -> Option<f64> {
    if matches!(state, State::Done { .. } | State::Failed { .. }) {
        return Some(0.0);
    }
    let tokens_left = (1.0 - share) * run.predicted.tokens as f64;
    let own = progress.filter(|progress| progress.tokens_per_s > 0.0);
    own.map(|progress| tokens_left / progress.tokens_per_s)
        .or_else(|| Some(run.predicted.seconds? * (1.0 - share)))
}

/// Arithmetic that is left, FLOP, and what runs achieved, FLOP/s: the median of those that are done or running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Outlook {
    /// Runs done.
    pub done: usize,
    /// Runs that a worker has.
    pub running: usize,
    /// Runs that failed for good.
    pub failed: usize,
    /// Runs that wait.
    pub waiting: usize,
    /// FLOP left.
    pub flop_left: f64,
    /// What one worker achieves, FLOP/s; `None` before the first run tells.
    pub flop_per_s: Option<f64>,
    /// Seconds left for one worker; `None` without a speed.
    pub seconds_left: Option<f64>,
}

/// What is left to do.
#[must_use]
pub fn outlook(plan: &Plan, status: &[RunStatus]) -> Outlook {
    let mut outlook = Outlook::default();
    let mut rates = Vec::new();
    for (run, status) in plan.runs.iter().zip(status) {
        let flop = run.predicted.training_flop;
        let per_token = flop / run.predicted.tokens.max(1) as f64;
        match &status.state {
            State::Done { wall_seconds, .. } => {
                outlook.done += 1;
                rates.push(flop / wall_seconds);
                continue;
            }
            State::Failed { .. } => {
                outlook.failed += 1;
                continue;
            }
            State::Running { .. } => outlook.running += 1,
            State::Waiting { .. } => outlook.waiting += 1,
        }
        outlook.flop_left += flop * (1.0 - status.share);
        rates.extend(status.progress.map(|progress| progress.tokens_per_s * per_token));
    }
    rates.retain(|&rate| rate > 0.0 && rate.is_finite());
    rates.sort_by(f64::total_cmp);
    let measured = rates.get(rates.len() / 2).copied();
    outlook.flop_per_s = measured.or_else(|| plan.basis.as_ref().map(|basis| basis.flop_per_s()));
    outlook.seconds_left = outlook.flop_per_s.map(|rate| outlook.flop_left / rate);
    outlook
}
