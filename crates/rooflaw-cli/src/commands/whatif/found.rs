//! What `rooflaw whatif` found of changed devices.

use super::setup::Setup;
use crate::latency::Latency;
use rooflaw::calibration::LatencyIntervals;
use rooflaw::device::Device;
use rooflaw::format::Formats;
use rooflaw::law::{Extrapolation, LossInterval};
use rooflaw::roofline::{Evaluation, Workload};
use rooflaw::search::{Budgets, Candidate, Objective};
use rooflaw::whatif::{Changes, Figure, Map, Optimum, best, fastest};
use serde::Serialize;

/// Everything that was asked and found.
#[derive(Serialize)]
pub struct WhatIf<'a> {
    /// The device as it is.
    pub device: &'a Device,
    /// The law's id.
    pub law: &'a str,
    /// What the losses are measured in.
    pub loss_unit: &'a str,
    /// The space's id.
    pub space: &'a str,
    /// The workload.
    pub workload: Workload,
    /// The latency minimised.
    pub objective: Objective,
    /// The budgets, without the memory of the device.
    pub budgets: Budgets,
    /// Whether the budget on the objective's latency is the reference's latency on the device as it is.
    pub is_reference_budget: bool,
    /// The reference's name.
    pub reference: &'a str,
    /// What the latencies rest on, by format.
    pub latencies: &'a [Latency],
    /// What weight formats cost in loss, if that is counted.
    pub quantisation: Option<String>,
    /// The device as it is, each change alone, and all of them.
    pub scenarios: Vec<Scenario>,
    /// The optimum over two figures.
    pub map: Option<Map>,
}

/// A device and its optimum.
#[derive(Serialize)]
pub struct Scenario {
    /// What it is called in tables.
    pub name: String,
    /// The figures that change.
    pub changes: Vec<FigureChange>,
    /// The device.
    #[serde(skip)]
    pub device: Device,
    /// The lowest loss within the budgets; `None` where nothing meets them.
    pub best: Option<Found>,
    /// The fastest with at most the loss of the device as it is.
    pub same_loss: Option<Found>,
    /// The architecture that is best on the device as it is, on this one.
    pub kept: Option<Kept>,
}

/// A figure of a device, changed.
#[derive(Clone, Copy, Serialize)]
pub struct FigureChange {
    /// Which one.
    pub figure: Figure,
    /// By which factor.
    pub factor: f64,
    /// To which value: bytes/s, FLOP/s, bytes, or seconds an operator.
    pub value: f64,
}

/// An architecture that a search found.
#[derive(Serialize)]
pub struct Found {
    /// Its formats.
    pub formats: Formats,
    /// What it is and what is predicted of it.
    #[serde(flatten)]
    pub candidate: Candidate,
    /// The intervals of its latencies.
    pub latency_intervals: LatencyIntervals,
    /// The interval of its loss, if the law states one.
    pub loss_interval: Option<LossInterval>,
    /// Where the law extrapolates.
    pub extrapolations: Vec<Extrapolation>,
}

/// An architecture on another device than it was chosen for.
#[derive(Serialize)]
pub struct Kept {
    /// What is predicted of it.
    pub evaluation: Evaluation,
    /// Whether it is within the budgets there.
    pub is_within_budgets: bool,
}

impl Setup {
    /// An optimum with its intervals.
    pub fn found(&self, device: &Device, latencies: &[Latency], optimum: Optimum) -> Option<Found> {
        let latency = latencies.get(optimum.position)?;
        let candidate = optimum.candidate;
        let roofline = latency.roofline(device, &self.assumptions);
        let features = self.law.features(&candidate.architecture);
        Some(Found {
            formats: latency.formats,
            latency_intervals: latency.intervals(
                device,
                &roofline,
                &self.workload,
                &candidate.architecture,
                &candidate.evaluation,
            ),
            loss_interval: self.law.interval(&features).map(|interval| {
                let penalty = self.quantisation.penalty(optimum.position);
                let parameters = &candidate.evaluation.parameters;
                interval.above(penalty.map_or(0.0, |penalty| penalty.of(parameters)))
            }),
            extrapolations: self.law.extrapolations(&features),
            candidate,
        })
    }

    /// The optimum of a changed device beside that of the device as it is, `before`.
    pub fn scenario(
        &self,
        name: String,
        changes: &Changes,
        before: Option<&Optimum>,
        progress: &crate::output::Progress,
    ) -> (Scenario, Option<Optimum>) {
        let (device, latencies) = self.changed(changes);
        let outcome = self.search(&device, &latencies, progress);
        let optimum = best(&outcome);
        let before = before.copied().or(optimum);
        let same_loss =
            before.and_then(|before| fastest(&outcome, self.objective, before.candidate.evaluation.loss));
        let kept = before.and_then(|before| {
            let evaluators = self.evaluators(&device, &latencies);
            let evaluation = evaluators
                .get(before.position)?
                .evaluate(&before.candidate.architecture);
            Some(Kept {
                is_within_budgets: self.budgets_on(&device).admit(&evaluation),
                evaluation,
            })
        });
        let change = |&(figure, factor): &(Figure, f64)| FigureChange {
            figure,
            factor,
            value: figure.value(&device),
        };
        let scenario = Scenario {
            name,
            changes: changes.factors().iter().map(change).collect(),
            best: optimum.and_then(|found| self.found(&device, &latencies, found)),
            same_loss: same_loss.and_then(|found| self.found(&device, &latencies, found)),
            kept,
            device,
        };
        (scenario, optimum)
    }
}

impl WhatIf<'_> {
    /// The device that the map is about: with all changes.
    pub fn map_device(&self) -> &Device {
        self.scenarios.last().map_or(self.device, |last| &last.device)
    }
}
