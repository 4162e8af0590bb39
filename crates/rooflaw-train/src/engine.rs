//! What trains a model: forward, backward and optimiser step behind one trait, whatever the processor.

use crate::layout::Layout;
use crate::model::Model;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The target of a position whose prediction does not count.
pub const IGNORED: u32 = u32::MAX;

/// Sequences of one length, one after another.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// Tokens: sequences × positions.
    pub inputs: &'a [u32],
    /// For each the token to predict, or [`IGNORED`].
    pub targets: &'a [u32],
    /// Positions of a sequence.
    pub sequence_length: usize,
}

/// What a forward pass found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Losses {
    /// Negative log-likelihoods of all targets added, nats.
    pub total: f64,
    /// Targets that count.
    pub n_targets: usize,
    /// The load-balancing loss (Switch Transformer, arXiv 2101.03961 eq. 4: 1 when balanced), 0 without a mixture or where
    /// none is trained for.
    pub load_balancing: f64,
}

/// How experts are kept busy alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum LoadBalancing {
    /// Not at all.
    #[default]
    None,
    /// The loss of Switch Transformer (arXiv 2101.03961 eq. 4; over all layers together, as `transformers` computes it).
    AuxiliaryLoss {
        /// What it is multiplied with before it is added.
        coefficient: f64,
    },
    /// A bias on each expert's score that follows its load (DeepSeek-V3, arXiv 2408.15664); the model needs a router bias.
    Bias {
        /// How far a bias moves in a step.
        rate: f64,
    },
}

/// One step of AdamW (arXiv 1711.05101, algorithm 2, as PyTorch has it).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Update {
    /// Steps done before this one.
    pub step: u64,
    /// Learning rate.
    pub learning_rate: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Whether norms and biases decay too, not matrices alone.
    pub decays_vectors: bool,
    /// Largest norm of all gradients together; `None` for no clipping.
    pub max_gradient_norm: Option<f64>,
}

/// The flat vectors that make up an engine's state, each in the order of [`Layout`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The weights.
    Weights,
    /// AdamW's first moments.
    FirstMoments,
    /// AdamW's second moments.
    SecondMoments,
    /// The gradients added up since the last update.
    Gradients,
}

/// Why an engine did not do what it was asked to.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// A model that this engine does not compute.
    #[error("{feature}: the {engine} engine does not have it")]
    Unsupported {
        /// Which engine.
        engine: &'static str,
        /// What it lacks.
        feature: String,
    },
    /// A batch that does not fit the engine or the model.
    #[error("batch: {0}")]
    Batch(String),
    /// A model whose tensors have no names.
    #[error(transparent)]
    Layout(#[from] rooflaw_export::ExportError),
    /// A loss or gradient that is not finite; nothing was updated.
    #[error("{what} is {value}: not finite")]
    NotFinite {
        /// What is not.
        what: &'static str,
        /// Its value.
        value: f64,
    },
    /// The device or its driver failed.
    #[error("device: {0}")]
    Device(String),
}

/// What trains a model. The same calls give the same bits on one machine, whatever else runs on it and however many
/// threads are used (an engine for which this does not hold says so in its documentation).
pub trait Engine {
    /// What it trains.
    fn model(&self) -> &Model;

    /// Where tensors lie in its state.
    fn layout(&self) -> &Layout;

    /// Most sequences of the engine's sequence length in a batch, and that length.
    fn capacity(&self) -> (usize, usize);

    /// Forward and backward of a batch. Gradients of `total / n_targets_of_step` (and of the load-balancing loss, weighted with
    /// the batch's share of `n_targets_of_step`) are added to those of the batches since the last update.
    ///
    /// # Errors
    /// A batch that does not fit, a loss that is not finite, a device that failed.
    fn accumulate(&mut self, batch: &Batch<'_>, n_targets_of_step: usize) -> Result<Losses, EngineError>;

    /// Clips the gradients, updates the weights, clears the gradients. Returns the norm of all gradients together before clipping.
    ///
    /// # Errors
    /// Gradients that are not finite (nothing is changed then), a device that failed.
    fn update(&mut self, update: &Update) -> Result<f64, EngineError>;

    /// Forward alone: each target's negative log-likelihood in nats, 0 where it is [`IGNORED`].
    ///
    /// # Errors
    /// As [`Engine::accumulate`].
    fn score(&mut self, batch: &Batch<'_>, nats: &mut [f32]) -> Result<(), EngineError>;

    /// Forward alone: every position's logits, positions × vocabulary.
    ///
    /// # Errors
    /// As [`Engine::accumulate`].
    fn logits(&mut self, batch: &Batch<'_>, logits: &mut [f32]) -> Result<(), EngineError>;

    /// Copies a part of the state out; `values` has [`Layout::elements`] elements.
    ///
    /// # Errors
    /// A length that does not fit, a device that failed.
    fn read(&mut self, state: State, values: &mut [f32]) -> Result<(), EngineError>;

    /// Replaces a part of the state; `values` has [`Layout::elements`] elements.
    ///
    /// # Errors
    /// As [`Engine::read`].
    fn write(&mut self, state: State, values: &[f32]) -> Result<(), EngineError>;
}
