//! Predicts one machine's held-out architectures and writes the page.

use rooflaw::calibration::Population;
use rooflaw::device::Device;
use rooflaw_study_latency_validation::machine;
use std::{error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = root.join("data/measurements/cpu");
    let device = Device::from_toml("zen4-vm", &fs::read_to_string(folder.join("zen4-vm.toml"))?)?;
    let repeats = (1..=3)
        .map(|repeat| machine::read(&folder.join(format!("repeat-{repeat}.csv"))))
        .collect::<Result<Vec<_>, _>>()?;
    let page = machine::page(Population::embedded(), &device, &repeats)?;
    fs::write(root.join("docs/latency-cpu.md"), page)?;
    Ok(())
}
