//! Causal attention of one sequence, head by head, forward and backward.
//!
//! Queries go in blocks; each meets only the keys that its rows may attend to, so that about half of all scores (all but a band,
//! with a window) are never computed. Probabilities are not kept: backward makes them again from the logarithm of their sum, as
//! FlashAttention does (Dao et al., arXiv 2205.14135, appendix B).

use super::product::{Into, View, a_b, a_bt, at_b};
use super::simd::{dot, exp, largest, sum_of, vectorised};

/// Queries of a block.
const QUERIES: usize = 64;

/// Widths of an attention. Rows of queries are `n_heads · key_dim` wide, of keys `n_kv_heads · key_dim`, of values
/// `n_kv_heads · value_dim`, of outputs `n_heads · value_dim`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heads {
    pub(super) n_heads: usize,
    pub(super) n_kv_heads: usize,
    pub(super) key_dim: usize,
    pub(super) value_dim: usize,
    /// What products of queries and keys are multiplied with.
    pub(super) scale: f32,
    /// Positions that are attended to, the own included; `None` for all before.
    pub(super) window: Option<usize>,
}

/// What a sequence's attention reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inputs<'a> {
    pub(super) queries: &'a [f32],
    pub(super) keys: &'a [f32],
    pub(super) values: &'a [f32],
}

/// Gradients with respect to them; those of keys and values are added up.
#[derive(Debug)]
pub(super) struct Gradients<'a> {
    pub(super) queries: &'a mut [f32],
    pub(super) keys: &'a mut [f32],
    pub(super) values: &'a mut [f32],
}

/// Room for the scores of a block, and their gradients.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    scores: Vec<f32>,
    gradients: Vec<f32>,
}

/// A block of queries of one head and the keys it meets.
#[derive(Clone, Copy)]
struct Block {
    head: usize,
    kv_head: usize,
    /// Its first query, and its queries.
    first: usize,
    rows: usize,
    /// The first key, and the keys.
    first_key: usize,
    keys: usize,
}

impl Heads {
    fn query_width(&self) -> usize {
        self.n_heads * self.key_dim
    }

    fn key_width(&self) -> usize {
        self.n_kv_heads * self.key_dim
    }

    fn value_width(&self) -> usize {
        self.n_kv_heads * self.value_dim
    }

    fn output_width(&self) -> usize {
        self.n_heads * self.value_dim
    }

