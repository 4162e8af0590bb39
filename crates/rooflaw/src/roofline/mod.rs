//! The roofline: the time of an operator, a step, a request; and the memory a model needs.
//!
//! `t = max(flops / peak, bytes / bandwidth) + launch overhead` for each operator, summed (Williams, Waterman &
//! Patterson 2009, applied per operator). It bounds latency from below: real kernels reach neither peak.

mod evaluate;
mod generation;
mod least;
mod memory;
mod rates;
mod table;

pub use evaluate::{Evaluation, Evaluator};
pub(crate) use least::{Least, LeastCosts};
pub use memory::MemoryFootprint;
pub(crate) use rates::{PhaseRates, cache_hits};
pub use table::{OperatorRow, StepTable};

use crate::architecture::Architecture;
use crate::device::Device;
use crate::format::{Formats, Precision};
use crate::operators::{Assumptions, ComputeUnit, FormatCosts, Step, Steps, visit_steps};
use crate::pair::Pair;
use rates::{Cached, Rates};
use serde::{Deserialize, Serialize};

/// What is asked of a model: a batch of prompts, each answered with some tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// Sequences processed together, `B`.
    pub batch: u32,
    /// Tokens of each prompt, `S_in`.
    pub prompt_tokens: u32,
    /// Tokens generated for each, `S_out`; token `t` is decoded at context `S_in + t`.
    pub generated_tokens: u32,
}

impl Default for Workload {
    /// The paper's vision-language-action driving workload.
    fn default() -> Self {
        Workload {
            batch: 1,
            prompt_tokens: 1024,
            generated_tokens: 16,
        }
    }
}

impl Workload {
    /// Tokens in each sequence when the last one is generated.
    #[must_use]
    pub const fn full_context(&self) -> u32 {
        self.prompt_tokens + self.generated_tokens
    }
}

/// What bounds an operator's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Binding {
    /// The arithmetic.
    Compute,
    /// The memory traffic.
    Memory,
    /// The launch, longer than the work.
    Launch,
}

impl Binding {
    /// The name shown in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Binding::Compute => "compute",
            Binding::Memory => "memory",
            Binding::Launch => "launch",
        }
    }
}

/// The time of one instance of an operator, seconds; `T` is as in [`crate::operators::Operator`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct OperatorTime<T = f64> {
    /// FLOPs over the peak rate.
    pub compute_s: T,
    /// Bytes over the bandwidth.
    pub memory_s: T,
    /// Time to launch it.
    pub launch_s: T,
}

impl OperatorTime {
    /// `max(compute, memory) + launch`.
    #[must_use]
    #[inline]
    pub fn total_s(&self) -> f64 {
        self.compute_s.max(self.memory_s) + self.launch_s
    }

    /// Which of the three is the longest.
    #[must_use]
    pub fn binding(&self) -> Binding {
        let work = self.compute_s.max(self.memory_s);
        if self.launch_s > work {
            Binding::Launch
        } else if self.compute_s > self.memory_s {
            Binding::Compute
        } else {
            Binding::Memory
        }
    }
}

impl OperatorTime<Pair> {
    /// Its time in the first step.
    fn first(&self) -> OperatorTime {
        OperatorTime {
            compute_s: self.compute_s.first(),
            memory_s: self.memory_s.first(),
            launch_s: self.launch_s.first(),
        }
    }

    /// `max(compute, memory) + launch` in each step.
    #[inline(always)]
    fn totals_s(&self) -> Pair {
        self.compute_s.larger(self.memory_s) + self.launch_s
    }
}

/// A precision the catalogue has no rate for, and what is used instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Fallback {
    /// What the work asks for.
    pub wanted: Precision,
    /// What the device is taken to run it in.
    pub used: Precision,
}

/// A device running a model in given formats.
#[derive(Clone, Debug, PartialEq)]
pub struct Roofline {
    formats: Formats,
    format_costs: FormatCosts,
    assumptions: Assumptions,
    prefill: PhaseRates,
    decode: PhaseRates,
    fallbacks: Vec<Fallback>,
}

