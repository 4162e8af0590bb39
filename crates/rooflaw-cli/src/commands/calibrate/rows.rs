//! Which measurements a calibration is made of.

use super::Args;
use crate::input::{self, Measurements};
use anyhow::{Result, anyhow, bail};
use rooflaw::architecture::Architecture;
use rooflaw::calibration::{MIN_ROWS, Runtime};
use rooflaw::device::{self, Device};
use rooflaw::measurements::Measurement;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A measurement of the device.
pub struct Row {
    /// The file it was read from.
    pub file: PathBuf,
    /// What was measured.
    pub measurement: Measurement,
    /// The model's architecture.
    pub architecture: Architecture,
}

/// What a calibration is made of, and what is left out of it.
pub struct Rows {
    /// The device.
    pub device: Device,
    /// The name by which the files call it, where the catalogue does not know that.
    pub called: Option<String>,
    /// Its measurements.
    pub rows: Vec<Row>,
    /// What was left out: why, how often, and where first.
    pub skipped: Vec<Skipped>,
}

/// Entries left out for one reason.
#[derive(serde::Serialize)]
pub struct Skipped {
    /// Why.
    pub reason: String,
    /// How many.
    pub count: usize,
    /// Where the first is.
    pub first: String,
}

/// Collects reasons, each once.
#[derive(Default)]
struct Reasons(BTreeMap<String, (usize, String)>);

impl Reasons {
    fn add(&mut self, reason: String, place: String) {
        self.0.entry(reason).or_insert((0, place)).0 += 1;
    }
}

/// Reads the measurements and chooses those of the device and the runtime.
pub fn rows(args: &Args) -> Result<Rows> {
    let Measurements { rows, skipped } = input::measurements(&args.measurements, &args.given())?;
    let mut reasons = Reasons::default();
    for (place, reason) in skipped {
        reasons.add(reason, place);
    }
    let (device, called) = find_device(args, &rows)?;
    let is_of_device = |name: &str| name.is_empty() || Some(name) == called.as_deref() || is(&device, name);
    let mut models = args.models();
    let mut chosen = Vec::new();
    for (file, mut measurement) in rows {
        let place = file.display().to_string();
        if !is_of_device(&measurement.device) {
            reasons.add(format!("measured on {}", measurement.device), place);
            continue;
        }
        if measurement.backend.is_empty() {
            Runtime::backend_of(&device).clone_into(&mut measurement.backend);
        }
        if let Some(asked) = &args.runtime
            && !asked.means(&Runtime::of(&measurement))
        {
            reasons.add(
                format!("measured with {}", Runtime::of(&measurement).name()),
                place,
            );
            continue;
        }
        if let (Some(asked), Some(found)) = (args.threads, measurement.threads)
            && asked != found
        {
            reasons.add(format!("measured with {found} threads"), place);
            continue;
        }
        match models.architecture(&file, &measurement) {
            Ok(architecture) => chosen.push(Row {
                file,
                measurement,
                architecture,
            }),
            Err(reason) => reasons.add(reason, place),
        }
    }
    let skipped: Vec<Skipped> = reasons
        .0
        .into_iter()
        .map(|(reason, (count, first))| Skipped { reason, count, first })
        .collect();
    if chosen.len() < MIN_ROWS
        && let Some(most) = skipped.iter().max_by_key(|skipped| skipped.count)
    {
        let n: usize = skipped.iter().map(|skipped| skipped.count).sum();
        bail!(
            "{} of {} measurements are of {} and can be used: expected at least {MIN_ROWS}. Left out, among others: {} ({})",
            chosen.len(),
            chosen.len() + n,
            device.name,
            most.reason,
            most.first
        );
    }
    Ok(Rows {
        device,
        called,
        rows: chosen,
        skipped,
    })
}

/// Whether a device goes by a name.
fn is(device: &Device, name: &str) -> bool {
    let name = name.trim();
    let names = [&device.id, &device.name].into_iter().chain(&device.aliases);
    names.into_iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The device that is calibrated, and what the files call it if that is no name of the catalogue.
fn find_device(args: &Args, rows: &[(PathBuf, Measurement)]) -> Result<(Device, Option<String>)> {
    let mut names: Vec<&str> = rows.iter().map(|(_, row)| row.device.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| !name.is_empty());
    let Some(asked) = &args.device else {
        return match names[..] {
            [only] => device::find(only)
                .map(|device| (device.clone(), None))
                .map_err(|error| anyhow!("give --device: {error}")),
            [] => bail!("the measurements name no device: give --device"),
            _ => bail!(
                "the measurements are of several devices: {}: give --device",
                names.join(", ")
            ),
        };
    };
    let device = input::device(asked)?;
    if names.iter().any(|name| is(&device, name)) {
        return Ok((device, None));
    }
    // Names such as llama-bench's `AMD EPYC` are nobody's ids.
    let unknown: Vec<&str> = names
        .iter()
        .copied()
        .filter(|name| device::find(name).is_err())
        .collect();
    match unknown[..] {
        [] => Ok((device, None)),
        [only] => Ok((device, Some(only.to_owned()))),
        _ => bail!(
            "which of the measurements are of {}? They name the devices {}",
            device.name,
            unknown.join(", ")
        ),
    }
}
