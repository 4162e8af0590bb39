//! A file for each command.

pub mod data;
pub mod train;
pub mod sweep;
