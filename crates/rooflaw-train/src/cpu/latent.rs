//! The attention sub-layer with latent keys and values (DeepSeek-V2, arXiv 2405.04434 §2.1): `y = x + W_o · attention(norm(x))`.
//!
//! Keys and values are made from a normed vector of low rank, and one rotary key serves all heads. Training makes keys and
//! values of every head; nothing is cached.

use super::Shared;
use super::buffer::Buffer;
use super::ffn::Affine;
use super::grouped::add;
use super::heads::{Gradients, Heads, Inputs};
use super::low_rank::{Ranks, gather, spread};
use super::norm::{norm, norm_again, norm_back};
use super::parameters::{LatentParts, QueryParts, Tensors};
use super::product::{Into, column_sums, project_back, weight_gradient};
use super::workers::room;
use rayon::prelude::*;

/// Added to the mean square in the norms of low rank, whatever the model's: `transformers` leaves it at the norm's default.
const EPSILON: f32 = 1e-6;

/// An attention and what forward keeps for backward.
#[derive(Debug)]
pub(super) struct Latent {
    parts: LatentParts,
    heads: Heads,
    ranks: Ranks,
    scales: Buffer,
    low_queries: LowRank,
    queries: Buffer,
    low_kv: LowRank,
    /// What comes up from the low rank: of each head its key's part without position, and its value.
    raised: Buffer,
    rotary_key: Buffer,
    keys: Buffer,
    values: Buffer,
    outputs: Buffer,
    log_sums: Buffer,
}

/// Vectors of low rank, before and after their norm.
#[derive(Debug)]
struct LowRank {
    raw: Buffer,
    scales: Buffer,
    normed: Buffer,
}

impl LowRank {
    fn new(rows: usize, rank: usize) -> LowRank {
        LowRank {
            raw: Buffer::new(rows, rank),
            scales: Buffer::new(rows, rank.min(1)),
            normed: Buffer::new(rows, rank),
        }
    }
}

/// One sequence's share of what forward writes.
struct Slot<'a> {
    x: &'a [f32],
    y: &'a mut [f32],
    scales: &'a mut [f32],
    low_queries: [&'a mut [f32]; 3],
    queries: &'a mut [f32],
    low_kv: [&'a mut [f32]; 3],
    raised: &'a mut [f32],
    rotary_key: &'a mut [f32],
    keys: &'a mut [f32],
    values: &'a mut [f32],
    outputs: &'a mut [f32],
    log_sums: &'a mut [f32],
}

/// The matrices, and the parts of the one that makes both the low-rank vector and the rotary key.
struct Matrices<'a> {
    norm: &'a [f32],
    /// Down, its norm, and up; or one projection.
    query_down: Option<(Affine<'a>, &'a [f32])>,
    query: Affine<'a>,
    kv_down: Affine<'a>,
    rotary_key: Affine<'a>,
    kv_norm: &'a [f32],
    kv_up: Affine<'a>,
    output: Affine<'a>,
}

impl Latent {
    pub(super) fn new(parts: LatentParts, heads: Heads, ranks: Ranks, rows: usize) -> Latent {
        Latent {
            parts,
            heads,
            ranks,
            scales: Buffer::new(rows, 1),
            low_queries: LowRank::new(rows, ranks.query),
            queries: Buffer::new(rows, heads.n_heads * heads.key_dim),
            low_kv: LowRank::new(rows, ranks.kv),
            raised: Buffer::new(rows, heads.n_heads * (ranks.nope + heads.value_dim)),
            rotary_key: Buffer::new(rows, ranks.rope),
            keys: Buffer::new(rows, heads.n_heads * heads.key_dim),
            values: Buffer::new(rows, heads.n_heads * heads.value_dim),
            outputs: Buffer::new(rows, heads.n_heads * heads.value_dim),
            log_sums: Buffer::new(rows, heads.n_heads),
        }
    }

