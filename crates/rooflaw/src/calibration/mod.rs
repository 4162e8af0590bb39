//! What devices achieve: a latency model of few numbers, fitted to measurements.
//!
//! The roofline bounds a time from below; how far above the bound a runtime stays depends on the device, the runtime
//! and the weight format. This module knows these numbers, the [`Coefficient`]s, for devices in general
//! ([`Population`]), for a device that was measured, and how certain they are.
//!
//! A step's time is `Σ_operators max(compute, traffic) + launch`, as in [`crate::roofline`], with
//!
//! - `compute = (FLOPs + 2·unpacking·weights) · compute · unit / peak`: unit is `experts` for the routed experts,
//!   `attention` for scores and weighted values, else 1;
//! - `traffic = bytes · bandwidth · unit / peak bandwidth`: unit is `head` for the LM head, `cache` for attention,
//!   `experts` for the routed experts, else 1;
//! - `launch` for every operator, `moe_layer` more for each layer with experts, `step` once.

mod assembly;
mod calibrate;
mod calibrated;
mod checks;
mod coefficients;
mod faster;
mod file;
mod groups;
mod hierarchy;
mod model;
mod observation;
mod peak;
mod population;
mod population_file;
mod posterior;
mod published;
mod sample;
mod usual;
mod work;
mod write;

pub use calibrate::{Calibrated, CalibrationError, Compared, MIN_ROWS, calibrate};
pub use calibrated::{CalibratedDevice, CalibratedFormat, Calibration, LeftOutUnit, Mismatch, Outlier};
pub use checks::CalibrationFileError;
pub use coefficients::{Coefficient, Logs};
pub use groups::Runtime;
pub(crate) use model::normal_below;
pub use model::{Achieved, Interval, LATENCY_COVERAGE, LatencyIntervals, PhaseModel, Range};
pub use observation::Observation;
pub use population::{PhaseFit, Population, Question};
pub use population_file::{LeftOut, Validation};
pub use sample::{Deviates, Sampler};

#[cfg(test)]
mod tests;