    fn blocks(&self, positions: usize) -> impl Iterator<Item = Block> + '_ {
        let group = self.n_heads / self.n_kv_heads;
        (0..self.n_heads).flat_map(move |head| {
            (0..positions).step_by(QUERIES).map(move |first| {
                let rows = QUERIES.min(positions - first);
                let first_key = self.window.map_or(0, |window| (first + 1).saturating_sub(window));
                Block {
                    head,
                    kv_head: head / group,
                    first,
                    rows,
                    first_key,
                    keys: first + rows - first_key,
                }
            })
        })
    }

    /// The keys of a block that its row attends to.
    #[inline(always)]
    fn attended(&self, block: &Block, row: usize) -> std::ops::Range<usize> {
        let position = block.first + row;
        let from = self
            .window
            .map_or(0, |window| (position + 1).saturating_sub(window));
        from - block.first_key..position + 1 - block.first_key
    }

    fn query_view<'a>(&self, data: &'a [f32], block: &Block) -> View<'a> {
        let stride = self.query_width();
        View {
            data: &data[block.first * stride + block.head * self.key_dim..],
            rows: block.rows,
            columns: self.key_dim,
            stride,
        }
    }

    fn output_view<'a>(&self, data: &'a [f32], block: &Block) -> View<'a> {
        let stride = self.output_width();
        View {
            data: &data[block.first * stride + block.head * self.value_dim..],
            rows: block.rows,
            columns: self.value_dim,
            stride,
        }
    }

    fn key_view<'a>(&self, data: &'a [f32], block: &Block) -> View<'a> {
        let stride = self.key_width();
        View {
            data: &data[block.first_key * stride + block.kv_head * self.key_dim..],
            rows: block.keys,
            columns: self.key_dim,
            stride,
        }
    }

    fn value_view<'a>(&self, data: &'a [f32], block: &Block) -> View<'a> {
        let stride = self.value_width();
        View {
            data: &data[block.first_key * stride + block.kv_head * self.value_dim..],
            rows: block.keys,
            columns: self.value_dim,
            stride,
        }
    }

    /// Writes the outputs of a sequence, and of each head and position the logarithm of the sum of exponentials.
    pub(super) fn forward(
        &self,
        inputs: Inputs<'_>,
        outputs: &mut [f32],
        log_sums: &mut [f32],
        scratch: &mut Scratch,
    ) {
        let positions = inputs.queries.len() / self.query_width();
        for block in self.blocks(positions) {
            let scores = room(&mut scratch.scores, &block);
            let queries = self.query_view(inputs.queries, &block);
            let keys = self.key_view(inputs.keys, &block);
            a_bt(self.scale, queries, keys, Into::Fresh, scores, block.keys);
            let log_sums = &mut log_sums[block.head * positions + block.first..];
            vectorised(
                #[inline(always)]
                || {
                    for (row, scores) in scores.chunks_exact_mut(block.keys).enumerate() {
                        log_sums[row] = softmax(scores, self.attended(&block, row));
                    }
                },
            );
            let stride = self.output_width();
            let outputs = &mut outputs[block.first * stride + block.head * self.value_dim..];
            let values = self.value_view(inputs.values, &block);
            a_b(
                View::whole(scores, block.keys),
                values,
                Into::Fresh,
                outputs,
                stride,
            );
        }
    }

    /// Gradients from those of the outputs.
    pub(super) fn backward(
        &self,
        inputs: Inputs<'_>,
        (outputs, d_outputs): (&[f32], &[f32]),
        log_sums: &[f32],
        gradients: Gradients<'_>,
        scratch: &mut Scratch,
    ) {
        let positions = inputs.queries.len() / self.query_width();
        gradients.keys.fill(0.0);
        gradients.values.fill(0.0);
        for block in self.blocks(positions) {
            let scores = room(&mut scratch.scores, &block);
            let d_scores = room(&mut scratch.gradients, &block);
            let queries = self.query_view(inputs.queries, &block);
            let keys = self.key_view(inputs.keys, &block);
            let d_outputs = self.output_view(d_outputs, &block);
            a_bt(self.scale, queries, keys, Into::Fresh, scores, block.keys);
            let values = self.value_view(inputs.values, &block);
            a_bt(1.0, d_outputs, values, Into::Fresh, d_scores, block.keys);
            let outputs = self.output_view(outputs, &block);
            let log_sums = &log_sums[block.head * positions + block.first..];
            vectorised(
                #[inline(always)]
                || {
                    let rows = scores.chunks_exact_mut(block.keys);
                    for (row, (scores, d_scores)) in
                        rows.zip(d_scores.chunks_exact_mut(block.keys)).enumerate()
                    {
                        let (of_outputs, of_d) = (row * outputs.stride, row * d_outputs.stride);
                        let along = dot(
                            &outputs.data[of_outputs..of_outputs + self.value_dim],
                            &d_outputs.data[of_d..of_d + self.value_dim],
                        );
                        let attended = self.attended(&block, row);
                        softmax_back(scores, d_scores, attended, log_sums[row], along, self.scale);
                    }
                },
            );
            let (scores, d_scores) = (View::whole(scores, block.keys), View::whole(d_scores, block.keys));
            let stride = self.query_width();
            let at = block.first * stride + block.head * self.key_dim;
            a_b(d_scores, keys, Into::Fresh, &mut gradients.queries[at..], stride);
            let stride = self.key_width();
            let at = block.first_key * stride + block.kv_head * self.key_dim;
            at_b(d_scores, queries, Into::Sum, &mut gradients.keys[at..], stride);
            let stride = self.value_width();
            let at = block.first_key * stride + block.kv_head * self.value_dim;
            at_b(scores, d_outputs, Into::Sum, &mut gradients.values[at..], stride);
        }
    }
}

fn room<'a>(buffer: &'a mut Vec<f32>, block: &Block) -> &'a mut [f32] {
    let length = block.rows * block.keys;
    if buffer.len() < length {
        buffer.resize(length, 0.0);
    }
    &mut buffer[..length]
}

/// Scores to probabilities, 0 where nothing is attended to; returns the logarithm of the sum of exponentials.
#[inline(always)]
fn softmax(scores: &mut [f32], attended: std::ops::Range<usize>) -> f32 {
    scores[..attended.start].fill(0.0);
    scores[attended.end..].fill(0.0);
    let scores = &mut scores[attended];
    let top = largest(scores);
    for score in scores.iter_mut() {
        *score = exp(*score - top);
    }
    let sum = sum_of(scores.len(), |i| scores[i]);
    let share = 1.0 / sum;
    for score in scores.iter_mut() {
        *score *= share;
    }
    top + sum.ln()
}

