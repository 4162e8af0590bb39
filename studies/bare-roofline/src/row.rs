//! A measurement beside its prediction: a line of `results/errors.csv`.

use crate::measurements::Measurement;
use crate::names;
use rooflaw::device::{self, Device, Phase};
use rooflaw::format::{Formats, WeightFormat};
use rooflaw::operators::{Assumptions, Step, visit_operators};
use rooflaw::roofline::{Roofline, Workload};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What was run, in the catalogue's names, and how long it took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Device id.
    pub device: String,
    /// Class of the device.
    pub class: String,
    /// Model id.
    pub model: String,
    /// The program that ran the model.
    pub runtime: String,
    /// CUDA, Metal, CPU, ….
    pub backend: String,
    /// Weight format.
    pub format: String,
    /// What was timed.
    pub phase: Phase,
    /// Tokens in the KV cache before the timed phase.
    pub depth: u32,
    /// Tokens that the timed phase adds: the prompt, or the tokens generated.
    pub tokens: u32,
    /// Operators launched per step.
    pub n_operators: u32,
    /// The roofline without launches: TTFT, or the mean TPOT, milliseconds.
    pub work_ms: f64,
    /// The roofline as it is: with the class's launch overhead, milliseconds.
    pub predicted_ms: f64,
    /// What the source reports, milliseconds.
    pub measured_ms: f64,
    /// Measured over predicted.
    pub ratio: f64,
    /// Where it was read.
    pub source: String,
}

/// Why a row says nothing about the roofline.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Skipped {
    /// Not quality A, batch 1, prefill or decode: outside the question.
    #[error("not quality A, batch 1, prefill or decode speed")]
    OutOfScope,
    /// The device, or not as it was run.
    #[error("{0}")]
    Device(&'static str),
    /// The model's shape is not known.
    #[error("model not in the catalogue")]
    Model,
    /// No weight format stores the same bits.
    #[error("no weight format of ours stores the same bits")]
    Format,
    /// The file is not the size that the format gives.
    #[error("the file's size is not the format's")]
    FileSize,
    /// A length that the time depends on is missing or 0.
    #[error("lengths not stated")]
    Lengths,
    /// Not the time of the phase alone.
    #[error("not the time of the phase alone")]
    NotThePhase,
}

