//! Scaling laws joined to the roofline: which language model to build for a device.

pub mod architecture;
pub mod device;
mod embedded;
pub mod format;
pub mod law;
mod near_miss;
pub mod operators;
pub mod roofline;
pub mod space;
mod toml_file;

pub use toml_file::{MAX_TOML_BYTES, TomlError};
