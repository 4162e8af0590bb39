//! Groups of measurements that have something in common.

use super::hierarchy::Covariate;
use crate::device::Device;
use crate::format::{Precision, WeightFormat};
use crate::measurements::Measurement;
use crate::operators::Assumptions;

/// Measurements that share an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Scope {
    /// All of them.
    All,
    /// Devices of a class.
    Class,
    /// A program, on whatever it runs.
    Program,
    /// A program on a backend.
    Runtime,
    /// A runtime with weights of about so many bits.
    RuntimeBits,
    /// A runtime with a weight format.
    RuntimeFormat,
    /// A runtime on devices of a class.
    ClassRuntime,
    /// A runtime of some years.
    Era,
    /// A device, in whatever mode.
    Device,
    /// A runtime on a device.
    DeviceRuntime,
    /// A runtime of some years on a device.
    DeviceEra,
    /// A runtime with a weight format on a device.
    DeviceFormat,
    /// A build of a runtime, with its flags, on a device in one mode.
    DeviceBuild,
    /// The same with a weight format.
    DeviceBuildFormat,
}

impl Scope {
    /// Its name in files.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Scope::All => "all",
            Scope::Class => "class",
            Scope::Program => "program",
            Scope::Runtime => "runtime",
            Scope::RuntimeBits => "runtime and bits",
            Scope::RuntimeFormat => "runtime and format",
            Scope::ClassRuntime => "class and runtime",
            Scope::Era => "runtime and era",
            Scope::Device => "device",
            Scope::DeviceRuntime => "device and runtime",
            Scope::DeviceEra => "device, runtime and era",
            Scope::DeviceFormat => "device, runtime and format",
            Scope::DeviceBuild => "device, runtime and build",
            Scope::DeviceBuildFormat => "device, runtime, build and format",
        }
    }

    /// Whether it says something of one device only.
    pub(super) fn is_of_a_device(self) -> bool {
        self >= Scope::Device
    }
}

/// The names of a measurement's groups, and its covariates.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Groups {
    pub(super) device: String,
    class: &'static str,
    program: String,
    runtime: String,
    era: String,
    build: String,
    mode: String,
    format: String,
    bits: &'static str,
    vector_share: f64,
    ridge: f64,
    /// See [`Groups::least_compute`].
    least_compute: f64,
}

/// Who ran a model: what of a measurement, beside its device and format, decides how fast.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Runtime {
    /// The program: `llama.cpp`, `vllm`, ….
    pub program: String,
    /// What it ran on: `cpu`, `cuda`, ….
    pub backend: String,
    /// Version, build and flags; empty for the newest known.
    pub version: String,
}

impl Runtime {
    /// The runtime of a measurement.
    #[must_use]
    pub fn of(measurement: &Measurement) -> Runtime {
        Runtime {
            program: measurement.runtime.clone(),
            backend: measurement.backend.clone(),
            version: measurement.runtime_version.clone(),
        }
    }

    /// Program and backend.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.program, self.backend)
    }

    /// Tokens of a prompt that it processes at once, where it divides prompts: llama.cpp's `n_ubatch`, 512 unless the
    /// version's flags say otherwise (`ub2048`).
    pub(super) fn tokens_per_pass(&self) -> Option<u32> {
        const DEFAULT: u32 = 512;
        (self.program == "llama.cpp").then(|| {
            let mut flags = self.version.split(' ');
            let stated = flags.find_map(|flag| flag.strip_prefix("ub")?.parse().ok());
            stated.filter(|&tokens| tokens > 0).unwrap_or(DEFAULT)
        })
    }

    /// Whether attention is one kernel, which keeps the scores on chip and skips those that the causal mask hides.
    /// llama.cpp: as the flags say (`fa=0`, `fa=1`, `-fa`), else since 2026.
    pub(super) fn has_fused_attention(&self) -> bool {
        if self.program != "llama.cpp" {
            return true;
        }
        let has = |flag: &str| self.version.split([' ', '(', ')']).any(|word| word == flag);
        if has("fa=0") {
            return false;
        }
        has("fa=1") || has("-fa") || self.era().as_str() >= NEWEST
    }

    /// Whether latent attention is absorbed in prefill too: llama.cpp since 2025.
    pub(super) fn absorbs_latent(&self) -> bool {
        self.program == "llama.cpp" && self.era().as_str() >= "2025"
    }

    /// The assumptions that hold for it.
    pub(super) fn assumptions(&self) -> Assumptions {
        let is_fused = self.has_fused_attention();
        Assumptions {
            fused_attention: is_fused,
            causal: is_fused,
            absorbed_latent: self.absorbs_latent(),
            ..Assumptions::default()
        }
    }

    /// The years of a version, or the version where it does not tell.
    ///
    /// llama.cpp's builds: b1026 is of August 2023, b5283 of May 2025, b7651 of January 2026.
    fn era(&self) -> String {
        let version = self.version.as_str();
        if self.program != "llama.cpp" {
            return version.split(' ').next().unwrap_or_default().to_owned();
        }
        if let Some(build) = version.strip_prefix('b') {
            let digits: String = build.chars().take_while(char::is_ascii_digit).collect();
            return match digits.parse::<u32>() {
                Ok(..2000) => "2023",
                Ok(2000..4000) => "2024",
                Ok(4000..7500) => "2025",
                _ => NEWEST,
            }
            .to_owned();
        }
        match version.get(..4) {
            Some(year) if year.starts_with("20") && year.bytes().all(|byte| byte.is_ascii_digit()) => year,
            _ => NEWEST,
        }
        .to_owned()
    }
}

