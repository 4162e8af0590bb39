//! One machine: calibrated on some architectures, held to others.

use crate::statistics::{percent, quantile};
use rooflaw::architecture::{Architecture, hf};
use rooflaw::calibration::{Interval, Observation, Population, calibrate};
use rooflaw::device::{Device, Phase};
use rooflaw::measurements::{Measurement, MeasurementTable};
use std::fmt::Write as _;
use std::{error::Error, fs, path::Path};

/// A measurement with its model.
pub struct Measured {
    /// What was measured.
    pub measurement: Measurement,
    /// The model.
    pub architecture: Architecture,
}

/// Reads a table whose rows name their config.json.
///
/// # Errors
/// A file that cannot be read.
pub fn read(path: &Path) -> Result<Vec<Measured>, Box<dyn Error>> {
    let folder = path.parent().unwrap_or(Path::new(""));
    MeasurementTable::from_csv(&fs::read(path)?)?
        .rows
        .into_iter()
        .map(|measurement| {
            let config = measurement.config.as_deref().ok_or("a row without a config")?;
            let architecture = hf::read(&fs::read(folder.join(config))?)?.architecture;
            Ok(Measured {
                measurement,
                architecture,
            })
        })
        .collect()
}

/// Whether a measurement is one of those that the calibration may see.
fn is_for_calibration(measured: &Measured) -> bool {
    measured.measurement.model.starts_with("cal-")
}

/// A held-out model in one format: what each repeat measured, and what was predicted.
#[derive(Clone, Debug)]
struct Held {
    model: String,
    weights: String,
    measured_s: Vec<f64>,
    interval: Interval,
}

impl Held {
    /// The median of the repeats, seconds.
    fn middle_s(&self) -> f64 {
        quantile(self.measured_s.clone(), 0.5)
    }

    fn error(&self) -> f64 {
        self.interval.predicted_s / self.middle_s() - 1.0
    }
}

/// |later / first − 1| of everything that the first repeat and a later one measured.
fn floor(repeats: &[Vec<Measured>], phase: Phase) -> Vec<f64> {
    let Some((first, later)) = repeats.split_first() else {
        return Vec::new();
    };
    first
        .iter()
        .filter(|row| row.measurement.phase == phase)
        .flat_map(|row| {
            later.iter().filter_map(|repeat| {
                let again = again(repeat, &row.measurement)?;
                Some((again / row.measurement.seconds - 1.0).abs())
            })
        })
        .collect()
}

fn again(rows: &[Measured], first: &Measurement) -> Option<f64> {
    rows.iter()
        .map(|row| &row.measurement)
        .find(|row| (row.phase, &row.model, row.weights) == (first.phase, &first.model, first.weights))
        .map(|row| row.seconds)
}

/// Spearman's rank correlation.
fn spearman(pairs: &[(f64, f64)]) -> f64 {
    let ranks = |values: Vec<f64>| -> Vec<f64> {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
        let mut ranks = vec![0.0; values.len()];
        for (rank, place) in order.into_iter().enumerate() {
            ranks[place] = rank as f64;
        }
        ranks
    };
    let (a, b) = (
        ranks(pairs.iter().map(|pair| pair.0).collect()),
        ranks(pairs.iter().map(|pair| pair.1).collect()),
    );
    let n = pairs.len() as f64;
    let squares: f64 = a.iter().zip(&b).map(|(a, b)| (a - b).powi(2)).sum();
    1.0 - 6.0 * squares / (n * (n * n - 1.0))
}

/// Rank correlations inside windows of a factor of 2 in the predicted time, each beginning at one of the predictions;
/// windows with fewer than [`LEAST`] are left out.
fn near_correlations(held: &[Held]) -> Vec<f64> {
    const LEAST: usize = 8;
    held.iter()
        .filter_map(|first| {
            let least_s = first.interval.predicted_s;
            let near: Vec<(f64, f64)> = held
                .iter()
                .filter(|other| (least_s..2.0 * least_s).contains(&other.interval.predicted_s))
                .map(|other| (other.interval.predicted_s, other.middle_s()))
                .collect();
            (near.len() >= LEAST).then(|| spearman(&near))
        })
        .collect()
}

