//! One attempt at a run: claimed, trained, its end recorded.

use crate::claim::{Claims, Heart, Lease, Outcome, Owner, Watch};
use crate::error::SweepError;
use crate::folder::SweepFolder;
use crate::plan::{Plan, PlannedRun};
use crate::record;
use crate::trainer::Trainer;
use std::time::{Duration, Instant};

/// How often and how soon a run that failed is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Times that a failure which may pass is tried again.
    pub retries: u32,
    /// Before it is.
    pub pause: Duration,
    /// How long a claim lives without its owner.
    pub lease: Lease,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            retries: 2,
            pause: Duration::from_secs(30),
            lease: Lease::default(),
        }
    }
}

/// What a worker works with.
#[derive(Clone, Debug)]
pub struct Worker {
    /// The sweep.
    pub sweep: SweepFolder,
    /// Its plan.
    pub plan: Plan,
    /// How it trains.
    pub trainer: Trainer,
    /// How it tries again.
    pub policy: Policy,
    /// Who it is.
    pub owner: Owner,
}

/// How an attempt went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The run has its result; `now` when it was this attempt's.
    Done {
        /// Whether it was trained just now.
        now: bool,
    },
    /// It failed, and is not tried again.
    Failed {
        /// Why.
        why: String,
        /// Whether it failed just now.
        now: bool,
    },
    /// It failed, and is to be tried again after a pause.
    Again {
        /// Why it failed.
        why: String,
    },
    /// Another worker has it.
    Elsewhere,
    /// We were asked to stop, or another worker has taken it over; a checkpoint is there.
    Stopped,
}

impl Worker {
    /// Whether a run has failed for good, after the first `forgiven` attempts.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn final_failure(&self, run: &PlannedRun, forgiven: u32) -> Result<Option<String>, SweepError> {
        final_failure(&self.sweep.claims(run), self.policy.retries, forgiven)
    }

    /// Tries a run once. `forgiven` attempts do not count among its failures.
    ///
    /// # Errors
    /// A sweep folder that cannot be read or written.
    pub fn attempt(
        &self,
        run: &PlannedRun,
        watch: &mut Watch,
        forgiven: u32,
        stop: impl Fn() -> bool,
    ) -> Result<Attempt, SweepError> {
        let folder = self.sweep.run(run);
        if record::is_done(&folder)? {
            return Ok(Attempt::Done { now: false });
        }
        if let Some(why) = self.final_failure(run, forgiven)? {
            return Ok(Attempt::Failed { why, now: false });
        }
        let claims = self.sweep.claims(run);
        let Some(held) = claims.take(&self.owner, &self.policy.lease, watch, Instant::now())? else {
            return Ok(Attempt::Elsewhere);
        };
        // It may have been done between the look and the claim.
        if record::is_done(&folder)? {
            held.release(Outcome::Done)?;
            return Ok(Attempt::Done { now: false });
        }
        let heart = Heart::start(&held, &self.policy.lease)?;
        let outcome = self
            .trainer
            .train(&self.sweep, &self.plan, run, || stop() || heart.is_lost())
            .unwrap_or_else(|error| Outcome::Failed {
                why: error.to_string(),
                may_pass: true,
            });
        drop(heart);
        held.release(outcome.clone())?;
        Ok(match outcome {
            Outcome::Done => Attempt::Done { now: true },
            Outcome::Held => Attempt::Elsewhere,
            Outcome::Interrupted => Attempt::Stopped,
            Outcome::Failed { why, .. } => match self.final_failure(run, forgiven)? {
                Some(_) => Attempt::Failed { why, now: true },
                None => Attempt::Again { why },
            },
        })
    }
}

/// Why a run has failed for good, if it has: a reason that does not pass, or more failures than are tried again.
pub(crate) fn final_failure(
    claims: &Claims,
    retries: u32,
    forgiven: u32,
) -> Result<Option<String>, SweepError> {
    let mut failures = 0;
    let mut last = None;
    for outcome in claims.outcomes()?.into_iter().skip(forgiven as usize) {
        match outcome {
            Some(Outcome::Failed { why, may_pass }) => {
                failures += 1;
                last = Some(why).filter(|_| !may_pass || failures > retries);
            }
            // A later attempt, which someone asked for, counts more.
            Some(Outcome::Done | Outcome::Interrupted | Outcome::Held) | None => last = None,
        }
    }
    Ok(last)
}
