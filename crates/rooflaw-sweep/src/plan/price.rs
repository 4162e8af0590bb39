//! What runs will take: arithmetic, memory, time.

use super::Recipe;
use crate::error::SweepError;
use rooflaw::architecture::Architecture;
use rooflaw::device::Device;
use rooflaw::format::Precision;
use rooflaw::plan::{TrainingMemory, TrainingPrecision, training_flop_per_token, training_memory};
use serde::{Deserialize, Serialize};

/// The share of a device's peak rate that training achieves, unless told: the better end of published
/// trainings in round numbers (PaLM, arXiv 2204.02311, table 3: GPT-3 21 %, Megatron-Turing 30 %, Gopher 33 %, PaLM 46 %).
/// Small models achieve less.
pub const DEFAULT_MFU: f64 = 0.4;

/// What predicted times rest on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Basis {
    /// A device's peak rate and a share of it.
    Device {
        /// The device's id.
        device: String,
        /// Its peak rate in the precision trained in, FLOP/s.
        peak_flop_per_s: f64,
        /// The share of it that training achieves (model FLOP utilisation).
        mfu: f64,
    },
    /// What a run of one model was measured to achieve, carried over to the others FLOP for FLOP.
    Measured {
        /// The model.
        model: String,
        /// Its training tokens/s.
        tokens_per_s: f64,
        /// What that is in FLOP/s.
        flop_per_s: f64,
    },
}

/// What a run will take.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prediction {
    /// Training tokens.
    pub tokens: u64,
    /// Parameters in all.
    pub parameters: u64,
    /// Parameters that a token uses.
    pub active_parameters: u64,
    /// Arithmetic of the whole training, FLOP.
    pub training_flop: f64,
    /// Memory.
    pub memory: TrainingMemory,
    /// Seconds on one device; `None` without a basis.
    pub seconds: Option<f64>,
}

impl Basis {
    /// A share of a device's peak.
    ///
    /// # Errors
    /// A device without a known rate in that precision, a share that is none.
    pub fn of_device(device: &Device, mfu: f64, precision: TrainingPrecision) -> Result<Basis, SweepError> {
        if !(mfu > 0.0 && mfu <= 1.0) {
            return Err(SweepError::Plan(format!(
                "MFU {mfu}: expected a share above 0 and at most 1, such as {DEFAULT_MFU}"
            )));
        }
        let wanted = match precision {
            TrainingPrecision::Fp32 => Precision::Fp32,
            TrainingPrecision::Bf16 => Precision::Bf16,
        };
        let exact = device.peaks.of(wanted);
        // Devices of before bf16 train in fp16 at the same rate; no other precision stands in.
        let fallback = (wanted == Precision::Bf16).then_some(device.peaks.fp16).flatten();
        let peak = exact.or(fallback).ok_or_else(|| {
            SweepError::Plan(format!(
                "{}: its {wanted} rate is not known: give a measured speed instead",
                device.id
            ))
        })?;
        Ok(Basis::Device {
            device: device.id.clone(),
            peak_flop_per_s: peak,
            mfu,
        })
    }

    /// A measured speed.
    ///
    /// # Errors
    /// A speed that is not positive.
    pub fn measured(
        model: &str,
        architecture: &Architecture,
        sequence_length: u32,
        tokens_per_s: f64,
    ) -> Result<Basis, SweepError> {
        if !(tokens_per_s > 0.0 && tokens_per_s.is_finite()) {
            return Err(SweepError::Plan(format!(
                "{model}: {tokens_per_s} tokens/s: expected a positive number"
            )));
        }
        Ok(Basis::Measured {
            model: model.to_owned(),
            tokens_per_s,
            flop_per_s: tokens_per_s * training_flop_per_token(architecture, sequence_length),
        })
    }

    /// What training achieves, FLOP/s.
    #[must_use]
    pub fn flop_per_s(&self) -> f64 {
        match self {
            Basis::Device {
                peak_flop_per_s, mfu, ..
            } => peak_flop_per_s * mfu,
            Basis::Measured { flop_per_s, .. } => *flop_per_s,
        }
    }
}

/// What a training takes.
pub(super) fn predict(
    architecture: &Architecture,
    recipe: &Recipe,
    precision: TrainingPrecision,
    basis: Option<&Basis>,
) -> Prediction {
    let training_flop = training_flop_per_token(architecture, recipe.sequence_length) * recipe.tokens as f64;
    let parameters = architecture.parameters();
    Prediction {
        tokens: recipe.tokens,
        parameters: parameters.total,
        active_parameters: parameters.active,
        training_flop,
        memory: training_memory(architecture, recipe.sequences, recipe.sequence_length, precision),
        seconds: basis.map(|basis| training_flop / basis.flop_per_s()),
    }
}

/// The share of a peak rate that published device-hours amount to.
#[must_use]
pub fn implied_mfu(training_flop: f64, peak_flop_per_s: f64, device_hours: f64) -> f64 {
    training_flop / (device_hours * 3600.0 * peak_flop_per_s)
}
