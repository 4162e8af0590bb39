//! The FFN sub-layer of a dense layer: `y = x + FFN(norm(x))`.

use super::Shared;
use super::buffer::Buffer;
use super::ffn::{Gated, Sides};
use super::norm::{norm, norm_again, norm_back};
use super::parameters::{GatedParts, Tensors};
use super::product::{BLOCK, Into, column_sums};
use super::workers::room;
use rayon::prelude::*;
use rooflaw::architecture::Activation;

/// Rows whose gradients are made together: what backward writes for the weights' gradients to read stays in the cache.
pub(super) const CHUNK: usize = 1024;

/// A dense FFN and what forward keeps for backward.
#[derive(Debug)]
pub(super) struct Dense {
    parts: GatedParts,
    norm: usize,
    activation: Activation,
    scales: Buffer,
    gate: Buffer,
    up: Buffer,
}

impl Dense {
    pub(super) fn new(
        parts: GatedParts,
        norm: usize,
        activation: Activation,
        rows: usize,
        width: usize,
    ) -> Dense {
        Dense {
            parts,
            norm,
            activation,
            scales: Buffer::new(rows, 1),
            gate: Buffer::new(rows, width),
            up: Buffer::new(rows, width),
        }
    }

    pub(super) fn forward(&mut self, shared: &Shared, weights: &Tensors, x: &[f32], y: &mut [f32]) {
        let d = shared.hidden_size;
        let rows = x.len() / d;
        let ffn = Gated::new(self.activation, d, weights, &self.parts);
        let weight = weights.of(self.norm);
        let mut blocks: Vec<_> = (x.chunks(BLOCK * d).zip(y.chunks_mut(BLOCK * d)))
            .zip(self.scales.parts_mut(rows, BLOCK))
            .zip(
                self.gate
                    .parts_mut(rows, BLOCK)
                    .zip(self.up.parts_mut(rows, BLOCK)),
            )
            .collect();
        blocks.par_iter_mut().for_each(|(((x, y), scales), (gate, up))| {
            shared.workers.scratch(|scratch| {
                let normed = room(&mut scratch.stream, x.len());
                norm(x, weight, shared.epsilon, normed, scales);
                y.copy_from_slice(x);
                ffn.forward(normed, gate, up, Into::Sum, y, &mut scratch.hidden);
            });
        });
    }

    /// Gradients of the weights, and of `x` from those of `y`.
    pub(super) fn backward(
        &mut self,
        shared: &mut Shared,
        weights: &Tensors,
        (x, dy): (&[f32], &[f32]),
        dx: &mut [f32],
        (gradients, into): (&mut Tensors, Into),
    ) {
        let d = shared.hidden_size;
        let width = weights.of(self.parts.gate.weight).len() / d;
        let ffn = Gated::new(self.activation, d, weights, &self.parts);
        let weight = weights.of(self.norm);
        let n_blocks = x.len().div_ceil(BLOCK * d);
        let partials = room(&mut shared.partials, n_blocks * d);
        partials.fill(0.0);
        let total = x.len() / d;
        let chunks = (x.chunks(CHUNK * d).zip(dy.chunks(CHUNK * d)))
            .zip(
                dx.chunks_mut(CHUNK * d)
                    .zip(partials.chunks_mut(CHUNK / BLOCK * d)),
            )
            .zip(
                self.gate
                    .parts_mut(total, CHUNK)
                    .zip(self.up.parts_mut(total, CHUNK)),
            );
        for (index, (((x, dy), (dx, partials)), (gate, up))) in chunks.enumerate() {
            let rows = x.len() / d;
            let scales = self.scales.part(total, CHUNK, index);
            let normed = room(&mut shared.stream, rows * d);
            let hidden = room(&mut shared.hidden, rows * width);
            (x.par_chunks(BLOCK * d).zip(dy.par_chunks(BLOCK * d)))
                .zip(scales.par_chunks(BLOCK).zip(partials.par_chunks_mut(d)))
                .zip(
                    gate.par_chunks_mut(BLOCK * width)
                        .zip(up.par_chunks_mut(BLOCK * width)),
                )
                .zip(
                    normed
                        .par_chunks_mut(BLOCK * d)
                        .zip(hidden.par_chunks_mut(BLOCK * width)),
                )
                .zip(dx.par_chunks_mut(BLOCK * d))
                .for_each(
                    |(((((x, dy), (scales, partial)), (gate, up)), (normed, hidden)), dx)| {
                        norm_again(x, weight, scales, normed);
                        ffn.backward(dy, gate, up, hidden, dx);
                        norm_back(dx, x, weight, scales, Some(dy), partial);
                    },
                );
            let sides = Sides {
                x: normed,
                d_gate: gate,
                d_up: up,
                hidden,
                dy,
            };
            let into = if index == 0 { into } else { Into::Sum };
            sides.gradients(d, &self.parts, into, gradients);
        }
        column_sums(partials, into, gradients.of_mut(self.norm));
    }
}
