//! `rooflaw-train train` from end to end: a small transformer on a small data set, on the CPU.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

mod ends;
mod killed;
mod refused;
mod small;
