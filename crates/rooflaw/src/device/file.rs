//! A device's TOML file.

use super::{Device, DeviceClass, Peaks, Sources};
use crate::toml_file::{self, TomlError};
use serde::{Deserialize, Serialize};

/// A device file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceFileError {
    /// Not TOML, or not the keys of a device.
    #[error(transparent)]
    Toml(#[from] TomlError),
    /// A figure is missing or impossible.
    #[error("{field} = {value}: expected {accepted}")]
    Value {
        /// The key.
        field: String,
        /// What it holds.
        value: String,
        /// What would be accepted.
        accepted: &'static str,
    },
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct DeviceFile {
    name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    vendor: String,
    class: DeviceClass,
    variant: Option<String>,
    mode_of: Option<String>,
    memory_bandwidth_gb_per_s: f64,
    memory_capacity_gb: f64,
    last_level_cache_mb: Option<f64>,
    power_w: Option<f64>,
    launch_overhead_us: Option<f64>,
    note: Option<String>,
    peak_tflops: PeaksFile,
    #[serde(default)]
    sources: Sources,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct PeaksFile {
    fp32: Option<f64>,
    fp16: Option<f64>,
    bf16: Option<f64>,
    fp8: Option<f64>,
    int8: Option<f64>,
    int4: Option<f64>,
    fp4: Option<f64>,
}

/// Above any device that exists, so that unit mistakes (bytes for gigabytes) are caught.
const MAX_FIGURE: f64 = 1e7;
/// Below any microcontroller, so that quotients of figures stay finite.
const MIN_FIGURE: f64 = 1e-6;

fn figure(field: &str, value: f64) -> Result<f64, DeviceFileError> {
    if (MIN_FIGURE..=MAX_FIGURE).contains(&value) {
        return Ok(value);
    }
    Err(DeviceFileError::Value {
        field: field.to_owned(),
        value: value.to_string(),
        accepted: "a number from 1e-6 to 1e7",
    })
}

impl Device {
    /// Reads a device file. `id` is its file stem. `data/devices/README.md` describes the keys and their units.
    ///
    /// # Errors
    /// Text that is too long, is not TOML, has unknown or missing keys, figures beyond any device, or no peak.
    pub fn from_toml(id: &str, text: &str) -> Result<Device, DeviceFileError> {
        let file: DeviceFile = toml_file::parse(text)?;
        let peak = |name: &str, tera: Option<f64>| -> Result<Option<f64>, DeviceFileError> {
            tera.map(|value| figure(&format!("peak_tflops.{name}"), value).map(|value| value * 1e12))
                .transpose()
        };
        let peaks = Peaks {
            fp32: peak("fp32", file.peak_tflops.fp32)?,
            fp16: peak("fp16", file.peak_tflops.fp16)?,
            bf16: peak("bf16", file.peak_tflops.bf16)?,
            fp8: peak("fp8", file.peak_tflops.fp8)?,
            int8: peak("int8", file.peak_tflops.int8)?,
            int4: peak("int4", file.peak_tflops.int4)?,
            fp4: peak("fp4", file.peak_tflops.fp4)?,
        };
        if peaks.rate(crate::format::Precision::Fp16).is_none() {
            return Err(DeviceFileError::Value {
                field: "peak_tflops".to_owned(),
                value: "{}".to_owned(),
                accepted: "at least one of fp32, fp16, bf16, fp8, int8, int4",
            });
        }
        let launch_overhead_s = match file.launch_overhead_us {
            None => file.class.default_launch_overhead_s(),
            Some(value) if (0.0..=MAX_FIGURE).contains(&value) => value * 1e-6,
            Some(value) => {
                return Err(DeviceFileError::Value {
                    field: "launch_overhead_us".to_owned(),
                    value: value.to_string(),
                    accepted: "a number from 0 to 1e7",
                });
            }
        };
        Ok(Device {
            id: id.to_owned(),
            name: file.name,
            aliases: file.aliases,
            vendor: file.vendor,
            class: file.class,
            variant: file.variant,
            mode_of: file.mode_of,
            memory_bandwidth_bytes_per_s: figure(
                "memory_bandwidth_gb_per_s",
                file.memory_bandwidth_gb_per_s,
            )? * 1e9,
            last_level_cache_bytes: file
                .last_level_cache_mb
                .map(|value| figure("last_level_cache_mb", value).map(|value| value * 1e6))
                .transpose()?,
            memory_capacity_bytes: figure("memory_capacity_gb", file.memory_capacity_gb)? * 1e9,
            power_w: file.power_w.map(|value| figure("power_w", value)).transpose()?,
            peaks,
            launch_overhead_s,
            note: file.note,
            sources: file.sources,
        })
    }

    /// The device as a file that [`Device::from_toml`] reads as the same device, but for the last digit of its figures.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let tera = |rate: Option<f64>| rate.map(|rate| rate / 1e12);
        let usual_overhead = self.class.default_launch_overhead_s();
        let file = DeviceFile {
            name: self.name.clone(),
            aliases: self.aliases.clone(),
            vendor: self.vendor.clone(),
            class: self.class,
            variant: self.variant.clone(),
            mode_of: self.mode_of.clone(),
            memory_bandwidth_gb_per_s: self.memory_bandwidth_bytes_per_s / 1e9,
            memory_capacity_gb: self.memory_capacity_bytes / 1e9,
            last_level_cache_mb: self.last_level_cache_bytes.map(|bytes| bytes / 1e6),
            power_w: self.power_w,
            launch_overhead_us: (self.launch_overhead_s != usual_overhead)
                .then_some(self.launch_overhead_s * 1e6),
            note: self.note.clone(),
            peak_tflops: PeaksFile {
                fp32: tera(self.peaks.fp32),
                fp16: tera(self.peaks.fp16),
                bf16: tera(self.peaks.bf16),
                fp8: tera(self.peaks.fp8),
                int8: tera(self.peaks.int8),
                int4: tera(self.peaks.int4),
                fp4: tera(self.peaks.fp4),
            },
            sources: self.sources.clone(),
        };
        // Strings, numbers and tables: nothing that TOML lacks.
        toml::to_string(&file).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str = r#"
        name = "Board"
        class = "sbc"
        memory_bandwidth_gb_per_s = 17.0
        memory_capacity_gb = 8.0
        [peak_tflops]
        fp32 = 0.15
    "#;

    #[test]
    fn a_minimal_file_is_enough() {
        let device = Device::from_toml("board", MINIMAL).unwrap();
        assert_eq!(device.memory_bandwidth_bytes_per_s, 17e9);
        assert_eq!(device.launch_overhead_s, 1.4e-6);
    }

    #[test]
    fn what_is_written_is_read() {
        let near = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-15;
        for device in crate::device::catalogue() {
            let read = Device::from_toml(&device.id, &device.to_toml()).unwrap();
            assert!(near(
                read.memory_bandwidth_bytes_per_s,
                device.memory_bandwidth_bytes_per_s
            ));
            assert!(near(read.memory_capacity_bytes, device.memory_capacity_bytes));
            assert!(near(read.launch_overhead_s, device.launch_overhead_s));
            for precision in crate::format::Precision::ALL {
                let rates = (read.peaks.of(precision), device.peaks.of(precision));
                assert!(match rates {
                    (Some(read), Some(rate)) => near(read, rate),
                    (read, rate) => read == rate,
                });
            }
            let cache = |device: &Device| device.last_level_cache_bytes.unwrap_or(1.0);
            assert!(near(cache(&read), cache(device)));
            let figures = |device: &Device| Device {
                last_level_cache_bytes: None,
                memory_bandwidth_bytes_per_s: 0.0,
                memory_capacity_bytes: 0.0,
                launch_overhead_s: 0.0,
                peaks: Peaks::default(),
                ..device.clone()
            };
            assert_eq!(figures(&read), figures(device));
        }
    }

    #[test]
    fn mistakes_name_the_key() {
        let negative = MINIMAL.replace("17.0", "-17.0");
        let message = Device::from_toml("board", &negative).unwrap_err().to_string();
        assert_eq!(
            message,
            "memory_bandwidth_gb_per_s = -17: expected a number from 1e-6 to 1e7"
        );
        let unknown = MINIMAL.replace("fp32", "fp99");
        assert!(
            Device::from_toml("board", &unknown)
                .unwrap_err()
                .to_string()
                .contains("fp99")
        );
        // Found by fuzzing: with a bandwidth of next to nothing the ridge point was infinite.
        for wrong in ["nan", "inf", "0", "1e-300", "1e8"] {
            assert!(
                Device::from_toml("board", &MINIMAL.replace("0.15", wrong)).is_err(),
                "{wrong}"
            );
            assert!(
                Device::from_toml("board", &MINIMAL.replace("17.0", wrong)).is_err(),
                "{wrong}"
            );
        }
    }
}