/// The page.
///
/// # Errors
/// Measurements that no calibration can be made of.
pub fn page(
    population: &Population,
    device: &Device,
    repeats: &[Vec<Measured>],
) -> Result<String, Box<dyn Error>> {
    let observe =
        |row: &'_ Measured| -> (Measurement, Architecture) { (row.measurement.clone(), row.architecture) };
    let seen: Vec<(Measurement, Architecture)> = repeats
        .iter()
        .flat_map(|rows| rows.iter())
        .filter(|row| is_for_calibration(row))
        .map(observe)
        .collect();
    let seen: Vec<Observation<'_>> = seen
        .iter()
        .map(|(measurement, architecture)| Observation {
            measurement,
            device,
            architecture: *architecture,
        })
        .collect();
    calibrate(population, device, &seen)?;
    let seen: Vec<&Observation<'_>> = seen.iter().collect();
    let mut page = INTRODUCTION.to_owned();
    // Writing to a string cannot fail.
    for phase in Phase::ALL {
        let of_phase: Vec<&Observation<'_>> = seen
            .iter()
            .filter(|observation| observation.measurement.phase == phase)
            .copied()
            .collect();
        let rows: Vec<&Measured> = repeats
            .first()
            .into_iter()
            .flatten()
            .filter(|row| row.measurement.phase == phase && !is_for_calibration(row))
            .collect();
        let asked: Vec<Observation<'_>> = rows
            .iter()
            .map(|row| Observation {
                measurement: &row.measurement,
                device,
                architecture: row.architecture,
            })
            .collect();
        let intervals = population.predict(phase, &of_phase, &asked.iter().collect::<Vec<_>>());
        let held: Vec<Held> = rows
            .iter()
            .zip(intervals)
            .filter_map(|(row, interval)| {
                let first = &row.measurement;
                let measured_s = repeats
                    .iter()
                    .map(|repeat| again(repeat, first))
                    .collect::<Option<_>>()?;
                Some(Held {
                    model: first.model.clone(),
                    weights: first.weights.name().into_owned(),
                    measured_s,
                    interval,
                })
            })
            .collect();
        write_phase(&mut page, phase, &held, &floor(repeats, phase));
    }
    Ok(page)
}

const INTRODUCTION: &str = "\
# Predicted against measured on one CPU

Written by `cargo run --release -p rooflaw-study-latency-validation --bin machine`; do not edit.

One thread of a virtual machine with two cores of an AMD EPYC (Zen 4), llama.cpp's llama-bench (build 11669), prompts of
128 tokens and generations of 32 from an empty cache, random weights. 12 architectures in F16, Q8_0 and Q4_0 calibrate; 20
others, drawn from the same families (dense and mixtures of experts, 27 million to 1.4 billion parameters), are predicted.
`data/measurements/cpu` has all of it. Everything was measured three times, the second and the third time more than an hour
after the first; the floor is the difference of a later repeat from the first. Errors are |predicted / measured − 1|, where
measured is the median of the three. The machine is shared: its memory is up to a fifth slower at some times than at others.
";

