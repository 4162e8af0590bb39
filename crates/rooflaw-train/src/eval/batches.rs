//! Windows gathered into batches.

use super::EvalError;
use super::window::Window;
use crate::engine::{Batch, Engine, IGNORED};

/// Windows on their way through an engine, with what the caller knows each by.
pub(super) struct Batches<'e, T> {
    engine: &'e mut dyn Engine,
    length: usize,
    /// What fills up windows that are shorter: behind them, where it changes nothing, since models look back only.
    padding: u32,
    inputs: Vec<u32>,
    targets: Vec<u32>,
    nats: Vec<f32>,
    waiting: Vec<(T, Window)>,
}

impl<'e, T> Batches<'e, T> {
    pub(super) fn new(
        engine: &'e mut dyn Engine,
        length: usize,
        padding: u32,
    ) -> Result<Batches<'e, T>, EvalError> {
        let (sequences, most) = engine.capacity();
        if length > most {
            return Err(EvalError::TooLong { length, most });
        }
        let room = sequences.max(1) * length;
        Ok(Batches {
            engine,
            length,
            padding,
            inputs: Vec::with_capacity(room),
            targets: Vec::with_capacity(room),
            nats: vec![0.0; room],
            waiting: Vec::with_capacity(sequences.max(1)),
        })
    }

    /// Adds a window. `tokens` are those from the one before its first target to its last. Once a batch is full, `take` is told
    /// of the losses of what is scored in each window, nats.
    pub(super) fn push(
        &mut self,
        known_by: T,
        window: Window,
        tokens: &[u32],
        take: &mut impl FnMut(T, Window, &[f32]) -> Result<(), EvalError>,
    ) -> Result<(), EvalError> {
        let [inputs @ .., _] = tokens else {
            return Ok(());
        };
        let context = (window.first - window.start) as usize;
        let end = self.inputs.len() + self.length;
        self.inputs.extend_from_slice(inputs);
        self.inputs.resize(end, self.padding);
        self.targets.extend(std::iter::repeat_n(IGNORED, context));
        self.targets.extend_from_slice(&tokens[context + 1..]);
        self.targets.resize(end, IGNORED);
        self.waiting.push((known_by, window));
        if self.inputs.len() == self.nats.len() {
            self.flush(take)?;
        }
        Ok(())
    }

    /// Scores what is waiting.
    pub(super) fn flush(
        &mut self,
        take: &mut impl FnMut(T, Window, &[f32]) -> Result<(), EvalError>,
    ) -> Result<(), EvalError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let batch = Batch {
            inputs: &self.inputs,
            targets: &self.targets,
            sequence_length: self.length,
        };
        let nats = &mut self.nats[..batch.inputs.len()];
        self.engine.score(&batch, nats)?;
        for ((known_by, window), nats) in self.waiting.drain(..).zip(nats.chunks(self.length)) {
            let scored = (window.first - window.start) as usize..(window.end - window.start) as usize;
            take(known_by, window, &nats[scored])?;
        }
        self.inputs.clear();
        self.targets.clear();
        Ok(())
    }
}
