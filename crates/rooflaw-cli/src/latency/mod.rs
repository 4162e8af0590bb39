//! Latencies as commands state them: what they rest on, and how far each can be trusted.

mod args;
mod words;

pub use args::{DeviceArgs, RuntimeName};
pub use words::{error_words, factor, factor_legend, interval_of, range, sentences};

use rooflaw::architecture::Architecture;
use rooflaw::calibration::{Achieved, Interval, LATENCY_COVERAGE, LatencyIntervals, LeftOut};
use rooflaw::device::{Device, ExpectedRatio, Phase, expected_ratio};
use rooflaw::format::Formats;
use rooflaw::operators::{Assumptions, Step};
use rooflaw::roofline::{Evaluation, Fallback, Roofline, Workload};
use rooflaw::search::Objective;
use serde::Serialize;

/// The latencies of one set of formats.
#[derive(Clone, Serialize)]
pub struct Latency {
    /// The formats.
    pub formats: Formats,
    /// What they rest on.
    #[serde(flatten)]
    pub basis: Basis,
    /// The share of measurements that intervals are made to hold.
    pub coverage: f64,
    /// What is achieved; `None` for the bare roofline.
    #[serde(skip)]
    achieved: Option<Achieved>,
}

/// What latencies rest on.
#[derive(Clone, PartialEq, Serialize)]
#[serde(tag = "basis", rename_all = "snake_case")]
pub enum Basis {
    /// Peak figures alone.
    Bare {
        /// Measured over predicted TTFT.
        ttft_ratio: ExpectedRatio,
        /// Measured over predicted TPOT.
        tpot_ratio: ExpectedRatio,
    },
    /// What devices have in common.
    Population {
        /// The runtime.
        runtime: String,
        /// Whether the runtime was measured on any device.
        is_known: bool,
        /// Errors on devices that were left out.
        #[serde(flatten)]
        errors: Errors,
    },
    /// Measurements of the device.
    Calibration {
        /// The file; `None` for one that comes with the program.
        file: Option<String>,
        /// The id of the device that was measured: the one asked for, or another configuration of it.
        device: String,
        /// The runtime, with version and threads.
        runtime: String,
        /// Measurements of the weight format.
        rows_of_format: usize,
        /// All measurements.
        rows: usize,
        /// Models that were measured.
        models: usize,
        /// Errors on measurements that were left out.
        #[serde(flatten)]
        errors: Errors,
    },
}

/// Errors of predictions, `None` where there was nothing to predict.
#[derive(Clone, Copy, PartialEq, Serialize)]
pub struct Errors {
    /// Of TPOT.
    pub decode: Option<LeftOut>,
    /// Of TTFT.
    pub prefill: Option<LeftOut>,
}

/// The share of published measurements between an [`ExpectedRatio`]'s ends.
const BARE_COVERAGE: f64 = 0.8;

impl Latency {
    /// The uncalibrated roofline.
    fn bare(device: &Device, formats: &Formats) -> Latency {
        Latency {
            formats: *formats,
            basis: Basis::Bare {
                ttft_ratio: expected_ratio(device.class, Phase::Prefill),
                tpot_ratio: expected_ratio(device.class, Phase::Decode),
            },
            coverage: BARE_COVERAGE,
            achieved: None,
        }
    }

    fn calibrated(formats: &Formats, basis: Basis, achieved: Achieved) -> Latency {
        Latency {
            formats: *formats,
            basis,
            coverage: LATENCY_COVERAGE,
            achieved: Some(achieved),
        }
    }

    /// The same with launches and steps that take other times, by a factor.
    pub fn with_overheads_times(mut self, factor: f64) -> Latency {
        self.achieved = self
            .achieved
            .map(|achieved| achieved.with_overheads_times(factor));
        self
    }

    /// What is achieved, with its uncertainty; `None` for the bare roofline.
    pub const fn achieved(&self) -> Option<&Achieved> {
        self.achieved.as_ref()
    }

