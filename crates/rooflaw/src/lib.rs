//! Scaling laws joined to the roofline: which language model to build for a device.

pub mod architecture;
pub mod format;
pub mod operators;