impl Roofline {
    /// The bound: peak rates of `device` for work in `formats`, and its launch overhead.
    #[must_use]
    pub fn new(device: &Device, formats: &Formats, assumptions: &Assumptions) -> Roofline {
        let mut fallbacks: Vec<Fallback> = Vec::new();
        let mut seconds_per_flop = |wanted: Precision| {
            // A device file without any peak is refused when it is read.
            let (rate, used) = device.peaks.rate(wanted).unwrap_or((f64::INFINITY, wanted));
            let fallback = Fallback { wanted, used };
            if used != wanted && !fallbacks.contains(&fallback) {
                fallbacks.push(fallback);
            }
            1.0 / rate
        };
        let matrix = seconds_per_flop(formats.weights.matrix_precision());
        let rates = PhaseRates {
            seconds_per_flop: [
                matrix,
                seconds_per_flop(formats.weights.head_precision()),
                seconds_per_flop(formats.activations),
                seconds_per_flop(Precision::Fp32),
                matrix,
            ],
            seconds_per_unpacked_byte: [0.0; ComputeUnit::COUNT],
            seconds_per_byte: [1.0 / device.memory_bandwidth_bytes_per_s; ComputeUnit::COUNT],
            launch_s: if assumptions.launch_overhead {
                device.launch_overhead_s
            } else {
                0.0
            },
            moe_layer_s: 0.0,
            step_s: 0.0,
            cached_share: 0.0,
            cache_bytes: 0.0,
            tokens_per_pass: f64::INFINITY,
        };
        Roofline {
            formats: *formats,
            format_costs: FormatCosts::new(formats),
            assumptions: *assumptions,
            prefill: rates,
            decode: rates,
            fallbacks,
        }
    }

    /// The same with the rates that a runtime achieves.
    pub(crate) const fn achieving(mut self, prefill: PhaseRates, decode: PhaseRates) -> Roofline {
        self.prefill = prefill;
        self.decode = decode;
        self
    }

    /// The formats it was made for.
    #[must_use]
    pub const fn formats(&self) -> &Formats {
        &self.formats
    }

    /// What the operator list takes into account.
    #[must_use]
    pub const fn assumptions(&self) -> &Assumptions {
        &self.assumptions
    }

    /// Precisions the device has no rate for, and what stands in for them.
    #[must_use]
    pub fn fallbacks(&self) -> &[Fallback] {
        &self.fallbacks
    }

    /// Rate of a unit in prefill, operations/s: the peak, or what is achieved.
    #[must_use]
    pub const fn peak(&self, unit: ComputeUnit) -> f64 {
        1.0 / self.prefill.seconds_per_flop[unit as usize]
    }

    /// Bandwidth at which weights are read in decode, bytes/s: the device's, or what is achieved.
    #[must_use]
    pub const fn bandwidth(&self) -> f64 {
        1.0 / self.decode.seconds_per_byte[ComputeUnit::Matrix as usize]
    }

    /// Arithmetic intensity at which matrix products turn from memory- to compute-bound, FLOP/byte.
    #[must_use]
    pub const fn ridge_point(&self) -> f64 {
        self.peak(ComputeUnit::Matrix) / self.bandwidth()
    }

    /// The costs of work in a step.
    fn phase(&self, step: &Step) -> &PhaseRates {
        if step.tokens > 1.0 {
            &self.prefill
        } else {
            &self.decode
        }
    }

    /// The costs of work in two steps.
    fn rates(&self, steps: &Steps) -> Rates {
        Rates::new(
            steps.steps().each_ref().map(|step| self.phase(step)),
            steps.tokens,
        )
    }

    /// The time of one step, seconds.
    #[must_use]
    pub fn step(&self, architecture: &Architecture, step: &Step) -> f64 {
        let steps = Steps::one(step, &self.assumptions);
        let rates = self.rates(&steps);
        let mut seconds = rates.steps_s().first();
        let mut cached = Cached::default();
        visit_steps(
            architecture,
            &steps,
            &self.format_costs,
            &self.assumptions,
            |operator| {
                seconds += operator.instances * rates.times(operator).totals_s().first();
                rates.tally(&mut cached, operator);
            },
        );
        seconds - rates.saved_s(&cached).first()
    }

    /// TTFT: the time of the prefill, seconds.
    #[must_use]
    pub fn ttft(&self, architecture: &Architecture, workload: &Workload) -> f64 {
        self.step(
            architecture,
            &Step::prefill(workload.batch, workload.prompt_tokens),
        )
    }

    /// TPOT at a context: the time to decode one token (of each sequence) that attends to `context` tokens, seconds.
    #[must_use]
    pub fn tpot_at(&self, architecture: &Architecture, batch: u32, context: u32) -> f64 {
        self.step(architecture, &Step::decode(batch, context))
    }
}
