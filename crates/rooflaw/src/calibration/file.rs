//! A calibration's TOML file: what it may hold. `write.rs` has the text.

use super::calibrated::{CalibratedDevice, CalibratedFormat, Calibration, LeftOutUnit, Outlier};
use super::checks::{
    CalibrationFileError, DEVIATIONS, STRETCHES, decimals, rows, significant, within, wrong,
};
use super::coefficients::Coefficient;
use super::groups::Runtime;
use super::model::{Achieved, PhaseModel};
use super::population_file::LeftOut;
use crate::device::Phase;
use crate::format::WeightFormat;
use crate::toml_file;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) device: DeviceFile,
    pub(super) runtime: RuntimeFile,
    pub(super) measurements: MeasurementsFile,
    #[serde(default)]
    pub(super) left_out: LeftOutFile,
    #[serde(default)]
    pub(super) outliers: Vec<Outlier>,
    pub(super) formats: BTreeMap<String, FormatFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviceFile {
    pub(super) id: String,
    pub(super) memory_bandwidth_gb_per_s: f64,
    pub(super) fp16_tflops: f64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuntimeFile {
    pub(super) program: String,
    pub(super) backend: String,
    #[serde(default)]
    pub(super) version: String,
    pub(super) threads: Option<u32>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MeasurementsFile {
    pub(super) rows: usize,
    pub(super) models: usize,
    pub(super) left_out: LeftOutUnit,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LeftOutFile {
    pub(super) decode: Option<LeftOut>,
    pub(super) prefill: Option<LeftOut>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FormatFile {
    pub(super) decode: PhaseFile,
    pub(super) prefill: PhaseFile,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PhaseFile {
    pub(super) rows: usize,
    pub(super) scatter: f64,
    pub(super) stretch: f64,
    pub(super) coefficients: BTreeMap<String, CoefficientFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CoefficientFile {
    pub(super) value: f64,
    /// Standard deviation of its logarithm.
    pub(super) deviation: f64,
    /// Of its logarithm with those of the coefficients before it.
    pub(super) correlations: Vec<f64>,
}

/// Limits of a device's figures, as device files have them.
const FIGURES: (f64, f64) = (1e-6, 1e7);
/// Limits of coefficients that are factors, and of those that are times or counts.
const FACTORS: (f64, f64) = (1e-6, 1e9);
const ADDITIONS: (f64, f64) = (0.0, 1e9);
/// Limits of times, seconds: any that there can be.
const TIMES: (f64, f64) = (f64::MIN_POSITIVE, f64::MAX);
/// Most formats and outliers of a file, and the longest name.
const MOST_FORMATS: usize = 64;
const MOST_OUTLIERS: usize = 1000;
const LONGEST_NAME: usize = 200;

fn name(field: &str, text: &str, may_be_empty: bool) -> Result<String, CalibrationFileError> {
    let is_name = text.chars().count() <= LONGEST_NAME && !text.contains(char::is_control);
    if is_name && (may_be_empty || !text.trim().is_empty()) {
        return Ok(text.to_owned());
    }
    wrong(field, text.escape_debug(), "a name of at most 200 characters")
}

impl PhaseFile {
    fn of(model: &PhaseModel) -> PhaseFile {
        let deviation = |place: usize| model.covariance[place][place].max(0.0).sqrt();
        let correlation = |a: usize, b: usize| {
            let product = deviation(a) * deviation(b);
            let share = if product > 0.0 {
                model.covariance[a][b] / product
            } else {
                0.0
            };
            decimals(share.clamp(-1.0, 1.0), 5)
        };
        let coefficient = |of: Coefficient| {
            let place = of as usize;
            let file = CoefficientFile {
                value: significant(model.value(of), 6),
                deviation: significant(deviation(place), 5),
                correlations: (0..place).map(|other| correlation(place, other)).collect(),
            };
            (of.name().to_owned(), file)
        };
        PhaseFile {
            rows: model.n_measurements,
            scatter: significant(model.scatter, 4),
            stretch: significant(model.stretch, 4),
            coefficients: Coefficient::ALL.into_iter().map(coefficient).collect(),
        }
    }

    fn model(&self, field: &str) -> Result<PhaseModel, CalibrationFileError> {
        let mut model = PhaseModel {
            logs: [0.0; Coefficient::COUNT],
            covariance: [[0.0; Coefficient::COUNT]; Coefficient::COUNT],
            scatter: within(format!("{field}.scatter"), self.scatter, DEVIATIONS)?,
            stretch: within(format!("{field}.stretch"), self.stretch, STRETCHES)?,
            n_measurements: rows(format!("{field}.rows"), self.rows)?,
        };
        let is_unknown = |name: &&String| Coefficient::named(name).is_none();
        if let Some(unknown) = self.coefficients.keys().find(is_unknown) {
            return wrong(format!("{field}.coefficients"), unknown, Coefficient::names());
        }
        let mut deviations = [0.0; Coefficient::COUNT];
        for of in Coefficient::ALL {
            let place = of as usize;
            let field = format!("{field}.coefficients.{}", of.name());
            let Some(found) = self.coefficients.get(of.name()) else {
                return wrong(field, "missing", "a value for each coefficient: calibrate again");
            };
            let limits = if of.may_be_zero() { ADDITIONS } else { FACTORS };
            model.logs[place] = within(format!("{field}.value"), found.value, limits)?.ln();
            deviations[place] = within(format!("{field}.deviation"), found.deviation, DEVIATIONS)?;
            if found.correlations.len() != place {
                let accepted = format!("{place} numbers, one for each coefficient before it");
                return wrong(
                    format!("{field}.correlations"),
                    format!("{} numbers", found.correlations.len()),
                    accepted,
                );
            }
            model.covariance[place][place] = deviations[place].powi(2);
            for (other, &share) in found.correlations.iter().enumerate() {
                let share = within(format!("{field}.correlations"), share, (-1.0, 1.0))?;
                let covariance = share * deviations[place] * deviations[other];
                model.covariance[place][other] = covariance;
                model.covariance[other][place] = covariance;
            }
        }
        Ok(model)
    }
}

impl From<&Calibration> for File {
    fn from(calibration: &Calibration) -> File {
        let Calibration { device, runtime, .. } = calibration;
        let format = |format: &CalibratedFormat| {
            let file = FormatFile {
                decode: PhaseFile::of(&format.achieved.decode),
                prefill: PhaseFile::of(&format.achieved.prefill),
            };
            (format.weights.name().into_owned(), file)
        };
        let outlier = |outlier: &Outlier| Outlier {
            measured_s: significant(outlier.measured_s, 6),
            fitted_s: significant(outlier.fitted_s, 6),
            ..outlier.clone()
        };
        File {
            device: DeviceFile {
                id: device.id.clone(),
                memory_bandwidth_gb_per_s: significant(device.bytes_per_s / 1e9, 6),
                fp16_tflops: significant(device.flops_per_s / 1e12, 6),
            },
            runtime: RuntimeFile {
                program: runtime.program.clone(),
                backend: runtime.backend.clone(),
                version: runtime.version.clone(),
                threads: calibration.threads,
            },
            measurements: MeasurementsFile {
                rows: calibration.n_measurements,
                models: calibration.n_models,
                left_out: calibration.left_out_unit,
            },
            left_out: LeftOutFile {
                decode: calibration.left_out(Phase::Decode),
                prefill: calibration.left_out(Phase::Prefill),
            },
            outliers: calibration
                .outliers
                .iter()
                .take(MOST_OUTLIERS)
                .map(outlier)
                .collect(),
            formats: calibration.formats.iter().map(format).collect(),
        }
    }
}

impl File {
    fn calibration(self) -> Result<Calibration, CalibrationFileError> {
        let figure = |field: &str, value: f64, scale: f64| {
            within(format!("device.{field}"), value, FIGURES).map(|value| value * scale)
        };
        let runtime = Runtime {
            program: name("runtime.program", &self.runtime.program, false)?,
            backend: name("runtime.backend", &self.runtime.backend, true)?,
            version: name("runtime.version", &self.runtime.version, true)?,
        };
        if self.formats.is_empty() || self.formats.len() > MOST_FORMATS {
            return wrong("formats", self.formats.len(), "from 1 to 64 weight formats");
        }
        if self.outliers.len() > MOST_OUTLIERS {
            return wrong("outliers", self.outliers.len(), "at most 1000");
        }
        for outlier in &self.outliers {
            name("outliers.model", &outlier.model, true)?;
            within("outliers.measured_s", outlier.measured_s, TIMES)?;
            within("outliers.fitted_s", outlier.fitted_s, TIMES)?;
        }
        let mut formats: Vec<CalibratedFormat> = Vec::new();
        for (name, file) in &self.formats {
            let weights: WeightFormat = match name.parse() {
                Ok(weights) => weights,
                Err(unknown) => return wrong("formats", name, unknown.accepted),
            };
            if formats.iter().any(|format| format.weights == weights) {
                return wrong("formats", name, "each format once");
            }
            let phase = |phase: &str, file: &PhaseFile| file.model(&format!("formats.{name}.{phase}"));
            formats.push(CalibratedFormat {
                weights,
                achieved: Achieved {
                    prefill: phase("prefill", &file.prefill)?,
                    decode: phase("decode", &file.decode)?,
                    tokens_per_pass: runtime.tokens_per_pass(),
                    fused_attention: runtime.has_fused_attention(),
                    absorbed_latent: runtime.absorbs_latent(),
                },
            });
        }
        let left_out = |phase: &str, found: Option<LeftOut>| {
            found
                .map(|found| found.check(&format!("left_out.{phase}")))
                .transpose()
        };
        Ok(Calibration {
            device: CalibratedDevice {
                id: name("device.id", &self.device.id, false)?,
                bytes_per_s: figure(
                    "memory_bandwidth_gb_per_s",
                    self.device.memory_bandwidth_gb_per_s,
                    1e9,
                )?,
                flops_per_s: figure("fp16_tflops", self.device.fp16_tflops, 1e12)?,
            },
            runtime,
            threads: self.runtime.threads,
            n_measurements: rows("measurements.rows", self.measurements.rows)?,
            n_models: rows("measurements.models", self.measurements.models)?,
            left_out_unit: self.measurements.left_out,
            left_out: [
                left_out("decode", self.left_out.decode)?,
                left_out("prefill", self.left_out.prefill)?,
            ],
            outliers: self.outliers,
            formats,
        })
    }
}

impl Calibration {
    /// Reads a calibration file, such as `rooflaw calibrate --out` writes.
    ///
    /// # Errors
    /// Text that is too long or is not TOML, unknown or missing keys, numbers out of bounds.
    pub fn from_toml(text: &str) -> Result<Calibration, CalibrationFileError> {
        toml_file::parse::<File>(text)?.calibration()
    }

    /// The same as a file would have it: rounded, and with numbers that a file may hold.
    pub(super) fn filed(&self) -> Result<Calibration, CalibrationFileError> {
        File::from(self).calibration()
    }
}

/// As in the file.
impl Serialize for Calibration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        File::from(self).serialize(serializer)
    }
}
