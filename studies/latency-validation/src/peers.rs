//! Peers' predictions of the same measurements (`studies/latency-peers`): the rows they are asked, and their answers.

use crate::bare::bare_s;
use crate::folds::Predicted;
use rooflaw::calibration::Observation;
use rooflaw::format::Precision;
use std::collections::BTreeMap;
use std::{error::Error, path::Path};

/// A tool and how it was set.
pub type Tool = (String, String);

/// Answers in seconds, by the number of the row, from 0.
pub type Answers = BTreeMap<Tool, BTreeMap<usize, f64>>;

const COLUMNS: [&str; 16] = [
    "device",
    "class",
    "model",
    "config",
    "runtime",
    "weights",
    "phase",
    "batch",
    "context_tokens",
    "tokens",
    "seconds",
    "bandwidth_bytes_per_s",
    "peak_matrix_flops",
    "peak_fp16_flops",
    "peak_int8_flops",
    "bare_s",
];

/// Writes the rows that peers are asked.
///
/// # Errors
/// A file that cannot be written.
pub fn write_rows(path: &Path, observations: &[Observation<'_>]) -> Result<(), Box<dyn Error>> {
    let mut file = csv::Writer::from_path(path)?;
    file.write_record(COLUMNS)?;
    for observation in observations {
        let (measurement, device) = (observation.measurement, observation.device);
        let rate = |precision| device.peaks.rate(precision).map_or(0.0, |(rate, _)| rate);
        let fp16 = rate(Precision::Fp16);
        // On CUDA llama.cpp multiplies quantised weights as integers.
        let matrix = if measurement.backend == "cuda" {
            rate(measurement.weights.matrix_precision())
        } else {
            fp16
        };
        let config = measurement.config.as_ref();
        file.write_record([
            device.id.clone(),
            device.class.name().to_owned(),
            measurement.model.clone(),
            config.map_or_else(String::new, |config| format!("data/measurements/{config}")),
            format!("{}/{}", measurement.runtime, measurement.backend),
            measurement.weights.name().into_owned(),
            measurement.phase.name().to_owned(),
            measurement.batch.to_string(),
            measurement.context_tokens.to_string(),
            measurement.tokens.to_string(),
            measurement.seconds.to_string(),
            device.memory_bandwidth_bytes_per_s.to_string(),
            matrix.to_string(),
            fp16.to_string(),
            rate(Precision::Int8).to_string(),
            bare_s(observation).to_string(),
        ])?;
    }
    Ok(file.flush()?)
}

/// Reads the answers.
///
/// # Errors
/// A file that cannot be read.
pub fn read(path: &Path) -> Result<Answers, Box<dyn Error>> {
    let mut answers = Answers::new();
    for record in csv::Reader::from_path(path)?.deserialize() {
        let (row, tool, variant, seconds, note): (usize, String, String, Option<f64>, String) = record?;
        // With a note, part of the model is left out.
        if let Some(seconds) = seconds.filter(|_| note.is_empty()) {
            answers
                .entry((tool, variant))
                .or_default()
                .insert(row.saturating_sub(1), seconds);
        }
    }
    Ok(answers)
}

/// A tool's answers beside the predictions of the same measurements; `all` are the measurements that were asked.
#[must_use]
pub fn beside<'a>(
    predicted: &[Predicted<'a>],
    all: &[Observation<'_>],
    answers: &BTreeMap<usize, f64>,
) -> Vec<(Predicted<'a>, f64)> {
    predicted
        .iter()
        .filter_map(|one| {
            let row = all
                .iter()
                .position(|other| std::ptr::eq(other.measurement, one.observation.measurement))?;
            Some((*one, *answers.get(&row)?))
        })
        .collect()
}
