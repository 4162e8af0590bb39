//! Both ends of a transformer: the embedding table, and the final norm, LM head and cross-entropy.

use super::Shared;
use super::buffer::Buffer;
use super::norm::{norm, norm_back};
use super::parameters::{EndParts, Tensors};
use super::product::{BLOCK, Into, column_sums, project, project_back, weight_gradient};
use super::simd::{exp, largest, sum_of, vectorised};
use super::workers::room;
use crate::engine::IGNORED;
use rayon::prelude::*;

/// Logits that are held at once, about: a few MB, which caches hold.
const LOGITS: usize = 1 << 22;

/// What the losses' gradients need.
#[derive(Debug)]
pub(super) struct Backward<'a> {
    /// What every target's loss is multiplied with.
    pub(super) scale: f32,
    /// Gradient of the last layer's output.
    pub(super) dx: &'a mut [f32],
    pub(super) gradients: &'a mut Tensors,
    pub(super) into: Into,
}

/// The ends and what forward keeps.
#[derive(Debug)]
pub(super) struct Head {
    parts: EndParts,
    scales: Buffer,
}

impl Head {
    pub(super) fn new(parts: EndParts, rows: usize) -> Head {
        Head {
            parts,
            scales: Buffer::new(rows, 1),
        }
    }

    /// The rows of the table.
    pub(super) fn embed(&self, weights: &Tensors, inputs: &[u32], d: usize, x: &mut [f32]) {
        let table = weights.of(self.parts.embedding);
        for (x, &token) in x.chunks_exact_mut(d).zip(inputs) {
            x.copy_from_slice(&table[token as usize * d..(token as usize + 1) * d]);
        }
    }

    /// Adds up the table's gradient, after that of the head, which may be the same tensor.
    pub(super) fn embed_back(
        &self,
        inputs: &[u32],
        d: usize,
        dx: &[f32],
        (gradients, into): (&mut Tensors, Into),
    ) {
        let is_tied = self.parts.head == self.parts.embedding;
        let gradient = gradients.of_mut(self.parts.embedding);
        if into == Into::Fresh && !is_tied {
            gradient.fill(0.0);
        }
        // Each task owns rows of the table and goes over all tokens in order.
        const ROWS: usize = 512;
        gradient
            .par_chunks_mut(ROWS * d)
            .enumerate()
            .for_each(|(index, rows)| {
                for (dx, &token) in dx.chunks_exact(d).zip(inputs) {
                    let token = token as usize;
                    if token / ROWS == index {
                        let at = token % ROWS * d;
                        for (gradient, dx) in rows[at..at + d].iter_mut().zip(dx) {
                            *gradient += dx;
                        }
                    }
                }
            });
    }

    /// Rows of which logits are held at once.
    fn chunk(vocab: usize) -> usize {
        (LOGITS / vocab / BLOCK * BLOCK).clamp(BLOCK, 8 * BLOCK)
    }

