//! What is known of one phase on one device, with one runtime and weight format: the coefficients and how certain they
//! are.

use super::coefficients::{Coefficient, Logs, Reference, rates};
use super::work::{Timing, Work};
use crate::architecture::Architecture;
use crate::device::{Device, Phase};
use crate::format::Formats;
use crate::operators::{Assumptions, Step};
use crate::roofline::{Roofline, Workload};
use serde::Serialize;

/// The share of measurements that an interval is made to hold.
pub const LATENCY_COVERAGE: f64 = 0.9;

/// Quantile of the normal distribution that holds [`LATENCY_COVERAGE`] between it and its negative.
const QUANTILE: f64 = 1.644_853_626_951_472_7;

/// A phase's coefficients.
#[derive(Clone, Debug, PartialEq)]
pub struct PhaseModel {
    /// Natural logarithms of the coefficients.
    pub logs: Logs,
    /// Their covariance.
    pub covariance: [Logs; Coefficient::COUNT],
    /// Standard deviation of ln of a measured time about the model.
    pub scatter: f64,
    /// What standard deviations are multiplied with for intervals to hold as many measurements as they state.
    pub stretch: f64,
    /// Measurements of the device, runtime and format behind it.
    pub n_measurements: usize,
}

/// Both phases, and what the runtime does with long prompts.
#[derive(Clone, Debug, PartialEq)]
pub struct Achieved {
    /// Prefill.
    pub prefill: PhaseModel,
    /// Decode.
    pub decode: PhaseModel,
    /// Tokens that the runtime processes at once.
    pub tokens_per_pass: Option<u32>,
    /// Whether the runtime's attention is one kernel; else the scores go through memory, and the causal mask saves
    /// nothing.
    pub fused_attention: bool,
    /// Whether latent attention is absorbed in prefill (see [`Assumptions::absorbed_latent`]).
    pub absorbed_latent: bool,
}

/// A time with the interval that holds it with probability [`LATENCY_COVERAGE`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Interval {
    /// Lower end, seconds.
    pub low_s: f64,
    /// What is predicted, seconds.
    pub predicted_s: f64,
    /// Upper end, seconds.
    pub high_s: f64,
}

/// A number with the interval that holds it with probability [`LATENCY_COVERAGE`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Range {
    /// Lower end.
    pub low: f64,
    /// The most probable value.
    pub value: f64,
    /// Upper end.
    pub high: f64,
}

/// The times of a request with their intervals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct LatencyIntervals {
    /// Time to first token.
    pub ttft: Interval,
    /// Mean time per output token.
    pub tpot: Interval,
    /// Prefill and generation.
    pub total: Interval,
}

impl Interval {
    /// An interval about a time from the standard deviation of its logarithm.
    fn new(predicted_s: f64, deviation: f64) -> Interval {
        let factor = (QUANTILE * deviation).exp();
        Interval {
            low_s: predicted_s / factor,
            predicted_s,
            high_s: predicted_s * factor,
        }
    }

    /// Standard deviation of the logarithm.
    fn deviation(&self) -> f64 {
        if self.predicted_s > 0.0 {
            (self.high_s / self.predicted_s).ln() / QUANTILE
        } else {
            0.0
        }
    }

    /// The probability that the time is at most `budget_s`.
    #[must_use]
    pub fn probability_within(&self, budget_s: f64) -> f64 {
        normal_below((budget_s / self.predicted_s).ln(), self.deviation())
    }

    /// The probability that the time is at most another one, whose error has nothing to do with this one's.
    #[must_use]
    pub fn probability_below(&self, other: &Interval) -> f64 {
        let distance = (other.predicted_s / self.predicted_s).ln();
        normal_below(distance, self.deviation().hypot(other.deviation()))
    }
}

/// The probability that a normal number of mean 0 is at most `distance`.
pub(crate) fn normal_below(distance: f64, deviation: f64) -> f64 {
    if deviation > 0.0 && distance.is_finite() {
        0.5 * statrs::function::erf::erfc(-distance / deviation * std::f64::consts::FRAC_1_SQRT_2)
    } else {
        f64::from(u8::from(distance >= 0.0))
    }
}

impl Range {
    /// A number over this one.
    #[must_use]
    pub fn divides(self, number: f64) -> Range {
        Range {
            low: number / self.high,
            value: number / self.value,
            high: number / self.low,
        }
    }
}

impl PhaseModel {
    /// A coefficient.
    #[must_use]
    pub fn value(&self, coefficient: Coefficient) -> f64 {
        self.logs[coefficient as usize].exp()
    }

    /// A coefficient with its interval.
    #[must_use]
    pub fn range(&self, coefficient: Coefficient) -> Range {
        let place = coefficient as usize;
        let deviation = self.stretch * self.covariance[place][place].max(0.0).sqrt();
        let (value, factor) = (self.value(coefficient), (QUANTILE * deviation).exp());
        Range {
            low: value / factor,
            value,
            high: value * factor,
        }
    }

