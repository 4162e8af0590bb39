//! How wrong the uncalibrated roofline is, against published measurements.

pub mod measurements;
pub mod names;
pub mod row;
