//! What is committed follows from the committed rows, and the rows from today's catalogue and roofline.

#![allow(clippy::unwrap_used, reason = "a test's helper may fail the test")]

use rooflaw::device::{DeviceClass, ExpectedRatio, Phase, expected_ratio};
use rooflaw_study_bare_roofline::figure;
use rooflaw_study_bare_roofline::row::Row;
use rooflaw_study_bare_roofline::statistics::{Statistics, fit, largest_overhead_us, percentile};
use rooflaw_study_bare_roofline::summary::{class_table, markdown, of_class};
use std::{fs, path::PathBuf};

const AGAIN: &str = "run `cargo run --release -p rooflaw-study-bare-roofline` and commit what it writes";

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn rows() -> Vec<Row> {
    Row::read_all(&path("results/errors.csv")).unwrap()
}

fn agree(ours: f64, committed: f64, what: &str, row: &Row) {
    // The last digit of the six may round the other way on another machine.
    assert!(
        (ours / committed - 1.0).abs() < 3e-5,
        "{what}: {ours}, committed {committed}: {row:?}; {AGAIN}"
    );
}

#[test]
fn every_row_is_predicted_as_committed() {
    let rows = rows();
    assert!(rows.len() > 600);
    for row in &rows {
        let again = row.predicted().unwrap();
        agree(again.predicted_ms, row.predicted_ms, "predicted_ms", row);
        agree(again.work_ms, row.work_ms, "work_ms", row);
        agree(again.ratio, row.ratio, "ratio", row);
        agree(
            row.measured_ms / row.predicted_ms,
            row.ratio,
            "measured over predicted",
            row,
        );
        assert_eq!(
            (again.n_operators, &again.class),
            (row.n_operators, &row.class),
            "{AGAIN}"
        );
        assert!(row.source.starts_with("https://"), "{row:?}");
    }
}

#[test]
fn the_summary_the_figure_and_the_page_follow_from_the_rows() {
    let rows = rows();
    let read = |name: &str| fs::read_to_string(path(name)).unwrap();
    assert_eq!(read("results/summary.md"), markdown(&rows), "{AGAIN}");
    assert_eq!(
        read("results/predicted-measured.svg"),
        figure::svg(&rows),
        "{AGAIN}"
    );
    assert!(
        read("../../docs/accuracy.md").contains(&class_table(&rows)),
        "docs/accuracy.md: expected the table\n{}",
        class_table(&rows)
    );
}

#[test]
fn the_expected_ratios_of_the_core_follow_from_the_rows() {
    let rows = rows();
    for class in DeviceClass::ALL {
        for phase in Phase::ALL {
            let own = of_class(&rows, class, phase);
            let pooled = own.len() < ExpectedRatio::MIN_ROWS as usize;
            let behind = if pooled {
                rows.iter().filter(|row| row.phase == phase).collect()
            } else {
                own
            };
            let s = Statistics::of(&behind);
            let expected = ExpectedRatio {
                p10: s.p10,
                median: s.median,
                p90: s.p90,
                n_rows: s.n_rows as u32,
                n_devices: s.n_devices as u32,
                pooled,
            };
            assert_eq!(expected_ratio(class, phase), expected, "{class:?} {phase:?}");
        }
    }
}

/// The rule in the documentation of `default_launch_overhead_s`.
#[test]
fn launch_overheads_leave_at_most_a_tenth_of_the_rows_below() {
    let rows = rows();
    for class in [
        DeviceClass::Apple,
        DeviceClass::Igpu,
        DeviceClass::ConsumerGpu,
        DeviceClass::WorkstationGpu,
    ] {
        let largest = largest_overhead_us(&of_class(&rows, class, Phase::Decode));
        let default = (class.default_launch_overhead_s() * 1e6).round();
        assert_eq!(default, largest.floor(), "{class:?}: {largest}");
    }
    for class in [DeviceClass::Jetson, DeviceClass::DatacenterGpu] {
        let largest = largest_overhead_us(&of_class(&rows, class, Phase::Decode));
        assert!(
            class.default_launch_overhead_s() * 1e6 < largest,
            "{class:?}: {largest}"
        );
    }
}

#[test]
fn a_fit_finds_what_made_the_rows() {
    let mut rows: Vec<Row> = rows()
        .into_iter()
        .filter(|row| row.phase == Phase::Decode)
        .take(40)
        .collect();
    for row in &mut rows {
        row.measured_ms = row.work_ms / 0.8 + 7e-3 * f64::from(row.n_operators);
    }
    let fit = fit(&rows.iter().collect::<Vec<_>>()).unwrap();
    assert!(
        (fit.efficiency - 0.8).abs() < 1e-6 && (fit.overhead_us - 7.0).abs() < 1e-4,
        "{fit:?}"
    );
}

#[test]
fn percentiles_are_linear_between_neighbours() {
    assert_eq!(percentile(&[1.0, 2.0, 4.0], 0.5), 2.0);
    assert_eq!(percentile(&[1.0, 2.0, 4.0], 0.75), 3.0);
    assert!(percentile(&[], 0.5).is_nan());
}
