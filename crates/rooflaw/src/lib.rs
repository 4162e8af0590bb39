//! Scaling laws joined to the roofline: which language model to build for a device.

pub mod frontier;
