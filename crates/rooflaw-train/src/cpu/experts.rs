//! The FFN sub-layer of a mixture of experts: `y = x + Σ weight · expert(norm(x)) + shared(norm(x))`.
//!
//! Each expert computes the rows of its tokens together; no token is dropped.

use super::Shared;
use super::buffer::Buffer;
use super::ffn::{Affine, Gated, Sides};
use super::norm::{norm, norm_again, norm_back};
use super::parameters::{ExpertParts, Tensors};
use super::product::{BLOCK, Into, column_sums, project, project_back, weight_gradient};
use super::router::Router;
use super::shared_experts::SharedExperts;
use super::simd::{dot, vectorised};
use super::sorted::{Sorted, cut};
use super::workers::room;
use rayon::prelude::*;
use rooflaw::architecture::Activation;

/// A mixture and what forward keeps for backward.
#[derive(Debug)]
pub(super) struct Experts {
    parts: ExpertParts,
    norm: usize,
    activation: Activation,
    width: usize,
    router: Router,
    scales: Buffer,
    /// Tokens × experts.
    scores: Buffer,
    sorted: Sorted,
    /// Weights of the choices: tokens × experts per token.
    weights: Buffer,
    /// Choices of each expert since the last update.
    loads: Vec<u64>,
    // By place.
    gate: Buffer,
    up: Buffer,
    outputs: Buffer,
    shared: Option<SharedExperts>,
}

/// A stack's share of one expert.
fn share(stack: &[f32], n_experts: usize, expert: usize) -> &[f32] {
    let size = stack.len() / n_experts;
    &stack[expert * size..(expert + 1) * size]
}

impl Experts {
    pub(super) fn new(
        parts: ExpertParts,
        norm: usize,
        activation: Activation,
        router: Router,
        rows: usize,
        (hidden_size, width, shared_width): (usize, usize, usize),
    ) -> Experts {
        let choices = rows * router.experts_per_token;
        Experts {
            parts,
            norm,
            activation,
            width,
            router,
            scales: Buffer::new(rows, 1),
            scores: Buffer::new(rows, router.n_experts),
            sorted: Sorted::new(rows, router.experts_per_token, router.n_experts),
            weights: Buffer::new(rows, router.experts_per_token),
            loads: vec![0; router.n_experts],
            gate: Buffer::new(choices, width),
            up: Buffer::new(choices, width),
            outputs: Buffer::new(choices, hidden_size),
            shared: parts
                .shared
                .map(|parts| SharedExperts::new(parts, activation, rows, (hidden_size, shared_width))),
        }
    }

    pub(super) const fn router(&self) -> Router {
        self.router
    }

    /// Moves the router's bias against the loads since the last update (DeepSeek-V3, arXiv 2408.15664 algorithm 1), and forgets
    /// them.
    pub(super) fn move_bias(&mut self, rate: f32, weights: &mut Tensors) {
        let Some(bias) = self.parts.router_bias else {
            return;
        };
        let mean = self.loads.iter().sum::<u64>() as f64 / self.loads.len() as f64;
        for (bias, load) in weights.of_mut(bias).iter_mut().zip(&mut self.loads) {
            let load = std::mem::take(load) as f64;
            if load != mean {
                *bias += if load < mean { rate } else { -rate };
            }
        }
    }

