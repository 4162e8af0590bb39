//! A forward or backward pass over one batch: what all its parts use.

use super::memory::{MAX_CHUNKS, Memory, Scratch};
use super::places::Linear;
use super::shape::Shape;
use crate::array::Array;
use crate::device::{Argument, Device, Grid, elements, rows, threads_for};
use crate::kernels::Kernel;
use crate::product::{Into, Matrix, product};
use rooflaw_train::engine::EngineError;
use std::ops::Range;

/// Rows of a chunk of a sum over rows, at least.
const ROWS_PER_CHUNK: usize = 32;

/// A pass: the device, its memory, the numbers of the model and of the batch.
pub(super) struct Pass<'a, D> {
    pub(super) device: &'a mut D,
    pub(super) memory: &'a Memory,
    /// For every layer how many slots each expert has.
    pub(super) counts: &'a mut [Vec<usize>],
    pub(super) shape: Shape,
    /// Positions of the batch, and of a sequence.
    pub(super) positions: usize,
    pub(super) sequence: usize,
}

/// An argument that counts something.
pub(super) fn count(value: usize) -> Result<Argument, EngineError> {
    u32::try_from(value)
        .map(Argument::U32)
        .map_err(|_| EngineError::Device(format!("a count of {value} where kernels take 32 bits")))
}

