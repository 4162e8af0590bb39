//! The engine as others drive it.

use super::{CpuEngine, adamw};
use crate::engine::{Batch, Engine, EngineError, LoadBalancing, Losses, State, Update};
use crate::layout::Layout;
use crate::model::Model;

impl Engine for CpuEngine {
    fn model(&self) -> &Model {
        &self.model
    }

    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn capacity(&self) -> (usize, usize) {
        (self.options.sequences, self.options.sequence_length)
    }

    fn accumulate(&mut self, batch: &Batch<'_>, n_targets_of_step: usize) -> Result<Losses, EngineError> {
        self.check_batch(batch)?;
        let n_targets_of_step = n_targets_of_step.max(1);
        let losses = self.on_workers(|engine| engine.step(batch, n_targets_of_step));
        if losses.total.is_finite() && losses.load_balancing.is_finite() {
            return Ok(losses);
        }
        Err(EngineError::NotFinite {
            what: "loss",
            value: losses.total / n_targets_of_step as f64,
        })
    }

    fn update(&mut self, update: &Update) -> Result<f64, EngineError> {
        if self.is_fresh {
            return Err(EngineError::Batch("an update without gradients".to_owned()));
        }
        let norm = self.on_workers(|engine| adamw::norm(&engine.gradients));
        if !norm.is_finite() {
            return Err(EngineError::NotFinite {
                what: "gradient norm",
                value: norm,
            });
        }
        self.on_workers(|engine| {
            let moments = (&mut engine.first, &mut engine.second);
            adamw::update(
                update,
                norm,
                &engine.treatments,
                &mut engine.weights,
                &engine.gradients,
                moments,
            );
        });
        if let LoadBalancing::Bias { rate } = self.options.load_balancing {
            for layer in &mut self.layers {
                if let Some(mixture) = layer.ffn.mixture_mut() {
                    mixture.move_bias(rate as f32, &mut self.weights);
                }
            }
        }
        self.is_fresh = true;
        Ok(norm)
    }

    fn score(&mut self, batch: &Batch<'_>, nats: &mut [f32]) -> Result<(), EngineError> {
        self.check_batch(batch)?;
        if nats.len() != batch.inputs.len() {
            return Err(EngineError::Batch(format!(
                "{} losses of {} tokens",
                nats.len(),
                batch.inputs.len()
            )));
        }
        self.on_workers(|engine| {
            engine.forward(batch);
            let rows = batch.inputs.len();
            let x = engine.stream.last().map_or(&[] as &[f32], |last| last.rows(rows));
            engine.head.losses(
                &mut engine.shared,
                &engine.weights,
                (x, batch.targets),
                nats,
                None,
            );
        });
        Ok(())
    }

    fn logits(&mut self, batch: &Batch<'_>, logits: &mut [f32]) -> Result<(), EngineError> {
        self.check_batch(batch)?;
        let rows = batch.inputs.len();
        let expected = rows * self.model.architecture.vocab_size as usize;
        if logits.len() != expected {
            return Err(EngineError::Batch(format!(
                "room for {} of {expected} logits",
                logits.len()
            )));
        }
        self.on_workers(|engine| {
            engine.forward(batch);
            let x = engine.stream.last().map_or(&[] as &[f32], |last| last.rows(rows));
            engine.head.logits(&engine.shared, &engine.weights, x, logits);
        });
        Ok(())
    }

    fn read(&mut self, state: State, values: &mut [f32]) -> Result<(), EngineError> {
        self.check_length(values.len())?;
        if state == State::Gradients && self.is_fresh {
            values.fill(0.0);
            return Ok(());
        }
        self.state(state).read(&self.layout, values);
        Ok(())
    }

    fn write(&mut self, state: State, values: &[f32]) -> Result<(), EngineError> {
        self.check_length(values.len())?;
        let tensors = match state {
            State::Weights => &mut self.weights,
            State::FirstMoments => &mut self.first,
            State::SecondMoments => &mut self.second,
            State::Gradients => &mut self.gradients,
        };
        tensors.write(&self.layout, values);
        if state == State::Gradients {
            self.is_fresh = false;
        }
        Ok(())
    }
}
