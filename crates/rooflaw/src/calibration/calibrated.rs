//! What was found of a device by measuring it.

use super::coefficients::{Coefficient, Reference};
use super::groups::Runtime;
use super::model::{Achieved, Range};
use super::population_file::LeftOut;
use crate::device::{Device, Phase};
use crate::format::{Formats, WeightFormat};
use serde::Serialize;

/// A device with a runtime, calibrated.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// The device.
    pub device: CalibratedDevice,
    /// The runtime that was measured.
    pub runtime: Runtime,
    /// CPU threads, where they matter.
    pub threads: Option<u32>,
    /// Measurements behind it.
    pub n_measurements: usize,
    /// Models that were measured.
    pub n_models: usize,
    /// What was left out in turn for [`Calibration::left_out`].
    pub left_out_unit: LeftOutUnit,
    /// Errors of the decode and prefill measurements that were left out in turn; `None` for a phase without any.
    pub left_out: [Option<LeftOut>; 2],
    /// Measurements that the fit leaves far aside.
    pub outliers: Vec<Outlier>,
    /// By weight format: those measured, and those that the runtime has besides.
    pub formats: Vec<CalibratedFormat>,
}

/// What is left out in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LeftOutUnit {
    /// Every measurement of a model.
    Model,
    /// A measurement, where there is one model only.
    Row,
}

impl LeftOutUnit {
    /// The name in files and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            LeftOutUnit::Model => "model",
            LeftOutUnit::Row => "row",
        }
    }
}

/// The device of a calibration, and the figures that its coefficients are relative to.
#[derive(Clone, Debug, PartialEq)]
pub struct CalibratedDevice {
    /// The id.
    pub id: String,
    /// Memory bandwidth, bytes/s.
    pub bytes_per_s: f64,
    /// Dense fp16 rate, or the nearest one known, FLOP/s.
    pub flops_per_s: f64,
}

/// One weight format.
#[derive(Clone, Debug, PartialEq)]
pub struct CalibratedFormat {
    /// The format.
    pub weights: WeightFormat,
    /// What is achieved with it.
    pub achieved: Achieved,
}

/// A measurement that the fit leaves far aside.
#[derive(Clone, Debug, PartialEq, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outlier {
    /// The model.
    pub model: String,
    /// Its weights.
    pub weights: WeightFormat,
    /// What was timed.
    pub phase: Phase,
    /// Tokens in each sequence's KV cache at the start.
    pub context_tokens: u32,
    /// Tokens of each sequence that the phase works on.
    pub tokens: u32,
    /// What was measured, seconds.
    pub measured_s: f64,
    /// What the fit has, seconds.
    pub fitted_s: f64,
}

/// A calibration that was made for other figures than a device has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// Another device.
    #[error("it is of the device `{of}`, not of `{asked}`")]
    Device {
        /// The calibration's.
        of: String,
        /// The one asked for.
        asked: String,
    },
    /// The device's figures have changed.
    #[error(
        "it was made for a {figure} of {of}, and `{device}` has {now}: calibrate again with `rooflaw calibrate`"
    )]
    Figures {
        /// The device.
        device: String,
        /// Which figure.
        figure: &'static str,
        /// What it was, with its unit.
        of: String,
        /// What it is, with its unit.
        now: String,
    },
}

/// The largest share by which a figure may differ and be the same: files round to six digits.
const SAME: f64 = 1e-4;

impl CalibratedDevice {
    pub(super) fn of(device: &Device) -> CalibratedDevice {
        let reference = Reference::new(device, &Formats::default());
        CalibratedDevice {
            id: device.id.clone(),
            bytes_per_s: reference.bytes_per_s,
            flops_per_s: reference.flops_per_s,
        }
    }
}

impl CalibratedFormat {
    /// Measurements of this format behind it.
    #[must_use]
    pub const fn n_measurements(&self) -> usize {
        self.achieved.prefill.n_measurements + self.achieved.decode.n_measurements
    }
}

impl Calibration {
    /// Errors of a phase's measurements when they are left out in turn.
    #[must_use]
    pub const fn left_out(&self, phase: Phase) -> Option<LeftOut> {
        self.left_out[phase as usize]
    }

    /// What is achieved with a format; of formats that differ in their group size, with the nearest there is.
    #[must_use]
    pub fn format(&self, weights: WeightFormat) -> Option<&CalibratedFormat> {
        let is_grouped = |format: WeightFormat| matches!(format, WeightFormat::W4A16 { .. });
        let exact = self.formats.iter().find(|format| format.weights == weights);
        exact.or_else(|| {
            self.formats
                .iter()
                .filter(|format| is_grouped(weights) && is_grouped(format.weights))
                .max_by_key(|format| format.n_measurements())
        })
    }

    /// Whether the calibration is of this device, with the figures that it has now.
    ///
    /// # Errors
    /// [`Mismatch`], which says what differs.
    pub fn check(&self, device: &Device) -> Result<(), Mismatch> {
        if self.device.id != device.id {
            return Err(Mismatch::Device {
                of: self.device.id.clone(),
                asked: device.id.clone(),
            });
        }
        self.check_figures(device)
    }

    /// Whether the coefficients are relative to figures that a device has.
    pub(super) fn check_figures(&self, device: &Device) -> Result<(), Mismatch> {
        let now = CalibratedDevice::of(device);
        for (figure, of, now, unit, scale) in [
            (
                "memory bandwidth",
                self.device.bytes_per_s,
                now.bytes_per_s,
                "GB/s",
                1e9,
            ),
            (
                "fp16 rate",
                self.device.flops_per_s,
                now.flops_per_s,
                "TFLOP/s",
                1e12,
            ),
        ] {
            let change = (of / now - 1.0).abs();
            if change.is_nan() || change > SAME {
                return Err(Mismatch::Figures {
                    device: device.id.clone(),
                    figure,
                    of: format!("{} {unit}", of / scale),
                    now: format!("{} {unit}", now / scale),
                });
            }
        }
        Ok(())
    }

    /// Bandwidth at which weights are read in decode, bytes/s.
    #[must_use]
    pub fn bandwidth(&self, format: &CalibratedFormat) -> Range {
        let slowdown = format.achieved.decode.range(Coefficient::Bandwidth);
        slowdown.divides(self.device.bytes_per_s)
    }

    /// Rate of dense products in prefill, FLOP/s.
    #[must_use]
    pub fn prefill_rate(&self, format: &CalibratedFormat) -> Range {
        let slowdown = format.achieved.prefill.range(Coefficient::Compute);
        slowdown.divides(self.device.flops_per_s)
    }
}