/// The era of llama.cpp's that is not stated.
const NEWEST: &str = "2026";

impl Groups {
    pub(super) fn new(device: &Device, runtime: &Runtime, weights: WeightFormat) -> Groups {
        let rate = |precision| device.peaks.rate(precision).map_or(1.0, |(rate, _)| rate);
        let fp16 = rate(Precision::Fp16);
        Groups {
            device: device.family().to_owned(),
            class: device.class.name(),
            program: runtime.program.clone(),
            runtime: runtime.name(),
            era: runtime.era(),
            build: runtime.version.clone(),
            mode: device.id.clone(),
            format: weights.name().into_owned(),
            bits: bits(weights),
            vector_share: (2.0 * rate(Precision::Fp32) / fp16).ln(),
            ridge: (fp16 / device.memory_bandwidth_bytes_per_s / 100.0).ln(),
            least_compute: match weights {
                // TF32, where there is any, is slower than fp16.
                WeightFormat::Fp32 => 0.0,
                // llama.cpp's kernels accumulate in fp16 on GeForce and multiply as integers on CPUs, faster than the
                // figures that the catalogue has for them.
                WeightFormat::GgufF16
                | WeightFormat::Q8_0
                | WeightFormat::Q4_0
                | WeightFormat::Q4KM
                | WeightFormat::Q5KM
                | WeightFormat::Q6K
                | WeightFormat::Mxfp4 => f64::NEG_INFINITY,
                other => (fp16 / rate(other.matrix_precision())).ln(),
            },
        }
    }

    /// The least logarithm of [`super::Coefficient::Compute`] that the device's peak allows, where it is known.
    pub(super) const fn least_compute(&self) -> f64 {
        self.least_compute
    }

    /// The name of the group of a scope.
    pub(super) fn name(&self, scope: Scope) -> String {
        let Groups {
            device,
            runtime,
            era,
            build,
            mode,
            format,
            ..
        } = self;
        match scope {
            Scope::All => String::new(),
            Scope::Class => self.class.to_owned(),
            Scope::Program => self.program.clone(),
            Scope::Runtime => runtime.clone(),
            Scope::RuntimeBits => format!("{runtime} {}", self.bits),
            Scope::RuntimeFormat => format!("{runtime} {format}"),
            Scope::ClassRuntime => format!("{} {runtime}", self.class),
            Scope::Era => format!("{runtime} {era}"),
            Scope::Device => device.clone(),
            Scope::DeviceRuntime => format!("{device} {runtime}"),
            Scope::DeviceEra => format!("{device} {runtime} {era}"),
            Scope::DeviceFormat => format!("{device} {runtime} {format}"),
            Scope::DeviceBuild => format!("{mode} {runtime} {build}"),
            Scope::DeviceBuildFormat => format!("{mode} {runtime} {build} {format}"),
        }
    }

    pub(super) const fn covariate(&self, covariate: Covariate) -> f64 {
        match covariate {
            Covariate::One => 1.0,
            Covariate::VectorShare => self.vector_share,
            Covariate::Ridge => self.ridge,
        }
    }
}

/// Formats of about the same size run in kernels of one kind.
const fn bits(weights: WeightFormat) -> &'static str {
    match weights {
        WeightFormat::Fp32 | WeightFormat::Fp16 | WeightFormat::Bf16 | WeightFormat::GgufF16 => "16 bits",
        WeightFormat::Fp8
        | WeightFormat::W8A16
        | WeightFormat::W8A8
        | WeightFormat::Q8_0
        | WeightFormat::Q6K => "8 bits",
        WeightFormat::Mxfp4 => "mxfp4",
        WeightFormat::W4A16 { .. } | WeightFormat::Q4_0 | WeightFormat::Q4KM | WeightFormat::Q5KM => "4 bits",
    }
}
