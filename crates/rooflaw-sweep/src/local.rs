//! A sweep on this machine, by a number of workers; other machines may work at the same folder.

use crate::attempt::{Attempt, Worker};
use crate::claim::Watch;
use crate::error::SweepError;
use crate::plan::PlannedRun;
use crate::record;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Between two looks at runs that are not to be had yet.
const LOOK: Duration = Duration::from_millis(200);

/// Which runs come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The longest, so that no worker is left alone with a long one at the end: at most 4/3 of the shortest possible time
    /// (Graham 1969, "Bounds on multiprocessing timing anomalies").
    #[default]
    LongestFirst,
    /// The shortest, so that there are results, and mistakes, early.
    ShortestFirst,
}

/// What happened to a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A worker looks after it.
    Started,
    /// How that ended.
    Ended(Attempt),
}

/// How a sweep ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Runs that have their results.
    pub done: usize,
    /// Those that failed for good: index and why.
    pub failed: Vec<(usize, String)>,
    /// Those that are neither, because the sweep was stopped.
    pub open: usize,
}

/// Indices of runs by their cost.
#[must_use]
pub fn ordered(runs: &[PlannedRun], order: Order) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..runs.len()).collect();
    let cost = |&index: &usize| runs.get(index).map_or(0.0, |run| run.predicted.training_flop);
    // Stable: runs of one cost keep the plan's order.
    match order {
        Order::LongestFirst => indices.sort_by(|a, b| cost(b).total_cmp(&cost(a))),
        Order::ShortestFirst => indices.sort_by(|a, b| cost(a).total_cmp(&cost(b))),
    }
    indices
}

/// A run that is not finished.
struct Open {
    index: usize,
    /// What was seen of another worker's claim.
    watch: Watch,
    /// Not to be tried before.
    not_before: Instant,
    /// Whether one of our workers has it.
    busy: bool,
}

struct Board {
    open: Vec<Open>,
    summary: Summary,
    error: Option<SweepError>,
}

/// Trains all runs, `workers` at a time, until each is done or has failed for good, or `stop` becomes true.
///
/// Failures from before count unless they are to be forgiven.
///
/// # Errors
/// A sweep folder that cannot be read or written. What goes wrong with a run is in the summary.
pub fn run(
    worker: &Worker,
    workers: NonZeroUsize,
    order: Order,
    forgive: bool,
    stop: &AtomicBool,
    observe: &(dyn Fn(usize, &Event) + Sync),
) -> Result<Summary, SweepError> {
    let mut forgiven = BTreeMap::new();
    if forgive {
        for (index, run) in worker.plan.runs.iter().enumerate() {
            forgiven.insert(index, worker.sweep.claims(run).latest()?.number);
        }
    }
    let open = |index| Open {
        index,
        watch: Watch::default(),
        not_before: Instant::now(),
        busy: false,
    };
    let board = Mutex::new(Board {
        open: ordered(&worker.plan.runs, order).into_iter().map(open).collect(),
        summary: Summary::default(),
        error: None,
    });
    thread::scope(|scope| {
        for _ in 0..workers.get() {
            scope.spawn(|| work(worker, &board, &forgiven, stop, observe));
        }
    });
    let board = board.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(error) = board.error {
        return Err(error);
    }
    let mut summary = board.summary;
    summary.open = board.open.len();
    summary.failed.sort();
    Ok(summary)
}

fn work(
    worker: &Worker,
    board: &Mutex<Board>,
    forgiven: &BTreeMap<usize, u32>,
    stop: &AtomicBool,
    observe: &(dyn Fn(usize, &Event) + Sync),
) {
    let lock = || board.lock().unwrap_or_else(PoisonError::into_inner);
    while !stop.load(Ordering::Relaxed) {
        let next = {
            let mut board = lock();
            if board.error.is_some() || board.open.is_empty() {
                return;
            }
            let now = Instant::now();
            let next = board
                .open
                .iter_mut()
                .find(|open| !open.busy && open.not_before <= now);
            next.map(|open| {
                open.busy = true;
                (open.index, std::mem::take(&mut open.watch))
            })
        };
        let Some((index, mut watch)) = next else {
            thread::sleep(LOOK);
            continue;
        };
        let Some(run) = worker.plan.runs.get(index) else {
            return;
        };
        let forgiven = forgiven.get(&index).copied().unwrap_or(0);
        let start = Instant::now();
        let stopped = || stop.load(Ordering::Relaxed);
        let attempt = if record::is_done(&worker.sweep.run(run)).unwrap_or(false) {
            Ok(Attempt::Done { now: false })
        } else {
            observe(index, &Event::Started);
            worker.attempt(run, &mut watch, forgiven, stopped)
        };
        let mut board = lock();
        let attempt = match attempt {
            Ok(attempt) => attempt,
            Err(error) => {
                board.error.get_or_insert(error);
                return;
            }
        };
        observe(index, &Event::Ended(attempt.clone()));
        let place = board.open.iter().position(|open| open.index == index);
        let Some(mut open) = place.map(|place| board.open.remove(place)) else {
            return;
        };
        match attempt {
            Attempt::Done { .. } => board.summary.done += 1,
            Attempt::Failed { why, .. } => board.summary.failed.push((index, why)),
            Attempt::Again { .. } | Attempt::Elsewhere | Attempt::Stopped => {
                // Another's trainer that was met is not met again at once; a claim alone is looked at often.
                let met = matches!(attempt, Attempt::Again { .. }) || start.elapsed() > LOOK;
                let pause = if met {
                    worker.policy.pause
                } else {
                    worker.policy.lease.beat.min(Duration::from_secs(1))
                };
                open.not_before = Instant::now() + pause;
                open.watch = watch;
                open.busy = false;
                // Others first.
                board.open.push(open);
            }
        }
    }
}
