//! What work costs on a device, in numbers that an operator's costs are multiplied with.

use super::OperatorTime;
use crate::operators::{ComputeUnit, Operator, OperatorKind};
use crate::pair::Pair;

/// What one phase's work costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PhaseRates {
    /// By [`ComputeUnit`].
    pub(crate) seconds_per_flop: [f64; ComputeUnit::COUNT],
    /// Arithmetic that every byte of weights costs once per pass, however few rows it is multiplied with.
    pub(crate) seconds_per_unpacked_byte: [f64; ComputeUnit::COUNT],
    /// Memory traffic.
    pub(crate) seconds_per_byte: [f64; ComputeUnit::COUNT],
    /// Every operator.
    pub(crate) launch_s: f64,
    /// Every layer with experts.
    pub(crate) moe_layer_s: f64,
    /// The step as a whole.
    pub(crate) step_s: f64,
    /// Share of the time to read weights that is saved when all of them stay in the last-level cache.
    pub(crate) cached_share: f64,
    /// Size of that cache, bytes; 0 for none.
    pub(crate) cache_bytes: f64,
    /// Tokens that the runtime processes at once; a longer prompt passes over the weights several times.
    pub(crate) tokens_per_pass: f64,
}

/// The same for two steps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rates {
    seconds_per_flop: [Pair; ComputeUnit::COUNT],
    seconds_per_unpacked_byte: [Pair; ComputeUnit::COUNT],
    seconds_per_weight_byte: [Pair; ComputeUnit::COUNT],
    seconds_per_byte: [Pair; ComputeUnit::COUNT],
    launch_s: Pair,
    moe_layer_s: Pair,
    step_s: Pair,
    cached_share: Pair,
    cache_bytes: f64,
}

/// What a last-level cache may save.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cached {
    /// Time to read the weights in each step.
    read_s: Pair,
    /// Bytes of weights that come back from step to step.
    bytes: f64,
}

impl Default for Cached {
    #[inline(always)]
    fn default() -> Self {
        Cached {
            read_s: Pair::all(0.0),
            bytes: 0.0,
        }
    }
}

/// How sharply a cache fails when the weights outgrow it: of twice its size, 1 in 17 bytes is still there.
const CACHE_SHARPNESS: i32 = 4;

/// The share of reads that find their bytes in a cache.
pub(crate) fn cache_hits(bytes: f64, cache_bytes: f64) -> f64 {
    1.0 / (1.0 + (bytes / cache_bytes).powi(CACHE_SHARPNESS))
}

impl PhaseRates {
    /// How often a step of so many tokens passes over the weights.
    fn passes(&self, tokens: f64) -> f64 {
        (tokens / self.tokens_per_pass).ceil().max(1.0)
    }
}

impl Rates {
    /// Rates of two steps of so many tokens each.
    pub(super) fn new(phases: [&PhaseRates; 2], tokens: Pair) -> Rates {
        let [a, b] = phases;
        let passes = Pair::new(a.passes(tokens.first()), b.passes(tokens.second()));
        let pair = |of: fn(&PhaseRates) -> f64| Pair::new(of(a), of(b));
        let pairs = |of: fn(&PhaseRates) -> &[f64; ComputeUnit::COUNT]| -> [Pair; ComputeUnit::COUNT] {
            std::array::from_fn(|unit| Pair::new(of(a)[unit], of(b)[unit]))
        };
        let seconds_per_byte = pairs(|phase| &phase.seconds_per_byte);
        Rates {
            seconds_per_flop: pairs(|phase| &phase.seconds_per_flop),
            seconds_per_unpacked_byte: pairs(|phase| &phase.seconds_per_unpacked_byte)
                .map(|seconds| seconds * passes),
            seconds_per_weight_byte: seconds_per_byte.map(|seconds| seconds * passes),
            seconds_per_byte,
            launch_s: pair(|phase| phase.launch_s) * passes,
            moe_layer_s: pair(|phase| phase.moe_layer_s) * passes,
            step_s: pair(|phase| phase.step_s),
            cached_share: pair(|phase| phase.cached_share),
            cache_bytes: a.cache_bytes.max(b.cache_bytes),
        }
    }

    /// Adds an operator to what the cache may save.
    #[inline(always)]
    pub(super) fn tally(&self, cached: &mut Cached, operator: &Operator<Pair>) {
        if self.cache_bytes > 0.0 && !matches!(operator.kind, OperatorKind::Embedding) {
            if !matches!(operator.unit, ComputeUnit::Vector) {
                let rate = self.seconds_per_weight_byte[operator.unit as usize];
                cached.read_s = cached.read_s + operator.weight_bytes * rate * operator.instances;
            }
            // A tied head is stored with the embedding, and read here.
            let read = operator.weight_bytes.second();
            cached.bytes += operator.instances * operator.stored_bytes.max(read);
        }
    }

    /// Adds the most of an operator's time that the cache may save: all but the traffic of activations and KV cache. It
    /// rises with every dimension, and so does what is left of the time, which the reading of weights itself need not.
    #[inline(always)]
    pub(super) fn tally_most(&self, cached: &mut Cached, operator: &Operator<Pair>) {
        if self.cache_bytes > 0.0 && !matches!(operator.kind, OperatorKind::Embedding) {
            if !matches!(operator.unit, ComputeUnit::Vector) {
                let OperatorTime {
                    compute_s, memory_s, ..
                } = self.times(operator);
                let rate = self.seconds_per_byte[operator.unit as usize];
                let other_s = (operator.activation_bytes + operator.kv_bytes) * rate;
                cached.read_s = cached.read_s + (compute_s.larger(memory_s) - other_s) * operator.instances;
            }
            let read = operator.weight_bytes.second();
            cached.bytes += operator.instances * operator.stored_bytes.max(read);
        }
    }

    /// Time that the cache saves in each step, seconds.
    #[inline(always)]
    pub(super) fn saved_s(&self, cached: &Cached) -> Pair {
        if self.cache_bytes > 0.0 {
            cached.read_s * self.cached_share * cache_hits(cached.bytes, self.cache_bytes)
        } else {
            Pair::all(0.0)
        }
    }

    /// The time of one instance of an operator in each step.
    #[inline(always)]
    pub(super) fn times(&self, operator: &Operator<Pair>) -> OperatorTime<Pair> {
        let unit = operator.unit as usize;
        // Each layer with experts has one router.
        let launch_s = if matches!(operator.kind, OperatorKind::Router) {
            self.launch_s + self.moe_layer_s
        } else {
            self.launch_s
        };
        OperatorTime {
            compute_s: operator.flops * self.seconds_per_flop[unit]
                + operator.weight_bytes * self.seconds_per_unpacked_byte[unit],
            memory_s: operator.weight_bytes * self.seconds_per_weight_byte[unit]
                + (operator.activation_bytes + operator.kv_bytes) * self.seconds_per_byte[unit],
            launch_s,
        }
    }

    /// Time of each step beside its operators, seconds.
    #[inline(always)]
    pub(super) const fn steps_s(&self) -> Pair {
        self.step_s
    }
}
