//! This machine.

use std::path::Path;
use std::thread;
use sysinfo::System;

/// Threads that measurements use unless told otherwise: one for each core, since those that share a core share what
/// matters.
#[must_use]
pub fn default_threads() -> u32 {
    let allowed = thread::available_parallelism().map_or(1, usize::from);
    let cores = System::physical_core_count().unwrap_or(allowed);
    u32::try_from(cores.min(allowed).max(1)).unwrap_or(1)
}

/// Whether a folder is in memory rather than on a disk (tmpfs), where models are read at another speed. Known on Linux
/// only.
#[must_use]
pub fn is_in_memory(folder: &Path) -> bool {
    #[cfg(target_os = "linux")]
    {
        use nix::sys::statfs::{TMPFS_MAGIC, statfs};
        statfs(folder).is_ok_and(|found| found.filesystem_type() == TMPFS_MAGIC)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = folder;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_core() {
        assert!(default_threads() >= 1);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn memory_is_told_from_disks() {
        assert!(!is_in_memory(Path::new("/proc")));
        if Path::new("/dev/shm").is_dir() {
            assert!(is_in_memory(Path::new("/dev/shm")));
        }
    }
}
