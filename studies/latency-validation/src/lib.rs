//! Predicted against measured latency over published measurements, of models and devices that were left out.

pub mod bare;
pub mod figure;
pub mod folds;
pub mod machine;
pub mod page;
pub mod peers;
pub mod rows;
pub mod statistics;
