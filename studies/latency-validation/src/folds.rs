//! What is left out in turn, and what is predicted of it.

use rayon::prelude::*;
use rooflaw::calibration::{Interval, LATENCY_COVERAGE, Observation, PhaseFit};
use std::collections::BTreeMap;

/// A way to leave measurements out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// All of a model on a device that others were measured on.
    Model,
    /// All of a device, in all its modes.
    Device,
}

impl Split {
    /// Both.
    pub const ALL: [Split; 2] = [Split::Model, Split::Device];

    /// The name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Split::Model => "model left out",
            Split::Device => "device left out",
        }
    }

    /// Places of the measurements that are left out together.
    #[must_use]
    pub fn folds(self, observations: &[&Observation<'_>]) -> Vec<Vec<usize>> {
        let mut by_device: BTreeMap<&str, BTreeMap<&str, Vec<usize>>> = BTreeMap::new();
        for (place, observation) in observations.iter().enumerate() {
            by_device
                .entry(observation.device.family())
                .or_default()
                .entry(&observation.measurement.model)
                .or_default()
                .push(place);
        }
        match self {
            Split::Model => by_device
                .into_values()
                .filter(|models| models.len() > 1)
                .flat_map(BTreeMap::into_values)
                .collect(),
            Split::Device => by_device
                .into_values()
                .map(|models| models.into_values().flatten().collect())
                .collect(),
        }
    }
}

/// A measurement and its prediction by a fit without it.
#[derive(Clone, Copy, Debug)]
pub struct Predicted<'a> {
    /// Its place in the fit.
    pub place: usize,
    /// What was measured, and of what.
    pub observation: &'a Observation<'a>,
    /// The prediction.
    pub interval: Interval,
}

impl Predicted<'_> {
    /// What was measured, seconds.
    #[must_use]
    pub const fn measured_s(&self) -> f64 {
        self.observation.measurement.seconds
    }

    /// How far the measurement is from the prediction, over the half-width of the interval, both as logarithms.
    #[must_use]
    pub fn distance(&self) -> f64 {
        let Interval {
            predicted_s, high_s, ..
        } = self.interval;
        (self.measured_s() / predicted_s).ln().abs() / (high_s / predicted_s).ln()
    }

    /// The same with an interval as much wider, in logarithms.
    #[must_use]
    pub fn stretched(mut self, factor: f64) -> Self {
        let predicted_s = self.interval.predicted_s;
        let reach = (self.interval.high_s / predicted_s).powf(factor);
        self.interval = Interval {
            low_s: predicted_s / reach,
            predicted_s,
            high_s: predicted_s * reach,
        };
        self
    }
}

/// Predicts every measurement that a split leaves out, fold by fold, in the order of the fit.
#[must_use]
pub fn predict<'a>(fit: &PhaseFit<'a>, split: Split) -> Vec<Predicted<'a>> {
    let mut predicted: Vec<Predicted<'a>> = split
        .folds(fit.observations())
        .par_iter()
        .flat_map_iter(|fold| {
            let intervals = fit.without(fold);
            fold.iter()
                .zip(intervals)
                .map(|(&place, interval)| Predicted {
                    place,
                    observation: fit.observations()[place],
                    interval,
                })
                .collect::<Vec<_>>()
        })
        .collect();
    predicted.sort_by_key(|predicted| predicted.place);
    predicted
}

/// By how much intervals must be wider to hold as many measurements as they state: the quantile of the distances
/// (conformal prediction; Vovk, Gammerman & Shafer 2005, *Algorithmic Learning in a Random World*). A device counts with
/// the square root of its measurements, between once and as often as it was measured: its distances resemble each other.
#[must_use]
pub fn stretch<'a: 'b, 'b>(predicted: impl Iterator<Item = &'b Predicted<'a>>) -> f64 {
    let mut distances: Vec<(f64, &str)> = predicted.map(|one| (one.distance(), family(one))).collect();
    distances.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut counts: BTreeMap<&str, f64> = BTreeMap::new();
    for (_, device) in &distances {
        *counts.entry(device).or_default() += 1.0;
    }
    let weight = |device: &str| counts.get(device).map_or(0.0, |count| 1.0 / count.sqrt());
    let all: f64 = distances.iter().map(|(_, device)| weight(device)).sum();
    let mut below = 0.0;
    for (distance, device) in &distances {
        below += weight(device);
        if below >= LATENCY_COVERAGE * all {
            return *distance;
        }
    }
    1.0
}

fn family<'a>(predicted: &Predicted<'a>) -> &'a str {
    predicted.observation.device.family()
}

/// The predictions with intervals stretched by what the other devices' measurements ask for.
#[must_use]
pub fn stretched<'a>(predicted: &[Predicted<'a>]) -> Vec<Predicted<'a>> {
    let mut factors: BTreeMap<&str, f64> = BTreeMap::new();
    for one in predicted {
        let device = family(one);
        factors
            .entry(device)
            .or_insert_with(|| stretch(predicted.iter().filter(|other| family(other) != device)));
    }
    predicted
        .iter()
        .map(|one| one.stretched(factors.get(family(one)).copied().unwrap_or(1.0)))
        .collect()
}
