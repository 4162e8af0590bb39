//! Which runs to do next: architectures of a space chosen for training.
//!
//! With a law in mind, [`optimal`] chooses runs that determine its numbers (criterion D) or its predictions
//! (criterion I); without one, [`fill`] spreads them over the space. Either counts what training costs and takes
//! the runs there are into account, so that planning one run at a time is the same call again. [`random`] is the
//! draw to compare with.

mod budget;
mod candidates;
mod cost;
mod efficiency;
mod error;
mod expectation;
mod filling;
mod information;
mod memory;
mod optimal;
mod random;
mod sample;
mod score;

pub use budget::Limit;
pub use candidates::{Candidate, Candidates, Training};
pub use cost::training_flop_per_token;
pub use error::PlanError;
pub use expectation::{Expectation, ParameterError, PredictionError, expect, expect_each};
pub use filling::{DESIGN_VARIABLES, Filling, fill};
pub use information::{Noise, Problem};
pub use memory::{TrainingMemory, TrainingPrecision, training_memory};
pub use optimal::{Chosen, Criterion, Options, Plan, optimal};
pub use random::random;
pub use sample::Sampling;