    /// Standard deviation of ln of a time, for intervals.
    fn deviation(&self, timing: &Timing) -> f64 {
        let gradient = &timing.gradient;
        let variance: f64 = self
            .covariance
            .iter()
            .zip(gradient)
            .map(|(row, by)| by * row.iter().zip(gradient).map(|(a, b)| a * b).sum::<f64>())
            .sum();
        self.stretch * (variance.max(0.0) + self.scatter.powi(2)).sqrt()
    }

    pub(super) fn interval(&self, work: &Work) -> Interval {
        let timing = work.timing(&self.logs);
        Interval::new(timing.seconds, self.deviation(&timing))
    }
}

/// The prefill, and the decode step at the middle of the generation.
pub(super) fn typical_steps(workload: &Workload) -> [Step; 2] {
    let middle = workload.prompt_tokens + workload.generated_tokens.div_ceil(2);
    [
        Step::prefill(workload.batch, workload.prompt_tokens),
        Step::decode(workload.batch, middle),
    ]
}

impl Achieved {
    /// The time of a step on the model of its phase.
    pub(super) fn timing(
        &self,
        device: &Device,
        roofline: &Roofline,
        architecture: &Architecture,
        step: &Step,
    ) -> (&PhaseModel, Timing) {
        // As the roofline tells the phases apart.
        let model = if step.tokens > 1.0 {
            &self.prefill
        } else {
            &self.decode
        };
        let (formats, assumptions) = (roofline.formats(), roofline.assumptions());
        let reference = Reference::new(device, formats);
        let work = Work::new(
            architecture,
            step,
            formats,
            assumptions,
            reference,
            self.tokens_per_pass,
        );
        (model, work.timing(&model.logs))
    }

    /// The time of one step that `roofline` predicts, as in [`Achieved::intervals`], with its interval.
    #[must_use]
    pub fn step_interval(
        &self,
        device: &Device,
        roofline: &Roofline,
        architecture: &Architecture,
        step: &Step,
    ) -> Interval {
        let (model, timing) = self.timing(device, roofline, architecture, step);
        Interval::new(roofline.step(architecture, step), model.deviation(&timing))
    }

    /// The same with the times that do not depend on the work, of operators, layers with experts and steps, by a factor.
    #[must_use]
    pub fn with_overheads_times(mut self, factor: f64) -> Achieved {
        for model in [&mut self.prefill, &mut self.decode] {
            for overhead in [Coefficient::Launch, Coefficient::MoeLayer, Coefficient::Step] {
                model.logs[overhead as usize] += factor.ln();
            }
        }
        self
    }

    /// The model of a phase.
    #[must_use]
    pub const fn phase(&self, phase: Phase) -> &PhaseModel {
        match phase {
            Phase::Prefill => &self.prefill,
            Phase::Decode => &self.decode,
        }
    }

    /// The roofline with these rates in place of the device's peaks.
    #[must_use]
    pub fn roofline(&self, device: &Device, formats: &Formats, assumptions: &Assumptions) -> Roofline {
        let reference = Reference::new(device, formats);
        let of = |model: &PhaseModel| {
            let mut rates = rates(&model.logs, &reference, self.tokens_per_pass);
            if !assumptions.launch_overhead {
                (rates.launch_s, rates.moe_layer_s, rates.step_s) = (0.0, 0.0, 0.0);
            }
            rates
        };
        let assumptions = Assumptions {
            fused_attention: assumptions.fused_attention && self.fused_attention,
            causal: assumptions.causal && self.fused_attention,
            absorbed_latent: self.absorbed_latent,
            ..*assumptions
        };
        Roofline::new(device, formats, &assumptions).achieving(of(&self.prefill), of(&self.decode))
    }

    /// The times that `roofline` predicts, which must be [`Achieved::roofline`] of the same device and formats, with
    /// their intervals.
    ///
    /// The intervals' widths are those of the prefill and of the decode step at the middle of the generation; errors
    /// of the two phases are taken as independent.
    #[must_use]
    pub fn intervals(
        &self,
        device: &Device,
        roofline: &Roofline,
        architecture: &Architecture,
        workload: &Workload,
    ) -> LatencyIntervals {
        let deviation = |step: &Step| {
            let (model, timing) = self.timing(device, roofline, architecture, step);
            model.deviation(&timing)
        };
        let [prefill, decode] = typical_steps(workload);
        let (of_ttft, of_tpot) = (deviation(&prefill), deviation(&decode));
        let ttft_s = roofline.ttft(architecture, workload);
        let generation_s = roofline.generation(architecture, workload);
        let total_s = ttft_s + generation_s;
        let of_total = (ttft_s * of_ttft).hypot(generation_s * of_tpot) / total_s.max(f64::MIN_POSITIVE);
        LatencyIntervals {
            ttft: Interval::new(ttft_s, of_ttft),
            tpot: Interval::new(
                generation_s / f64::from(workload.generated_tokens.max(1)),
                of_tpot,
            ),
            total: Interval::new(total_s, of_total),
        }
    }
}
