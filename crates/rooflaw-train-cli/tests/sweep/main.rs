//! `rooflaw-train sweep` with the real trainer: on this machine, and on a Slurm that loses a node.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

mod data;
mod local;
mod slurm;
mod small;
