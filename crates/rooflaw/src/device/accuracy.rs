//! The error to expect of a prediction for a device that was not calibrated.
//!
//! Source: `studies/bare-roofline`, which predicts published measurements with the catalogue's peaks and the class's
//! launch overhead. Its tests keep the figures here equal to what its rows give.

use super::DeviceClass;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A part of a request that is timed by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Tokens after the first, one at a time: TPOT.
    Decode,
    /// The prompt: TTFT.
    Prefill,
}

impl Phase {
    /// Both phases.
    pub const ALL: [Phase; 2] = [Phase::Decode, Phase::Prefill];

    /// The name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Phase::Decode => "decode",
            Phase::Prefill => "prefill",
        }
    }
}

/// Measured over predicted time: what published measurements of a class say of the uncalibrated roofline.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ExpectedRatio {
    /// A tenth of the measurements lie below.
    pub p10: f64,
    /// Half of them lie below.
    pub median: f64,
    /// Nine tenths of them lie below.
    pub p90: f64,
    /// Measurements behind the figures.
    pub n_rows: u32,
    /// Devices they were taken on.
    pub n_devices: u32,
    /// Fewer than [`ExpectedRatio::MIN_ROWS`] were found for the class: these are of all classes together.
    pub pooled: bool,
}

impl ExpectedRatio {
    /// Fewest measurements that speak for a class by themselves.
    pub const MIN_ROWS: u32 = 20;
}

const fn ratio(p10: f64, median: f64, p90: f64, n_rows: u32, n_devices: u32) -> ExpectedRatio {
    ExpectedRatio {
        p10,
        median,
        p90,
        n_rows,
        n_devices,
        pooled: false,
    }
}

/// Classes with enough measurements of their own.
const CLASSES: [(DeviceClass, Phase, ExpectedRatio); 10] = [
    (
        DeviceClass::Jetson,
        Phase::Decode,
        ratio(1.21, 1.74, 3.50, 267, 3),
    ),
    (DeviceClass::Apple, Phase::Decode, ratio(1.00, 1.21, 1.90, 56, 5)),
    (DeviceClass::Apple, Phase::Prefill, ratio(1.34, 1.67, 2.20, 54, 5)),
    (DeviceClass::Igpu, Phase::Decode, ratio(1.01, 1.18, 1.87, 65, 2)),
    (DeviceClass::Igpu, Phase::Prefill, ratio(3.07, 5.44, 9.31, 64, 2)),
    (
        DeviceClass::ConsumerGpu,
        Phase::Decode,
        ratio(1.00, 1.04, 1.11, 26, 4),
    ),
    (
        DeviceClass::ConsumerGpu,
        Phase::Prefill,
        ratio(1.12, 4.07, 5.65, 26, 4),
    ),
    (
        DeviceClass::WorkstationGpu,
        Phase::Decode,
        ratio(1.01, 1.08, 1.16, 39, 4),
    ),
    (
        DeviceClass::WorkstationGpu,
        Phase::Prefill,
        ratio(2.13, 3.65, 6.38, 39, 4),
    ),
    (
        DeviceClass::DatacenterGpu,
        Phase::Decode,
        ratio(1.13, 1.49, 1.86, 20, 2),
    ),
];

const ALL_DECODE: ExpectedRatio = ratio(1.05, 1.34, 2.74, 474, 21);
const ALL_PREFILL: ExpectedRatio = ratio(1.44, 3.99, 7.83, 202, 21);

/// The error to expect of a predicted time, as measured over predicted, when the device is not calibrated.
///
/// A class with fewer than 20 measurements gets those of all classes, and `pooled` says so.
///
/// ```
/// use rooflaw::device::{DeviceClass, Phase, expected_ratio};
///
/// let expected = expected_ratio(DeviceClass::Jetson, Phase::Decode);
/// assert!(expected.p10 > 1.0 && !expected.pooled);
/// assert!(expected_ratio(DeviceClass::Npu, Phase::Decode).pooled);
/// ```
#[must_use]
pub fn expected_ratio(class: DeviceClass, phase: Phase) -> ExpectedRatio {
    let own = CLASSES
        .iter()
        .find(|(of, when, _)| *of == class && *when == phase)
        .map(|(_, _, ratio)| *ratio);
    own.unwrap_or(ExpectedRatio {
        pooled: true,
        ..match phase {
            Phase::Decode => ALL_DECODE,
            Phase::Prefill => ALL_PREFILL,
        }
    })
}

impl fmt::Display for ExpectedRatio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "expect {:.2} to {:.2} times the prediction, {:.2} in the median ({} published measurements on {} devices{})",
            self.p10,
            self.p90,
            self.median,
            self.n_rows,
            self.n_devices,
            if self.pooled { " of all classes" } else { "" }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_an_ordered_range() {
        for class in DeviceClass::ALL {
            for phase in Phase::ALL {
                let expected = expected_ratio(class, phase);
                assert!(
                    0.0 < expected.p10 && expected.p10 <= expected.median && expected.median <= expected.p90
                );
                assert!(expected.n_rows >= ExpectedRatio::MIN_ROWS);
            }
        }
    }

    #[test]
    fn a_sentence_names_what_is_behind_it() {
        let sentence = expected_ratio(DeviceClass::Npu, Phase::Prefill).to_string();
        assert!(sentence.contains("of all classes"), "{sentence}");
    }
}