    /// Whether a runtime's losses are in it.
    pub const fn is_calibrated(&self) -> bool {
        self.achieved.is_some()
    }

    /// Whether it rests on measurements of other devices alone.
    pub const fn is_of_others(&self) -> bool {
        matches!(self.basis, Basis::Population { .. })
    }

    /// The roofline that predicts.
    pub fn roofline(&self, device: &Device, assumptions: &Assumptions) -> Roofline {
        match &self.achieved {
            Some(achieved) => achieved.roofline(device, &self.formats, assumptions),
            None => Roofline::new(device, &self.formats, assumptions),
        }
    }

    /// Precisions without a rate of their own, which matter to the bare roofline only.
    pub fn fallbacks<'a>(&self, roofline: &'a Roofline) -> &'a [Fallback] {
        if self.is_calibrated() {
            &[]
        } else {
            roofline.fallbacks()
        }
    }

    /// The intervals of what `roofline`, which is [`Latency::roofline`], predicts of an architecture.
    pub fn intervals(
        &self,
        device: &Device,
        roofline: &Roofline,
        workload: &Workload,
        architecture: &Architecture,
        evaluation: &Evaluation,
    ) -> LatencyIntervals {
        match (&self.achieved, &self.basis) {
            (Some(achieved), _) => achieved.intervals(device, roofline, architecture, workload),
            (
                None,
                Basis::Bare {
                    ttft_ratio,
                    tpot_ratio,
                },
            ) => {
                let ttft = of_ratio(evaluation.ttft_s, ttft_ratio);
                let generation = of_ratio(evaluation.total_s - evaluation.ttft_s, tpot_ratio);
                LatencyIntervals {
                    ttft,
                    tpot: of_ratio(evaluation.tpot_s, tpot_ratio),
                    total: Interval {
                        low_s: ttft.low_s + generation.low_s,
                        predicted_s: evaluation.total_s,
                        high_s: ttft.high_s + generation.high_s,
                    },
                }
            }
            (None, _) => LatencyIntervals {
                ttft: certain(evaluation.ttft_s),
                tpot: certain(evaluation.tpot_s),
                total: certain(evaluation.total_s),
            },
        }
    }

    /// The interval of a decode step at a context.
    pub fn tpot_at(
        &self,
        device: &Device,
        roofline: &Roofline,
        architecture: &Architecture,
        (batch, context): (u32, u32),
    ) -> Interval {
        let step = Step::decode(batch, context);
        match (&self.achieved, &self.basis) {
            (Some(achieved), _) => achieved.step_interval(device, roofline, architecture, &step),
            (None, Basis::Bare { tpot_ratio, .. }) => {
                of_ratio(roofline.step(architecture, &step), tpot_ratio)
            }
            (None, _) => certain(roofline.step(architecture, &step)),
        }
    }

    /// The probability that one architecture is at least as fast as another; `None` for the bare roofline.
    pub fn probability_faster(
        &self,
        device: &Device,
        roofline: &Roofline,
        workload: &Workload,
        objective: Objective,
        architectures: [&Architecture; 2],
    ) -> Option<f64> {
        let achieved = self.achieved.as_ref()?;
        Some(achieved.probability_faster(device, roofline, workload, objective, architectures))
    }
}

fn of_ratio(bound_s: f64, ratio: &ExpectedRatio) -> Interval {
    Interval {
        low_s: ratio.p10 * bound_s,
        predicted_s: bound_s,
        high_s: ratio.p90 * bound_s,
    }
}

const fn certain(seconds: f64) -> Interval {
    Interval {
        low_s: seconds,
        predicted_s: seconds,
        high_s: seconds,
    }
}

/// The interval of an objective's latency.
pub const fn of_objective(intervals: &LatencyIntervals, objective: Objective) -> Interval {
    match objective {
        Objective::Prefill => intervals.ttft,
        Objective::Decode => intervals.tpot,
        Objective::Total => intervals.total,
    }
}
