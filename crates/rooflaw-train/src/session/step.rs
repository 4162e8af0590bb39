//! One optimiser step: the gradients of a batch, computed part by part, then an update.

use super::{Sequences, SessionError};
use crate::engine::{Batch, Engine, EngineError, IGNORED, Losses};
use crate::recipe::Recipe;

/// The sequences of a step.
pub(super) struct StepBatch {
    inputs: Vec<u32>,
    targets: Vec<u32>,
    length: usize,
}

/// What a step found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stepped {
    /// Nats per token, before the update.
    pub(super) loss: f64,
    /// Mean over the parts, each weighted with its targets.
    pub(super) load_balancing: f64,
    /// Before clipping.
    pub(super) gradient_norm: f64,
}

impl StepBatch {
    pub(super) fn new(recipe: &Recipe) -> StepBatch {
        let tokens = recipe.tokens_per_step() as usize;
        StepBatch {
            inputs: vec![0; tokens],
            targets: vec![0; tokens],
            length: recipe.sequence_length as usize,
        }
    }

    /// Trains the step number `step` on the sequences from `first` on; `None` when `stopped` says so before the update.
    pub(super) fn train(
        &mut self,
        engine: &mut dyn Engine,
        recipe: &Recipe,
        sequences: &dyn Sequences,
        (step, first): (u64, u64),
        stopped: &dyn Fn() -> bool,
    ) -> Result<Option<Stepped>, SessionError> {
        let rows = self.inputs.chunks_exact_mut(self.length);
        let rows = rows.zip(self.targets.chunks_exact_mut(self.length));
        for (index, (inputs, targets)) in (first..).zip(rows) {
            sequences
                .fill(index, inputs, targets)
                .map_err(SessionError::Data)?;
        }
        let n_targets = self.targets.iter().filter(|&&target| target != IGNORED).count();
        if n_targets == 0 {
            return Err(SessionError::Data("a batch without any token to predict".into()));
        }
        let part = recipe.micro_batch() as usize * self.length;
        let mut sum = Losses::default();
        for (inputs, targets) in self.inputs.chunks(part).zip(self.targets.chunks(part)) {
            if stopped() {
                return Ok(None);
            }
            let batch = Batch {
                inputs,
                targets,
                sequence_length: self.length,
            };
            let losses = engine.accumulate(&batch, n_targets)?;
            sum.total += losses.total;
            sum.n_targets += losses.n_targets;
            sum.load_balancing += losses.load_balancing * losses.n_targets as f64;
        }
        let n = sum.n_targets as f64;
        let loss = sum.total / n;
        if !loss.is_finite() {
            let (what, value) = ("the training loss", loss);
            return Err(EngineError::NotFinite { what, value }.into());
        }
        let gradient_norm = engine.update(&recipe.update(step))?;
        Ok(Some(Stepped {
            loss,
            load_balancing: sum.load_balancing / n,
            gradient_norm,
        }))
    }
}
