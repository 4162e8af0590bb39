//! Any text as a device file: no panic, and what is read has figures that a roofline can divide by.
//!
//! `mkdir -p fuzz/corpus/device_toml; RUSTC_BOOTSTRAP=1 cargo fuzz run device_toml fuzz/corpus/device_toml \
//! fuzz/seeds/device_toml -- -dict=fuzz/device_toml.dict`

#![no_main]

#[path = "../edits.rs"]
mod edits;

use libfuzzer_sys::fuzz_target;
use rooflaw::device::Device;
use rooflaw::format::Formats;
use rooflaw::operators::{Assumptions, ComputeUnit};
use rooflaw::roofline::Roofline;

/// What edits begin with, and what they put into it.
const TEMPLATE: &str = include_str!("../seeds/device_toml/minimal.toml");
const REPLACEMENTS: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "4",
    "8",
    "64",
    "-1",
    "0.5",
    "1e-300",
    "5e-324",
    "1e7",
    "1e12",
    "1e15",
    "1e308",
    "inf",
    "nan",
    "65535",
    "65536",
    "16777216",
    "4294967296",
    "apple",
    "phone",
    "npu",
    "cpu",
    "datacenter-gpu",
    "fp16",
    "bf16",
    "fp8",
    "int8",
    "int4",
    "fp4",
    "power_w",
    "launch_overhead_us",
];

fuzz_target!(|input: &[u8]| {
    let Some(text) = edits::text(input, TEMPLATE, REPLACEMENTS) else {
        return;
    };
    let Ok(device) = Device::from_toml("fuzz", &text) else {
        return;
    };
    assert!(device.memory_bandwidth_bytes_per_s > 0.0);
    assert!(device.memory_capacity_bytes > 0.0);
    assert!(device.launch_overhead_s >= 0.0 && device.launch_overhead_s.is_finite());
    let roofline = Roofline::new(&device, &Formats::default(), &Assumptions::default());
    assert!(roofline.peak(ComputeUnit::Matrix) > 0.0);
    assert!(roofline.ridge_point() > 0.0 && roofline.ridge_point().is_finite());
});
