//! Scaling laws joined to the roofline: which language model to build for a device.
//!
//! Data flows one way: [`architecture`] → [`operators`] → [`roofline`] (latency, memory); [`law`] → loss; both →
//! [`search`] over a [`space`], which returns the [`frontier`]. Nothing here reads a file, a clock or a terminal.

// Test problems are shared with the tests outside, which know the crate by its name.
#[cfg(test)]
extern crate self as rooflaw;

pub mod architecture;
pub mod calibration;
pub mod decision;
pub mod device;
mod embedded;
pub mod format;
pub mod frontier;
pub mod law;
pub mod measurements;
pub mod models;
mod near_miss;
pub mod operators;
mod pair;
pub mod plan;
pub mod quantisation;
pub mod roofline;
pub mod runs;
pub mod search;
pub mod several;
pub mod space;
pub mod theory;
mod toml_file;
pub mod whatif;

pub use toml_file::{MAX_TOML_BYTES, TomlError};