    /// Choices of each expert in the last forward pass.
    pub(super) fn counts(&self) -> impl Iterator<Item = usize> + '_ {
        self.sorted.counts()
    }

    /// Adds each expert's scores over the tokens of the last forward pass.
    pub(super) fn add_scores(&self, rows: usize, sums: &mut [f64]) {
        for scores in self.scores.rows(rows).chunks_exact(self.router.n_experts) {
            for (sum, score) in sums.iter_mut().zip(scores) {
                *sum += f64::from(*score);
            }
        }
    }

    fn expert<'a>(&self, d: usize, weights: &'a Tensors, expert: usize) -> Gated<'a> {
        let affine = |stack: usize| Affine {
            weight: share(weights.of(stack), self.router.n_experts, expert),
            bias: None,
        };
        Gated {
            activation: self.activation,
            hidden_size: d,
            gate: affine(self.parts.gate),
            up: affine(self.parts.up),
            down: affine(self.parts.down),
        }
    }

    pub(super) fn forward(&mut self, shared: &mut Shared, weights: &Tensors, x: &[f32], y: &mut [f32]) {
        let (d, k) = (shared.hidden_size, self.router.experts_per_token);
        let rows = x.len() / d;
        let mut stream = std::mem::take(&mut shared.stream);
        let normed = room(&mut stream, rows * d);
        self.route(shared, weights, x, normed);
        self.sorted.sort(rows * k);
        let runs = self.sorted.runs();
        let (mut gate, mut up) = (
            std::mem::replace(&mut self.gate, Buffer::new(0, 0)),
            std::mem::replace(&mut self.up, Buffer::new(0, 0)),
        );
        let mut outputs = std::mem::replace(&mut self.outputs, Buffer::new(0, 0));
        let n = rows * k;
        let this = &*self;
        let mut tasks: Vec<_> = runs
            .iter()
            .zip(cut(gate.rows_mut(n), this.width, &runs).zip(cut(up.rows_mut(n), this.width, &runs)))
            .zip(cut(outputs.rows_mut(n), d, &runs))
            .collect();
        tasks.par_iter_mut().for_each(|((run, (gate, up)), output)| {
            shared.workers.scratch(|scratch| {
                let gathered = room(&mut scratch.stream, output.len());
                this.sorted.gather(run, normed, d, gathered);
                let expert = this.expert(d, weights, run.expert);
                expert.forward(gathered, gate, up, Into::Fresh, output, &mut scratch.hidden);
            });
        });
        drop(tasks);
        let produced = outputs.rows(n);
        y.par_chunks_mut(BLOCK * d).enumerate().for_each(|(block, y)| {
            vectorised(
                #[inline(always)]
                || {
                    for (row, y) in y.chunks_exact_mut(d).enumerate() {
                        let token = block * BLOCK + row;
                        y.copy_from_slice(&x[token * d..(token + 1) * d]);
                        for choice in token * k..(token + 1) * k {
                            let weight = this.weights.rows(rows)[choice];
                            let place = this.sorted.places[choice] as usize;
                            for (y, output) in y.iter_mut().zip(&produced[place * d..]) {
                                *y += weight * output;
                            }
                        }
                    }
                },
            );
        });
        (self.gate, self.up, self.outputs) = (gate, up, outputs);
        if let Some(experts) = &mut self.shared {
            experts.forward(shared, weights, normed, y);
        }
        shared.stream = stream;
    }

    /// Norms, scores, choices of all tokens.
    fn route(&mut self, shared: &Shared, weights: &Tensors, x: &[f32], normed: &mut [f32]) {
        let (d, k) = (shared.hidden_size, self.router.experts_per_token);
        let rows = x.len() / d;
        let bias = self.parts.router_bias.map(|bias| weights.of(bias));
        let (weight, matrix, router) = (weights.of(self.norm), weights.of(self.parts.router), self.router);
        let mut blocks: Vec<_> = (x.chunks(BLOCK * d).zip(normed.chunks_mut(BLOCK * d)))
            .zip(
                self.scales
                    .parts_mut(rows, BLOCK)
                    .zip(self.scores.parts_mut(rows, BLOCK)),
            )
            .zip(
                self.sorted
                    .chosen
                    .chunks_mut(BLOCK * k)
                    .zip(self.weights.parts_mut(rows, BLOCK)),
            )
            .collect();
        blocks
            .par_iter_mut()
            .for_each(|(((x, normed), (scales, scores)), (chosen, weights))| {
                norm(x, weight, shared.epsilon, normed, scales);
                project(normed, matrix, d, Into::Fresh, scores);
                let chosen = &mut chosen[..weights.len()];
                router.choose(scores, bias, chosen, weights);
            });
    }

    /// Counts the choices of the last forward pass among the loads.
    pub(super) fn count_loads(&mut self) {
        for (load, count) in self.loads.iter_mut().zip(self.sorted.counts()) {
            *load += count as u64;
        }
    }

    /// Gradients of the weights, and of `x` from those of `y`. `of_scores` is what the load-balancing loss adds to the gradient
    /// of every token's scores, expert by expert.
    pub(super) fn backward(
        &mut self,
        shared: &mut Shared,
        weights: &Tensors,
        (x, dy): (&[f32], &[f32]),
        dx: &mut [f32],
        of_scores: Option<&[f32]>,
        (gradients, into): (&mut Tensors, Into),
    ) {
        let (d, k, e) = (
            shared.hidden_size,
            self.router.experts_per_token,
            self.router.n_experts,
        );
        let rows = x.len() / d;
        let n = rows * k;
        let (mut stream, mut hidden_room, mut partials, mut mixture) = (
            std::mem::take(&mut shared.stream),
            std::mem::take(&mut shared.hidden),
            std::mem::take(&mut shared.partials),
            std::mem::take(&mut shared.mixture),
        );
        let (normed, by_place) = room(&mut stream, rows * d + 2 * n * d).split_at_mut(rows * d);
        let (gathered, d_outputs) = by_place.split_at_mut(n * d);
        let hidden = room(&mut hidden_room, n * self.width);
        let (d_logits, d_weights) = room(&mut mixture, rows * e + n).split_at_mut(rows * e);
        let partial = room(&mut partials, rows.div_ceil(BLOCK) * d);
        partial.fill(0.0);
        self.d_weights(d, rows, dy, d_weights);
        norm_rows_again(x, weights.of(self.norm), self.scales.rows(rows), normed);
        self.back_through_experts(shared, weights, dy, normed, (gathered, d_outputs, hidden));
        self.weights_of_experts(d, n, (gathered, d_outputs, hidden), (gradients, into));
        match &mut self.shared {
            None => dx.fill(0.0),
            Some(experts) => experts.backward(shared, weights, (normed, dy), dx, (gradients, into)),
        }
        let this = &*self;
        let (norm_weight, matrix) = (weights.of(self.norm), weights.of(self.parts.router));
        let (scores, scales, d_gathered) = (
            self.scores.rows(rows),
            self.scales.rows(rows),
            self.outputs.rows(n),
        );
        (x.par_chunks(BLOCK * d).zip(dy.par_chunks(BLOCK * d)))
            .zip(
                dx.par_chunks_mut(BLOCK * d)
                    .zip(d_logits.par_chunks_mut(BLOCK * e)),
            )
            .zip(scores.par_chunks(BLOCK * e).zip(d_weights.par_chunks(BLOCK * k)))
            .zip(scales.par_chunks(BLOCK).zip(partial.par_chunks_mut(d)))
            .enumerate()
            .for_each(
                |(block, ((((x, dy), (dx, d_logits)), (scores, d_weights)), (scales, partial)))| {
                    for (row, dx) in dx.chunks_exact_mut(d).enumerate() {
                        let choices = (block * BLOCK + row) * k..(block * BLOCK + row + 1) * k;
                        let d_logits = &mut d_logits[row * e..(row + 1) * e];
                        match of_scores {
                            None => d_logits.fill(0.0),
                            Some(of_scores) => d_logits.copy_from_slice(of_scores),
                        }
                        let of_choices = &d_weights[row * k..(row + 1) * k];
                        let scores = &scores[row * e..(row + 1) * e];
                        this.router
                            .back(scores, &this.sorted.chosen[choices.clone()], of_choices, d_logits);
                        for choice in choices {
                            let place = this.sorted.places[choice] as usize;
                            for (dx, d) in dx.iter_mut().zip(&d_gathered[place * d..]) {
                                *dx += d;
                            }
                        }
                    }
                    project_back(d_logits, matrix, d, Into::Sum, dx);
                    norm_back(dx, x, norm_weight, scales, Some(dy), partial);
                },
            );
        weight_gradient(d_logits, normed, d, into, gradients.of_mut(self.parts.router));
        column_sums(partial, into, gradients.of_mut(self.norm));
        if let Some(bias) = self.parts.router_bias {
            // It decides choices alone, which have no slope.
            gradients.of_mut(bias).fill(0.0);
        }
        (shared.stream, shared.hidden) = (stream, hidden_room);
        (shared.partials, shared.mixture) = (partials, mixture);
    }

    /// Gradients of the choices' weights: products of each expert's output and the gradient of the sum.
    fn d_weights(&self, d: usize, rows: usize, dy: &[f32], d_weights: &mut [f32]) {
        let k = self.router.experts_per_token;
        let outputs = self.outputs.rows(rows * k);
        d_weights
            .par_chunks_mut(BLOCK * k)
            .enumerate()
            .for_each(|(block, d_weights)| {
                vectorised(
                    #[inline(always)]
                    || {
                        for (index, d_weight) in d_weights.iter_mut().enumerate() {
                            let choice = block * BLOCK * k + index;
                            let (token, place) = (choice / k, self.sorted.places[choice] as usize);
                            *d_weight = dot(
                                &dy[token * d..(token + 1) * d],
                                &outputs[place * d..(place + 1) * d],
                            );
                        }
                    },
                );
            });
    }

    /// Backward through the experts: their outputs give way to the gradients of what they saw.
    fn back_through_experts(
        &mut self,
        shared: &Shared,
        weights: &Tensors,
        dy: &[f32],
        normed: &[f32],
        (gathered, d_outputs, hidden): (&mut [f32], &mut [f32], &mut [f32]),
    ) {
        let d = shared.hidden_size;
        let rows = normed.len() / d;
        let n = rows * self.router.experts_per_token;
        let runs = self.sorted.runs();
        let empty = || Buffer::new(0, 0);
        let mut gate = std::mem::replace(&mut self.gate, empty());
        let mut up = std::mem::replace(&mut self.up, empty());
        let mut outputs = std::mem::replace(&mut self.outputs, empty());
        let this = &*self;
        let choice_weights = this.weights.rows(rows);
        let mut tasks: Vec<_> = runs
            .iter()
            .zip(cut(gate.rows_mut(n), this.width, &runs).zip(cut(up.rows_mut(n), this.width, &runs)))
            .zip(cut(outputs.rows_mut(n), d, &runs).zip(cut(hidden, this.width, &runs)))
            .zip(cut(gathered, d, &runs).zip(cut(d_outputs, d, &runs)))
            .collect();
        tasks.par_iter_mut().for_each(
            |(((run, (gate, up)), (d_gathered, hidden)), (gathered, d_output))| {
                this.sorted.gather(run, normed, d, gathered);
                this.sorted.gather(run, dy, d, d_output);
                for (d_output, choice) in d_output.chunks_exact_mut(d).zip(this.sorted.choices(run)) {
                    let weight = choice_weights[*choice as usize];
                    for d in d_output {
                        *d *= weight;
                    }
                }
                this.expert(d, weights, run.expert)
                    .backward(d_output, gate, up, hidden, d_gathered);
            },
        );
        drop(tasks);
        (self.gate, self.up, self.outputs) = (gate, up, outputs);
    }

    /// Gradients of the experts' matrices.
    fn weights_of_experts(
        &self,
        d: usize,
        n: usize,
        (gathered, d_outputs, hidden): (&[f32], &[f32], &[f32]),
        (gradients, into): (&mut Tensors, Into),
    ) {
        let (width, e) = (self.width, self.router.n_experts);
        let (d_gate, d_up) = (self.gate.rows(n), self.up.rows(n));
        let indices = [self.parts.gate, self.parts.up, self.parts.down];
        // The three are different tensors.
        let Ok([gate, up, down]) = gradients.0.get_disjoint_mut(indices) else {
            return;
        };
        let size = width * d;
        (gate.par_chunks_mut(size).zip(up.par_chunks_mut(size)))
            .zip(down.par_chunks_mut(size))
            .take(e)
            .enumerate()
            .for_each(|(expert, ((gate, up), down))| {
                let places = self.sorted.of_expert(expert);
                let (from, to) = (places.start, places.end);
                let sides = Sides {
                    x: &gathered[from * d..to * d],
                    d_gate: &d_gate[from * width..to * width],
                    d_up: &d_up[from * width..to * width],
                    hidden: &hidden[from * width..to * width],
                    dy: &d_outputs[from * d..to * d],
                };
                sides.weights(d, into, [gate, up, down]);
            });
    }
}

/// The normed stream again, on all threads.
fn norm_rows_again(x: &[f32], weight: &[f32], scales: &[f32], normed: &mut [f32]) {
    let d = weight.len();
    (x.par_chunks(BLOCK * d).zip(normed.par_chunks_mut(BLOCK * d)))
        .zip(scales.par_chunks(BLOCK))
        .for_each(|((x, normed), scales)| norm_again(x, weight, scales, normed));
}
