//! The theory: worked values, brute force, differences.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod closed_forms;
mod integers;
mod optimum;
mod page;
mod prices;
mod problems;
