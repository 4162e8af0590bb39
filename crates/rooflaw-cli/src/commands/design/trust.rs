//! How far the latencies of a design can be trusted.

use crate::latency::{self, Latency};
use rooflaw::architecture::Architecture;
use rooflaw::calibration::{Interval, LatencyIntervals};
use rooflaw::device::Device;
use rooflaw::format::Formats;
use rooflaw::roofline::{Evaluation, Evaluator};
use rooflaw::search::{Budgets, Candidate, Objective, Outcome};
use serde::Serialize;

/// The probability of what meets a budget all but certainly.
pub const LIKELY: f64 = 0.9;

/// How far the frontier's latencies can be trusted, as the formats and points of the outcome.
#[derive(Serialize)]
pub struct FrontierTrust {
    /// The intervals of the latencies.
    pub frontier_latency_intervals: Vec<Vec<LatencyIntervals>>,
    /// The probability to meet the budget on the objective's latency; empty for the bare roofline.
    pub frontier_probabilities: Vec<Vec<f64>>,
}

/// How likely a budget is met.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Probability {
    /// The latency.
    pub latency: Objective,
    /// The budget, seconds.
    pub budget_s: f64,
    /// Whether the budget is the reference's latency: then the probability is that of being at least as fast as it, and
    /// what is uncertain of both alike does not count.
    pub is_reference: bool,
    /// The probability.
    pub probability: f64,
}

/// An architecture that meets the budget on the objective's latency with a probability of at least [`LIKELY`].
#[derive(Clone, Copy, Serialize)]
pub struct Likely {
    /// Its formats.
    pub formats: Formats,
    /// What it is and what is predicted of it.
    #[serde(flatten)]
    pub candidate: Candidate,
    /// The intervals of its latencies.
    pub latency_intervals: LatencyIntervals,
    /// The probability.
    pub probability: f64,
}

/// What the latencies of a search are judged by.
pub struct Truster<'a> {
    pub device: &'a Device,
    pub latencies: &'a [Latency],
    /// One for each of `latencies`.
    pub evaluators: &'a [Evaluator],
    /// The reference and what is predicted of it, in the first of the formats.
    pub reference: (&'a Architecture, &'a Evaluation),
    pub objective: Objective,
    /// The budgets, and those of them that were asked for.
    pub budgets: Budgets,
    pub asked: Budgets,
}

impl Truster<'_> {
    fn of_format(&self, formats: &Formats) -> Option<(&Latency, &Evaluator)> {
        let position = self
            .latencies
            .iter()
            .position(|latency| latency.formats == *formats)?;
        Some((&self.latencies[position], self.evaluators.get(position)?))
    }

    fn of_architecture(
        &self,
        (latency, evaluator): (&Latency, &Evaluator),
        architecture: &Architecture,
        evaluation: &Evaluation,
    ) -> LatencyIntervals {
        latency.intervals(
            self.device,
            evaluator.roofline(),
            evaluator.workload(),
            architecture,
            evaluation,
        )
    }

    /// The intervals of a candidate.
    pub fn intervals(&self, formats: &Formats, candidate: &Candidate) -> LatencyIntervals {
        self.of_format(formats)
            .map_or_else(LatencyIntervals::default, |of| {
                self.of_architecture(of, &candidate.architecture, &candidate.evaluation)
            })
    }

    /// The intervals of the reference.
    pub fn reference_intervals(&self) -> LatencyIntervals {
        let first = self.latencies.first().zip(self.evaluators.first());
        first.map_or_else(LatencyIntervals::default, |of| {
            self.of_architecture(of, self.reference.0, self.reference.1)
        })
    }

    /// The probability that a candidate meets the budget on a latency.
    fn probability(
        &self,
        formats: &Formats,
        candidate: &Candidate,
        intervals: &LatencyIntervals,
        latency: Objective,
    ) -> Option<Probability> {
        let budget_s = self.budgets.latency(latency)?;
        let (of, evaluator) = self.of_format(formats).filter(|(of, _)| of.is_calibrated())?;
        let own: Interval = latency::of_objective(intervals, latency);
        let is_reference = self.asked.latency(latency).is_none();
        let probability = if !is_reference {
            own.probability_within(budget_s)
        } else if self
            .latencies
            .first()
            .is_some_and(|first| first.formats == *formats)
        {
            of.probability_faster(
                self.device,
                evaluator.roofline(),
                evaluator.workload(),
                latency,
                [&candidate.architecture, self.reference.0],
            )?
        } else {
            own.probability_below(&latency::of_objective(&self.reference_intervals(), latency))
        };
        Some(Probability {
            latency,
            budget_s,
            is_reference,
            probability,
        })
    }

    /// How likely a candidate meets each budget on a latency.
    pub fn probabilities(&self, formats: &Formats, candidate: &Candidate) -> Vec<Probability> {
        let intervals = self.intervals(formats, candidate);
        Objective::ALL
            .into_iter()
            .filter_map(|latency| self.probability(formats, candidate, &intervals, latency))
            .collect()
    }

    /// Intervals and probabilities along the frontier.
    pub fn frontier(&self, outcome: &Outcome) -> FrontierTrust {
        let mut trust = FrontierTrust {
            frontier_latency_intervals: Vec::new(),
            frontier_probabilities: Vec::new(),
        };
        for found in &outcome.by_format {
            let intervals: Vec<LatencyIntervals> = found
                .frontier
                .iter()
                .map(|candidate| self.intervals(&found.formats, candidate))
                .collect();
            let of_point = |(candidate, intervals): (&Candidate, &LatencyIntervals)| {
                self.probability(&found.formats, candidate, intervals, self.objective)
                    .map(|found| found.probability)
            };
            let probabilities = found.frontier.iter().zip(&intervals).filter_map(of_point);
            trust.frontier_probabilities.push(probabilities.collect());
            trust.frontier_latency_intervals.push(intervals);
        }
        trust
    }

    /// The lowest loss on the frontier that meets the budget on the objective's latency all but certainly, and the other
    /// budgets by what is predicted.
    pub fn likely(&self, outcome: &Outcome, trust: &FrontierTrust) -> Option<Likely> {
        let formats = outcome.by_format.iter().zip(&trust.frontier_probabilities);
        formats
            .zip(&trust.frontier_latency_intervals)
            .flat_map(|((found, probabilities), intervals)| {
                let points = found.frontier.iter().zip(probabilities).zip(intervals);
                points.map(|((candidate, &probability), &latency_intervals)| Likely {
                    formats: found.formats,
                    candidate: *candidate,
                    latency_intervals,
                    probability,
                })
            })
            .filter(|likely| likely.probability >= LIKELY && likely.candidate.evaluation.loss.is_finite())
            .min_by(|a, b| {
                a.candidate
                    .evaluation
                    .loss
                    .total_cmp(&b.candidate.evaluation.loss)
            })
    }
}
