//! A file for each command.

pub mod data;
pub mod sweep;
pub mod train;
