//! Exact frontiers: the non-dominated points of a set, minimising every objective.
//!
//! One rule set holds for every function of this module:
//!
//! - `a` dominates `b` when `a <= b` in all objectives and `a < b` in at least one ([`dominates`]).
//! - Of identical objective vectors one is kept: the lowest index, or the lowest id.
//! - A point with a NaN coordinate is skipped: it is never on the frontier and dominates nothing.
//! - Infinities are ordinary values, and `-0.0` equals `0.0`.
//!
//! Every answer is exact. The pivots that reject most points early are points of the input, so they
//! change the time that a call takes and never its result.
//!
//! [`frontier_2d`] and [`frontier_3d`] take a whole slice; [`Frontier`] takes a stream that does not fit in memory,
//! in any number of objectives. All are pure functions over plain data, without threads or I/O.

mod accumulator;
mod dominance;
mod entry;
mod hypervolume;
mod radix;
mod sieve;
mod staircase;
mod sweep;
mod table;
mod whole;

pub use accumulator::Frontier;
pub use dominance::dominates;
pub use entry::Entry;
pub use hypervolume::{hypervolume_2d, hypervolume_3d};
pub use whole::{frontier_2d, frontier_3d};

#[cfg(test)]
mod oracle;
