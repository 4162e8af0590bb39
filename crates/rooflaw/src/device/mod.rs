//! Devices: peak rates by precision, memory bandwidth and capacity, each with its source.

mod accuracy;
mod catalogue;
mod file;

pub use accuracy::{ExpectedRatio, Phase, expected_ratio};
pub use catalogue::{UnknownDevice, catalogue, find};
pub use file::DeviceFileError;

use crate::format::Precision;
use serde::{Deserialize, Serialize};

/// A device that runs a model by itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Device {
    /// Kebab-case identifier, the stem of its file.
    pub id: String,
    /// The vendor's name for it.
    pub name: String,
    /// Other names by which it is found; case does not matter.
    pub aliases: Vec<String>,
    /// Who makes it.
    pub vendor: String,
    /// What kind of device it is.
    pub class: DeviceClass,
    /// The power mode, bin or engine for which the figures hold.
    pub variant: Option<String>,
    /// The id of the device that this is another mode or bin of.
    pub mode_of: Option<String>,
    /// Peak memory bandwidth, bytes/s.
    pub memory_bandwidth_bytes_per_s: f64,
    /// Size of the last-level cache, bytes, where models may fit into it.
    pub last_level_cache_bytes: Option<f64>,
    /// Memory capacity, bytes (vendors' GB counted as 1e9).
    pub memory_capacity_bytes: f64,
    /// Board or package power, watts.
    pub power_w: Option<f64>,
    /// Dense peak rates, operations/s; a multiply-add counts 2.
    pub peaks: Peaks,
    /// Time to launch one operator, seconds; the class's default unless the file says otherwise.
    pub launch_overhead_s: f64,
    /// Remarks: derivations, conflicts between sources.
    pub note: Option<String>,
    /// Where each figure was read.
    pub sources: Sources,
}

impl Device {
    /// The id that its modes and bins share.
    #[must_use]
    pub fn family(&self) -> &str {
        self.mode_of.as_deref().unwrap_or(&self.id)
    }
}

/// Dense peak rates by precision, operations/s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Peaks {
    /// fp32, vector units.
    pub fp32: Option<f64>,
    /// fp16, matrix units where there are any.
    pub fp16: Option<f64>,
    /// bfloat16.
    pub bf16: Option<f64>,
    /// 8-bit floating point.
    pub fp8: Option<f64>,
    /// 8-bit integer.
    pub int8: Option<f64>,
    /// 4-bit integer.
    pub int4: Option<f64>,
    /// 4-bit floating point.
    pub fp4: Option<f64>,
}

/// Where the figures of a device were read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sources {
    /// Source of the peak rates.
    #[serde(default)]
    pub peak_tflops: String,
    /// Source of the memory bandwidth.
    #[serde(default)]
    pub memory_bandwidth: String,
    /// Source of the memory capacity.
    #[serde(default)]
    pub memory_capacity: String,
    /// Source of the power.
    #[serde(default)]
    pub power_w: String,
    /// Figures whose source could not be read: quoted from memory of the vendor's specification.
    #[serde(default)]
    pub unread: Vec<String>,
}

/// Kinds of devices. They decide the default launch overhead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceClass {
    /// NVIDIA Jetson modules.
    Jetson,
    /// Apple silicon.
    Apple,
    /// Phones' systems on chip.
    Phone,
    /// Single-board computers.
    Sbc,
    /// Desktop and server CPUs.
    Cpu,
    /// GPUs that share the CPU's memory.
    Igpu,
    /// Neural accelerators.
    Npu,
    /// Consumer graphics cards.
    ConsumerGpu,
    /// Workstation graphics cards.
    WorkstationGpu,
    /// Data-centre GPUs.
    DatacenterGpu,
}

impl DeviceClass {
    /// Every class.
    pub const ALL: [DeviceClass; 10] = [
        DeviceClass::Jetson,
        DeviceClass::Apple,
        DeviceClass::Phone,
        DeviceClass::Sbc,
        DeviceClass::Cpu,
        DeviceClass::Igpu,
        DeviceClass::Npu,
        DeviceClass::ConsumerGpu,
        DeviceClass::WorkstationGpu,
        DeviceClass::DatacenterGpu,
    ];

