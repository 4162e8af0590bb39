//! The names under which trainers log losses, tokens and steps.

/// Losses in the order of preference. Names of one line mean the same in different loggers, so runs may differ within it.
pub(super) const LOSSES: [&[&str]; 5] = [
    // transformers: trainer_state.json, then TensorBoard and Weights & Biases.
    &["eval_loss", "eval/loss"],
    &[
        "validation/loss",
        "validation_loss",
        "val/loss",
        "val_loss",
        "valid/loss",
        "valid_loss",
        "loss/val",
        "loss/validation",
    ],
    // transformers again.
    &["loss", "train/loss"],
    // Others: in transformers `train_loss` is the mean over the whole training.
    &["train_loss", "training_loss", "loss/train"],
    &["Loss/train"],
];

/// The lines of [`LOSSES`] that are losses of the batches trained on.
pub(super) const FIRST_TRAINING_LOSS: usize = 2;

/// Tokens seen since the beginning.
pub(super) const TOKENS: [&str; 10] = [
    "num_input_tokens_seen",
    "train/num_input_tokens_seen",
    "tokens",
    "train/tokens",
    "tokens_seen",
    "train/tokens_seen",
    "n_tokens",
    "total_tokens",
    "train/total_tokens",
    "throughput/total_tokens",
];

/// Optimiser steps in a table of summaries; `_step` counts calls of the logger, which is often the same.
pub(super) const STEPS: [&str; 6] = [
    "train/global_step",
    "trainer/global_step",
    "global_step",
    "step",
    "Step",
    "_step",
];
