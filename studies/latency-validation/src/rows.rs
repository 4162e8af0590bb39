//! The published measurements, with their devices and models.

use rooflaw::architecture::{Architecture, hf};
use rooflaw::calibration::Observation;
use rooflaw::device::{self, Device};
use rooflaw::measurements::{Measurement, MeasurementTable};
use rooflaw::models;
use std::{error::Error, fs, path::Path};

/// A measurement that owns what an [`Observation`] borrows.
pub struct Published {
    /// What was measured.
    pub measurement: Measurement,
    /// The device.
    pub device: &'static Device,
    /// The model.
    pub architecture: Architecture,
}

/// Reads `published.csv` of a folder.
///
/// # Errors
/// A file that cannot be read, or a name that the catalogue does not know.
pub fn read(folder: &Path) -> Result<Vec<Published>, Box<dyn Error>> {
    let table = MeasurementTable::from_csv(&fs::read(folder.join("published.csv"))?)?;
    table
        .rows
        .into_iter()
        .map(|measurement| {
            let architecture = match &measurement.config {
                Some(config) => hf::read(&fs::read(folder.join(config))?)?.architecture,
                None => models::find(&measurement.model)?.architecture,
            };
            Ok(Published {
                device: device::find(&measurement.device)?,
                architecture,
                measurement,
            })
        })
        .collect()
}

/// The measurements as a fit takes them.
#[must_use]
pub fn observations(published: &[Published]) -> Vec<Observation<'_>> {
    published
        .iter()
        .map(|row| Observation {
            measurement: &row.measurement,
            device: row.device,
            architecture: row.architecture,
        })
        .collect()
}