/// Digits kept in the CSV: more than any source has, few enough to read.
pub(crate) fn rounded(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

impl Row {
    /// Reads `errors.csv`.
    ///
    /// # Errors
    /// A file that cannot be read, or is not one.
    pub fn read_all(path: &Path) -> Result<Vec<Row>, csv::Error> {
        csv::Reader::from_path(path)?.deserialize().collect()
    }

    /// Predicts a measurement.
    ///
    /// # Errors
    /// Why the measurement cannot be used.
    pub fn new(measurement: &Measurement) -> Result<Row, Skipped> {
        let phase = match measurement.metric.as_str() {
            "decode_tok_s" => Phase::Decode,
            "prefill_tok_s" => Phase::Prefill,
            _ => return Err(Skipped::OutOfScope),
        };
        if measurement.quality != "A" || measurement.batch != Some(1) || measurement.value <= 0.0 {
            return Err(Skipped::OutOfScope);
        }
        if measurement.note.contains("wall clock") {
            return Err(Skipped::NotThePhase);
        }
        let device = names::device(measurement, phase).map_err(Skipped::Device)?;
        let model = names::model_id(&measurement.model).ok_or(Skipped::Model)?;
        let format = names::format(measurement).ok_or(Skipped::Format)?;
        let tokens = match phase {
            Phase::Decode => measurement.gen_len,
            Phase::Prefill => measurement.prompt_len,
        };
        let (Some(tokens @ 1..), Some(depth)) = (tokens, measurement.context_depth) else {
            return Err(Skipped::Lengths);
        };
        if let Some(reported) = measurement.weight_bytes_reported {
            let stored = stored_bytes(device, model, format).ok_or(Skipped::Model)?;
            if !same_file(stored, reported) {
                return Err(Skipped::FileSize);
            }
        }
        let measured_s = match phase {
            Phase::Decode => 1.0 / measurement.value,
            Phase::Prefill => f64::from(tokens) / measurement.value,
        };
        let row = Row {
            device: device.id.clone(),
            class: device.class.name().to_owned(),
            model: model.to_owned(),
            runtime: runtime_family(&measurement.runtime).to_owned(),
            backend: measurement.backend.clone(),
            format: format.name().into_owned(),
            phase,
            depth,
            tokens,
            n_operators: 0,
            work_ms: 0.0,
            predicted_ms: 0.0,
            measured_ms: rounded(measured_s * 1e3),
            ratio: 0.0,
            source: measurement.source.clone(),
        };
        row.predicted().ok_or(Skipped::Model)
    }

    /// The same row predicted anew from its names and lengths; `None` if the catalogue lost one of the names.
    #[must_use]
    pub fn predicted(&self) -> Option<Row> {
        let device = device::find(&self.device).ok()?;
        let format: WeightFormat = self.format.parse().ok()?;
        let bare = Assumptions {
            launch_overhead: false,
            ..Assumptions::default()
        };
        let predicted = self.seconds(device, format, &Assumptions::default())?;
        Some(Row {
            class: device.class.name().to_owned(),
            n_operators: self.n_operators(format)?,
            work_ms: rounded(self.seconds(device, format, &bare)? * 1e3),
            predicted_ms: rounded(predicted * 1e3),
            ratio: rounded(self.measured_ms * 1e-3 / predicted),
            ..self.clone()
        })
    }

    fn seconds(&self, device: &Device, format: WeightFormat, assumptions: &Assumptions) -> Option<f64> {
        let architecture = names::architecture(&self.model)?;
        let roofline = Roofline::new(device, &Formats::of_weights(format), assumptions);
        Some(match self.phase {
            Phase::Prefill => roofline.step(&architecture, &self.step()),
            Phase::Decode => {
                let workload = Workload {
                    batch: 1,
                    prompt_tokens: self.depth,
                    generated_tokens: self.tokens,
                };
                roofline.generation(&architecture, &workload) / f64::from(self.tokens)
            }
        })
    }

    fn step(&self) -> Step {
        match self.phase {
            Phase::Prefill => Step {
                batch: 1.0,
                tokens: f64::from(self.tokens),
                past: f64::from(self.depth),
            },
            Phase::Decode => Step::decode(1, self.depth + 1),
        }
    }

    fn n_operators(&self, format: WeightFormat) -> Option<u32> {
        let architecture = names::architecture(&self.model)?;
        let mut launches = 0.0;
        let formats = Formats::of_weights(format);
        visit_operators(
            &architecture,
            &self.step(),
            &formats,
            &Assumptions::default(),
            |operator| {
                launches += operator.instances;
            },
        );
        Some(launches as u32)
    }
}

/// Whether a file of `reported` bytes holds weights of `stored` bytes and no more than the metadata and tokenizer.
///
/// A gpt-oss whose attention is in `Q8_0` is only 3 % smaller than the published one but reads a fifth less per token,
/// so the test is sharp: exact formats agree to 0.2 %.
fn same_file(stored: f64, reported: f64) -> bool {
    const MIB: f64 = 1_048_576.0;
    // A whole number of "MB" is what a directory listing prints, which counts MiB.
    let reported = if reported % 1e6 == 0.0 {
        reported / 1e6 * MIB
    } else {
        reported
    };
    let metadata = reported - stored;
    metadata.abs() < 0.01 * reported || (0.0..10.0 * MIB).contains(&metadata)
}

fn stored_bytes(device: &Device, model: &str, format: WeightFormat) -> Option<f64> {
    let architecture = names::architecture(model)?;
    let roofline = Roofline::new(device, &Formats::of_weights(format), &Assumptions::default());
    Some(roofline.memory(&architecture, &Workload::default()).weights_bytes)
}

/// The runtime without its version and flags.
fn runtime_family(runtime: &str) -> &str {
    match runtime.split_once(" (") {
        Some(("llama.cpp", _)) => "llama.cpp",
        Some(("PyTorch", _)) => "PyTorch",
        _ => runtime,
    }
}
