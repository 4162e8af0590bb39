//! The attention sub-layer: `x + output(attention(norm(x)))`.
//!
//! Scores are made whole, chunk by chunk of sequences, by batched matrix products, which run on tensor cores; heads of a group
//! lie one after another, so that a key-value head and its group are one product. Scores above the diagonal and outside a window
//! are computed too, and masked.

use super::memory::{HeadNormArrays, LayerArrays};
use super::pass::{Pass, count};
use super::places::{LayerPlaces, Linear};
use crate::array::Array;
use crate::device::{Argument, Device, rows};
use crate::kernels::Kernel;
use crate::product::{Into, Matrix};
use rooflaw_train::engine::EngineError;
use std::ops::Range;

/// `rotation` of heads that are not turned.
const UNTURNED: u32 = 0;

/// A chunk of sequences: matrices of its heads, and how many key-value heads there are in it.
struct Chunk {
    query: Matrix,
    key: Matrix,
    value: Matrix,
    scores: Matrix,
    probabilities: Matrix,
    /// Elements of the query matrices, and of the key matrices, of all the batch.
    query_elements: Range<usize>,
    key_elements: Range<usize>,
    batch: usize,
    n_rows: usize,
}

impl<D: Device> Pass<'_, D> {
    /// From the residual stream before the layer to that after attention.
    pub(super) fn attention(
        &mut self,
        places: &LayerPlaces,
        arrays: &LayerArrays,
        x: Array,
        window: usize,
    ) -> Result<(), EngineError> {
        self.norm(x, &places.attention_norm, arrays.attention_inverse)?;
        let (norms, shape, scratch) = (arrays.head_norms, self.shape, self.scratch());
        let query_norm = norms.zip(places.head_norms.as_ref());
        let query_norm = query_norm.map(|(norms, (weight, _))| (norms.query, norms.query_inverse, weight));
        self.heads(
            &places.query,
            query_norm,
            arrays.query,
            shape.heads,
            shape.rotation,
        )?;
        let key_norm = norms.zip(places.head_norms.as_ref());
        let key_norm = key_norm.map(|(norms, (_, weight))| (norms.key, norms.key_inverse, weight));
        self.heads(&places.key, key_norm, arrays.key, shape.kv_heads, shape.rotation)?;
        self.heads(&places.value, None, arrays.value, shape.kv_heads, UNTURNED)?;

        let split = scratch.dquery;
        for chunk in self.chunks(arrays) {
            self.probabilities(&chunk, window)?;
            let output = Matrix::new(split.part(&chunk.query_elements), chunk.n_rows, shape.head_dim);
            self.multiply_batch(
                chunk.probabilities,
                chunk.value,
                output,
                Into::Replace,
                chunk.batch,
            )?;
        }
        self.turn(Kernel::MergeHeads, arrays.attended, split, shape.heads, UNTURNED)?;
        let stream = self.positions * shape.hidden;
        self.device.copy(x.head(stream), arrays.middle.head(stream))?;
        self.project(
            &places.output,
            arrays.attended,
            arrays.middle,
            self.positions,
            Into::Add,
        )
    }

    /// From the gradient of the residual stream after attention to that before it.
    pub(super) fn attention_back(
        &mut self,
        places: &LayerPlaces,
        arrays: &LayerArrays,
        x: Array,
        window: usize,
    ) -> Result<(), EngineError> {
        let (shape, scratch) = (self.shape, self.scratch());
        let doutput = self.round_dresidual()?;
        self.project_gradients(&places.output, arrays.attended, doutput, self.positions)?;
        self.project_back(
            &places.output,
            doutput,
            scratch.merged,
            self.positions,
            Into::Replace,
        )?;
        let dsplit = scratch.dattended;
        self.turn(Kernel::SplitHeads, dsplit, scratch.merged, shape.heads, UNTURNED)?;
        for chunk in self.chunks(arrays) {
            self.chunk_back(&chunk, dsplit, window)?;
        }

        self.norm(x, &places.attention_norm, arrays.attention_inverse)?;
        let norms = arrays.head_norms.as_ref().zip(places.head_norms.as_ref());
        self.turn(
            Kernel::MergeHeads,
            scratch.merged,
            scratch.dquery,
            shape.heads,
            shape.rotation,
        )?;
        if let Some((
            HeadNormArrays {
                query, query_inverse, ..
            },
            (weight, _),
        )) = norms
        {
            self.head_norm_back(*query, *query_inverse, weight, shape.query_width())?;
        }
        self.heads_back(&places.query, Into::Replace)?;
        self.turn(
            Kernel::MergeHeads,
            scratch.merged,
            scratch.dkey,
            shape.kv_heads,
            shape.rotation,
        )?;
        if let Some((HeadNormArrays { key, key_inverse, .. }, (_, weight))) = norms {
            self.head_norm_back(*key, *key_inverse, weight, shape.kv_width())?;
        }
        self.heads_back(&places.key, Into::Add)?;
        self.turn(
            Kernel::MergeHeads,
            scratch.merged,
            scratch.dvalue,
            shape.kv_heads,
            UNTURNED,
        )?;
        self.heads_back(&places.value, Into::Add)?;
        self.norm_back(x, &places.attention_norm, arrays.attention_inverse)
    }

    /// Projects, norms and turns one of queries, keys, values. `norm`: where the values before the norm and their inverse root mean
    /// squares are kept, and the weight.
    fn heads(
        &mut self,
        linear: &Linear,
        norm: Option<(Array, Array, &Range<usize>)>,
        to: Array,
        heads: usize,
        rotation: u32,
    ) -> Result<(), EngineError> {
        let scratch = self.scratch();
        let projected = norm.map_or(scratch.merged, |(kept, ..)| kept);
        self.project(linear, scratch.normed, projected, self.positions, Into::Replace)?;
        if let Some((kept, inverse, weight)) = norm {
            let n_rows = self.positions * linear.outputs / weight.len();
            let arguments = [
                scratch.merged.into(),
                inverse.into(),
                kept.into(),
                self.weights(weight).into(),
                count(weight.len())?,
                Argument::F32(self.shape.epsilon),
            ];
            self.launch(Kernel::HeadNorm, rows(n_rows, weight.len()), &arguments)?;
        }
        self.turn(Kernel::SplitHeads, to, scratch.merged, heads, rotation)
    }

    /// The gradient before a norm of queries or keys, in the place of that after it (the scratch's `merged`).
    fn head_norm_back(
        &mut self,
        x: Array,
        inverse: Array,
        weight: &Range<usize>,
        width: usize,
    ) -> Result<(), EngineError> {
        let dy = self.scratch().merged;
        let n_rows = self.positions * width / weight.len();
        let arrays = [dy.into(), x.into(), inverse.into()];
        self.vector_gradients(Kernel::HeadNormChunks, &arrays, n_rows, weight)?;
        let arguments = [
            dy.into(),
            dy.into(),
            x.into(),
            self.weights(weight).into(),
            inverse.into(),
            count(weight.len())?,
        ];
        self.launch(Kernel::HeadNormBackward, rows(n_rows, weight.len()), &arguments)
    }

    /// From the gradient of a projection's output (the scratch's `merged`) those of its weights and of the normed stream.
    fn heads_back(&mut self, linear: &Linear, into: Into) -> Result<(), EngineError> {
        let scratch = self.scratch();
        self.project_gradients(linear, scratch.normed, scratch.merged, self.positions)?;
        self.project_back(linear, scratch.merged, scratch.dnormed, self.positions, into)
    }

    /// Heads apart or together, turned by position.
    fn turn(
        &mut self,
        kernel: Kernel,
        to: Array,
        from: Array,
        heads: usize,
        rotation: u32,
    ) -> Result<(), EngineError> {
        let state = &self.memory.state;
        let arguments = [
            to.into(),
            from.into(),
            state.cosines.into(),
            state.sines.into(),
            count(self.sequence)?,
            count(heads)?,
            count(self.shape.head_dim)?,
            Argument::U32(rotation),
        ];
        self.launch(
            kernel,
            rows(self.positions * heads, self.shape.head_dim / 2),
            &arguments,
        )
    }

    /// Chunks of sequences whose scores fit the scratch.
    fn chunks(&self, arrays: &LayerArrays) -> Vec<Chunk> {
        let (shape, scratch, length) = (self.shape, self.scratch(), self.sequence);
        let sequences = self.positions / length;
        let per_sequence = shape.heads * length * length;
        let per_chunk = (scratch.scores.elements / per_sequence).clamp(1, sequences);
        let chunk = |first: usize| {
            let count = per_chunk.min(sequences - first);
            let part = |width: usize| first * length * width..(first + count) * length * width;
            let (query, key) = (part(shape.query_width()), part(shape.kv_width()));
            // A key-value head's queries: those of all heads of its group, one head after another.
            let n_rows = shape.heads / shape.kv_heads * length;
            Chunk {
                query: Matrix::new(arrays.query.part(&query), n_rows, shape.head_dim),
                key: Matrix::new(arrays.key.part(&key), length, shape.head_dim),
                value: Matrix::new(arrays.value.part(&key), length, shape.head_dim),
                scores: Matrix::new(scratch.scores, n_rows, length),
                probabilities: Matrix::new(scratch.probabilities, n_rows, length),
                query_elements: query,
                key_elements: key,
                batch: count * shape.kv_heads,
                n_rows,
            }
        };
        (0..sequences).step_by(per_chunk).map(chunk).collect()
    }

    fn probabilities(&mut self, chunk: &Chunk, window: usize) -> Result<(), EngineError> {
        let scratch = self.scratch();
        self.multiply_batch(
            chunk.query,
            chunk.key.transposed(),
            chunk.scores,
            Into::Replace,
            chunk.batch,
        )?;
        self.softmax(
            Kernel::CausalSoftmax,
            scratch.probabilities,
            scratch.scores,
            chunk,
            window,
        )
    }

    fn softmax(
        &mut self,
        kernel: Kernel,
        probabilities: Array,
        scores: Array,
        chunk: &Chunk,
        window: usize,
    ) -> Result<(), EngineError> {
        let arguments = [
            probabilities.into(),
            scores.into(),
            count(self.sequence)?,
            count(window)?,
            Argument::F32(1.0 / (self.shape.head_dim as f32).sqrt()),
        ];
        self.launch(
            kernel,
            rows(chunk.batch * chunk.n_rows, self.sequence),
            &arguments,
        )
    }

    /// From the gradient of what heads give to those of queries, keys and values, in the scratch.
    fn chunk_back(&mut self, chunk: &Chunk, dsplit: Array, window: usize) -> Result<(), EngineError> {
        let (scratch, width, length, batch) =
            (self.scratch(), self.shape.head_dim, self.sequence, chunk.batch);
        self.probabilities(chunk, window)?;
        let doutput = Matrix::new(dsplit.part(&chunk.query_elements), chunk.n_rows, width);
        let dvalue = Matrix::new(scratch.dvalue.part(&chunk.key_elements), length, width);
        self.multiply_batch(
            chunk.probabilities.transposed(),
            doutput,
            dvalue,
            Into::Replace,
            batch,
        )?;
        // The probabilities' gradient takes the place of the scores, and the scores' gradient that of the probabilities.
        self.multiply_batch(
            doutput,
            chunk.value.transposed(),
            chunk.scores,
            Into::Replace,
            batch,
        )?;
        self.softmax(
            Kernel::CausalSoftmaxBackward,
            scratch.probabilities,
            scratch.scores,
            chunk,
            window,
        )?;
        let dquery = Matrix::new(scratch.dquery.part(&chunk.query_elements), chunk.n_rows, width);
        self.multiply_batch(chunk.probabilities, chunk.key, dquery, Into::Replace, batch)?;
        let dkey = Matrix::new(scratch.dkey.part(&chunk.key_elements), length, width);
        self.multiply_batch(
            chunk.probabilities.transposed(),
            chunk.query,
            dkey,
            Into::Replace,
            batch,
        )
    }
}
