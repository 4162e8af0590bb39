//! Machines measured by ourselves: calibrated on some architectures, held to others.

mod committed;
mod page;
mod rank;

pub use committed::committed;
pub use page::page;

use crate::statistics::quantile;
use rooflaw::architecture::{Architecture, hf};
use rooflaw::calibration::{Interval, Observation, Population};
use rooflaw::device::{Device, Phase};
use rooflaw::measurements::{Measurement, MeasurementTable};
use std::{error::Error, fs, path::Path};

/// A machine and what was measured on it.
pub struct Machine {
    /// What it is.
    pub heading: &'static str,
    /// What was measured, when, how.
    pub remarks: &'static str,
    /// Its figures.
    pub device: Device,
    /// Architectures that calibrate (`cal-…`) and architectures held out, all of them in each repeat.
    pub repeats: Vec<Vec<Measured>>,
    /// Points of the frontier that `rooflaw design` found with the calibration, in each repeat.
    pub frontier: Vec<Vec<Measured>>,
}

/// A measurement with its model.
pub struct Measured {
    /// What was measured.
    pub measurement: Measurement,
    /// The model.
    pub architecture: Architecture,
}

/// Reads a table whose rows name their config.json.
///
/// # Errors
/// A file that cannot be read.
pub fn read(path: &Path) -> Result<Vec<Measured>, Box<dyn Error>> {
    let folder = path.parent().unwrap_or(Path::new(""));
    MeasurementTable::from_csv(&fs::read(path)?)?
        .rows
        .into_iter()
        .map(|measurement| {
            let config = measurement.config.as_deref().ok_or("a row without a config")?;
            let architecture = hf::read(&fs::read(folder.join(config))?)?.architecture;
            Ok(Measured {
                measurement,
                architecture,
            })
        })
        .collect()
}

/// Whether a measurement is one of those that the calibration may see.
fn is_for_calibration(measured: &Measured) -> bool {
    measured.measurement.model.starts_with("cal-")
}

/// A model that the calibration has not seen, in one format: what each repeat measured, and what was predicted.
#[derive(Clone, Debug)]
struct Held {
    model: String,
    weights: String,
    measured_s: Vec<f64>,
    interval: Interval,
}

impl Held {
    /// The median of the repeats, seconds.
    fn middle_s(&self) -> f64 {
        quantile(self.measured_s.clone(), 0.5)
    }

    fn error(&self) -> f64 {
        self.interval.predicted_s / self.middle_s() - 1.0
    }
}

impl Machine {
    /// Predicts a phase of everything in some repeats that the calibration may not see.
    fn hold(&self, population: &Population, phase: Phase, repeats: &[Vec<Measured>]) -> Vec<Held> {
        let is_of_phase = |row: &Measured| row.measurement.phase == phase;
        let seen: Vec<Observation<'_>> = self
            .repeats
            .iter()
            .flatten()
            .filter(|row| is_for_calibration(row) && is_of_phase(row))
            .map(|row| self.observation(row))
            .collect();
        let rows: Vec<&Measured> = repeats
            .first()
            .into_iter()
            .flatten()
            .filter(|row| !is_for_calibration(row) && is_of_phase(row))
            .collect();
        let asked: Vec<Observation<'_>> = rows.iter().map(|row| self.observation(row)).collect();
        let (seen, asked): (Vec<_>, Vec<_>) = (seen.iter().collect(), asked.iter().collect());
        rows.iter()
            .zip(population.predict(phase, &seen, &asked))
            .filter_map(|(row, interval)| {
                let first = &row.measurement;
                let measured_s = repeats.iter().map(|repeat| again(repeat, first));
                Some(Held {
                    model: first.model.clone(),
                    weights: first.weights.name().into_owned(),
                    measured_s: measured_s.collect::<Option<_>>()?,
                    interval,
                })
            })
            .collect()
    }

    fn observation<'a>(&'a self, row: &'a Measured) -> Observation<'a> {
        Observation {
            measurement: &row.measurement,
            device: &self.device,
            architecture: row.architecture,
        }
    }

    /// Median and 90th percentile of |predicted / measured − 1| of a phase, of what was held out.
    #[must_use]
    pub fn errors(&self, population: &Population, phase: Phase) -> [f64; 2] {
        let held = self.hold(population, phase, &self.repeats);
        let errors: Vec<f64> = held.iter().map(|one| one.error().abs()).collect();
        [0.5, 0.9].map(|share| quantile(errors.clone(), share))
    }

    /// Rank correlation of a phase's predictions and measurements, of what was held out.
    #[must_use]
    pub fn rank_correlation(&self, population: &Population, phase: Phase) -> f64 {
        let held = self.hold(population, phase, &self.repeats);
        let pairs: Vec<(f64, f64)> = held
            .iter()
            .map(|one| (one.interval.predicted_s, one.middle_s()))
            .collect();
        rank::spearman(&pairs)
    }
}

/// |later / first − 1| of everything that the first repeat and a later one measured.
fn floor(repeats: &[Vec<Measured>], phase: Phase) -> Vec<f64> {
    let Some((first, later)) = repeats.split_first() else {
        return Vec::new();
    };
    first
        .iter()
        .filter(|row| row.measurement.phase == phase)
        .flat_map(|row| {
            later.iter().filter_map(|repeat| {
                let again = again(repeat, &row.measurement)?;
                Some((again / row.measurement.seconds - 1.0).abs())
            })
        })
        .collect()
}

fn again(rows: &[Measured], first: &Measurement) -> Option<f64> {
    rows.iter()
        .map(|row| &row.measurement)
        .find(|row| (row.phase, &row.model, row.weights) == (first.phase, &first.model, first.weights))
        .map(|row| row.seconds)
}
