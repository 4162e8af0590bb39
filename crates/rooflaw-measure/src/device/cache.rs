//! The caches, which a measurement of memory has to leave.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// All caches of the last level together, bytes; known on Linux only.
pub(super) fn last_level_bytes() -> Option<u64> {
    last_level_below(Path::new("/sys/devices/system/cpu"))
}

/// From the folders `cpu*/cache/index*` (Linux, `Documentation/ABI/testing/sysfs-devices-system-cpu`): `level`, `type`,
/// `size`, and `shared_cpu_list`, which tells the caches of a level apart.
fn last_level_below(cpus: &Path) -> Option<u64> {
    let mut caches: BTreeMap<(u32, String), u64> = BTreeMap::new();
    for cpu in fs::read_dir(cpus).ok()?.flatten() {
        let Ok(indices) = fs::read_dir(cpu.path().join("cache")) else {
            continue;
        };
        for index in indices.flatten() {
            let text = |name: &str| fs::read_to_string(index.path().join(name)).ok();
            let found = (|| {
                let is_instructions = text("type")?.trim() == "Instruction";
                let level: u32 = text("level")?.trim().parse().ok()?;
                let size = bytes(text("size")?.trim())?;
                (!is_instructions).then_some(((level, text("shared_cpu_list")?), size))
            })();
            caches.extend(found);
        }
    }
    let last = caches.keys().next_back()?.0;
    let of_last = caches.iter().filter(|((level, _), _)| *level == last);
    Some(of_last.map(|(_, size)| size).sum())
}

/// `32768K`.
fn bytes(text: &str) -> Option<u64> {
    let unit = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit);
    let scale: u64 = match unit {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caches_of_the_last_level_are_added_once_each() {
        let folder = tempfile::tempdir().unwrap();
        for cpu in 0..4 {
            let shared = if cpu < 2 { "0-1" } else { "2-3" };
            for (index, level, kind, size, shared) in [
                (0, 1, "Data", "32K", cpu.to_string()),
                (1, 1, "Instruction", "32K", cpu.to_string()),
                (2, 3, "Unified", "16384K", shared.to_owned()),
            ] {
                let path = folder.path().join(format!("cpu{cpu}/cache/index{index}"));
                fs::create_dir_all(&path).unwrap();
                for (name, value) in [
                    ("level", level.to_string()),
                    ("type", kind.to_owned()),
                    ("size", size.to_owned()),
                    ("shared_cpu_list", shared),
                ] {
                    fs::write(path.join(name), value + "\n").unwrap();
                }
            }
        }
        fs::create_dir(folder.path().join("cpufreq")).unwrap();
        assert_eq!(last_level_below(folder.path()), Some(32 << 20));
        assert_eq!(last_level_below(&folder.path().join("nowhere")), None);
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(bytes("512"), Some(512));
        assert_eq!(bytes("1024K"), Some(1 << 20));
        assert_eq!(bytes("3M"), Some(3 << 20));
        assert_eq!(bytes("3G"), None);
        assert_eq!(bytes(""), None);
        assert_eq!(bytes("99999999999999999999K"), None);
    }
}
