//! The page of tables.

use crate::bare;
use crate::folds::{Predicted, Split};
use crate::peers::{self, Answers};
use crate::statistics::{Summary, errors, percent, quantile};
use rooflaw::calibration::Observation;
use rooflaw::device::Phase;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// One phase and split with its predictions.
pub struct Part<'a> {
    /// What was timed.
    pub phase: Phase,
    /// What was left out.
    pub split: Split,
    /// What was predicted.
    pub predicted: Vec<Predicted<'a>>,
}

const INTRODUCTION: &str = "\
# Predicted against measured latency

Written by `cargo run --release -p rooflaw-study-latency-validation`; do not edit.

Every row of `data/measurements/published.csv` (one published measurement at batch 1; the file names the source of each)
is predicted by fits that have not seen it, in two ways:

- **model left out**: everything of that model on that device is taken away, in all runtimes and formats; the device has
  others. This is the error to expect on a device that you have calibrated.
- **device left out**: everything of that device is taken away, in all its power modes. This is the error to expect on
  a device that nobody measured.

Errors are |predicted / measured − 1|. A ratio is predicted over measured time. Intervals state 90 %; each device's are
scaled by what the other devices ask for. The width is upper over lower end. How much effects differ between devices, runtimes
and formats (`crates/rooflaw/src/calibration/hierarchy.rs`, some 30 numbers for each phase) was itself chosen so that these
errors are small, over about 100 folds: expect slightly more elsewhere. The bare roofline is the bound from the data sheet,
which is no estimate; it stands here because tools print it as one.

![Predicted against measured, each model left out in turn](images/latency-model.png)
![Predicted against measured, each device left out in turn](images/latency-device.png)
";

const HEAD: &str = "| n | median error | 90th percentile | median ratio | in the interval | width |\n|";

type Key = fn(&Predicted<'_>) -> String;

const KEYS: [(&str, Key); 4] = [
    ("class", |one| one.observation.device.class.name().to_owned()),
    ("runtime", |one| {
        let measurement = one.observation.measurement;
        format!("{}, {}", measurement.runtime, measurement.backend)
    }),
    ("weights", |one| {
        one.observation.measurement.weights.name().into_owned()
    }),
    ("device", |one| one.observation.device.family().to_owned()),
];

/// The page.
#[must_use]
pub fn page(parts: &[Part<'_>], all: &[Observation<'_>], answers: &Answers) -> String {
    let mut page = INTRODUCTION.to_owned();
    // Writing to a string cannot fail.
    let _ = writeln!(
        page,
        "\n## All\n\n| phase | left out {HEAD}---|---|---:|---:|---:|---:|---:|---:|"
    );
    for part in parts {
        let summary = Summary::of(part.predicted.iter());
        let _ = writeln!(
            page,
            "| {} | {} | {}",
            part.phase.name(),
            part.split.name(),
            summary.cells()
        );
        let _ = writeln!(
            page,
            "| {} | bare roofline, same rows | {}",
            part.phase.name(),
            without_interval(&bare::predict(&part.predicted))
        );
    }
    write_peers(&mut page, parts, all, answers);
    for (name, key) in KEYS {
        for split in Split::ALL {
            let _ = writeln!(
                page,
                "\n## By {name}, {}\n\n| phase | {name} {HEAD}---|---|---:|---:|---:|---:|---:|---:|",
                split.name()
            );
            for part in parts.iter().filter(|part| part.split == split) {
                let mut groups: BTreeMap<String, Vec<Predicted<'_>>> = BTreeMap::new();
                for one in &part.predicted {
                    groups.entry(key(one)).or_default().push(*one);
                }
                for (group, predicted) in groups {
                    let cells = Summary::of(predicted.iter()).cells();
                    let _ = writeln!(page, "| {} | {group} | {cells}", part.phase.name());
                }
            }
        }
    }
    page
}

const PEERS: &str = "
## Peers on the same rows

LLM-Viewer, llm-analysis and GenZ are analytical models, asked with the device's figures, the model and its lengths; none
claims to know a runtime (`studies/latency-peers` says what each is for, and how it was asked). Ours are the predictions
that had not seen the row. Each line has the rows that the tool predicts for the whole model.

| phase | tool | variant | n | its median error | its median ratio | ours, model left out | ours, device left out |
|---|---|---|---:|---:|---:|---:|---:|
";

fn write_peers(page: &mut String, parts: &[Part<'_>], all: &[Observation<'_>], answers: &Answers) {
    page.push_str(PEERS);
    for phase in Phase::ALL {
        for ((tool, variant), of_tool) in answers {
            let mut errors_of = BTreeMap::new();
            let mut ratios = Vec::new();
            for part in parts.iter().filter(|part| part.phase == phase) {
                let beside = peers::beside(&part.predicted, all, of_tool);
                let ours: Vec<Predicted<'_>> = beside.iter().map(|(one, _)| *one).collect();
                errors_of.insert(part.split.name(), quantile(errors(ours.iter()), 0.5));
                if part.split == Split::Device {
                    ratios = beside
                        .iter()
                        .map(|(one, seconds)| seconds / one.measured_s())
                        .collect();
                }
            }
            let theirs = ratios.iter().map(|ratio: &f64| (ratio - 1.0).abs()).collect();
            let ours = |split: Split| percent(errors_of.get(split.name()).copied().unwrap_or(f64::NAN));
            // Writing to a string cannot fail.
            let _ = writeln!(
                page,
                "| {} | {tool} | {variant} | {} | {} | {:.2} | {} | {} |",
                phase.name(),
                ratios.len(),
                percent(quantile(theirs, 0.5)),
                quantile(ratios.clone(), 0.5),
                ours(Split::Model),
                ours(Split::Device)
            );
        }
    }
}

fn without_interval(predicted: &[Predicted<'_>]) -> String {
    let errors = errors(predicted.iter());
    let ratios = predicted
        .iter()
        .map(|one| one.interval.predicted_s / one.measured_s())
        .collect();
    format!(
        "{} | {} | {} | {:.2} | | |",
        predicted.len(),
        percent(quantile(errors.clone(), 0.5)),
        percent(quantile(errors, 0.9)),
        quantile(ratios, 0.5)
    )
}
