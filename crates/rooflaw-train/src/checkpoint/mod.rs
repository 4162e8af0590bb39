//! Checkpoints: everything that training goes on from, bit for bit.
//!
//! `checkpoints/step-00001000/` holds the model as a Hugging Face directory with weights in f32, AdamW's moments in `optimizer.safetensors` (flat, in the
//! order of [`crate::layout::Layout`]), and [`TrainingState`] in `state.json`. A checkpoint is written under a temporary name,
//! synced and renamed; the one before is renamed away before it is removed. So each folder that is called `step-…` is
//! whole, whenever the process is killed.

mod flat;
mod folder;
mod weights;

pub use folder::Checkpoints;
pub(crate) use weights::write as write_weights;

use serde::{Deserialize, Serialize};

/// Where training is, besides weights and moments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingState {
    /// Steps done.
    pub step: u64,
    /// Tokens trained on.
    pub tokens: u64,
    /// The sequence that comes next, counted on over epochs.
    pub next_sequence: u64,
    /// Loss of the last step, nats per token; 0 before the first.
    pub training_loss: f64,
    /// Training and evaluation so far, seconds.
    pub wall_seconds: f64,
}
