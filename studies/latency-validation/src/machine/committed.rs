//! The machines of `data/measurements/cpu`.

use super::{Machine, Measured, read};
use rooflaw::device::Device;
use std::{error::Error, fs, path::Path};

const ZEN4: &str = "\
A virtual machine with two cores of an AMD EPYC (Zen 4). Everything was measured three times, the second and the third time
more than an hour after the first. The machine is shared: its memory is up to a fifth slower at some times than at others.";

const ZEN5: &str = "\
A virtual machine with two cores of an AMD EPYC (Zen 5), measured when the latency model and its hierarchy were finished:
nothing was chosen with these measurements in sight. What is held out was measured twice, two hours apart.";

/// The machines.
///
/// # Errors
/// A file that cannot be read.
pub fn committed(root: &Path) -> Result<Vec<Machine>, Box<dyn Error>> {
    let folder = root.join("data/measurements/cpu");
    let device = |name: &str| -> Result<Device, Box<dyn Error>> {
        let text = fs::read_to_string(folder.join(format!("{name}-vm.toml")))?;
        Ok(Device::from_toml(&format!("{name}-vm"), &text)?)
    };
    let tables = |names: &[&str]| -> Result<Vec<Vec<Measured>>, Box<dyn Error>> {
        names
            .iter()
            .map(|name| read(&folder.join(format!("{name}.csv"))))
            .collect()
    };
    Ok(vec![
        Machine {
            heading: "An AMD EPYC (Zen 4)",
            remarks: ZEN4,
            device: device("zen4")?,
            repeats: tables(&["zen4-1", "zen4-2", "zen4-3"])?,
            frontier: Vec::new(),
        },
        Machine {
            heading: "An AMD EPYC (Zen 5)",
            remarks: ZEN5,
            device: device("zen5")?,
            repeats: tables(&["zen5-1", "zen5-2"])?,
            frontier: tables(&["zen5-frontier-1", "zen5-frontier-2"])?,
        },
    ])
}