    /// Each target's negative log-likelihood; gradients too if asked for.
    pub(super) fn losses(
        &mut self,
        shared: &mut Shared,
        weights: &Tensors,
        (x, targets): (&[f32], &[u32]),
        nats: &mut [f32],
        mut backward: Option<Backward<'_>>,
    ) {
        let d = shared.hidden_size;
        let (weight, table) = (weights.of(self.parts.norm), weights.of(self.parts.head));
        let vocab = table.len() / d;
        let chunk = Head::chunk(vocab);
        let rows = targets.len();
        let partial = room(&mut shared.partials, rows.div_ceil(BLOCK) * d);
        partial.fill(0.0);
        for (index, (x, targets)) in x.chunks(chunk * d).zip(targets.chunks(chunk)).enumerate() {
            let first = index * chunk;
            let here = targets.len();
            let logits = room(&mut shared.hidden, here * vocab);
            let normed = room(&mut shared.stream, here * d);
            let scales = &mut self.scales.rows_mut(rows)[first..first + here];
            let scale = backward.as_ref().map(|backward| backward.scale);
            (x.par_chunks(BLOCK * d).zip(targets.par_chunks(BLOCK)))
                .zip(
                    logits
                        .par_chunks_mut(BLOCK * vocab)
                        .zip(normed.par_chunks_mut(BLOCK * d)),
                )
                .zip(
                    scales
                        .par_chunks_mut(BLOCK)
                        .zip(nats[first..first + here].par_chunks_mut(BLOCK)),
                )
                .for_each(|(((x, targets), (logits, normed)), (scales, nats))| {
                    norm(x, weight, shared.epsilon, normed, scales);
                    project(normed, table, d, Into::Fresh, logits);
                    for ((logits, &target), nats) in logits.chunks_exact_mut(vocab).zip(targets).zip(nats) {
                        *nats = cross_entropy(logits, target, scale);
                    }
                });
            if let Some(backward) = &mut backward {
                let dx = &mut backward.dx[first * d..(first + here) * d];
                let partial = &mut partial[first / BLOCK * d..];
                let scales = &*scales;
                (x.par_chunks(BLOCK * d).zip(dx.par_chunks_mut(BLOCK * d)))
                    .zip(logits.par_chunks(BLOCK * vocab).zip(scales.par_chunks(BLOCK)))
                    .zip(partial.par_chunks_mut(d))
                    .for_each(|(((x, dx), (logits, scales)), partial)| {
                        project_back(logits, table, d, Into::Fresh, dx);
                        norm_back(dx, x, weight, scales, None, partial);
                    });
                let into = if index == 0 { backward.into } else { Into::Sum };
                weight_gradient(
                    logits,
                    normed,
                    d,
                    into,
                    backward.gradients.of_mut(self.parts.head),
                );
            }
        }
        if let Some(Backward { gradients, into, .. }) = backward {
            column_sums(partial, into, gradients.of_mut(self.parts.norm));
        }
    }

    /// Every position's logits.
    pub(super) fn logits(&mut self, shared: &Shared, weights: &Tensors, x: &[f32], logits: &mut [f32]) {
        let d = shared.hidden_size;
        let (weight, table) = (weights.of(self.parts.norm), weights.of(self.parts.head));
        let vocab = table.len() / d;
        let rows = x.len() / d;
        let mut scales: Vec<_> = self.scales.parts_mut(rows, BLOCK).collect();
        (x.par_chunks(BLOCK * d).zip(logits.par_chunks_mut(BLOCK * vocab)))
            .zip(scales.par_iter_mut())
            .for_each(|((x, logits), scales)| {
                shared.workers.scratch(|scratch| {
                    let normed = room(&mut scratch.stream, x.len());
                    norm(x, weight, shared.epsilon, normed, scales);
                    project(normed, table, d, Into::Fresh, logits);
                });
            });
    }
}

/// −ln softmax(logits)\[target\], 0 if the target is ignored; logits become its gradients times `scale`, if given.
fn cross_entropy(logits: &mut [f32], target: u32, scale: Option<f32>) -> f32 {
    if target == IGNORED {
        if scale.is_some() {
            logits.fill(0.0);
        }
        return 0.0;
    }
    let at_target = logits[target as usize];
    vectorised(
        #[inline(always)]
        || {
            let top = largest(logits);
            let Some(scale) = scale else {
                let sum = sum_of(logits.len(), |i| exp(logits[i] - top));
                return top + sum.ln() - at_target;
            };
            for logit in logits.iter_mut() {
                *logit = exp(*logit - top);
            }
            let sum = sum_of(logits.len(), |i| logits[i]);
            let share = scale / sum;
            for logit in logits.iter_mut() {
                *logit *= share;
            }
            logits[target as usize] -= scale;
            top + sum.ln() - at_target
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cross_entropy_of_equal_logits_is_that_of_chance() {
        let mut logits = [2.0; 50];
        assert!((cross_entropy(&mut logits.clone(), 3, None) - 50_f32.ln()).abs() < 1e-6);
        assert!((cross_entropy(&mut logits, 3, Some(0.5)) - 50_f32.ln()).abs() < 1e-6);
        assert!((logits[3] + 0.49).abs() < 1e-6 && (logits[4] - 0.01).abs() < 1e-6);
        assert_eq!(cross_entropy(&mut logits, IGNORED, Some(0.5)), 0.0);
        assert_eq!(logits, [0.0; 50]);
    }

    #[test]
    fn chunks_are_whole_blocks() {
        assert_eq!(Head::chunk(4096), 1024);
        assert_eq!(Head::chunk(50_000), BLOCK);
        assert_eq!(Head::chunk(10), 1024);
    }
}
