//! On what a run was started, without names of hosts or users.

use serde::{Deserialize, Serialize};
use sysinfo::{CpuRefreshKind, RefreshKind, System};

/// A machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// What the processor calls itself.
    pub cpu: String,
    /// Cores, as far as the system tells.
    pub physical_cores: Option<usize>,
    /// Threads that can run at once.
    pub logical_cores: usize,
    /// The operating system and its version.
    pub os: String,
}

impl Machine {
    /// This one.
    #[must_use]
    pub fn this() -> Machine {
        let kind = RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing());
        let system = System::new_with_specifics(kind);
        let cpu = system.cpus().first().map(|cpu| cpu.brand().trim().to_owned());
        Machine {
            cpu: cpu
                .filter(|name| !name.is_empty())
                .unwrap_or_else(|| "unknown".to_owned()),
            physical_cores: System::physical_core_count(),
            logical_cores: system.cpus().len(),
            os: System::long_os_version().unwrap_or_else(|| std::env::consts::OS.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_cores() {
        let machine = Machine::this();
        assert!(machine.logical_cores >= 1, "{machine:?}");
        assert!(machine.logical_cores >= std::thread::available_parallelism().unwrap().get());
        assert!(!machine.cpu.is_empty() && !machine.os.is_empty(), "{machine:?}");
    }
}
