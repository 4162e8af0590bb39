//! The binary as its users meet it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod data;
mod eval;
mod tool;
