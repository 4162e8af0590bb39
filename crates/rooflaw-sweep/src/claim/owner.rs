//! Who has a claim, and whether it can still be alive.

use serde::{Deserialize, Serialize};
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

/// A process, told apart from all others on all machines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The machine's name, for people.
    pub host: String,
    /// What tells boots and containers apart: the kernel's boot id and the namespace that process ids belong to; empty
    /// where there are none.
    pub realm: String,
    /// The process id within it.
    pub pid: u32,
    /// When the process was started, in the kernel's ticks: process ids are used again.
    pub started: u64,
    /// The cluster's job, such as `1234_5`, where there is one.
    pub job: Option<String>,
}

impl Owner {
    /// This process.
    #[must_use]
    pub fn this_process() -> Owner {
        let pid = std::process::id();
        Owner {
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            realm: realm().unwrap_or_default(),
            pid,
            started: started(pid).unwrap_or(0),
            job: crate::slurm::job_of_this_process(),
        }
    }

    /// Whether this owner is known to be gone, as seen from `here`: only where both are of one realm can that be seen.
    #[must_use]
    pub fn is_gone(&self, here: &Owner) -> bool {
        let visible = !self.realm.is_empty() && self.realm == here.realm;
        visible && started(self.pid) != Some(self.started)
    }
}

/// The boot and the namespace of process ids.
fn realm() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), namespace.display()))
}

/// When a process was started, in clock ticks since the boot; `None` for one that is gone or a zombie.
pub(super) fn started(pid: u32) -> Option<u64> {
    // proc(5): the name in parentheses may hold anything; the state is the first field after it, the start the twentieth.
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    let start = fields.nth(18)?.parse().ok()?;
    (!matches!(state, "Z" | "X")).then_some(start)
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
