//! What `rooflaw design` found.

use super::trust::{FrontierTrust, Likely, Probability};
use crate::latency::Latency;
use rooflaw::calibration::LatencyIntervals;
use rooflaw::decision::Decision;
use rooflaw::device::Device;
use rooflaw::format::Formats;
use rooflaw::law::{Extrapolation, LossInterval};
use rooflaw::roofline::{Evaluation, Fallback, Workload};
use rooflaw::search::{Budgets, Candidate, Objective, Outcome};
use rooflaw_report::figure::NamedPoint;
use serde::Serialize;

/// Everything that a design run found.
#[derive(Serialize)]
pub struct Design<'a> {
    /// The device.
    pub device: &'a Device,
    /// Whether the chosen architecture has experts of which the law knows nothing.
    pub unseen_experts: Option<String>,
    /// The law's id.
    pub law: &'a str,
    /// What the losses are measured in.
    pub loss_unit: &'a str,
    /// Tokens each architecture is trained on, for a law that asks for them.
    pub training_tokens: Option<f64>,
    /// The space's id.
    pub space: &'a str,
    /// The workload.
    pub workload: Workload,
    /// The latency minimised.
    pub objective: Objective,
    /// The budgets asked for, and the device's memory.
    pub budgets: Budgets,
    /// The budget on the objective's latency: the one asked for, or the reference's latency.
    pub latency_budget_s: Option<f64>,
    /// The chosen architecture.
    pub chosen: Chosen,
    /// The reference model.
    pub reference: Reference,
    /// The frontiers.
    pub outcome: Outcome,
    /// The interval of the loss of each frontier point, as the formats and points of `outcome`; empty for a law that
    /// states none.
    pub frontier_loss_intervals: Vec<Vec<LossInterval>>,
    /// The probability with which the intervals hold.
    pub coverage: f64,
    /// What the latencies rest on, by format.
    pub latencies: Vec<Latency>,
    /// How far the latencies of the frontier can be trusted.
    #[serde(flatten)]
    pub trust: FrontierTrust,
    /// What weight formats cost in loss, if that is counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantisation: Option<String>,
    /// Where that extrapolates.
    #[serde(skip)]
    pub quantisation_warning: Option<String>,
    /// The candidates judged under uncertainty, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// Precisions the device has no rate for.
    pub fallbacks: Vec<Fallback>,
    /// A sample of the space: latency in ms, loss.
    #[serde(skip)]
    pub cloud: Vec<(f64, f64)>,
    /// Shapes of published models: latency in ms, loss.
    #[serde(skip)]
    pub known_models: Vec<NamedPoint>,
}

/// The architecture of the lowest loss within the budgets.
#[derive(Serialize)]
pub struct Chosen {
    /// Its formats.
    pub formats: Formats,
    /// What it is and what is predicted of it.
    #[serde(flatten)]
    pub candidate: Candidate,
    /// The interval of its loss, if the law states one.
    pub loss_interval: Option<LossInterval>,
    /// The intervals of its latencies.
    pub latency_intervals: LatencyIntervals,
    /// How likely it meets the budgets on latencies; empty for the bare roofline.
    pub probabilities: Vec<Probability>,
    /// The lowest loss that meets the budget on the objective's latency all but certainly.
    pub likely: Option<Likely>,
    /// Where the law extrapolates.
    pub extrapolations: Vec<Extrapolation>,
}

/// The model to compare with, in the first of the formats.
#[derive(Serialize)]
pub struct Reference {
    /// Its name.
    pub name: String,
    /// What is predicted of its shape.
    pub evaluation: Evaluation,
    /// The intervals of its latencies.
    pub latency_intervals: LatencyIntervals,
    /// The frontier's lowest loss at no more than the reference's latency; None when the space is slower.
    pub at_its_latency: Option<Candidate>,
    /// `exp(loss at its latency − its loss)`: the ratio of perplexities under a law in nats/token.
    pub perplexity_ratio: Option<f64>,
    /// The interval of that ratio, if the law states one.
    pub perplexity_ratio_interval: Option<LossInterval>,
    /// The interval of its loss, if the law states one.
    pub loss_interval: Option<LossInterval>,
    /// Where the law extrapolates for it.
    pub extrapolations: Vec<Extrapolation>,
}
