//! The attention sub-layer with grouped heads: `y = x + W_o · attention(norm(x))`.

use super::Shared;
use super::buffer::Buffer;
use super::ffn::Affine;
use super::heads::{Gradients, Heads, Inputs};
use super::norm::{norm, norm_again, norm_back};
use super::parameters::{GroupedParts, Tensors};
use super::product::{Into, column_sums, project_back, weight_gradient};
use super::rotary::Rotary;
use super::workers::room;
use rayon::prelude::*;
use rooflaw::architecture::QkNorm;

/// An attention and what forward keeps for backward.
#[derive(Debug)]
pub(super) struct Grouped {
    parts: GroupedParts,
    heads: Heads,
    /// Widths of the norms of queries and keys.
    norm_widths: Option<(usize, usize)>,
    scales: Buffer,
    queries: Normed,
    keys: Normed,
    values: Buffer,
    outputs: Buffer,
    log_sums: Buffer,
}

/// Queries or keys: as attention sees them, and before their norm if there is one.
#[derive(Debug)]
struct Normed {
    raw: Buffer,
    scales: Buffer,
    turned: Buffer,
}

impl Normed {
    fn new(rows: usize, width: usize, norm_width: Option<usize>) -> Normed {
        Normed {
            raw: Buffer::new(rows, norm_width.map_or(0, |_| width)),
            scales: Buffer::new(rows, norm_width.map_or(0, |norm_width| width / norm_width)),
            turned: Buffer::new(rows, width),
        }
    }
}

/// One sequence's share of what forward writes.
struct Slot<'a> {
    x: &'a [f32],
    y: &'a mut [f32],
    scales: &'a mut [f32],
    queries: Share<'a>,
    keys: Share<'a>,
    values: &'a mut [f32],
    outputs: &'a mut [f32],
    log_sums: &'a mut [f32],
}

struct Share<'a> {
    raw: &'a mut [f32],
    scales: &'a mut [f32],
    turned: &'a mut [f32],
}

/// How queries or keys are made from the normed stream.
struct Maker<'a> {
    projection: Affine<'a>,
    norm: Option<&'a [f32]>,
    rotary: &'a Rotary,
    head_dim: usize,
    epsilon: f32,
}

impl Maker<'_> {
    fn make(&self, normed: &[f32], hidden_size: usize, share: &mut Share<'_>) {
        match self.norm {
            None => self
                .projection
                .forward(normed, hidden_size, Into::Fresh, share.turned),
            Some(weight) => {
                self.projection
                    .forward(normed, hidden_size, Into::Fresh, share.raw);
                norm(share.raw, weight, self.epsilon, share.turned, share.scales);
            }
        }
        self.turn(normed.len() / hidden_size, share.turned, false);
    }

    fn turn(&self, positions: usize, rows: &mut [f32], inverse: bool) {
        let width = rows.len() / positions;
        let heads = (0, self.head_dim, width / self.head_dim);
        self.rotary.turn(rows, width, heads, inverse);
    }
}

impl Grouped {
    pub(super) fn new(parts: GroupedParts, heads: Heads, qk_norm: QkNorm, rows: usize) -> Grouped {
        let (query_width, key_width) = (heads.n_heads * heads.key_dim, heads.n_kv_heads * heads.key_dim);
        let norm_widths = match qk_norm {
            QkNorm::None => None,
            QkNorm::PerHead => Some((heads.key_dim, heads.key_dim)),
            QkNorm::Full => Some((query_width, key_width)),
        };
        Grouped {
            parts,
            heads,
            norm_widths,
            scales: Buffer::new(rows, 1),
            queries: Normed::new(rows, query_width, norm_widths.map(|widths| widths.0)),
            keys: Normed::new(rows, key_width, norm_widths.map(|widths| widths.1)),
            values: Buffer::new(rows, heads.n_kv_heads * heads.value_dim),
            outputs: Buffer::new(rows, heads.n_heads * heads.value_dim),
            log_sums: Buffer::new(rows, heads.n_heads),
        }
    }