/// Scores to probabilities, and gradients of these to gradients of the unscaled scores.
#[inline(always)]
fn softmax_back(
    scores: &mut [f32],
    d_scores: &mut [f32],
    attended: std::ops::Range<usize>,
    log_sum: f32,
    along: f32,
    scale: f32,
) {
    for row in [&mut *scores, &mut *d_scores] {
        row[..attended.start].fill(0.0);
        row[attended.end..].fill(0.0);
    }
    let scores = &mut scores[attended.clone()];
    for (score, d_score) in scores.iter_mut().zip(&mut d_scores[attended]) {
        *score = exp(*score - log_sum);
        *d_score = *score * (*d_score - along) * scale;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POSITIONS: usize = 150;

    fn values(n: usize, seed: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * seed) % 23) as f32 / 11.0 - 1.0).collect()
    }

    /// By the definition, in f64.
    fn plain(heads: &Heads, inputs: Inputs<'_>) -> Vec<f64> {
        let group = heads.n_heads / heads.n_kv_heads;
        let mut outputs = vec![0.0; POSITIONS * heads.output_width()];
        for head in 0..heads.n_heads {
            for t in 0..POSITIONS {
                let from = heads.window.map_or(0, |window| (t + 1).saturating_sub(window));
                let weights: Vec<f64> = (from..=t)
                    .map(|s| {
                        let product: f64 = (0..heads.key_dim)
                            .map(|i| {
                                let q = inputs.queries[t * heads.query_width() + head * heads.key_dim + i];
                                let k = inputs.keys[s * heads.key_width() + head / group * heads.key_dim + i];
                                f64::from(q) * f64::from(k)
                            })
                            .sum();
                        (product * f64::from(heads.scale)).exp()
                    })
                    .collect();
                let sum: f64 = weights.iter().sum();
                for i in 0..heads.value_dim {
                    outputs[t * heads.output_width() + head * heads.value_dim + i] = (from..=t)
                        .zip(&weights)
                        .map(|(s, weight)| {
                            let at = s * heads.value_width() + head / group * heads.value_dim + i;
                            weight / sum * f64::from(inputs.values[at])
                        })
                        .sum();
                }
            }
        }
        outputs
    }

    #[test]
    fn outputs_and_gradients_are_those_of_the_definition() {
        for window in [None, Some(1), Some(7), Some(70)] {
            let heads = Heads {
                n_heads: 4,
                n_kv_heads: 2,
                key_dim: 8,
                value_dim: 6,
                scale: 0.7,
                window,
            };
            let queries = values(POSITIONS * heads.query_width(), 5);
            let keys = values(POSITIONS * heads.key_width(), 7);
            let content = values(POSITIONS * heads.value_width(), 11);
            let inputs = Inputs {
                queries: &queries,
                keys: &keys,
                values: &content,
            };
            let mut outputs = vec![f32::NAN; POSITIONS * heads.output_width()];
            let mut log_sums = vec![f32::NAN; POSITIONS * heads.n_heads];
            let mut scratch = Scratch::default();
            heads.forward(inputs, &mut outputs, &mut log_sums, &mut scratch);
            for (found, expected) in outputs.iter().zip(plain(&heads, inputs)) {
                assert!((f64::from(*found) - expected).abs() < 1e-5, "{found} {expected}");
            }
            let d_outputs = values(outputs.len(), 13);
            let (mut dq, mut dk, mut dv) = (
                vec![f32::NAN; queries.len()],
                vec![f32::NAN; keys.len()],
                vec![f32::NAN; content.len()],
            );
            let gradients = Gradients {
                queries: &mut dq,
                keys: &mut dk,
                values: &mut dv,
            };
            heads.backward(inputs, (&outputs, &d_outputs), &log_sums, gradients, &mut scratch);
            let loss = |inputs: Inputs<'_>| -> f64 {
                plain(&heads, inputs)
                    .iter()
                    .zip(&d_outputs)
                    .map(|(o, d)| o * f64::from(*d))
                    .sum()
            };
            let step = 1e-3_f32;
            let slope = |which: usize, at: usize| {
                let moved = |by: f32| {
                    let mut copies = [queries.clone(), keys.clone(), content.clone()];
                    copies[which][at] += by;
                    let [queries, keys, values] = &copies;
                    loss(Inputs {
                        queries,
                        keys,
                        values,
                    })
                };
                (moved(step) - moved(-step)) / (2.0 * f64::from(step))
            };
            for (which, found) in [&dq, &dk, &dv].into_iter().enumerate() {
                for at in [0, 3, found.len() / 2, found.len() - 1] {
                    let expected = slope(which, at);
                    assert!(
                        (f64::from(found[at]) - expected).abs() < 1e-3 * expected.abs().max(1.0),
                        "{which} {at}: {} {expected} (window {window:?})",
                        found[at]
                    );
                }
            }
        }
    }
}