fn write_phase(page: &mut String, phase: Phase, held: &[Held], floor: &[f64]) {
    let errors = |of: &dyn Fn(&Held) -> bool| -> Vec<f64> {
        held.iter()
            .filter(|one| of(one))
            .map(|one| one.error().abs())
            .collect()
    };
    let single: Vec<f64> = held
        .iter()
        .flat_map(|one| {
            one.measured_s
                .iter()
                .map(|measured_s| (one.interval.predicted_s / measured_s - 1.0).abs())
        })
        .collect();
    let inside = held
        .iter()
        .filter(|one| (one.interval.low_s..=one.interval.high_s).contains(&one.middle_s()))
        .count();
    let pairs: Vec<(f64, f64)> = held
        .iter()
        .map(|one| (one.interval.predicted_s, one.middle_s()))
        .collect();
    let near = near_correlations(held);
    let all = errors(&|_| true);
    let _ = writeln!(
        page,
        "\n## {}\n\n| what | value |\n|---|---:|\n\
         | median error | {} |\n| 90th percentile | {} |\n| against single repeats: median error, 90th percentile | {}, {} |\n\
         | floor: median difference of two repeats | {} |\n\
         | floor: its 90th percentile | {} |\n| rank correlation (Spearman) | {:.3} |\n\
         | rank correlation among predictions within a factor of 2 (median of {} windows, least) | {:.3}, {:.3} |\n\
         | inside the 90 % interval | {:.0} % |\n| interval, upper over lower end (median) | {:.2} |",
        phase.name(),
        percent(quantile(all.clone(), 0.5)),
        percent(quantile(all.clone(), 0.9)),
        percent(quantile(single.clone(), 0.5)),
        percent(quantile(single, 0.9)),
        percent(quantile(floor.to_vec(), 0.5)),
        percent(quantile(floor.to_vec(), 0.9)),
        spearman(&pairs),
        near.len(),
        quantile(near.clone(), 0.5),
        quantile(near, 0.0),
        100.0 * inside as f64 / all.len() as f64,
        quantile(
            held.iter()
                .map(|one| one.interval.high_s / one.interval.low_s)
                .collect(),
            0.5
        ),
    );
    let _ = writeln!(
        page,
        "\n| part | median error | 90th percentile |\n|---|---:|---:|"
    );
    for (name, of) in [
        (
            "dense",
            (|one: &Held| one.model.contains("dense")) as fn(&Held) -> bool,
        ),
        ("mixtures of experts", |one| one.model.contains("moe")),
        ("F16", |one| one.weights == "F16"),
        ("Q8_0", |one| one.weights == "Q8_0"),
        ("Q4_0", |one| one.weights == "Q4_0"),
    ] {
        let errors = errors(&of);
        let _ = writeln!(
            page,
            "| {name} | {} | {} |",
            percent(quantile(errors.clone(), 0.5)),
            percent(quantile(errors, 0.9))
        );
    }
    let _ = writeln!(
        page,
        "\n| model | weights | predicted (ms) | 90 % interval | measured, each repeat | error |\n|---|---|---:|---:|---:|---:|"
    );
    for one in held {
        let Interval {
            low_s,
            predicted_s,
            high_s,
        } = one.interval;
        let measured: Vec<String> = one
            .measured_s
            .iter()
            .map(|seconds| format!("{:.2}", seconds * 1e3))
            .collect();
        let _ = writeln!(
            page,
            "| {} | {} | {:.2} | {:.2} to {:.2} | {} | {:+.0} % |",
            one.model,
            one.weights,
            predicted_s * 1e3,
            low_s * 1e3,
            high_s * 1e3,
            measured.join(", "),
            100.0 * one.error()
        );
    }
}

#[cfg(test)]
mod tests {
    use super::spearman;

    #[test]
    fn ranks_correlate() {
        assert_eq!(spearman(&[(1.0, 10.0), (2.0, 20.0), (3.0, 30.0)]), 1.0);
        assert_eq!(spearman(&[(1.0, 30.0), (2.0, 20.0), (3.0, 10.0)]), -1.0);
        // scipy.stats.spearmanr([1, 2, 3, 4, 5], [5, 6, 7, 8, 7.5]).statistic
        assert!(
            (spearman(&[(1.0, 5.0), (2.0, 6.0), (3.0, 7.0), (4.0, 8.0), (5.0, 7.5)]) - 0.9).abs() < 1e-12
        );
    }
}