    fn matrices<'a>(&self, d: usize, weights: &'a Tensors) -> Matrices<'a> {
        let (query_down, query) = match self.parts.query {
            QueryParts::Full(query) => (None, Affine::new(weights, query)),
            QueryParts::LowRank { down, norm, up } => (
                Some((Affine::new(weights, down), weights.of(norm))),
                Affine::new(weights, up),
            ),
        };
        let down = Affine::new(weights, self.parts.kv_down);
        let rank = self.ranks.kv;
        let (of_rank, of_key) = down.weight.split_at(rank * d);
        let biases = down.bias.map(|bias| bias.split_at(rank));
        Matrices {
            norm: weights.of(self.parts.norm),
            query_down,
            query,
            kv_down: Affine {
                weight: of_rank,
                bias: biases.map(|(of_rank, _)| of_rank),
            },
            rotary_key: Affine {
                weight: of_key,
                bias: biases.map(|(_, of_key)| of_key),
            },
            kv_norm: weights.of(self.parts.kv_norm),
            kv_up: Affine::new(weights, self.parts.kv_up),
            output: Affine::new(weights, self.parts.output),
        }
    }

    /// Where the rotary parts of queries or keys are: the first, how far apart, how many.
    const fn rotary_parts(&self) -> (usize, usize, usize) {
        (self.ranks.nope, self.heads.key_dim, self.heads.n_heads)
    }

    pub(super) fn forward(&mut self, shared: &Shared, weights: &Tensors, x: &[f32], y: &mut [f32]) {
        let (d, positions) = (shared.hidden_size, shared.sequence_length);
        let matrices = self.matrices(d, weights);
        let (heads, ranks, rotary_parts) = (self.heads, self.ranks, self.rotary_parts());
        let mut slots = self.slots(x, y, d, positions);
        slots.par_iter_mut().for_each(|slot| {
            shared.workers.scratch(|scratch| {
                let normed = room(&mut scratch.stream, slot.x.len());
                norm(slot.x, matrices.norm, shared.epsilon, normed, slot.scales);
                match matrices.query_down {
                    None => matrices.query.forward(normed, d, Into::Fresh, slot.queries),
                    Some((down, weight)) => {
                        let [raw, scales, low] = &mut slot.low_queries;
                        down.forward(normed, d, Into::Fresh, raw);
                        norm(raw, weight, EPSILON, low, scales);
                        matrices
                            .query
                            .forward(low, ranks.query, Into::Fresh, slot.queries);
                    }
                }
                let width = heads.n_heads * heads.key_dim;
                shared.rotary.turn(slot.queries, width, rotary_parts, false);
                let [raw, scales, low] = &mut slot.low_kv;
                matrices.kv_down.forward(normed, d, Into::Fresh, raw);
                norm(raw, matrices.kv_norm, EPSILON, low, scales);
                matrices.kv_up.forward(low, ranks.kv, Into::Fresh, slot.raised);
                matrices
                    .rotary_key
                    .forward(normed, d, Into::Fresh, slot.rotary_key);
                shared
                    .rotary
                    .turn(slot.rotary_key, ranks.rope, (0, ranks.rope, 1), false);
                spread(
                    &heads,
                    &ranks,
                    (slot.raised, slot.rotary_key),
                    (slot.keys, slot.values),
                );
                let inputs = Inputs {
                    queries: slot.queries,
                    keys: slot.keys,
                    values: slot.values,
                };
                heads.forward(inputs, slot.outputs, slot.log_sums, &mut scratch.heads);
                slot.y.copy_from_slice(slot.x);
                let output_width = heads.n_heads * heads.value_dim;
                matrices
                    .output
                    .forward(slot.outputs, output_width, Into::Sum, slot.y);
            });
        });
    }

    fn slots<'a>(&'a mut self, x: &'a [f32], y: &'a mut [f32], d: usize, positions: usize) -> Vec<Slot<'a>> {
        let rows = x.len() / d;
        let parts = |buffer: &'a mut Buffer| buffer.parts_mut(rows, positions);
        let low = |low: &'a mut LowRank| {
            parts(&mut low.raw)
                .zip(parts(&mut low.scales))
                .zip(parts(&mut low.normed))
                .map(|((raw, scales), normed)| [raw, scales, normed])
        };
        let streams = x.chunks(positions * d).zip(y.chunks_mut(positions * d));
        streams
            .zip(parts(&mut self.scales))
            .zip(low(&mut self.low_queries).zip(parts(&mut self.queries)))
            .zip(low(&mut self.low_kv).zip(parts(&mut self.raised)))
            .zip(parts(&mut self.rotary_key))
            .zip(parts(&mut self.keys).zip(parts(&mut self.values)))
            .zip(parts(&mut self.outputs).zip(parts(&mut self.log_sums)))
            .map(
                |(((((((x, y), scales), queries), kv), rotary_key), made), results)| Slot {
                    x,
                    y,
                    scales,
                    low_queries: queries.0,
                    queries: queries.1,
                    low_kv: kv.0,
                    raised: kv.1,
                    rotary_key,
                    keys: made.0,
                    values: made.1,
                    outputs: results.0,
                    log_sums: results.1,
                },
            )
            .collect()
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
        let (d, positions) = (shared.hidden_size, shared.sequence_length);
        let rows = x.len() / d;
        let (heads, ranks) = (self.heads, self.ranks);
        let (query_width, value_width) = (heads.n_heads * heads.key_dim, heads.n_heads * heads.value_dim);
        let raised_width = heads.n_heads * (ranks.nope + heads.value_dim);
        let partial_width = d + ranks.query + ranks.kv;
        let (mut partials, mut stream, mut hidden) = (
            std::mem::take(&mut shared.partials),
            std::mem::take(&mut shared.stream),
            std::mem::take(&mut shared.hidden),
        );
        let partial = room(&mut partials, rows / positions * partial_width);
        partial.fill(0.0);
        let normed = room(&mut stream, rows * d);
        let widths = [query_width, ranks.query, raised_width, ranks.kv, ranks.rope];
        let all = room(&mut hidden, rows * widths.iter().sum::<usize>());
        let [d_queries, d_low_queries, d_raised, d_low_kv, d_rotary_key] =
            cut(all, widths.map(|width| rows * width));
        {
            let this = &*self;
            let shared = &*shared;
            let matrices = this.matrices(d, weights);
            let mut slots: Vec<_> = (x.chunks(positions * d).zip(dy.chunks(positions * d)))
                .zip(dx.chunks_mut(positions * d).zip(normed.chunks_mut(positions * d)))
                .zip(parts(d_queries, positions, rows).zip(parts(d_low_queries, positions, rows)))
                .zip(parts(d_raised, positions, rows).zip(parts(d_low_kv, positions, rows)))
                .zip(parts(d_rotary_key, positions, rows))
                .zip(partial.chunks_mut(partial_width))
                .enumerate()
                .collect();
            slots.par_iter_mut().for_each(|(index, slot)| {
                let (((((xs, dxs), queries), kv), d_rotary_key), partial) = slot;
                let ((x, dy), (dx, normed)) = (xs, dxs);
                let ((dq, d_low_queries), (d_raised, d_low_kv)) = (queries, kv);
                let of = |buffer: &'_ Buffer| -> std::ops::Range<usize> {
                    let width = buffer.rows(rows).len() / rows;
                    *index * positions * width..(*index + 1) * positions * width
                };
                let part = |buffer| -> &[f32] { &Buffer::rows(buffer, rows)[of(buffer)] };
                shared.workers.scratch(|scratch| {
                    norm_again(x, matrices.norm, part(&this.scales), normed);
                    let made = positions * (value_width + query_width + value_width);
                    let made = room(&mut scratch.hidden, made);
                    let (d_outputs, made) = made.split_at_mut(positions * value_width);
                    let (dk, dv) = made.split_at_mut(positions * query_width);
                    project_back(dy, matrices.output.weight, value_width, Into::Fresh, d_outputs);
                    let inputs = Inputs {
                        queries: part(&this.queries),
                        keys: part(&this.keys),
                        values: part(&this.values),
                    };
                    let to = Gradients {
                        queries: dq,
                        keys: dk,
                        values: dv,
                    };
                    let outputs = part(&this.outputs);
                    heads.backward(
                        inputs,
                        (outputs, d_outputs),
                        part(&this.log_sums),
                        to,
                        &mut scratch.heads,
                    );
                    shared.rotary.turn(dq, query_width, this.rotary_parts(), true);
                    gather(&heads, &ranks, (dk, dv), d_raised, d_rotary_key);
                    shared
                        .rotary
                        .turn(d_rotary_key, ranks.rope, (0, ranks.rope, 1), true);
                    let (of_norm, of_ranks) = partial.split_at_mut(d);
                    let (of_query, of_kv) = of_ranks.split_at_mut(ranks.query);
                    match matrices.query_down {
                        None => project_back(dq, matrices.query.weight, d, Into::Fresh, dx),
                        Some((down, weight)) => {
                            project_back(dq, matrices.query.weight, ranks.query, Into::Fresh, d_low_queries);
                            let (raw, scales) = (part(&this.low_queries.raw), part(&this.low_queries.scales));
                            norm_back(d_low_queries, raw, weight, scales, None, of_query);
                            project_back(d_low_queries, down.weight, d, Into::Fresh, dx);
                        }
                    }
                    project_back(d_raised, matrices.kv_up.weight, ranks.kv, Into::Fresh, d_low_kv);
                    let (raw, scales) = (part(&this.low_kv.raw), part(&this.low_kv.scales));
                    norm_back(d_low_kv, raw, matrices.kv_norm, scales, None, of_kv);
                    project_back(d_low_kv, matrices.kv_down.weight, d, Into::Sum, dx);
                    project_back(d_rotary_key, matrices.rotary_key.weight, d, Into::Sum, dx);
                    norm_back(dx, x, matrices.norm, part(&this.scales), Some(dy), of_norm);
                });
            });
        }
        let low_queries = self.low_queries.normed.rows(rows);
        match self.parts.query {
            QueryParts::Full(query) => {
                weight_gradient(d_queries, normed, d, into, gradients.of_mut(query.weight))
            }
            QueryParts::LowRank { down, up, .. } => {
                weight_gradient(
                    d_queries,
                    low_queries,
                    ranks.query,
                    into,
                    gradients.of_mut(up.weight),
                );
                weight_gradient(d_low_queries, normed, d, into, gradients.of_mut(down.weight));
                if let Some(bias) = down.bias {
                    column_sums(d_low_queries, into, gradients.of_mut(bias));
                }
            }
        }
        let low_kv = self.low_kv.normed.rows(rows);
        weight_gradient(
            d_raised,
            low_kv,
            ranks.kv,
            into,
            gradients.of_mut(self.parts.kv_up.weight),
        );
        let (of_rank, of_key) = gradients
            .of_mut(self.parts.kv_down.weight)
            .split_at_mut(ranks.kv * d);
        weight_gradient(d_low_kv, normed, d, into, of_rank);
        weight_gradient(d_rotary_key, normed, d, into, of_key);
        if let Some(bias) = self.parts.kv_down.bias {
            let (of_rank, of_key) = gradients.of_mut(bias).split_at_mut(ranks.kv);
            column_sums(d_low_kv, into, of_rank);
            column_sums(d_rotary_key, into, of_key);
        }
        let output = self.parts.output;
        weight_gradient(
            dy,
            self.outputs.rows(rows),
            value_width,
            into,
            gradients.of_mut(output.weight),
        );
        if let Some(bias) = output.bias {
            column_sums(dy, into, gradients.of_mut(bias));
        }
        let mut sums = vec![0.0; partial_width];
        column_sums(partial, Into::Fresh, &mut sums);
        let [of_norm, of_query, of_kv] = cut(&mut sums, [d, ranks.query, ranks.kv]);
        add(of_norm, into, gradients.of_mut(self.parts.norm));
        add(of_kv, into, gradients.of_mut(self.parts.kv_norm));
        if let QueryParts::LowRank { norm, .. } = self.parts.query {
            add(of_query, into, gradients.of_mut(norm));
        }
        (shared.partials, shared.stream, shared.hidden) = (partials, stream, hidden);
    }
}

/// Cuts a buffer into parts of these lengths.
fn cut<const N: usize>(mut rest: &mut [f32], lengths: [usize; N]) -> [&mut [f32]; N] {
    lengths.map(|length| {
        let (part, others) = std::mem::take(&mut rest).split_at_mut(length);
        rest = others;
        part
    })
}

/// The shares of sequences, which may be empty.
fn parts(rows: &mut [f32], positions: usize, n_rows: usize) -> impl Iterator<Item = &mut [f32]> {
    let length = rows.len() / n_rows * positions;
    let mut rest = rows;
    (0..n_rows / positions).map(move |_| {
        let (part, others) = std::mem::take(&mut rest).split_at_mut(length);
        rest = others;
        part
    })
}
