//! Who trains a run: at most one worker at a time, on one machine or many, whatever dies.
//!
//! A run's claims are files `000001.json`, `000002.json`, … in a folder of its own. Creating one with `O_EXCL` (atomic on local
//! file systems and on NFS from version 3) is the claim; the highest number owns the run, and none is ever deleted, so that
//! two takers of the same stale claim want the same file, which one of them gets. Each claim is also the record of an attempt.
//!
//! An owner writes to `000001.beat` every [`Lease::beat`]. A claim can be taken over when it was released, when its owner ran on
//! this machine and is gone, or when its beat did not change for [`Lease::patience`] **on the watcher's own clock**: no two
//! machines need to agree on the time. An owner that finds a higher number has lost the run and stops its trainer.

mod beat;
mod owner;

pub use beat::Heart;
pub use owner::Owner;

use crate::error::SweepError;
use crate::files;
use serde::{Deserialize, Serialize};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Largest claim file read, bytes.
const MAX_CLAIM_BYTES: u64 = 1 << 20;
/// Most attempts of a run: no retry policy comes near.
const MAX_CLAIMS: u32 = 999_999;

/// How long a claim lives without its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Between two signs of life.
    pub beat: Duration,
    /// Without a sign for so long, an owner on another machine counts as gone.
    pub patience: Duration,
}

impl Default for Lease {
    fn default() -> Self {
        Lease::of(Duration::from_secs(90))
    }
}

impl Lease {
    /// A lease with six signs of life within it.
    #[must_use]
    pub fn of(patience: Duration) -> Lease {
        Lease {
            beat: patience / 6,
            patience,
        }
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    /// The run has its result.
    Done,
    /// The trainer failed.
    Failed {
        /// What it said.
        why: String,
        /// Whether trying again may help.
        may_pass: bool,
    },
    /// It was asked to stop, and left a checkpoint.
    Interrupted,
    /// Someone else's trainer has the run.
    Held,
}

/// What a claim file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Claim {
    owner: Owner,
    /// Seconds since 1970 on the owner's clock, for people.
    since: u64,
    /// How it ended; absent while it goes on.
    #[serde(flatten, default)]
    outcome: Option<Outcome>,
}

/// The claims on one run.
#[derive(Clone, Debug)]
pub struct Claims {
    folder: PathBuf,
}

/// What is known of a run's latest claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latest {
    /// Its number; 0 when there is none.
    pub number: u32,
    /// Who made it.
    pub owner: Option<Owner>,
    /// How it ended, unless it goes on.
    pub outcome: Option<Outcome>,
}

/// What a watcher remembers of a claim that is not its own.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    seen: Option<(u32, Vec<u8>, Instant)>,
}

/// A run that is ours until this is released.
#[derive(Debug)]
pub struct Held {
    claims: Claims,
    number: u32,
    claim: Claim,
}

impl Claims {
    /// The claims in a folder, which need not exist.
    #[must_use]
    pub fn in_folder(folder: PathBuf) -> Claims {
        Claims { folder }
    }

    fn path(&self, number: u32, ending: &str) -> PathBuf {
        self.folder.join(format!("{number:06}.{ending}"))
    }