    fn makers<'a>(&self, shared: &'a Shared, weights: &'a Tensors) -> [Maker<'a>; 2] {
        let maker = |linear, norm: Option<usize>| Maker {
            projection: Affine::new(weights, linear),
            norm: norm.map(|norm| weights.of(norm)),
            rotary: &shared.rotary,
            head_dim: self.heads.key_dim,
            epsilon: shared.epsilon,
        };
        let norms = self.parts.qk_norm;
        [
            maker(self.parts.query, norms.map(|norms| norms.0)),
            maker(self.parts.key, norms.map(|norms| norms.1)),
        ]
    }

    pub(super) fn forward(&mut self, shared: &Shared, weights: &Tensors, x: &[f32], y: &mut [f32]) {
        let (d, positions) = (shared.hidden_size, shared.sequence_length);
        let [query_maker, key_maker] = self.makers(shared, weights);
        let value = Affine::new(weights, self.parts.value);
        let output = Affine::new(weights, self.parts.output);
        let weight = weights.of(self.parts.norm);
        let heads = self.heads;
        let output_width = heads.n_heads * heads.value_dim;
        let mut slots = self.slots(x, y, d, positions);
        slots.par_iter_mut().for_each(|slot| {
            shared.workers.scratch(|scratch| {
                let normed = room(&mut scratch.stream, slot.x.len());
                norm(slot.x, weight, shared.epsilon, normed, slot.scales);
                query_maker.make(normed, d, &mut slot.queries);
                key_maker.make(normed, d, &mut slot.keys);
                value.forward(normed, d, Into::Fresh, slot.values);
                let inputs = Inputs {
                    queries: slot.queries.turned,
                    keys: slot.keys.turned,
                    values: slot.values,
                };
                heads.forward(inputs, slot.outputs, slot.log_sums, &mut scratch.heads);
                slot.y.copy_from_slice(slot.x);
                output.forward(slot.outputs, output_width, Into::Sum, slot.y);
            });
        });
    }

    fn slots<'a>(&'a mut self, x: &'a [f32], y: &'a mut [f32], d: usize, positions: usize) -> Vec<Slot<'a>> {
        let rows = x.len() / d;
        let share = |normed: &'a mut Normed| {
            normed
                .raw
                .parts_mut(rows, positions)
                .zip(normed.scales.parts_mut(rows, positions))
                .zip(normed.turned.parts_mut(rows, positions))
                .map(|((raw, scales), turned)| Share { raw, scales, turned })
        };
        let streams = x.chunks(positions * d).zip(y.chunks_mut(positions * d));
        streams
            .zip(self.scales.parts_mut(rows, positions))
            .zip(share(&mut self.queries).zip(share(&mut self.keys)))
            .zip(self.values.parts_mut(rows, positions))
            .zip(
                self.outputs
                    .parts_mut(rows, positions)
                    .zip(self.log_sums.parts_mut(rows, positions)),
            )
            .map(
                |(((((x, y), scales), (queries, keys)), values), (outputs, log_sums))| Slot {
                    x,
                    y,
                    scales,
                    queries,
                    keys,
                    values,
                    outputs,
                    log_sums,
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
        let n_sequences = rows / positions;
        let heads = self.heads;
        let widths = self.norm_widths.unwrap_or((0, 0));
        let (query_width, key_width) = (heads.n_heads * heads.key_dim, heads.n_kv_heads * heads.key_dim);
        let value_width = heads.n_kv_heads * heads.value_dim;
        let partial_width = d + widths.0 + widths.1;
        // Everything of `shared` that is written is taken apart first: the rest is read by all tasks.
        let (mut partials, mut normed) = (
            std::mem::take(&mut shared.partials),
            std::mem::take(&mut shared.stream),
        );
        let mut d_qkv = std::mem::take(&mut shared.hidden);
        let all = room(&mut d_qkv, rows * (query_width + key_width + value_width));
        let (d_queries, d_keys_values) = all.split_at_mut(rows * query_width);
        let (d_keys, d_values) = d_keys_values.split_at_mut(rows * key_width);
        let partial = room(&mut partials, n_sequences * partial_width);
        partial.fill(0.0);
        let normed_rows = room(&mut normed, rows * d);
        {
            let this = &*self;
            let shared = &*shared;
            let [query_maker, key_maker] = this.makers(shared, weights);
            let value = Affine::new(weights, this.parts.value);
            let output = Affine::new(weights, this.parts.output);
            let weight = weights.of(this.parts.norm);
            (x.par_chunks(positions * d).zip(dy.par_chunks(positions * d)))
                .zip(
                    dx.par_chunks_mut(positions * d)
                        .zip(normed_rows.par_chunks_mut(positions * d)),
                )
                .zip(d_queries.par_chunks_mut(positions * query_width))
                .zip(d_keys.par_chunks_mut(positions * key_width))
                .zip(d_values.par_chunks_mut(positions * value_width))
                .zip(partial.par_chunks_mut(partial_width))
                .enumerate()
                .for_each(|(index, ((((((x, dy), (dx, normed)), dq), dk), dv), partial))| {
                    shared.workers.scratch(|scratch| {
                        let part = |buffer: &'_ Buffer| -> std::ops::Range<usize> {
                            let width = buffer.rows(rows).len() / rows;
                            index * positions * width..(index + 1) * positions * width
                        };
                        let of = |buffer| -> &[f32] { &Buffer::rows(buffer, rows)[part(buffer)] };
                        let scales = of(&this.scales);
                        norm_again(x, weight, scales, normed);
                        let outputs = of(&this.outputs);
                        let d_outputs = room(&mut scratch.hidden, outputs.len());
                        project_back(
                            dy,
                            output.weight,
                            outputs.len() / positions,
                            Into::Fresh,
                            d_outputs,
                        );
                        let inputs = Inputs {
                            queries: of(&this.queries.turned),
                            keys: of(&this.keys.turned),
                            values: of(&this.values),
                        };
                        let to = Gradients {
                            queries: dq,
                            keys: dk,
                            values: dv,
                        };
                        heads.backward(
                            inputs,
                            (outputs, d_outputs),
                            of(&this.log_sums),
                            to,
                            &mut scratch.heads,
                        );
                        let (of_norm, of_qk) = partial.split_at_mut(d);
                        let (of_query, of_key) = of_qk.split_at_mut(widths.0);
                        let sides = [
                            (&query_maker, &this.queries, &mut *dq, of_query),
                            (&key_maker, &this.keys, &mut *dk, of_key),
                        ];
                        for (maker, kept, gradient, of_weight) in sides {
                            maker.turn(positions, gradient, true);
                            if let Some(weight) = maker.norm {
                                norm_back(gradient, of(&kept.raw), weight, of(&kept.scales), None, of_weight);
                            }
                        }
                        project_back(dq, query_maker.projection.weight, d, Into::Fresh, dx);
                        project_back(dk, key_maker.projection.weight, d, Into::Sum, dx);
                        project_back(dv, value.weight, d, Into::Sum, dx);
                        norm_back(dx, x, weight, scales, Some(dy), of_norm);
                    });
                });
        }
        let parts = self.parts;
        for (linear, dy) in [
            (parts.query, &*d_queries),
            (parts.key, d_keys),
            (parts.value, d_values),
        ] {
            weight_gradient(dy, normed_rows, d, into, gradients.of_mut(linear.weight));
            if let Some(bias) = linear.bias {
                column_sums(dy, into, gradients.of_mut(bias));
            }
        }
        let output_width = heads.n_heads * heads.value_dim;
        weight_gradient(
            dy,
            self.outputs.rows(rows),
            output_width,
            into,
            gradients.of_mut(parts.output.weight),
        );
        if let Some(bias) = parts.output.bias {
            column_sums(dy, into, gradients.of_mut(bias));
        }
        let mut sums = vec![0.0; partial_width];
        column_sums(partial, Into::Fresh, &mut sums);
        let (of_norm, of_qk) = sums.split_at(d);
        add(of_norm, into, gradients.of_mut(parts.norm));
        if let Some((query, key)) = parts.qk_norm {
            let (of_query, of_key) = of_qk.split_at(widths.0);
            add(of_query, into, gradients.of_mut(query));
            add(of_key, into, gradients.of_mut(key));
        }
        (shared.partials, shared.stream, shared.hidden) = (partials, normed, d_qkv);
    }
}

/// Replaces a gradient, or adds to it.
pub(super) fn add(values: &[f32], into: Into, gradient: &mut [f32]) {
    for (gradient, value) in gradient.iter_mut().zip(values) {
        *gradient = into.beta() * *gradient + value;
    }
}
