//! Both ends of the model: the embedding, and final norm, head and losses.

use super::memory::FfnArrays;
use super::pass::{Pass, count};
use super::places::Places;
use crate::device::{Argument, Device, rows};
use crate::kernels::Kernel;
use crate::product::Into;
use rooflaw_train::engine::{EngineError, LoadBalancing};

/// What is wanted of the head.
pub(super) enum Wanted<'a> {
    /// Every target's negative log-likelihood.
    Nats,
    /// These, and gradients of their sum times a scale.
    Gradients {
        /// The scale.
        scale: f32,
    },
    /// Logits alone.
    Logits(&'a mut [f32]),
}

impl<D: Device> Pass<'_, D> {
    /// The rows of the batch's tokens.
    pub(super) fn embed(&mut self, places: &Places) -> Result<(), EngineError> {
        let hidden = self.shape.hidden;
        let arguments = [
            self.memory.residuals[0].into(),
            self.weights(&places.embedding).into(),
            self.memory.batch.tokens.into(),
            count(hidden)?,
        ];
        self.launch(Kernel::Embed, rows(self.positions, hidden), &arguments)
    }

    /// Adds the gradients of these rows: for each distinct token the sum over its positions, in their order.
    pub(super) fn embed_back(&mut self, places: &Places, tokens: &[u32]) -> Result<(), EngineError> {
        let mut positions: Vec<u32> = (0..self.positions as u32).collect();
        positions.sort_by_key(|position| tokens[*position as usize]);
        let mut distinct = Vec::new();
        let mut starts = Vec::new();
        for (place, position) in positions.iter().enumerate() {
            let token = tokens[*position as usize];
            if distinct.last() != Some(&token) {
                distinct.push(token);
                starts.push(place as u32);
            }
        }
        starts.push(self.positions as u32);
        let arrays = self.memory.batch;
        for (array, values) in [
            (arrays.distinct, &distinct),
            (arrays.starts, &starts),
            (arrays.positions, &positions),
        ] {
            self.device
                .write(array.head(values.len()), bytemuck::cast_slice(values))?;
        }
        let hidden = self.shape.hidden;
        let arguments = [
            self.memory.state.gradients.part(&places.embedding).into(),
            self.scratch().dresidual.into(),
            arrays.distinct.into(),
            arrays.starts.into(),
            arrays.positions.into(),
            count(hidden)?,
        ];
        self.launch(Kernel::EmbedBackward, rows(distinct.len(), hidden), &arguments)
    }

    /// Final norm and head, chunk by chunk of rows; the targets' negative log-likelihoods (none where logits alone are wanted), and
    /// in the scratch, where they are wanted, the gradient of the residual stream.
    pub(super) fn head(&mut self, places: &Places, mut wanted: Wanted<'_>) -> Result<Vec<f32>, EngineError> {
        let (n, shape, scratch) = (self.positions, self.shape, self.scratch());
        let last = self.memory.residuals[self.memory.layers.len()];
        let inverse = self.memory.batch.inverse;
        self.norm(last, &places.final_norm, inverse)?;
        let per_chunk = (scratch.logits.elements / shape.vocabulary).clamp(1, n);
        for first in (0..n).step_by(per_chunk) {
            let chunk = first..(first + per_chunk).min(n);
            let normed = scratch
                .normed
                .part(&(chunk.start * shape.hidden..chunk.end * shape.hidden));
            self.project(&places.head, normed, scratch.logits, chunk.len(), Into::Replace)?;
            match &mut wanted {
                Wanted::Logits(logits) => {
                    let part = chunk.start * shape.vocabulary..chunk.end * shape.vocabulary;
                    let from = scratch.logits.head(part.len());
                    self.device
                        .read(from, bytemuck::cast_slice_mut(&mut logits[part]))?;
                }
                Wanted::Nats => {
                    let arguments = self.loss_arguments(&chunk)?;
                    self.launch(
                        Kernel::CrossEntropy,
                        rows(chunk.len(), shape.vocabulary),
                        &arguments,
                    )?;
                }
                Wanted::Gradients { scale } => {
                    let [nats, rest @ ..] = self.loss_arguments(&chunk)?;
                    let mut arguments = vec![nats, scratch.dlogits.into()];
                    arguments.extend(rest);
                    arguments.push(Argument::F32(*scale));
                    let grid = rows(chunk.len(), shape.vocabulary);
                    self.launch(Kernel::CrossEntropyBackward, grid, &arguments)?;
                    self.project_gradients(&places.head, normed, scratch.dlogits, chunk.len())?;
                    let dnormed = scratch.dnormed;
                    let dnormed = dnormed.part(&(chunk.start * shape.hidden..chunk.end * shape.hidden));
                    self.project_back(&places.head, scratch.dlogits, dnormed, chunk.len(), Into::Replace)?;
                }
            }
        }
        if matches!(wanted, Wanted::Logits(_)) {
            return Ok(Vec::new());
        }
        if matches!(wanted, Wanted::Gradients { .. }) {
            self.device.clear(scratch.dresidual.head(n * shape.hidden))?;
            self.norm_back(last, &places.final_norm, inverse)?;
        }
        let mut nats = vec![0.0_f32; n];
        self.device.read(
            self.memory.batch.nats.head(n),
            bytemuck::cast_slice_mut(&mut nats),
        )?;
        Ok(nats)
    }

    fn loss_arguments(&self, chunk: &std::ops::Range<usize>) -> Result<[Argument; 4], EngineError> {
        Ok([
            self.memory.batch.nats.part(chunk).into(),
            self.scratch().logits.into(),
            self.memory.batch.targets.part(chunk).into(),
            count(self.shape.vocabulary)?,
        ])
    }

    /// The load-balancing loss of all layers together (Switch Transformer, arXiv 2101.03961 eq. 4, as `transformers` has it for
    /// several experts per token): experts × Σ over experts of slots per token × the mean score. Its gradient's part that is the same
    /// for all tokens is left in the scratch. `share`: of the batch in the step.
    pub(super) fn balance(&mut self, balancing: LoadBalancing, share: f64) -> Result<f64, EngineError> {
        let Some((moe, scratch)) = self.shape.moe.zip(self.scratch().experts) else {
            return Ok(0.0);
        };
        let LoadBalancing::AuxiliaryLoss { coefficient } = balancing else {
            self.device.clear(scratch.pulls)?;
            return Ok(0.0);
        };
        self.device.clear(scratch.score_sums)?;
        let mut counts = vec![0_usize; moe.experts];
        for layer in 0..self.memory.layers.len() {
            let FfnArrays::Experts(arrays) = &self.memory.layers[layer].ffn else {
                continue;
            };
            let scores = [arrays.scores.into()];
            self.column_sums(Kernel::ScoreChunks, &scores, self.positions, scratch.score_sums)?;
            for (sum, count) in counts.iter_mut().zip(&self.counts[layer]) {
                *sum += count;
            }
        }
        let mut score_sums = vec![0.0_f32; moe.experts];
        self.device
            .read(scratch.score_sums, bytemuck::cast_slice_mut(&mut score_sums))?;
        let rows = (self.positions * moe.layers) as f64;
        let mut loss = 0.0;
        let mut pulls = Vec::with_capacity(moe.experts);
        for (count, score_sum) in counts.into_iter().zip(score_sums) {
            let weight = moe.experts as f64 * count as f64 / rows / rows;
            loss += weight * f64::from(score_sum);
            pulls.push((coefficient * share * weight) as f32);
        }
        self.device.write(scratch.pulls, bytemuck::cast_slice(&pulls))?;
        Ok(loss)
    }
}
