//! Recipes: how a model is trained, whatever its architecture.
//!
//! A recipe is a TOML file, `data/recipes/README.md` describes the keys; [`find`] knows those that are embedded.

mod file;
mod presets;
mod schedule;

pub use file::{RecipeError, RecipeFileError, SetError};
pub use presets::{UnknownRecipe, find, ids};
pub use schedule::Schedule;

use crate::engine::{LoadBalancing, Update};
use serde::{Deserialize, Serialize};

/// How a model is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it is from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Tokens of a sequence.
    pub sequence_length: u32,
    /// Sequences of an optimiser step.
    pub batch_sequences: u32,
    /// Sequences computed at a time; `None` for what [`Recipe::micro_batch`] chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub micro_batch_sequences: Option<u32>,
    /// Tokens to train on, rounded up to whole steps.
    pub training_tokens: f64,
    /// Highest learning rate, after the warm-up.
    pub peak_learning_rate: f64,
    /// Learning rate that the schedule ends at.
    pub final_learning_rate: f64,
    /// Share of the steps over which the learning rate rises from 0.
    pub warm_up_fraction: f64,
    /// How it falls afterwards.
    pub schedule: Schedule,
    /// Decay of AdamW's first moment.
    pub beta1: f64,
    /// Decay of AdamW's second moment.
    pub beta2: f64,
    /// Added to the root of AdamW's second moment.
    pub epsilon: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Whether norms and biases decay too, not matrices alone.
    pub decays_vectors: bool,
    /// Largest norm of all gradients together; `None` for no clipping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_gradient_norm: Option<f64>,
    /// Standard deviation of the initial weights.
    pub initializer_range: f64,
    /// How experts are kept busy alike; of no effect in a dense model.
    pub load_balancing: LoadBalancing,
}

/// Tokens computed at a time where a recipe does not say: enough for fast products, and few enough that the logits of a
/// vocabulary of 150,000 take 2.5 GB.
const MICRO_BATCH_TOKENS: u32 = 4096;

impl Recipe {
    /// Tokens of an optimiser step.
    #[must_use]
    pub fn tokens_per_step(&self) -> u64 {
        u64::from(self.sequence_length) * u64::from(self.batch_sequences)
    }

    /// Optimiser steps.
    #[must_use]
    pub fn n_steps(&self) -> u64 {
        (self.training_tokens / self.tokens_per_step() as f64).ceil() as u64
    }

    /// Tokens that are trained on: whole steps.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        self.n_steps() * self.tokens_per_step()
    }

    /// Sequences computed at a time.
    #[must_use]
    pub fn micro_batch(&self) -> u32 {
        let chosen = (MICRO_BATCH_TOKENS / self.sequence_length.max(1)).max(1);
        self.micro_batch_sequences
            .unwrap_or(chosen)
            .min(self.batch_sequences)
    }

    /// Steps of the warm-up.
    #[must_use]
    pub fn warm_up_steps(&self) -> u64 {
        (self.warm_up_fraction * self.n_steps() as f64).ceil() as u64
    }

    /// The update that a step makes; steps count from 0.
    #[must_use]
    pub fn update(&self, step: u64) -> Update {
        Update {
            step,
            learning_rate: self.learning_rate(step),
            beta1: self.beta1,
            beta2: self.beta2,
            epsilon: self.epsilon,
            weight_decay: self.weight_decay,
            decays_vectors: self.decays_vectors,
            max_gradient_norm: self.max_gradient_norm,
        }
    }
}