impl<D: Device> Pass<'_, D> {
    pub(super) fn scratch(&self) -> Scratch {
        self.memory.scratch
    }

    /// Weights in f32.
    pub(super) fn weights(&self, range: &Range<usize>) -> Array {
        self.memory.state.weights.part(range)
    }

    /// Weights as products take them.
    fn copies(&self, range: &Range<usize>) -> Array {
        self.memory.state.copies.part(range)
    }

    fn gradients(&self, range: &Range<usize>) -> Array {
        self.memory.state.gradients.part(range)
    }

    pub(super) fn multiply(
        &mut self,
        a: Matrix,
        b: Matrix,
        c: Matrix,
        into: Into,
    ) -> Result<(), EngineError> {
        self.multiply_batch(a, b, c, into, 1)
    }

    pub(super) fn multiply_batch(
        &mut self,
        a: Matrix,
        b: Matrix,
        c: Matrix,
        into: Into,
        batch: usize,
    ) -> Result<(), EngineError> {
        self.device.multiply(&product(a, b, c, into, batch)?)
    }

    pub(super) fn launch(
        &mut self,
        kernel: Kernel,
        grid: Grid,
        arguments: &[Argument],
    ) -> Result<(), EngineError> {
        self.device.launch(kernel, grid, arguments)
    }

    /// `y = x·wᵀ + b`, or that added to the residual stream `y`, for rows of `x`.
    pub(super) fn project(
        &mut self,
        linear: &Linear,
        x: Array,
        y: Array,
        n_rows: usize,
        into: Into,
    ) -> Result<(), EngineError> {
        let weights = Matrix::new(self.copies(&linear.weights), linear.outputs, linear.inputs);
        let x = Matrix::new(x, n_rows, linear.inputs);
        let to = Matrix::new(y, n_rows, linear.outputs);
        self.multiply(x, weights.transposed(), to, into)?;
        let Some(bias) = &linear.bias else { return Ok(()) };
        let kernel = match into {
            Into::Replace => Kernel::AddBias,
            Into::Add => Kernel::AddBiasToResidual,
        };
        let arguments = [y.into(), self.weights(bias).into(), count(linear.outputs)?];
        self.launch(kernel, rows(n_rows, linear.outputs), &arguments)
    }

    /// The gradient of a projection's input.
    pub(super) fn project_back(
        &mut self,
        linear: &Linear,
        dy: Array,
        dx: Array,
        n_rows: usize,
        into: Into,
    ) -> Result<(), EngineError> {
        let weights = Matrix::new(self.copies(&linear.weights), linear.outputs, linear.inputs);
        let dy = Matrix::new(dy, n_rows, linear.outputs);
        self.multiply(dy, weights, Matrix::new(dx, n_rows, linear.inputs), into)
    }

    /// Adds the gradients of a projection's weights and bias.
    pub(super) fn project_gradients(
        &mut self,
        linear: &Linear,
        x: Array,
        dy: Array,
        n_rows: usize,
    ) -> Result<(), EngineError> {
        let to = Matrix::new(self.gradients(&linear.weights), linear.outputs, linear.inputs);
        let x = Matrix::new(x, n_rows, linear.inputs);
        let dy_rows = Matrix::new(dy, n_rows, linear.outputs);
        self.multiply(dy_rows.transposed(), x, to, Into::Add)?;
        let Some(bias) = &linear.bias else { return Ok(()) };
        let sums = self.gradients(bias);
        self.column_sums(Kernel::BiasChunks, &[dy.into()], n_rows, sums)
    }

    /// `sums` plus a sum over rows, of what `kernel` makes of `arrays`.
    pub(super) fn column_sums(
        &mut self,
        kernel: Kernel,
        arrays: &[Argument],
        n_rows: usize,
        sums: Array,
    ) -> Result<(), EngineError> {
        let columns = sums.elements;
        let chunks = n_rows.div_ceil(ROWS_PER_CHUNK).clamp(1, MAX_CHUNKS);
        let partials = self.scratch().partials.head(chunks * columns);
        let threads = threads_for(columns);
        let grid = Grid {
            blocks: (columns.div_ceil(threads as usize), chunks),
            threads,
        };
        let mut arguments = vec![partials.into()];
        arguments.extend_from_slice(arrays);
        arguments.extend([count(n_rows)?, count(columns)?]);
        self.launch(kernel, grid, &arguments)?;
        let arguments = [sums.into(), partials.into(), count(chunks)?, count(columns)?];
        self.launch(Kernel::AddChunks, elements(columns), &arguments)
    }

    /// The normed residual stream, in the scratch.
    pub(super) fn norm(
        &mut self,
        x: Array,
        weight: &Range<usize>,
        inverse: Array,
    ) -> Result<(), EngineError> {
        let arguments = [
            self.scratch().normed.into(),
            inverse.into(),
            x.into(),
            self.weights(weight).into(),
            count(weight.len())?,
            Argument::F32(self.shape.epsilon),
        ];
        self.launch(Kernel::RmsNorm, rows(self.positions, weight.len()), &arguments)
    }

    /// From the gradient of what is normed, in the scratch, those of the weight and of the residual stream, both added.
    pub(super) fn norm_back(
        &mut self,
        x: Array,
        weight: &Range<usize>,
        inverse: Array,
    ) -> Result<(), EngineError> {
        let scratch = self.scratch();
        let stream = self.positions * self.shape.hidden;
        let arrays = [scratch.dnormed.into(), x.into(), inverse.into()];
        let sums = self.gradients(weight);
        self.column_sums(Kernel::NormChunks, &arrays, self.positions, sums)?;
        let arguments = [
            scratch.dresidual.head(stream).into(),
            scratch.dnormed.into(),
            x.into(),
            self.weights(weight).into(),
            inverse.into(),
            count(weight.len())?,
        ];
        self.launch(
            Kernel::RmsNormBackward,
            rows(self.positions, weight.len()),
            &arguments,
        )
    }

    /// Adds to the gradients of a vector of weights a sum over rows.
    pub(super) fn vector_gradients(
        &mut self,
        kernel: Kernel,
        arrays: &[Argument],
        n_rows: usize,
        weight: &Range<usize>,
    ) -> Result<(), EngineError> {
        let sums = self.gradients(weight);
        self.column_sums(kernel, arrays, n_rows, sums)
    }

    /// The gradient of the residual stream as products take it, in the scratch.
    pub(super) fn round_dresidual(&mut self) -> Result<Array, EngineError> {
        let scratch = self.scratch();
        let stream = self.positions * self.shape.hidden;
        let arguments = [
            scratch.doutput.into(),
            scratch.dresidual.into(),
            Argument::Size(stream),
        ];
        self.launch(Kernel::ToOperand, elements(stream), &arguments)?;
        Ok(scratch.doutput)
    }
}
