//! What `rooflaw calibrate` says on the terminal.

use super::{Args, Found, Skipped};
use crate::input::shell_word;
use crate::latency::error_words;
use crate::output::{self, MeasuredTable};
use anyhow::Result;
use rooflaw::calibration::{CalibratedFormat, Calibration, Coefficient, LeftOutUnit, Outlier, Range};
use rooflaw::device::Phase;

/// Reasons for leaving measurements out, and outliers, shown on the terminal.
const SHOWN: usize = 10;

/// Prints the answer.
pub fn print(args: &Args, found: &Found) -> Result<()> {
    let calibration = &found.calibrated.calibration;
    output::heading(&title(found))?;
    output::line(&summary(found))?;
    output::line("")?;
    output::table(&rates_table(calibration))?;
    output::line("")?;
    output::table(&overheads_table(calibration))?;
    output::line("")?;
    output::line(LEGEND)?;
    for sentence in errors(calibration) {
        output::line(&sentence)?;
    }
    output::line(&others(calibration))?;
    for outlier in calibration.outliers.iter().take(SHOWN) {
        output::warning(&outlier_words(outlier))?;
    }
    for sentence in left_out(&found.rows.skipped) {
        output::warning(&sentence)?;
    }
    if let Some(report) = &args.report {
        output::line(&format!("Written to {0}: open {0}/report.html", report.display()))?;
    }
    match &args.out {
        Some(out) => {
            let device = args.device.as_deref().unwrap_or(&calibration.device.id);
            let (device, file) = (shell_word(device), out.display().to_string());
            output::line(&format!(
                "Written to {file}: try `rooflaw design --device {device} --weights {} --calibration {}`.",
                most_measured(calibration).map_or_else(String::new, |format| format.weights.to_string()),
                shell_word(&file)
            ))
        }
        None => output::line("Add `--out FILE.toml` for a calibration that other commands take."),
    }
}

/// What the columns are.
pub const LEGEND: &str = "GB/s: at which weights are read in decode; TFLOP/s: of dense products in prefill; %: of the \
                          device's bandwidth, and of its fp16 rate or the nearest known; ×÷: the factor to multiply with, and to divide by, \
                          for the 90 % interval.";

/// What was calibrated.
pub fn title(found: &Found) -> String {
    format!(
        "What {} achieves on {}",
        found.calibrated.calibration.runtime.name(),
        found.rows.device.name
    )
}

fn plural(count: usize, what: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {what}{ending}", output::thousands(count as u64))
}

/// How many measurements, and what of.
pub fn summary(found: &Found) -> String {
    let calibration = &found.calibrated.calibration;
    let mut text = format!(
        "{} of {}",
        plural(calibration.n_measurements, "measurement"),
        plural(calibration.n_models, "model")
    );
    if !calibration.runtime.version.is_empty() {
        text.push_str(&format!("; version {}", calibration.runtime.version));
    }
    if let Some(threads) = calibration.threads {
        text.push_str(&format!("; {}", plural(threads as usize, "thread")));
    }
    if let Some(called) = &found.rows.called {
        text.push_str(&format!("; called {called} there"));
    }
    text
}

fn factor(range: &Range) -> String {
    output::short(range.high / range.value, 2)
}

/// What is achieved with each format that was measured.
pub fn rates_table(calibration: &Calibration) -> MeasuredTable {
    let mut table = MeasuredTable::new(
        &["weights", "rows", "GB/s", "×÷", "%", "TFLOP/s", "×÷", "%"],
        &[0],
    );
    let measured = |format: &&CalibratedFormat| format.n_measurements() > 0;
    for format in calibration.formats.iter().filter(measured) {
        let (bandwidth, rate) = (calibration.bandwidth(format), calibration.prefill_rate(format));
        let percent = |value: f64, of: f64| format!("{:.0}", 100.0 * value / of);
        table.push(vec![
            format.weights.to_string(),
            format.n_measurements().to_string(),
            output::short(bandwidth.value / 1e9, 1),
            factor(&bandwidth),
            percent(bandwidth.value, calibration.device.bytes_per_s),
            output::short(rate.value / 1e12, 3),
            factor(&rate),
            percent(rate.value, calibration.device.flops_per_s),
        ]);
    }
    table
}

