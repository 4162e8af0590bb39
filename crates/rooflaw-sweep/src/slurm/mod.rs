//! Sweeps on a Slurm cluster: job arrays, one for each shape of resources. The run folders are the truth; what Slurm says of its
//! jobs only keeps them from being submitted twice.

mod queue;
mod script;
mod submit;

pub use queue::{Job, jobs, max_array_size, requeue_this_job};
pub use script::{Array, script};
pub use submit::{Options, Submission, hints, submit};

use std::env;

/// The job that this process is part of, as `squeue` writes it.
#[must_use]
pub fn job_of_this_process() -> Option<String> {
    let get = |name| env::var(name).ok().filter(|value| !value.is_empty());
    match (get("SLURM_ARRAY_JOB_ID"), get("SLURM_ARRAY_TASK_ID")) {
        (Some(array), Some(task)) => Some(format!("{array}_{task}")),
        _ => get("SLURM_JOB_ID"),
    }
}
