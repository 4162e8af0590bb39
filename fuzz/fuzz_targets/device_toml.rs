//! Any text as a device file: no panic, and what is read has figures that a roofline can divide by.
//!
//! `mkdir -p fuzz/corpus/device_toml; RUSTC_BOOTSTRAP=1 cargo fuzz run device_toml fuzz/corpus/device_toml \
//! fuzz/seeds/device_toml -- -dict=fuzz/device_toml.dict`

#![no_main]

use libfuzzer_sys::fuzz_target;
use rooflaw::device::Device;
use rooflaw::format::Formats;
use rooflaw::operators::{Assumptions, ComputeUnit};
use rooflaw::roofline::Roofline;

fuzz_target!(|text: &str| {
    let Ok(device) = Device::from_toml("fuzz", text) else {
        return;
    };
    assert!(device.memory_bandwidth_bytes_per_s > 0.0);
    assert!(device.memory_capacity_bytes > 0.0);
    assert!(device.launch_overhead_s >= 0.0 && device.launch_overhead_s.is_finite());
    let roofline = Roofline::new(&device, &Formats::default(), &Assumptions::default());
    assert!(roofline.peak(ComputeUnit::Matrix) > 0.0);
    assert!(roofline.ridge_point() > 0.0 && roofline.ridge_point().is_finite());
});
