//! Training and evaluation of the transformers that [`rooflaw::architecture::Architecture`] describes.
//!
//! An [`Engine`](engine::Engine) holds a [`Model`](model::Model)'s weights, gradients and optimiser state, all flat vectors in the
//! order of [`Layout`](layout::Layout); it knows nothing of files, data sets or schedules. What drives it — recipes, run records,
//! checkpoints, evaluation — knows no engine but the trait.

pub mod checkpoint;
pub mod cpu;
pub mod engine;
pub mod eval;
pub mod layout;
pub mod model;
pub mod recipe;
pub mod record;
pub mod session;
pub mod start;
