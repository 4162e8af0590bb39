//! The numbers of the latency model: what a runtime achieves on a device, relative to the device's own figures.

use crate::device::Device;
use crate::format::{Formats, Precision};
use crate::operators::{ComputeUnit, FormatCosts};
use crate::roofline::PhaseRates;
use serde::Serialize;

/// A number of the model. All are positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Coefficient {
    /// The device's memory bandwidth over the achieved one.
    Bandwidth,
    /// Time per byte of the LM head over that of other weights.
    Head,
    /// Time of the routed experts' products over that of dense ones of the same size.
    Experts,
    /// Time per byte of attention, the KV cache above all, over that of weights.
    Cache,
    /// Share of the time to read the weights that is saved when all of them fit into the last-level cache.
    Cached,
    /// The device's dense fp16 rate over the achieved one.
    Compute,
    /// Time per FLOP of attention over that of weights.
    Attention,
    /// Tokens whose arithmetic would take as long as preparing the weights for them, once a pass.
    Unpacking,
    /// Time to launch an operator, microseconds.
    Launch,
    /// Time that a layer's experts add, microseconds.
    MoeLayer,
    /// Time that a step adds, microseconds.
    Step,
}

impl Coefficient {
    /// How many there are.
    pub const COUNT: usize = 11;

    /// All of them, in order.
    pub const ALL: [Coefficient; Coefficient::COUNT] = [
        Coefficient::Bandwidth,
        Coefficient::Head,
        Coefficient::Experts,
        Coefficient::Cache,
        Coefficient::Cached,
        Coefficient::Compute,
        Coefficient::Attention,
        Coefficient::Unpacking,
        Coefficient::Launch,
        Coefficient::MoeLayer,
        Coefficient::Step,
    ];

    /// The name in files and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Coefficient::Bandwidth => "bandwidth",
            Coefficient::Head => "head",
            Coefficient::Experts => "experts",
            Coefficient::Cache => "cache",
            Coefficient::Cached => "cached",
            Coefficient::Compute => "compute",
            Coefficient::Attention => "attention",
            Coefficient::Unpacking => "unpacking",
            Coefficient::Launch => "launch_us",
            Coefficient::MoeLayer => "moe_layer_us",
            Coefficient::Step => "step_us",
        }
    }
}

impl Coefficient {
    /// The coefficient of a name in files.
    pub(super) fn named(name: &str) -> Option<Coefficient> {
        Coefficient::ALL
            .into_iter()
            .find(|coefficient| coefficient.name() == name)
    }

    /// Every name, for messages.
    pub(super) fn names() -> String {
        Coefficient::ALL.map(Coefficient::name).join(", ")
    }

    /// What its value means, for people.
    pub(super) const fn meaning(self) -> &'static str {
        match self {
            Coefficient::Bandwidth => "the device's memory bandwidth over the achieved one",
            Coefficient::Head => "time per byte of the LM head over that of other weights",
            Coefficient::Experts => "time of the routed experts over that of dense layers of their size",
            Coefficient::Cache => "time per byte of the KV cache over that of weights",
            Coefficient::Cached => {
                "share of the weights' reading time saved when all fit into the last-level cache"
            }
            Coefficient::Compute => "the device's fp16 rate over the achieved one",
            Coefficient::Attention => "time per FLOP of attention over that of weights",
            Coefficient::Unpacking => "tokens whose arithmetic takes as long as preparing the weights",
            Coefficient::Launch => "microseconds for each operator",
            Coefficient::MoeLayer => "microseconds more for each layer with experts",
            Coefficient::Step => "microseconds for each step",
        }
    }

    /// Whether it is a time, a count or a share, and so may be nothing; the others are factors.
    pub(super) const fn may_be_zero(self) -> bool {
        matches!(
            self,
            Coefficient::Cached
                | Coefficient::Unpacking
                | Coefficient::Launch
                | Coefficient::MoeLayer
                | Coefficient::Step
        )
    }
}

/// Natural logarithms of the numbers of one phase, by [`Coefficient`].
pub type Logs = [f64; Coefficient::COUNT];

/// The figures of a device that coefficients are relative to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reference {
    /// Dense fp16 rate, or the nearest one known, FLOP/s.
    pub(crate) flops_per_s: f64,
    /// Memory bandwidth, bytes/s.
    pub(crate) bytes_per_s: f64,
    /// Last-level cache, bytes; 0 where it is not known.
    pub(crate) cache_bytes: f64,
    /// Bytes of a weight, by [`ComputeUnit`].
    pub(crate) bytes_per_weight: [f64; ComputeUnit::COUNT],
}

impl Reference {
    pub(crate) fn new(device: &Device, formats: &Formats) -> Reference {
        Reference {
            // A device without any peak is refused when it is read.
            flops_per_s: device
                .peaks
                .rate(Precision::Fp16)
                .map_or(f64::INFINITY, |(rate, _)| rate),
            bytes_per_s: device.memory_bandwidth_bytes_per_s,
            cache_bytes: device.last_level_cache_bytes.unwrap_or(0.0),
            bytes_per_weight: FormatCosts::new(formats).typical_bytes(),
        }
    }
}

/// The most that a cache can save.
pub(super) const MOST_CACHED: f64 = 0.9;

/// What each unit's arithmetic and traffic cost over that of dense products.
pub(super) fn factors(values: &Logs) -> [(f64, f64); ComputeUnit::COUNT] {
    let of = |coefficient: Coefficient| values[coefficient as usize];
    let mut factors = [(1.0, 1.0); ComputeUnit::COUNT];
    factors[ComputeUnit::Head as usize].1 = of(Coefficient::Head);
    factors[ComputeUnit::Attention as usize] = (of(Coefficient::Attention), of(Coefficient::Cache));
    // Element-wise work is bound by its traffic.
    factors[ComputeUnit::Vector as usize].0 = 0.0;
    factors[ComputeUnit::Expert as usize] = (of(Coefficient::Experts), of(Coefficient::Experts));
    factors
}

/// Whether a unit multiplies with weights.
pub(super) const fn has_weights(unit: usize) -> bool {
    unit == ComputeUnit::Matrix as usize
        || unit == ComputeUnit::Head as usize
        || unit == ComputeUnit::Expert as usize
}

/// The rates that logarithms of coefficients mean on a device.
pub(super) fn rates(logs: &Logs, reference: &Reference, tokens_per_pass: Option<u32>) -> PhaseRates {
    let values = logs.map(f64::exp);
    let of = |coefficient: Coefficient| values[coefficient as usize];
    let factors = factors(&values);
    let flop = of(Coefficient::Compute) / reference.flops_per_s;
    let byte = of(Coefficient::Bandwidth) / reference.bytes_per_s;
    PhaseRates {
        seconds_per_flop: factors.map(|(compute, _)| compute * flop),
        seconds_per_unpacked_byte: std::array::from_fn(|unit| {
            if has_weights(unit) {
                2.0 * of(Coefficient::Unpacking) * factors[unit].0 * flop / reference.bytes_per_weight[unit]
            } else {
                0.0
            }
        }),
        seconds_per_byte: factors.map(|(_, traffic)| traffic * byte),
        launch_s: of(Coefficient::Launch) * 1e-6,
        moe_layer_s: of(Coefficient::MoeLayer) * 1e-6,
        step_s: of(Coefficient::Step) * 1e-6,
        cached_share: of(Coefficient::Cached).min(MOST_CACHED),
        cache_bytes: reference.cache_bytes,
        tokens_per_pass: tokens_per_pass.map_or(f64::INFINITY, f64::from),
    }
}