    /// Default time to launch one operator, seconds.
    ///
    /// Apple, integrated and discrete GPUs: the largest whole number of microseconds with which at most a tenth of the
    /// published decode speeds beat the roofline (`studies/bare-roofline`: Apple 13.1 µs over 56 rows, integrated GPUs
    /// 12.7 over 65, consumer cards 7.1 over 26, workstation cards 7.3 over 39; data-centre cards' 9.7 rest on two
    /// cards and take the others' value). Nearly all of it is llama.cpp. Jetson is bounded by 7 µs through TensorRT
    /// Edge-LLM's Qwen3-0.6B on AGX Orin, faster than anything in the study, which alone would give 18. One CPU thread
    /// launches in 1.4 µs (fit of llama.cpp decode speeds). Phones and NPUs are assumed.
    #[must_use]
    pub const fn default_launch_overhead_s(self) -> f64 {
        match self {
            DeviceClass::Jetson => 5e-6,
            DeviceClass::Apple => 13e-6,
            DeviceClass::Phone | DeviceClass::Npu => 10e-6,
            DeviceClass::Sbc | DeviceClass::Cpu => 1.4e-6,
            DeviceClass::Igpu => 12e-6,
            DeviceClass::ConsumerGpu | DeviceClass::WorkstationGpu | DeviceClass::DatacenterGpu => 7e-6,
        }
    }

    /// The name used in files and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            DeviceClass::Jetson => "jetson",
            DeviceClass::Apple => "apple",
            DeviceClass::Phone => "phone",
            DeviceClass::Sbc => "sbc",
            DeviceClass::Cpu => "cpu",
            DeviceClass::Igpu => "igpu",
            DeviceClass::Npu => "npu",
            DeviceClass::ConsumerGpu => "consumer-gpu",
            DeviceClass::WorkstationGpu => "workstation-gpu",
            DeviceClass::DatacenterGpu => "datacenter-gpu",
        }
    }
}

impl Peaks {
    /// The rate of the device for work asked for in `precision`, and the precision it really runs in.
    ///
    /// A precision the device lacks falls back to the nearest one it has, wider first; what the catalogue knows only
    /// in a narrower precision is taken at that rate, which keeps the roofline a lower bound on latency.
    #[must_use]
    pub fn rate(&self, precision: Precision) -> Option<(f64, Precision)> {
        use Precision::{Bf16, Fp8, Fp16, Fp32, Int4, Int8};
        let order: [Precision; 6] = match precision {
            Fp32 => [Fp32, Fp16, Bf16, Int8, Fp8, Int4],
            Fp16 => [Fp16, Bf16, Fp32, Int8, Fp8, Int4],
            Bf16 => [Bf16, Fp16, Fp32, Int8, Fp8, Int4],
            Fp8 => [Fp8, Fp16, Bf16, Fp32, Int8, Int4],
            Int8 => [Int8, Fp16, Bf16, Fp32, Fp8, Int4],
            Int4 => [Int4, Int8, Fp16, Bf16, Fp32, Fp8],
        };
        order
            .into_iter()
            .find_map(|candidate| Some((self.of(candidate)?, candidate)))
    }

    /// All rates by a factor.
    #[must_use]
    pub fn times(&self, factor: f64) -> Peaks {
        let scaled = |rate: Option<f64>| rate.map(|rate| factor * rate);
        Peaks {
            fp32: scaled(self.fp32),
            fp16: scaled(self.fp16),
            bf16: scaled(self.bf16),
            fp8: scaled(self.fp8),
            int8: scaled(self.int8),
            int4: scaled(self.int4),
            fp4: scaled(self.fp4),
        }
    }

    /// The catalogue's figure for exactly this precision.
    #[must_use]
    pub const fn of(&self, precision: Precision) -> Option<f64> {
        match precision {
            Precision::Fp32 => self.fp32,
            Precision::Fp16 => self.fp16,
            Precision::Bf16 => self.bf16,
            Precision::Fp8 => self.fp8,
            Precision::Int8 => self.int8,
            Precision::Int4 => self.int4,
        }
    }
}
