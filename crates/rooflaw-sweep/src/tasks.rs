//! Files that tell each task of a cluster's job its runs: a line for a task, the ids of its runs in it. Ids, not indices, so
//! that a task is what it was when the plan is another.

use crate::error::SweepError;
use crate::files;
use crate::plan::Plan;
use std::path::Path;

/// Largest file read, bytes.
const MAX_BYTES: u64 = 16 << 20;

/// The ids of runs, task by task.
#[must_use]
pub fn ids(plan: &Plan, tasks: &[Vec<usize>]) -> Vec<Vec<String>> {
    let id = |index: &usize| Some(plan.runs.get(*index)?.id.clone());
    let of_task = |task: &Vec<usize>| task.iter().filter_map(id).collect();
    tasks.iter().map(of_task).collect()
}

/// Writes a file of tasks.
///
/// # Errors
/// A disk that is full or not writable.
pub fn write(path: &Path, tasks: &[Vec<String>]) -> Result<(), SweepError> {
    let lines: Vec<String> = tasks.iter().map(|task| task.join(" ") + "\n").collect();
    files::write(path, lines.concat().as_bytes())
}

/// Reads a file of tasks; none where there is no file.
///
/// # Errors
/// A file that cannot be read or is too large.
pub fn read(path: &Path) -> Result<Vec<Vec<String>>, SweepError> {
    let bytes = files::read(path, MAX_BYTES)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let task = |line: &str| line.split_whitespace().map(str::to_owned).collect();
    Ok(text.lines().map(task).collect())
}

/// The indices of a task's runs in the plan.
///
/// # Errors
/// A file that cannot be read, a task that it does not have, a run that the plan does not have.
pub fn task(plan: &Plan, path: &Path, number: usize) -> Result<Vec<usize>, SweepError> {
    let wrong = |message: String| SweepError::File {
        path: path.to_path_buf(),
        message,
    };
    let tasks = read(path)?;
    let ids = tasks.get(number).ok_or_else(|| {
        wrong(format!(
            "no task {number}: expected less than {}, the number of its lines",
            tasks.len()
        ))
    })?;
    let index = |id: &String| {
        let place = plan.runs.iter().position(|run| run.id == *id);
        place.ok_or_else(|| wrong(format!("run {id} is not in the plan")))
    };
    ids.iter().map(index).collect()
}
