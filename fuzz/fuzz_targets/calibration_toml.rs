//! Any text as a calibration file: no panic, neither when it is read nor when it predicts; what is read can be written, and
//! reads back alike.
//!
//! `mkdir -p fuzz/corpus/calibration_toml; RUSTC_BOOTSTRAP=1 cargo fuzz run calibration_toml fuzz/corpus/calibration_toml \
//! fuzz/seeds/calibration_toml -- -dict=fuzz/calibration_toml.dict`

#![no_main]

#[path = "../edits.rs"]
mod edits;

use libfuzzer_sys::fuzz_target;
use rooflaw::calibration::{Calibration, Population};
use rooflaw::device;
use rooflaw::format::Formats;
use rooflaw::models;
use rooflaw::operators::Assumptions;
use rooflaw::roofline::Workload;

/// What edits begin with, and what they put into it.
const TEMPLATE: &str = include_str!("../seeds/calibration_toml/minimal.toml");
const REPLACEMENTS: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "-1",
    "0.5",
    "-0.99999",
    "1e-300",
    "5e-324",
    "1e-6",
    "1e7",
    "1e9",
    "1e308",
    "inf",
    "nan",
    "4294967296",
    "model",
    "row",
    "decode",
    "prefill",
    "Q4_K_M",
    "w4a16-g64",
    "llama.cpp",
    "b9000 ub64",
    "bandwidth",
    "launch_us",
    "unpacking",
    "threads",
];

fuzz_target!(|input: &[u8]| {
    let Some(text) = edits::text(input, TEMPLATE, REPLACEMENTS) else {
        return;
    };
    let _ = Population::from_toml(&text);
    let Ok(calibration) = Calibration::from_toml(&text) else {
        return;
    };
    let written = calibration.to_toml();
    let again = Calibration::from_toml(&written).expect("what was read can be written");
    assert_eq!(again.to_toml(), written);
    let device = device::find("raspberry-pi-5").expect("a device of the catalogue");
    let _ = calibration.check(device);
    let architecture = models::find("olmoe-1b-7b-0125-instruct")
        .expect("a model")
        .architecture;
    for format in &calibration.formats {
        let formats = Formats::of_weights(format.weights);
        let roofline = format
            .achieved
            .roofline(device, &formats, &Assumptions::default());
        let found = format
            .achieved
            .intervals(device, &roofline, &architecture, &Workload::default());
        for interval in [found.ttft, found.tpot, found.total] {
            assert!(interval.low_s <= interval.predicted_s && interval.predicted_s <= interval.high_s);
            let probability = interval.probability_within(0.1);
            assert!((0.0..=1.0).contains(&probability));
        }
        assert!(calibration.bandwidth(format).value > 0.0);
        assert!(calibration.prefill_rate(format).value > 0.0);
    }
});