    /// The highest number; 0 when there is none.
    fn highest(&self) -> Result<u32, SweepError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(SweepError::io("read", &self.folder)(error)),
        };
        let mut highest = 0;
        for entry in entries {
            let name = entry.map_err(SweepError::io("read", &self.folder))?.file_name();
            let number = name
                .to_str()
                .and_then(|name| name.strip_suffix(".json")?.parse().ok());
            highest = highest.max(number.unwrap_or(0));
        }
        Ok(highest)
    }

    /// A claim's contents; `None` for one that was made a moment ago and is not written yet, or never will be.
    fn claim(&self, number: u32) -> Result<Option<Claim>, SweepError> {
        let bytes = files::read(&self.path(number, "json"), MAX_CLAIM_BYTES)?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// The latest claim.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn latest(&self) -> Result<Latest, SweepError> {
        let number = self.highest()?;
        let claim = if number > 0 { self.claim(number)? } else { None };
        Ok(Latest {
            number,
            owner: claim.as_ref().map(|claim| claim.owner.clone()),
            outcome: claim.and_then(|claim| claim.outcome),
        })
    }

    /// How every attempt ended, the first first; `None` for one that goes on or whose owner is gone.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn outcomes(&self) -> Result<Vec<Option<Outcome>>, SweepError> {
        let outcome = |number| Ok(self.claim(number)?.and_then(|claim| claim.outcome));
        (1..=self.highest()?).map(outcome).collect()
    }

    /// Seconds since a claim's last sign of life, on this machine's clock: for people, not for deciding.
    pub(crate) fn silent_for(&self, number: u32) -> Option<f64> {
        let beat = fs::metadata(self.path(number, "beat")).ok()?;
        let since = beat.modified().ok()?.elapsed().ok()?;
        Some(since.as_secs_f64())
    }

    /// Takes the run if nobody has it. `watch` is what this watcher saw of it before; keep it between calls.
    ///
    /// # Errors
    /// A folder that cannot be read or written.
    pub fn take(
        &self,
        owner: &Owner,
        lease: &Lease,
        watch: &mut Watch,
        now: Instant,
    ) -> Result<Option<Held>, SweepError> {
        let latest = self.latest()?;
        if latest.number >= MAX_CLAIMS {
            return Err(SweepError::File {
                path: self.folder.clone(),
                message: format!("{MAX_CLAIMS} attempts: something starts this run again and again"),
            });
        }
        let is_free = latest.number == 0
            || latest.outcome.is_some()
            || latest.owner.as_ref().is_some_and(|other| other.is_gone(owner))
            || self.is_silent(latest.number, lease, watch, now)?;
        if !is_free {
            return Ok(None);
        }
        let held = self.create(latest.number + 1, owner)?;
        if held.is_some() {
            *watch = Watch::default();
        }
        Ok(held)
    }

    fn is_silent(
        &self,
        number: u32,
        lease: &Lease,
        watch: &mut Watch,
        now: Instant,
    ) -> Result<bool, SweepError> {
        let beat = files::read(&self.path(number, "beat"), MAX_CLAIM_BYTES)?.unwrap_or_default();
        match &watch.seen {
            Some((seen, at_that_time, since)) if *seen == number && *at_that_time == beat => {
                Ok(now.duration_since(*since) >= lease.patience)
            }
            _ => {
                watch.seen = Some((number, beat, now));
                Ok(false)
            }
        }
    }

    fn create(&self, number: u32, owner: &Owner) -> Result<Option<Held>, SweepError> {
        fs::create_dir_all(&self.folder).map_err(SweepError::io("create", &self.folder))?;
        let path = self.path(number, "json");
        let claim = Claim {
            owner: owner.clone(),
            since: owner::now(),
            outcome: None,
        };
        let text =
            serde_json::to_vec(&claim).map_err(|error| SweepError::io("write", &path)(error.into()))?;
        let mut file = match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(None),
            Err(error) => return Err(SweepError::io("create", &path)(error)),
        };
        file.write_all(&text)
            .and_then(|()| file.sync_all())
            .map_err(SweepError::io("write", &path))?;
        Ok(Some(Held {
            claims: self.clone(),
            number,
            claim,
        }))
    }
}

impl Held {
    /// The attempt's number, from 1.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Whether nobody has taken the run over.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn is_ours(&self) -> Result<bool, SweepError> {
        Ok(self.claims.highest()? == self.number)
    }

    fn beat_path(&self) -> PathBuf {
        self.claims.path(self.number, "beat")
    }

    /// Ends the attempt and says how; the run is free for others from now on, unless it is done.
    ///
    /// # Errors
    /// A disk that is full or not writable: the claim then lapses with its lease.
    pub fn release(mut self, outcome: Outcome) -> Result<(), SweepError> {
        self.claim.outcome = Some(outcome);
        files::write_json(&self.claims.path(self.number, "json"), &self.claim)
    }
}

impl AsRef<Path> for Claims {
    fn as_ref(&self) -> &Path {
        &self.folder
    }
}

#[cfg(test)]
mod tests;
