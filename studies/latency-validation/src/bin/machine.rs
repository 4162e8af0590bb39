//! Predicts machines' held-out architectures and frontiers, and writes the page.

use rooflaw::calibration::Population;
use rooflaw_study_latency_validation::machine;
use std::{error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = machine::page(Population::embedded(), &machine::committed(&root)?);
    fs::write(root.join("docs/latency-cpu.md"), page)?;
    Ok(())
}
