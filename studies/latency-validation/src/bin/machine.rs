//! Predicts machines' held-out architectures and frontiers, and writes the page.

use rooflaw::calibration::Population;
use rooflaw::device::Device;
use rooflaw_study_latency_validation::machine::{Machine, Measured, page, read};
use std::{error::Error, fs, path::Path};

const ZEN4: &str = "\
A virtual machine with two cores of an AMD EPYC (Zen 4). Everything was measured three times, the second and the third time
more than an hour after the first. The machine is shared: its memory is up to a fifth slower at some times than at others.";

const ZEN5: &str = "\
A virtual machine with two cores of an AMD EPYC (Zen 5), measured when the latency model and its hierarchy were finished:
nothing was chosen with these measurements in sight.";

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
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
    let machines = [
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
            repeats: tables(&["zen5-1"])?,
            frontier: tables(&["zen5-frontier-1"])?,
        },
    ];
    fs::write(
        root.join("docs/latency-cpu.md"),
        page(Population::embedded(), &machines),
    )?;
    Ok(())
}
