//! Figures of a device, changed.

use crate::device::Device;
use crate::format::Precision;
use serde::Serialize;

/// A figure of a device that can be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Figure {
    /// Memory bandwidth, bytes/s.
    Bandwidth,
    /// Arithmetic, FLOP/s: all precisions by the same factor; the value is that of fp16, or the nearest one known.
    Compute,
    /// Memory capacity, bytes.
    Memory,
    /// Time to launch operators and steps, seconds an operator. More a figure of the runtime than of the device.
    Overhead,
}

impl Figure {
    /// Every figure.
    pub const ALL: [Figure; 4] = [
        Figure::Bandwidth,
        Figure::Compute,
        Figure::Memory,
        Figure::Overhead,
    ];

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Figure::Bandwidth => "bandwidth",
            Figure::Compute => "compute",
            Figure::Memory => "memory",
            Figure::Overhead => "overhead",
        }
    }

    /// What it is on a device.
    #[must_use]
    pub fn value(self, device: &Device) -> f64 {
        match self {
            Figure::Bandwidth => device.memory_bandwidth_bytes_per_s,
            // A device without any peak is refused when it is read.
            Figure::Compute => device
                .peaks
                .rate(Precision::Fp16)
                .map_or(f64::NAN, |(rate, _)| rate),
            Figure::Memory => device.memory_capacity_bytes,
            Figure::Overhead => device.launch_overhead_s,
        }
    }

    fn scale(self, device: &mut Device, factor: f64) {
        match self {
            Figure::Bandwidth => device.memory_bandwidth_bytes_per_s *= factor,
            Figure::Compute => device.peaks = device.peaks.times(factor),
            Figure::Memory => device.memory_capacity_bytes *= factor,
            Figure::Overhead => device.launch_overhead_s *= factor,
        }
    }
}

/// How a figure changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// Multiplied with a factor.
    Times(f64),
    /// To a value, in the unit of the [`Figure`].
    To(f64),
}

impl Change {
    /// The factor that it means on a device.
    #[must_use]
    pub fn factor(self, figure: Figure, device: &Device) -> f64 {
        match self {
            Change::Times(factor) => factor,
            Change::To(value) => value / figure.value(device),
        }
    }
}

/// Figures to change and their factors, each figure once.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Changes(Vec<(Figure, f64)>);

impl Changes {
    /// Changes by factors; the last one given of a figure counts.
    #[must_use]
    pub fn new(factors: impl IntoIterator<Item = (Figure, f64)>) -> Changes {
        let mut changes: Vec<(Figure, f64)> = Vec::new();
        for (figure, factor) in factors {
            match changes.iter_mut().find(|(known, _)| *known == figure) {
                Some(known) => known.1 = factor,
                None => changes.push((figure, factor)),
            }
        }
        Changes(changes)
    }

    /// Figures with their factors.
    #[must_use]
    pub fn factors(&self) -> &[(Figure, f64)] {
        &self.0
    }

    /// The factor of a figure, 1 where it stays.
    #[must_use]
    pub fn of(&self, figure: Figure) -> f64 {
        let found = self.0.iter().find(|(known, _)| *known == figure);
        found.map_or(1.0, |(_, factor)| *factor)
    }

    /// The device with these changes. It keeps its id and name: what calls it otherwise is for who asked.
    #[must_use]
    pub fn apply(&self, device: &Device) -> Device {
        let mut changed = device.clone();
        for &(figure, factor) in &self.0 {
            figure.scale(&mut changed, factor);
        }
        changed
    }
}
