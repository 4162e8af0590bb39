//! A gated FFN over rows: `down(act(gate(x)) · up(x))`.

use super::gate::{gated, gated_back};
use super::parameters::{GatedParts, Linear, Tensors};
use super::product::{Into, column_sums, project, project_back, tile, weight_tile};
use rayon::prelude::*;
use rooflaw::architecture::Activation;

/// The matrices and biases of one FFN (of one expert, in a mixture).
#[derive(Clone, Copy, Debug)]
pub(super) struct Gated<'a> {
    pub(super) activation: Activation,
    pub(super) hidden_size: usize,
    pub(super) gate: Affine<'a>,
    pub(super) up: Affine<'a>,
    pub(super) down: Affine<'a>,
}

/// A projection's matrix and bias.
#[derive(Clone, Copy, Debug)]
pub(super) struct Affine<'a> {
    pub(super) weight: &'a [f32],
    pub(super) bias: Option<&'a [f32]>,
}

impl<'a> Affine<'a> {
    pub(super) fn new(weights: &'a Tensors, linear: Linear) -> Affine<'a> {
        Affine {
            weight: weights.of(linear.weight),
            bias: linear.bias.map(|bias| weights.of(bias)),
        }
    }

    /// `y = x · wᵀ + b`, or added to it.
    pub(super) fn forward(&self, x: &[f32], inputs: usize, into: Into, y: &mut [f32]) {
        project(x, self.weight, inputs, into, y);
        if let Some(bias) = self.bias {
            for row in y.chunks_exact_mut(bias.len()) {
                for (y, bias) in row.iter_mut().zip(bias) {
                    *y += bias;
                }
            }
        }
    }
}

impl<'a> Gated<'a> {
    pub(super) fn new(
        activation: Activation,
        hidden_size: usize,
        weights: &'a Tensors,
        parts: &GatedParts,
    ) -> Self {
        Gated {
            activation,
            hidden_size,
            gate: Affine::new(weights, parts.gate),
            up: Affine::new(weights, parts.up),
            down: Affine::new(weights, parts.down),
        }
    }

    /// Gate and up of some rows are kept; the result replaces `y`, or is added to it.
    pub(super) fn forward(
        &self,
        x: &[f32],
        gate: &mut [f32],
        up: &mut [f32],
        into: Into,
        y: &mut [f32],
        hidden: &mut Vec<f32>,
    ) {
        self.gate.forward(x, self.hidden_size, Into::Fresh, gate);
        self.up.forward(x, self.hidden_size, Into::Fresh, up);
        if hidden.len() < gate.len() {
            hidden.resize(gate.len(), 0.0);
        }
        let hidden = &mut hidden[..gate.len()];
        gated(self.activation, gate, up, hidden);
        let width = self.down.weight.len() / self.hidden_size;
        self.down.forward(hidden, width, into, y);
    }

    /// Gate and up become their gradients; `hidden` gets what the down projection saw; `dx` is replaced.
    pub(super) fn backward(
        &self,
        dy: &[f32],
        gate: &mut [f32],
        up: &mut [f32],
        hidden: &mut [f32],
        dx: &mut [f32],
    ) {
        let width = self.down.weight.len() / self.hidden_size;
        project_back(dy, self.down.weight, width, Into::Fresh, hidden);
        gated_back(self.activation, gate, up, hidden);
        project_back(gate, self.gate.weight, self.hidden_size, Into::Fresh, dx);
        project_back(up, self.up.weight, self.hidden_size, Into::Sum, dx);
    }
}

/// What the gradients of an FFN's matrices come from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sides<'a> {
    pub(super) x: &'a [f32],
    pub(super) d_gate: &'a [f32],
    pub(super) d_up: &'a [f32],
    pub(super) hidden: &'a [f32],
    pub(super) dy: &'a [f32],
}

impl Sides<'_> {
    /// Adds the gradients of the three matrices of one FFN, on all threads.
    pub(super) fn weights(&self, hidden_size: usize, into: Into, [gate, up, down]: [&mut [f32]; 3]) {
        let width = gate.len() / hidden_size;
        let side = |dy, x, inputs, outputs, dw: &mut [f32]| {
            let tile = tile(outputs);
            dw.par_chunks_mut(tile * inputs)
                .enumerate()
                .for_each(|(index, dw)| weight_tile(dy, x, inputs, outputs, index * tile, into, dw));
        };
        rayon::join(
            || side(self.dy, self.hidden, width, hidden_size, down),
            || {
                rayon::join(
                    || side(self.d_gate, self.x, hidden_size, width, gate),
                    || side(self.d_up, self.x, hidden_size, width, up),
                )
            },
        );
    }

    /// Adds the gradients of all of a dense FFN, biases too.
    pub(super) fn gradients(
        &self,
        hidden_size: usize,
        parts: &GatedParts,
        into: Into,
        gradients: &mut Tensors,
    ) {
        let indices = [parts.gate.weight, parts.up.weight, parts.down.weight];
        // The three are different tensors.
        if let Ok([gate, up, down]) = gradients.0.get_disjoint_mut(indices) {
            self.weights(hidden_size, into, [gate, up, down]);
        }
        for (linear, dy) in [
            (parts.gate, self.d_gate),
            (parts.up, self.d_up),
            (parts.down, self.dy),
        ] {
            if let Some(bias) = linear.bias {
                column_sums(dy, into, gradients.of_mut(bias));
            }
        }
    }
}
