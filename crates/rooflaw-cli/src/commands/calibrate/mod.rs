//! `rooflaw calibrate`: from measurements to what a device achieves.

mod args;
pub mod print;
mod rows;

pub use args::Args;
pub use rows::{Row, Rows, Skipped};

use crate::input;
use crate::output::{self, File, Folder};
use crate::report;
use anyhow::{Result, anyhow};
use rooflaw::calibration::{Calibrated, CalibrationError, Compared, Observation, Population, calibrate};
use rooflaw::device::Phase;
use rooflaw::format::WeightFormat;
use serde::Serialize;
use serde_json::json;

/// What was measured, and what came of it.
pub struct Found {
    /// The device, its measurements, and what was left out.
    pub rows: Rows,
    /// The calibration, and how it compares with each measurement.
    pub calibrated: Calibrated,
}

/// A measurement beside what is predicted, in JSON and CSV.
#[derive(Serialize)]
pub struct Prediction<'a> {
    /// The file.
    pub file: String,
    /// The model.
    pub model: &'a str,
    /// Its weights.
    pub weights: WeightFormat,
    /// What was timed.
    pub phase: Phase,
    /// Sequences at once.
    pub batch: u32,
    /// Tokens in each KV cache at the start.
    pub context_tokens: u32,
    /// Tokens of each sequence that the phase works on.
    pub tokens: u32,
    /// What was measured, seconds.
    pub measured_s: f64,
    /// What the fit to all measurements has, seconds.
    pub fitted_s: f64,
    /// What the fit that had not seen it has, seconds.
    pub left_out_s: f64,
    /// The lower end of that prediction's interval.
    pub left_out_low_s: f64,
    /// The upper end.
    pub left_out_high_s: f64,
    /// Whether the fit leaves it far aside.
    pub is_outlier: bool,
}

impl Found {
    /// Every measurement with what is predicted of it.
    pub fn predictions(&self) -> Vec<Prediction<'_>> {
        let rows = self.rows.rows.iter().zip(&self.calibrated.compared);
        rows.map(|(row, compared)| prediction(row, compared)).collect()
    }
}

fn prediction<'a>(row: &'a Row, compared: &Compared) -> Prediction<'a> {
    let measurement = &row.measurement;
    Prediction {
        file: row.file.display().to_string(),
        model: input::name(measurement),
        weights: measurement.weights,
        phase: measurement.phase,
        batch: measurement.batch,
        context_tokens: measurement.context_tokens,
        tokens: measurement.tokens,
        measured_s: measurement.seconds,
        fitted_s: compared.fitted.predicted_s,
        left_out_s: compared.left_out.predicted_s,
        left_out_low_s: compared.left_out.low_s,
        left_out_high_s: compared.left_out.high_s,
        is_outlier: compared.is_outlier,
    }
}

/// Runs the command.
pub fn run(args: &Args) -> Result<()> {
    // What would fail at the end had better fail before.
    let out = args.out.as_deref().map(File::new).transpose()?;
    if let Some(report) = &args.report {
        Folder::check(report)?;
    }
    let rows = rows::rows(args)?;
    let observations: Vec<Observation<'_>> = rows
        .rows
        .iter()
        .map(|row| Observation {
            measurement: &row.measurement,
            device: &rows.device,
            architecture: row.architecture,
        })
        .collect();
    let calibrated = calibrate(Population::embedded(), &rows.device, &observations).map_err(advice)?;
    let found = Found { rows, calibrated };
    if let Some(report) = &args.report {
        let mut folder = Folder::new(report)?;
        report::calibration::write(&found, &mut folder)?;
        folder.commit()?;
    }
    if let Some(out) = out {
        out.write(&found.calibrated.calibration.to_toml())?;
    }
    if args.json {
        return output::json(&json!({
            "calibration": found.calibrated.calibration,
            "measurements": found.predictions(),
            "skipped": found.rows.skipped,
        }));
    }
    print::print(args, &found)
}

/// Which flag helps.
fn advice(error: CalibrationError) -> anyhow::Error {
    let flag = match &error {
        CalibrationError::NoRuntime(_) => Some("--runtime"),
        CalibrationError::Several { what, .. } if what.contains("threads") => Some("--threads"),
        CalibrationError::Several { .. } => Some("--runtime"),
        _ => None,
    };
    match flag {
        Some(flag) => anyhow!("{error}: give {flag}"),
        None => error.into(),
    }
}
