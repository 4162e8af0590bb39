//! `results/summary.md`, and the tables that the documentation and the core repeat.

use crate::row::Row;
use crate::statistics::{Statistics, coverage_of_unseen_devices, fit, groups, largest_overhead_us};
use rooflaw::device::{DeviceClass, ExpectedRatio, Phase};
use std::fmt::Write as _;

/// Rows of one class and phase.
#[must_use]
pub fn of_class(rows: &[Row], class: DeviceClass, phase: Phase) -> Vec<&Row> {
    rows.iter()
        .filter(|row| row.class == class.name() && row.phase == phase)
        .collect()
}

fn table<'a>(rows: &'a [Row], heading: &str, name: impl Fn(&'a Row) -> &'a str) -> String {
    let mut text = format!(
        "| phase | {heading} | rows | devices | series | p10 | median | p90 | median error | faster than predicted |\n\
         |---|---|---:|---:|---:|---:|---:|---:|---:|---:|\n"
    );
    let mut add = |phase: Phase, name: &str, rows: &[&Row]| {
        let s = Statistics::of(rows);
        let _ = writeln!(
            text,
            "| {} | {name} | {} | {} | {} | {:.2} | {:.2} | {:.2} | {:.0} % | {} |",
            phase.name(),
            s.n_rows,
            s.n_devices,
            s.n_series,
            s.p10,
            s.median,
            s.p90,
            s.error * 100.0,
            s.n_below
        );
    };
    for ((phase, name), rows) in groups(rows, name) {
        add(phase, name, &rows);
    }
    for ((phase, all), rows) in groups(rows, |_| "all") {
        add(phase, all, &rows);
    }
    text
}

/// By class and phase, the table of `docs/accuracy.md`.
#[must_use]
pub fn class_table(rows: &[Row]) -> String {
    table(rows, "class", |row| &row.class)
}

fn overhead_table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| class | rows | efficiency | overhead, µs | error of the fit | largest overhead, µs | default, µs |\n\
         |---|---:|---:|---:|---:|---:|---:|\n",
    );
    for class in DeviceClass::ALL {
        let decode = of_class(rows, class, Phase::Decode);
        if let Some(fit) = fit(&decode) {
            let _ = writeln!(
                text,
                "| {} | {} | {:.2} | {:.1} | {:.0} % | {:.1} | {:.1} |",
                class.name(),
                decode.len(),
                fit.efficiency,
                fit.overhead_us,
                fit.error * 100.0,
                largest_overhead_us(&decode),
                class.default_launch_overhead_s() * 1e6
            );
        }
    }
    text
}

fn coverage_table(rows: &[Row]) -> String {
    let mut text = String::from("| phase | class | devices | rows inside |\n|---|---|---:|---:|\n");
    for ((phase, class), rows) in groups(rows, |row| &row.class) {
        if let Some(coverage) = coverage_of_unseen_devices(&rows) {
            let n_devices = Statistics::of(&rows).n_devices;
            let _ = writeln!(
                text,
                "| {} | {class} | {n_devices} | {:.0} % |",
                phase.name(),
                coverage * 100.0
            );
        }
    }
    text
}

/// Why a row beats the roofline.
fn reason(row: &Row) -> String {
    if row.measured_ms >= row.work_ms {
        let slack = (row.measured_ms - row.work_ms) * 1e3 / f64::from(row.n_operators);
        return format!(
            "launches: {slack:.1} µs per operator are left after the work; the runtime fuses or overlaps more"
        );
    }
    if row.phase == Phase::Prefill && row.format == "F16" && row.device.starts_with("geforce") {
        return "cuBLAS accumulates llama.cpp's F16 products in FP16, twice the catalogue's rate on GeForce"
            .to_owned();
    }
    "not explained".to_owned()
}

fn below_table(rows: &[Row]) -> String {
    let mut below: Vec<&Row> = rows.iter().filter(|row| row.ratio < 1.0).collect();
    below.sort_by(|a, b| a.ratio.total_cmp(&b.ratio));
    let mut text = String::from(
        "| ratio | device | model | format | backend | phase | depth + tokens | probable reason |\n\
         |---:|---|---|---|---|---|---:|---|\n",
    );
    for row in below {
        let _ = writeln!(
            text,
            "| {:.2} | {} | {} | {} | {} | {} | {} + {} | {} |",
            row.ratio,
            row.device,
            row.model,
            row.format,
            row.backend,
            row.phase.name(),
            row.depth,
            row.tokens,
            reason(row)
        );
    }
    text
}

/// The figures of `crates/rooflaw/src/device/accuracy.rs`, as Rust.
#[must_use]
pub fn constants(rows: &[Row]) -> String {
    let call = |s: &Statistics| {
        format!(
            "ratio({:.2}, {:.2}, {:.2}, {}, {})",
            s.p10, s.median, s.p90, s.n_rows, s.n_devices
        )
    };
    let mut text = String::new();
    for class in DeviceClass::ALL {
        for phase in Phase::ALL {
            let s = Statistics::of(&of_class(rows, class, phase));
            if s.n_rows >= ExpectedRatio::MIN_ROWS as usize {
                let _ = writeln!(text, "(DeviceClass::{class:?}, Phase::{phase:?}, {}),", call(&s));
            }
        }
    }
    for ((phase, _), rows) in groups(rows, |_| "all") {
        let name = phase.name().to_uppercase();
        let _ = writeln!(
            text,
            "const ALL_{name}: ExpectedRatio = {};",
            call(&Statistics::of(&rows))
        );
    }
    text
}

/// The whole summary.
#[must_use]
pub fn markdown(rows: &[Row]) -> String {
    format!(
        "# The bare roofline against published measurements\n\n\
         Written by the study's command from `errors.csv`; do not edit. Ratios are measured over predicted time; \
         p10 and p90 are the 10th and 90th percentile over rows. A series is one device, runtime, backend, model and \
         format; its rows differ in lengths only. The median error is of |predicted − measured| / measured.\n\n\
         ## By class of device\n\n{}\n\
         ## By runtime\n\n{}\n\
         ## For a device that was not measured\n\n\
         Share of the rows that lie between the 10th and 90th percentile of the *other* devices of their class. \
         80 % would mean that the range holds for a new device as it does for the measured ones.\n\n{}\n\
         ## Launch overhead\n\n\
         Decode rows only. Fit: measured = work / efficiency + overhead × operators, by least absolute relative \
         deviations. Largest overhead: with it, a tenth of the rows are faster than predicted.\n\n{}\n\
         ## Rows faster than predicted\n\n{}",
        class_table(rows),
        table(rows, "runtime", |row| &row.runtime),
        coverage_table(rows),
        overhead_table(rows),
        below_table(rows)
    )
}
