//! Experts that every token passes, with or without a gate on what they give (Qwen2-MoE, DeepSeek).

use super::Shared;
use super::buffer::Buffer;
use super::ffn::{Gated, Sides};
use super::parameters::{SharedParts, Tensors};
use super::product::{BLOCK, Into, weight_gradient};
use super::simd::{dot, sigmoid, vectorised};
use super::workers::room;
use rayon::prelude::*;
use rooflaw::architecture::Activation;

/// Shared experts and what forward keeps for backward.
#[derive(Debug)]
pub(super) struct SharedExperts {
    parts: SharedParts,
    activation: Activation,
    gate: Buffer,
    up: Buffer,
    /// What they gave, where a gate needs it, and the gate's value.
    outputs: Buffer,
    openness: Buffer,
}

impl SharedExperts {
    pub(super) fn new(
        parts: SharedParts,
        activation: Activation,
        rows: usize,
        (d, width): (usize, usize),
    ) -> SharedExperts {
        let gated = |width| if parts.router.is_some() { width } else { 0 };
        SharedExperts {
            parts,
            activation,
            gate: Buffer::new(rows, width),
            up: Buffer::new(rows, width),
            outputs: Buffer::new(rows, gated(d)),
            openness: Buffer::new(rows, gated(1)),
        }
    }

    /// Adds what they give to `y`; `x` is normed.
    pub(super) fn forward(&mut self, shared: &Shared, weights: &Tensors, x: &[f32], y: &mut [f32]) {
        let d = shared.hidden_size;
        let rows = x.len() / d;
        let ffn = Gated::new(self.activation, d, weights, &self.parts.ffn);
        let router = self.parts.router.map(|router| weights.of(router));
        let mut blocks: Vec<_> = (x.chunks(BLOCK * d).zip(y.chunks_mut(BLOCK * d)))
            .zip(
                self.gate
                    .parts_mut(rows, BLOCK)
                    .zip(self.up.parts_mut(rows, BLOCK)),
            )
            .zip(
                self.outputs
                    .parts_mut(rows, BLOCK)
                    .zip(self.openness.parts_mut(rows, BLOCK)),
            )
            .collect();
        blocks
            .par_iter_mut()
            .for_each(|(((x, y), (gate, up)), (outputs, openness))| {
                shared.workers.scratch(|scratch| {
                    let Some(router) = router else {
                        ffn.forward(x, gate, up, Into::Sum, y, &mut scratch.hidden);
                        return;
                    };
                    ffn.forward(x, gate, up, Into::Fresh, outputs, &mut scratch.hidden);
                    vectorised(
                        #[inline(always)]
                        || {
                            let rows = x
                                .chunks_exact(d)
                                .zip(y.chunks_exact_mut(d))
                                .zip(outputs.chunks_exact(d));
                            for (((x, y), output), open) in rows.zip(openness.iter_mut()) {
                                *open = sigmoid(dot(x, router));
                                for (y, output) in y.iter_mut().zip(output) {
                                    *y += *open * output;
                                }
                            }
                        },
                    );
                });
            });
    }

    /// Gradients of the weights; `dx` is replaced.
    pub(super) fn backward(
        &mut self,
        shared: &mut Shared,
        weights: &Tensors,
        (x, dy): (&[f32], &[f32]),
        dx: &mut [f32],
        (gradients, into): (&mut Tensors, Into),
    ) {
        let d = shared.hidden_size;
        let rows = x.len() / d;
        let ffn = Gated::new(self.activation, d, weights, &self.parts.ffn);
        let width = weights.of(self.parts.ffn.gate.weight).len() / d;
        let router = self.parts.router.map(|router| weights.of(router));
        // What reaches the experts' outputs, and the gate's logits.
        let (d_outputs, rest) = room(&mut shared.others, rows * (d + 1 + width)).split_at_mut(rows * d);
        let (d_logits, hidden) = rest.split_at_mut(rows);
        let (outputs, openness) = (&self.outputs, &self.openness);
        let mut blocks: Vec<_> = (dy.chunks(BLOCK * d).zip(dx.chunks_mut(BLOCK * d)))
            .zip(
                self.gate
                    .parts_mut(rows, BLOCK)
                    .zip(self.up.parts_mut(rows, BLOCK)),
            )
            .zip(d_outputs.chunks_mut(BLOCK * d).zip(d_logits.chunks_mut(BLOCK)))
            .zip(hidden.chunks_mut(BLOCK * width))
            .enumerate()
            .collect();
        blocks.par_iter_mut().for_each(
            |(index, ((((dy, dx), (gate, up)), (d_outputs, d_logits)), hidden))| {
                let Some(router) = router else {
                    d_outputs.copy_from_slice(dy);
                    ffn.backward(d_outputs, gate, up, hidden, dx);
                    return;
                };
                let outputs = outputs.part(rows, BLOCK, *index);
                let openness = openness.part(rows, BLOCK, *index);
                for (row, (dy, output)) in dy.chunks_exact(d).zip(outputs.chunks_exact(d)).enumerate() {
                    let open = openness[row];
                    d_logits[row] = vectorised(|| dot(dy, output)) * open * (1.0 - open);
                    for (d_output, dy) in d_outputs[row * d..].iter_mut().zip(dy) {
                        *d_output = open * dy;
                    }
                }
                ffn.backward(d_outputs, gate, up, hidden, dx);
                for (dx, d_logit) in dx.chunks_exact_mut(d).zip(&**d_logits) {
                    for (dx, router) in dx.iter_mut().zip(router) {
                        *dx += d_logit * router;
                    }
                }
            },
        );
        drop(blocks);
        let sides = Sides {
            x,
            d_gate: self.gate.rows(rows),
            d_up: self.up.rows(rows),
            hidden,
            dy: d_outputs,
        };
        sides.gradients(d, &self.parts.ffn, into, gradients);
        if let Some(router) = self.parts.router {
            weight_gradient(d_logits, x, d, into, gradients.of_mut(router));
        }
    }
}
