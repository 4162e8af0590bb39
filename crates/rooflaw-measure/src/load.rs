//! Who else used the processors meanwhile.

use serde::Serialize;
use std::fs;

/// What the kernel has counted since it started, ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuTimes {
    /// Work: user, nice, system, interrupts.
    busy: u64,
    /// Time in which the hypervisor ran somebody else.
    steal: u64,
    /// All time, idle and waiting included.
    total: u64,
}

/// Fields of the line `cpu` that add up to all time; `guest` and `guest_nice` are counted in `user` and `nice` already
/// (proc_stat(5)).
const FIELDS: usize = 8;

impl CpuTimes {
    /// From the text of `/proc/stat`; `None` where it is not that.
    #[must_use]
    pub fn parse(text: &str) -> Option<CpuTimes> {
        let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
        let fields: Vec<u64> = line
            .split_ascii_whitespace()
            .take(FIELDS)
            .map_while(|field| field.parse().ok())
            .collect();
        let [user, nice, system, idle, iowait, irq, softirq, steal] = fields[..] else {
            return None;
        };
        let sum = |parts: &[u64]| parts.iter().try_fold(0_u64, |sum, &part| sum.checked_add(part));
        let busy = sum(&[user, nice, system, irq, softirq])?;
        Some(CpuTimes {
            busy,
            steal,
            total: sum(&[busy, idle, iowait, steal])?,
        })
    }

    /// Now; `None` where the system does not say (anything but Linux).
    #[must_use]
    pub fn now() -> Option<CpuTimes> {
        CpuTimes::parse(&fs::read_to_string("/proc/stat").ok()?)
    }
}

/// How far others used the processors over some time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Load {
    /// Work of other processes, as a share of all processors' time.
    pub others: f64,
    /// Time that the hypervisor gave to others, as a share of all processors' time.
    pub steal: f64,
}

impl Load {
    /// Between two readings, of which `own` ticks were ours; `None` when no time has passed.
    #[must_use]
    pub fn between(before: &CpuTimes, after: &CpuTimes, own: f64) -> Option<Load> {
        let total = after.total.checked_sub(before.total).filter(|&total| total > 0)? as f64;
        let busy = after.busy.saturating_sub(before.busy) as f64;
        Some(Load {
            others: ((busy - own) / total).max(0.0),
            steal: after.steal.saturating_sub(before.steal) as f64 / total,
        })
    }
}

/// From what on a machine counts as busy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoadLimit {
    /// Of [`Load::others`].
    pub others: f64,
    /// Of [`Load::steal`].
    pub steal: f64,
}

impl LoadLimit {
    /// A limit on others' work, and on stolen time the same or 2 %, whichever is less; no limit at all when others may
    /// have everything.
    #[must_use]
    pub fn of(others: f64) -> LoadLimit {
        let steal = if others < 1.0 { others.min(0.02) } else { 1.0 };
        LoadLimit { others, steal }
    }

    /// Whether there is one: 100 % is none.
    #[must_use]
    pub fn is_some(&self) -> bool {
        self.others < 1.0
    }

    /// Whether a load is beyond it.
    #[must_use]
    pub fn is_exceeded_by(&self, load: &Load) -> bool {
        load.others > self.others || load.steal > self.steal
    }
}

/// CPU time of this process and of its children that have ended, seconds.
#[cfg(unix)]
pub(crate) fn own_seconds() -> Option<f64> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike as _;
    let seconds = |who| {
        let usage = getrusage(who).ok()?;
        let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
        Some(micros as f64 / 1e6)
    };
    Some(seconds(UsageWho::RUSAGE_SELF)? + seconds(UsageWho::RUSAGE_CHILDREN)?)
}

/// Not asked for: other systems have no `/proc/stat` either.
#[cfg(not(unix))]
pub(crate) fn own_seconds() -> Option<f64> {
    None
}

/// Ticks of `/proc/stat` per second.
#[cfg(unix)]
fn ticks_per_second() -> Option<f64> {
    use nix::unistd::{SysconfVar, sysconf};
    Some(sysconf(SysconfVar::CLK_TCK).ok()?? as f64)
}

#[cfg(not(unix))]
fn ticks_per_second() -> Option<f64> {
    None
}

/// Watches the processors from when it is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watch {
    times: Option<CpuTimes>,
    own: Option<f64>,
}

impl Watch {
    pub(crate) fn start() -> Watch {
        Watch {
            own: own_seconds(),
            times: CpuTimes::now(),
        }
    }

    /// The load since then; `None` where the system does not say.
    pub(crate) fn load(&self) -> Option<Load> {
        let now = CpuTimes::now()?;
        let own = (own_seconds()? - self.own?) * ticks_per_second()?;
        Load::between(self.times.as_ref()?, &now, own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "cpu  1000 10 100 5000 50 0 5 7 0 0\ncpu0 1 2 3\ncpu1 4 5 6\nintr 12 3\nctxt 1\n";
    const AFTER: &str = "cpu  1300 10 110 5180 60 0 5 17 200 0\ncpu0 1 2 3\ncpu1 4 5 6\nintr 12 3\nctxt 1\n";

    #[test]
    fn the_work_of_others_is_what_ours_does_not_explain() {
        let before = CpuTimes::parse(BEFORE).unwrap();
        let after = CpuTimes::parse(AFTER).unwrap();
        assert_eq!((before.busy, before.total), (1115, 6172));
        // 310 busy, 180 idle, 10 waiting, 10 stolen; guest time is user time already.
        let load = Load::between(&before, &after, 259.0).unwrap();
        assert!((load.others - 51.0 / 510.0).abs() < 1e-12, "{load:?}");
        assert!((load.steal - 10.0 / 510.0).abs() < 1e-12, "{load:?}");
        assert!(LoadLimit::of(0.05).is_exceeded_by(&load));
        assert!(!LoadLimit::of(0.2).is_exceeded_by(&load));
        // Ours alone.
        let quiet = Load::between(&before, &after, 312.0).unwrap();
        assert_eq!(quiet.others, 0.0);
        // Stolen time alone.
        assert!(!LoadLimit::of(0.05).is_exceeded_by(&quiet));
        assert!(LoadLimit::of(0.01).is_exceeded_by(&quiet));
        assert!(!LoadLimit::of(1.0).is_exceeded_by(&Load {
            others: 1.0,
            steal: 0.9
        }));
        assert_eq!(Load::between(&before, &before, 0.0), None);
        assert_eq!(Load::between(&after, &before, 0.0), None);
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "",
            "cpu",
            "cpu 1 2 3",
            "cpu  a b c d e f g h",
            "cpu0 1 2 3 4 5 6 7 8",
            "cpu 18446744073709551615 1 1 1 1 1 1 1",
            "cpu -1 1 1 1 1 1 1 1",
        ] {
            assert_eq!(CpuTimes::parse(text), None, "{text}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_says() {
        let watch = Watch::start();
        std::thread::sleep(std::time::Duration::from_millis(60));
        let load = watch.load().unwrap();
        assert!(
            (0.0..=1.0).contains(&load.others) && (0.0..=1.0).contains(&load.steal),
            "{load:?}"
        );
    }
}
