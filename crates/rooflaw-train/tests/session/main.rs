//! Trainings as a whole: with an engine that is small, but trains for real, and data that are numbered.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

mod bigram;
mod events;
mod failures;
mod folder;
mod killed;
mod resumed;
mod runs;
