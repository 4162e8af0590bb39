//! A file for each command.

pub mod data;
pub mod eval;
pub mod sweep;
pub mod train;