fn most_measured(calibration: &Calibration) -> Option<&CalibratedFormat> {
    calibration
        .formats
        .iter()
        .max_by_key(|format| format.n_measurements())
}

/// What is added to the operators' times, of the format that was measured most.
pub fn overheads_table(calibration: &Calibration) -> MeasuredTable {
    let format = most_measured(calibration);
    let name = format.map_or_else(String::new, |format| format!("µs ({})", format.weights));
    let mut table = MeasuredTable::new(&[&name, "decode", "×÷", "prefill", "×÷"], &[0]);
    let Some(format) = format else { return table };
    for (name, coefficient) in [
        ("each operator", Coefficient::Launch),
        ("each layer with experts", Coefficient::MoeLayer),
        ("each step", Coefficient::Step),
    ] {
        let mut row = vec![name.to_owned()];
        for phase in Phase::ALL {
            let range = format.achieved.phase(phase).range(coefficient);
            row.extend([output::short(range.value, 2), factor(&range)]);
        }
        table.push(row);
    }
    table
}

/// How wrong the calibration is about what it has not seen.
pub fn errors(calibration: &Calibration) -> Vec<String> {
    let what = match calibration.left_out_unit {
        LeftOutUnit::Model => "Each model left out in turn",
        LeftOutUnit::Row => {
            "Each measurement left out in turn (of one model only: other models may be further off)"
        }
    };
    let of_phase = |phase: Phase| {
        let errors = calibration.left_out(phase)?;
        let predicted = error_words(&errors);
        let rows = plural(errors.rows, "row");
        Some(format!(
            "{what}, {} was predicted {predicted} ({rows}).",
            phase.name()
        ))
    };
    Phase::ALL
        .into_iter()
        .map(|phase| {
            of_phase(phase).unwrap_or_else(|| {
                let name = phase.name();
                format!("No {name} was measured: its figures are what published measurements say of devices like this.")
            })
        })
        .collect()
}

/// What is known of other formats.
pub fn others(calibration: &Calibration) -> String {
    let names: Vec<String> = calibration
        .formats
        .iter()
        .filter(|format| format.n_measurements() == 0)
        .map(|format| format.weights.to_string())
        .collect();
    if names.is_empty() {
        return "Every format of the runtime was measured.".to_owned();
    }
    format!(
        "Not measured, and known from the other formats and published measurements, less well: {}.",
        names.join(", ")
    )
}

/// An outlier in words.
pub fn outlier_words(outlier: &Outlier) -> String {
    let of = match outlier.phase {
        Phase::Prefill => format!("prefill of {} tokens", outlier.tokens),
        Phase::Decode => format!(
            "decode of {} tokens at context {}",
            outlier.tokens, outlier.context_tokens
        ),
    };
    format!(
        "an outlier: {} {}, {of}: {} measured, {} by the fit",
        outlier.model,
        outlier.weights,
        output::seconds(outlier.measured_s),
        output::seconds(outlier.fitted_s)
    )
}

/// What was left out, in words.
pub fn left_out(skipped: &[Skipped]) -> Vec<String> {
    let words = |skipped: &Skipped| match skipped.count {
        1 => format!("left out: {} ({})", skipped.reason, skipped.first),
        count => format!("{count} left out: {} ({}, …)", skipped.reason, skipped.first),
    };
    let mut sentences: Vec<String> = skipped.iter().take(SHOWN).map(words).collect();
    if let Some(more) = skipped.len().checked_sub(SHOWN).filter(|&more| more > 0) {
        sentences.push(format!("left out for {more} more reasons: see --json"));
    }
    sentences
}
