//! A few runs one after another, as a cluster's task does them.

use crate::attempt::{Attempt, Worker};
use crate::claim::Watch;
use crate::error::SweepError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How a task ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskSummary {
    /// Runs with a result.
    pub done: usize,
    /// Runs that failed for good: index and why.
    pub failed: Vec<(usize, String)>,
    /// Runs that other workers have.
    pub elsewhere: Vec<usize>,
    /// Whether the task was asked to stop before it was through.
    pub stopped: bool,
}

/// Trains these runs in order. A run that another worker has is waited for as long as a claim lives without its owner, in
/// case that worker is gone.
///
/// # Errors
/// An index that the plan does not have; a sweep folder that cannot be read or written.
pub fn run(
    worker: &Worker,
    indices: &[usize],
    forgive: bool,
    stop: &AtomicBool,
    observe: &dyn Fn(usize, &Attempt),
) -> Result<TaskSummary, SweepError> {
    let mut summary = TaskSummary::default();
    let stopped = || stop.load(Ordering::Relaxed);
    for &index in indices {
        let n_runs = worker.plan.runs.len();
        let run = worker.plan.runs.get(index).ok_or_else(|| {
            SweepError::Plan(format!(
                "index {index}: the plan has {n_runs} runs, 0 to {}",
                n_runs - 1
            ))
        })?;
        // Failures from before count unless they are to be forgiven.
        let forgiven = if forgive {
            worker.sweep.claims(run).latest()?.number
        } else {
            0
        };
        let mut watch = Watch::default();
        let mut patience = None;
        loop {
            if stopped() {
                summary.stopped = true;
                return Ok(summary);
            }
            let attempt = worker.attempt(run, &mut watch, forgiven, stopped)?;
            if attempt != Attempt::Elsewhere || patience.is_none() {
                observe(index, &attempt);
            }
            match attempt {
                Attempt::Done { .. } => summary.done += 1,
                Attempt::Failed { why, .. } => summary.failed.push((index, why)),
                Attempt::Stopped if stopped() => {
                    summary.stopped = true;
                    return Ok(summary);
                }
                Attempt::Again { .. } => {
                    wait(worker.policy.pause, stop);
                    continue;
                }
                Attempt::Elsewhere | Attempt::Stopped => {
                    let lease = &worker.policy.lease;
                    let until = *patience.get_or_insert(Instant::now() + lease.patience + 2 * lease.beat);
                    if Instant::now() < until {
                        wait(lease.beat.min(Duration::from_secs(5)), stop);
                        continue;
                    }
                    summary.elsewhere.push(index);
                }
            }
            break;
        }
    }
    Ok(summary)
}

fn wait(time: Duration, stop: &AtomicBool) {
    let until = Instant::now() + time;
    while !stop.load(Ordering::Relaxed) && Instant::now() < until {
        thread::sleep(Duration::from_millis(50).min(time));
    }
}
