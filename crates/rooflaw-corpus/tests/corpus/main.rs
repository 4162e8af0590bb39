//! Text to tokens and back, against files that other programs wrote.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod bad_files;
mod damage;
mod data;
mod prepared;
mod sampling;
mod shared;
mod sources;
mod tokenizing;
