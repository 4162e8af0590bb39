//! Intervals and what they rest on, in words.

use super::{Basis, Errors, Latency};
use crate::output;
use rooflaw::calibration::{Interval, LeftOut};
use rooflaw::device::{Device, ExpectedRatio};

/// An interval in words: `15.1 ms to 22.2 ms`.
pub fn range(interval: &Interval) -> String {
    format!(
        "{} to {}",
        output::seconds(interval.low_s),
        output::seconds(interval.high_s)
    )
}

/// A time with its interval: `18.3 ms [15.1, 22.2]`.
pub fn interval_of(of: &Interval) -> String {
    let predicted = output::seconds(of.predicted_s);
    let unit = |text: &str| text.rsplit_once(' ').map(|(_, unit)| unit.to_owned());
    let end = |seconds: f64| {
        let text = output::seconds(seconds);
        match text.rsplit_once(' ') {
            Some((number, own)) if Some(own) == unit(&predicted).as_deref() => number.to_owned(),
            _ => text,
        }
    };
    format!("{predicted} [{}, {}]", end(of.low_s), end(of.high_s))
}

/// The factor that a time is divided and multiplied with for its interval: `1.21`.
pub fn factor(interval: &Interval) -> String {
    let factor = interval.high_s / interval.predicted_s;
    if factor.is_finite() {
        output::short(factor, 2)
    } else {
        "–".to_owned()
    }
}

/// What the column `×÷` of a table is.
pub fn factor_legend(latencies: &[Latency]) -> &'static str {
    if latencies.iter().any(Latency::is_calibrated) {
        "×÷: the factor that a latency is multiplied with, and divided by, for its 90 % interval."
    } else {
        "×÷: measured over predicted latency, which is less in nine of ten published measurements."
    }
}

/// Errors in words: `within 6 % in half of the cases and 15 % in nine of ten`.
pub fn error_words(errors: &LeftOut) -> String {
    format!(
        "within {} in half of the cases, {} in nine of ten",
        percent(errors.median),
        percent(errors.p90)
    )
}

fn percent(share: f64) -> String {
    if share < 0.1 {
        format!("{:.1} %", 100.0 * share)
    } else {
        format!("{} %", output::short(100.0 * share, 0))
    }
}

fn phases(errors: &Errors) -> String {
    let phases = [("decode", errors.decode), ("prefill", errors.prefill)];
    let words: Vec<String> = phases
        .into_iter()
        .filter_map(|(phase, errors)| Some(format!("{phase} was predicted {}", error_words(&errors?))))
        .collect();
    words.join("; ")
}

/// What the latencies rest on and how wrong they may be: a sentence for each basis, whichever formats share it.
pub fn sentences(device: &Device, latencies: &[Latency]) -> Vec<String> {
    let mut bases: Vec<(&Basis, Vec<String>)> = Vec::new();
    for latency in latencies {
        let weights = latency.formats.weights.to_string();
        match bases.iter_mut().find(|(basis, _)| **basis == latency.basis) {
            Some((_, formats)) => formats.push(weights),
            None => bases.push((&latency.basis, vec![weights])),
        }
    }
    let is_one = bases.len() == 1;
    let of = |(basis, formats): &(&Basis, Vec<String>)| {
        let label = if is_one {
            String::new()
        } else {
            format!(" ({})", formats.join(", "))
        };
        sentence(device, basis, &label)
    };
    bases.iter().map(of).collect()
}

fn sentence(device: &Device, basis: &Basis, label: &str) -> String {
    match basis {
        Basis::Bare {
            ttft_ratio,
            tpot_ratio,
        } => {
            let range = |expected: &ExpectedRatio| {
                let class = if expected.pooled {
                    "all classes"
                } else {
                    device.class.name()
                };
                let (p10, p90, median) = (expected.p10, expected.p90, expected.median);
                format!(
                    "{p10:.2} to {p90:.2} times as long, {median:.2} in the median ({} rows, {class})",
                    expected.n_rows
                )
            };
            format!(
                "Latencies{label} are an uncalibrated roofline's: a lower bound. In published measurements, prefill takes \
                 {}; decode takes {}.",
                range(ttft_ratio),
                range(tpot_ratio),
            )
        }
        Basis::Population {
            runtime,
            is_known,
            errors,
        } => {
            let remark = if *is_known { "" } else { ", which none of them has" };
            format!(
                "Latencies{label} are what published measurements of other devices make of {} with {runtime}{remark}. Of \
                 devices left out, {}. Three measurements of your own do better: `rooflaw calibrate --help`.",
                device.name,
                phases(errors),
            )
        }
        Basis::Calibration {
            file,
            device: measured,
            runtime,
            rows_of_format,
            rows,
            models,
            errors,
        } => {
            let source = file
                .as_ref()
                .map_or_else(|| "published".to_owned(), |file| format!("in {file}"));
            let of_format = match rows_of_format {
                0 => ", none with these weights".to_owned(),
                some if some == rows => String::new(),
                some => format!(", {some} with these weights"),
            };
            let plural = if *models == 1 { "" } else { "s" };
            format!(
                "Latencies{label} are calibrated: {runtime} by {rows} measurements of {models} model{plural} on \
                 {measured} ({source}){of_format}. Of those left out, {}.",
                phases(errors),
            )
        }
    }
}
