//! A run's trainer: a process of its own, started, watched, stopped, and understood by how it ended.

use crate::claim::Outcome;
use crate::error::SweepError;
use crate::folder::SweepFolder;
use crate::plan::{Plan, PlannedRun};
use crate::record;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Exit code of a trainer that was given what it cannot use.
const BAD_INPUT: i32 = 2;
/// Exit code of a trainer whose run another process has (`EX_TEMPFAIL`, sysexits.h).
pub const HELD: i32 = 75;
/// Exit code of a trainer that was asked to stop.
pub const INTERRUPTED: i32 = 130;

/// Between two looks at a trainer.
const LOOK: Duration = Duration::from_millis(50);

/// How trainers are started.
#[derive(Clone, Debug)]
pub struct Trainer {
    /// The program and its first arguments; a run's follow.
    pub command: Vec<OsString>,
    /// Threads of each; `None` for what the trainer chooses.
    pub threads: Option<usize>,
    /// More of its options, such as how often it writes checkpoints.
    pub options: Vec<OsString>,
    /// How long a trainer has to write its checkpoint when it is asked to stop.
    pub grace: Duration,
}

impl Trainer {
    fn start(&self, sweep: &SweepFolder, plan: &Plan, run: &PlannedRun) -> Result<Child, SweepError> {
        let (config, recipe) = sweep.inputs(plan, run)?;
        let log = sweep.log(run);
        if let Some(folder) = log.parent() {
            fs::create_dir_all(folder).map_err(SweepError::io("create", folder))?;
        }
        let said = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)
            .map_err(SweepError::io("open", &log))?;
        let also = said.try_clone().map_err(SweepError::io("open", &log))?;
        let [program, first @ ..] = &self.command[..] else {
            return Err(SweepError::Plan("no trainer to start".to_owned()));
        };
        let mut command = Command::new(program);
        command
            .args(first)
            .arg("train")
            .arg(config)
            .arg("--data")
            .arg(&plan.data.path)
            .arg("--recipe")
            .arg(recipe)
            .args(["--seed", &run.seed.to_string()])
            .arg("--out")
            .arg(sweep.run(run))
            .args(["--engine", plan.engine.name()]);
        if let Some(threads) = self.threads {
            command.args(["--threads", &threads.to_string()]);
        }
        command
            .args(&self.options)
            .stdin(Stdio::null())
            .stdout(said)
            .stderr(also)
            // Ctrl-C is for the sweep, which then asks its trainers once.
            .process_group(0);
        command.spawn().map_err(|error| SweepError::Command {
            command: program.to_string_lossy().into_owned(),
            message: error.to_string(),
        })
    }

    /// Trains a run until it ends or `stop` says so. `Err` for a trainer that cannot be started.
    ///
    /// # Errors
    /// A disk that is full or not writable, a program that is not there.
    pub(crate) fn train(
        &self,
        sweep: &SweepFolder,
        plan: &Plan,
        run: &PlannedRun,
        stop: impl Fn() -> bool,
    ) -> Result<Outcome, SweepError> {
        let mut child = self.start(sweep, plan, run)?;
        let mut asked: Option<Instant> = None;
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) => {}
                Err(error) => return Err(SweepError::io("wait for the trainer of", &sweep.run(run))(error)),
            }
            match asked {
                None if stop() => {
                    signal(&child, Signal::TERM);
                    asked = Some(Instant::now());
                }
                Some(since) if since.elapsed() > self.grace => signal(&child, Signal::KILL),
                _ => {}
            }
            thread::sleep(LOOK);
        };
        Ok(outcome(sweep, run, status, asked.is_some()))
    }
}

fn signal(child: &Child, signal: Signal) {
    // One that has ended in the meantime needs no signal.
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// What the run's folder says counts; how the trainer ended only where that says nothing.
fn outcome(sweep: &SweepFolder, run: &PlannedRun, status: ExitStatus, asked: bool) -> Outcome {
    let folder = sweep.run(run);
    match record::is_done(&folder) {
        Ok(true) => return Outcome::Done,
        Ok(false) => {}
        Err(error) => {
            return Outcome::Failed {
                why: error.to_string(),
                may_pass: true,
            };
        }
    }
    let said = || record::last_words(&sweep.log(run));
    match (status.code(), status.signal()) {
        (Some(HELD), _) => Outcome::Held,
        (Some(INTERRUPTED), _) => Outcome::Interrupted,
        (None, Some(_)) if asked => Outcome::Interrupted,
        (None, Some(number)) => Outcome::Failed {
            why: format!("the trainer was ended by signal {number}{}", reason(number)),
            may_pass: true,
        },
        (Some(BAD_INPUT), _) => Outcome::Failed {
            why: said().unwrap_or_else(|| "the trainer refused its input".to_owned()),
            may_pass: false,
        },
        (code, _) => match record::failure(&folder) {
            Some(failure) => Outcome::Failed {
                may_pass: record::may_pass(&failure),
                why: failure.message,
            },
            None => Outcome::Failed {
                why: said().unwrap_or_else(|| {
                    let code = code.unwrap_or_default();
                    format!("the trainer ended with code {code} and left neither result nor reason")
                }),
                may_pass: false,
            },
        },
    }
}

fn reason(signal: i32) -> &'static str {
    match signal {
        9 => " (out of memory, or killed)",
        7 | 11 => " (a crash)",
        _ => "",
    }
}
