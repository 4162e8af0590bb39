//! Arguments of commands that train.

use anyhow::{Context as _, Result};
use rooflaw_sweep::attempt::{Policy, Worker};
use rooflaw_sweep::claim::{Lease, Owner};
use rooflaw_sweep::folder::SweepFolder;
use rooflaw_sweep::plan::Plan;
use rooflaw_sweep::trainer::Trainer;
use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How runs are trained, and tried again.
#[derive(clap::Args, Clone, Debug)]
pub struct WorkerArgs {
    /// Threads of each trainer [default: the processors, shared by the workers]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub threads: Option<u16>,
    /// Times that a run is tried again when it failed for a reason that may pass (disk, device, killed)
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub retries: u32,
    /// Seconds before that
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(0..=86_400))]
    pub pause: u64,
    /// Seconds without a sign of life after which a worker on another machine counts as gone
    #[arg(long, value_name = "SECONDS", default_value_t = 90, value_parser = clap::value_parser!(u64).range(6..=86_400))]
    pub lease: u64,
    /// Seconds that a trainer has for its checkpoint when it is asked to stop
    #[arg(long, value_name = "SECONDS", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub grace: u64,
    /// Try runs again that failed for good
    #[arg(long)]
    pub retry_failed: bool,
    /// An option for `rooflaw train`, such as --checkpoint-interval-s=60; may be given several times
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true)]
    pub train_option: Vec<String>,
    /// A trainer of your own in place of this program's: docs/sweeps.md says what it is given and what it must write
    #[arg(long, value_name = "PROGRAM", value_parser = program)]
    pub trainer: Option<PathBuf>,
}

/// A program by its whole path: workers on other machines start elsewhere.
fn program(text: &str) -> Result<PathBuf, String> {
    let path = Path::new(text).canonicalize();
    path.map_err(|error| format!("{error}: expected the path of a program"))
}

impl WorkerArgs {
    /// A worker of this process.
    pub fn worker(&self, sweep: SweepFolder, plan: Plan, threads: usize) -> Result<Worker> {
        let program = env::current_exe().context("cannot find this program")?;
        let parent = std::process::id().to_string();
        let mut command = vec![program.into_os_string()];
        command.extend(["sweep", "trainer", "--parent", &parent].map(Into::into));
        if let Some(own) = &self.trainer {
            command.extend(["--program".into(), own.clone().into_os_string()]);
        }
        Ok(Worker {
            sweep,
            plan,
            trainer: Trainer {
                command,
                threads: Some(threads),
                options: self.train_option.iter().map(Into::into).collect(),
                grace: Duration::from_secs(self.grace),
            },
            policy: Policy {
                retries: self.retries,
                pause: Duration::from_secs(self.pause),
                lease: Lease::of(Duration::from_secs(self.lease)),
            },
            owner: Owner::this_process(),
        })
    }

    /// Threads of each of so many workers.
    pub fn threads_of(&self, workers: usize) -> usize {
        self.threads.map_or_else(
            || {
                let all = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
                (all / workers.max(1)).max(1)
            },
            usize::from,
        )
    }

    /// The same as arguments, for a worker elsewhere.
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut add = |name: &str, value: u64| words.extend([format!("--{name}"), value.to_string()]);
        if let Some(threads) = self.threads {
            add("threads", u64::from(threads));
        }
        add("retries", u64::from(self.retries));
        add("pause", self.pause);
        add("lease", self.lease);
        add("grace", self.grace);
        for option in &self.train_option {
            words.push(format!("--train-option={option}"));
        }
        if let Some(own) = &self.trainer {
            words.extend(["--trainer".to_owned(), own.display().to_string()]);
        }
        if self.retry_failed {
            words.push("--retry-failed".to_owned());
        }
        words
    }
}
