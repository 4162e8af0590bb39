//! What to ask a cluster for: tasks of runs, each with processors, memory and time.

use crate::plan::{Engine, Plan, PlannedRun};
use serde::Serialize;
use std::collections::BTreeMap;

/// What is asked for beyond what is predicted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Margins {
    /// Predicted memory is multiplied with it.
    pub memory_factor: f64,
    /// Memory of the program and its buffers, bytes.
    pub memory_extra_bytes: f64,
    /// Predicted time is multiplied with it.
    pub time_factor: f64,
    /// Time to start, evaluate and write, minutes a task.
    pub time_extra_minutes: f64,
}

impl Default for Margins {
    fn default() -> Self {
        Margins {
            memory_factor: 1.25,
            memory_extra_bytes: 512e6,
            time_factor: 1.5,
            time_extra_minutes: 5.0,
        }
    }
}

/// How runs become tasks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Packing {
    /// Processors of a task.
    pub cpus: u32,
    /// Short runs share a task of up to this long, minutes, margins included.
    pub task_minutes: u32,
    /// The longest time asked for, minutes; longer runs are checkpointed and requeued.
    pub longest_minutes: u32,
    /// The time of every run, minutes, in place of predictions.
    pub minutes: Option<u32>,
    /// The memory of every task, MiB, in place of predictions.
    pub memory_mib: Option<u64>,
    /// Margins.
    pub margins: Margins,
}

impl Default for Packing {
    fn default() -> Self {
        Packing {
            cpus: 4,
            task_minutes: 60,
            longest_minutes: 24 * 60,
            minutes: None,
            memory_mib: None,
            margins: Margins::default(),
        }
    }
}

/// What a task asks for. Values are rounded up to few steps, so that few shapes are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Request {
    /// Processors.
    pub cpus: u32,
    /// Memory of the machine, MiB.
    pub memory_mib: u64,
    /// GPUs.
    pub gpus: u32,
    /// Time, minutes.
    pub minutes: u32,
}

/// Tasks that ask for the same; each is the indices of its runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shape {
    /// What each asks for.
    pub request: Request,
    /// The tasks.
    pub tasks: Vec<Vec<usize>>,
}

/// Runs (of known time) as tasks, by shape; the largest shape first. `None` where the time of a run is neither predicted
/// nor given.
#[must_use]
pub fn shapes(plan: &Plan, indices: &[usize], packing: &Packing) -> Option<Vec<Shape>> {
    let mut by_memory: BTreeMap<u64, Vec<(usize, f64)>> = BTreeMap::new();
    for &index in indices {
        let run = plan.runs.get(index)?;
        let minutes = match packing.minutes {
            Some(minutes) => f64::from(minutes),
            None => run.predicted.seconds? / 60.0 * packing.margins.time_factor,
        };
        let memory = packing.memory_mib.unwrap_or_else(|| {
            let bytes = host_bytes(run, plan.engine) * packing.margins.memory_factor;
            step_up((bytes + packing.margins.memory_extra_bytes) / f64::from(1 << 20))
        });
        by_memory.entry(memory).or_default().push((index, minutes));
    }
    let gpus = u32::from(plan.engine == Engine::Cuda);
    let mut shapes: BTreeMap<Request, Vec<Vec<usize>>> = BTreeMap::new();
    for (memory_mib, mut runs) in by_memory {
        runs.sort_by(|a, b| b.1.total_cmp(&a.1));
        for (task, minutes) in packed(&runs, packing) {
            let wanted = minutes + packing.margins.time_extra_minutes;
            let minutes = step_up(wanted).min(u64::from(packing.longest_minutes)) as u32;
            let request = Request {
                cpus: packing.cpus,
                memory_mib,
                gpus,
                minutes,
            };
            shapes.entry(request).or_default().push(task);
        }
    }
    let shape = |(request, tasks)| Shape { request, tasks };
    Some(shapes.into_iter().rev().map(shape).collect())
}

/// First fit, longest first: tasks no longer than wanted, but for single runs that are.
fn packed(runs: &[(usize, f64)], packing: &Packing) -> Vec<(Vec<usize>, f64)> {
    let most =
        f64::from(packing.task_minutes.min(packing.longest_minutes)) - packing.margins.time_extra_minutes;
    let mut tasks: Vec<(Vec<usize>, f64)> = Vec::new();
    // Runs come longest first: once a task is too full for one it may still have room for a shorter one. A plan of 100,000
    // runs would look at too many tasks, so only at the latest.
    const LATEST: usize = 64;
    for &(index, minutes) in runs {
        let from = tasks.len().saturating_sub(LATEST);
        let room = tasks
            .iter_mut()
            .skip(from)
            .find(|(_, full)| full + minutes <= most);
        match room {
            Some((task, full)) => {
                task.push(index);
                *full += minutes;
            }
            None => tasks.push((vec![index], minutes)),
        }
    }
    tasks
}

/// Memory of the machine, bytes: all of it, or what a checkpoint passes through it when a GPU trains.
fn host_bytes(run: &PlannedRun, engine: Engine) -> f64 {
    let memory = &run.predicted.memory;
    match engine {
        Engine::Cpu => memory.total_bytes(),
        Engine::Cuda => memory.weights_bytes + memory.moments_bytes,
    }
}

/// The next of 1, 1.5, 2, 3, 4, 6, 8, 12, …
fn step_up(value: f64) -> u64 {
    let mut step = 1_u64;
    while (step as f64) < value && step < 1 << 40 {
        let three_halves = step + step / 2;
        if step > 1 && three_halves as f64 >= value {
            return three_halves;
        }
        step *= 2;
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_few_and_above() {
        let steps: Vec<u64> = [0.5, 1.0, 1.2, 2.5, 3.0, 3.1, 5.0, 7.0, 1000.0]
            .map(step_up)
            .to_vec();
        assert_eq!(steps, [1, 1, 2, 3, 3, 4, 6, 8, 1024]);
    }

    #[test]
    fn short_runs_share_and_long_ones_do_not() {
        let packing = Packing {
            task_minutes: 65,
            ..Packing::default()
        };
        let runs = [(0, 200.0), (1, 40.0), (2, 30.0), (3, 20.0), (4, 20.0), (5, 10.0)];
        let tasks = packed(&runs, &packing);
        let indices: Vec<_> = tasks.iter().map(|(task, _)| task.clone()).collect();
        assert_eq!(indices, [vec![0], vec![1, 3], vec![2, 4, 5]]);
        assert!(tasks[1..].iter().all(|(_, minutes)| *minutes <= 60.0));
    }
}
