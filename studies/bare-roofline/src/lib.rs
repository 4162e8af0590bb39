//! How wrong the uncalibrated roofline is, against published measurements.

pub mod figure;
pub mod measurements;
pub mod names;
pub mod row;
pub mod statistics;
pub mod summary;
