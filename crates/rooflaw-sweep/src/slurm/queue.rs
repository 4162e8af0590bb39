//! What Slurm's commands say.

use crate::error::SweepError;
use std::env;
use std::ffi::OsStr;
use std::process::{Command, Stdio};

/// A job, or one task of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id: `1234`, or `1234_5`.
    pub id: String,
    /// Its state, such as `RUNNING`.
    pub state: String,
    /// Its name.
    pub name: String,
}

/// States that a job leaves by itself no more (squeue(1), "job state codes"). In any other it may still train.
const ENDED: [&str; 11] = [
    "BOOT_FAIL",
    "CANCELLED",
    "COMPLETED",
    "DEADLINE",
    "FAILED",
    "LAUNCH_FAILED",
    "NODE_FAIL",
    "OUT_OF_MEMORY",
    "PREEMPTED",
    "REVOKED",
    "TIMEOUT",
];

impl Job {
    /// Whether it may still run, now or later.
    #[must_use]
    pub fn is_active(&self) -> bool {
        !ENDED.contains(&self.state.as_str())
    }

    /// Its index in its array.
    #[must_use]
    pub fn task(&self) -> Option<usize> {
        self.id.split_once('_')?.1.parse().ok()
    }
}

/// Runs a command of Slurm's and returns what it printed.
pub(super) fn ask(program: &str, arguments: &[&OsStr]) -> Result<String, SweepError> {
    let shown = || {
        let words = arguments.iter().map(|word| word.to_string_lossy());
        [program.into()]
            .into_iter()
            .chain(words)
            .collect::<Vec<_>>()
            .join(" ")
    };
    let failed = |message: String| SweepError::Command {
        command: shown(),
        message,
    };
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(format!("{error}: is Slurm installed here?")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().rev().find(|line| !line.trim().is_empty());
        return Err(failed(said.unwrap_or("it failed").trim().to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The jobs of these names that Slurm still knows, arrays task by task.
///
/// # Errors
/// `squeue` that is missing or fails.
pub fn jobs(names: &[String]) -> Result<Vec<Job>, SweepError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let names = format!("--name={}", names.join(","));
    // Neither `--json`, which differs between versions, nor sacct, which needs a database.
    let arguments = ["-h", "-r", "-t", "all", "-o", "%i|%T|%j", &names];
    let text = ask("squeue", &arguments.map(OsStr::new))?;
    Ok(text.lines().filter_map(job).collect())
}

fn job(line: &str) -> Option<Job> {
    let mut cells = line.trim().split('|');
    let mut next = || Some(cells.next()?.trim().to_owned());
    Some(Job {
        id: next()?,
        state: next()?,
        name: next()?,
    })
}

/// How many tasks an array may have.
///
/// # Errors
/// `scontrol` that is missing, fails, or does not say.
pub fn max_array_size() -> Result<usize, SweepError> {
    let text = ask("scontrol", &["show", "config"].map(OsStr::new))?;
    array_size(&text).ok_or_else(|| SweepError::Command {
        command: "scontrol show config".to_owned(),
        message: "it does not tell MaxArraySize".to_owned(),
    })
}

/// The largest index is one less (slurm.conf(5)), so it is the number of tasks from index 0 on.
fn array_size(config: &str) -> Option<usize> {
    let setting = config.lines().filter_map(|line| line.split_once('='));
    let mut values = setting.filter(|(key, _)| key.trim() == "MaxArraySize");
    values.next()?.1.trim().parse().ok().filter(|&size| size > 0)
}

/// Puts the job of this process back into the queue; `false` where it is no job of Slurm's.
///
/// # Errors
/// `scontrol` that is missing or refuses.
pub fn requeue_this_job() -> Result<bool, SweepError> {
    // Of an array's task this is its own number.
    let Some(job) = env::var_os("SLURM_JOB_ID") else {
        return Ok(false);
    };
    ask("scontrol", &[OsStr::new("requeue"), &job])?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_slurm_prints_is_understood() {
        let found = job("12_3|RUNNING|rooflaw-abc-1\n").unwrap();
        assert_eq!((found.task(), found.is_active()), (Some(3), true));
        assert!(!job("12|NODE_FAIL|x").unwrap().is_active());
        assert_eq!(job("12"), None);
        // As printed by Slurm 22.05.
        let config = "MaxArraySize            = 10001\nMaxBatchRequeue         = 5\n";
        assert_eq!(array_size(config), Some(10_001));
        assert_eq!(array_size("MaxArraySize = 0"), None);
    }
}
