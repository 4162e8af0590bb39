//! Rows of queries and keys in another order, for a rotary embedding that pairs other elements.

/// Interleaves the halves of a head: row `j` of the first half and row `j` of the second become neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    head_dim: usize,
    columns: usize,
}

impl Turn {
    /// Of heads of so many rows, an even number, of so many columns.
    pub(crate) fn new(head_dim: u32, columns: u32) -> Turn {
        Turn {
            head_dim: head_dim as usize,
            columns: columns as usize,
        }
    }

    /// Elements of a head.
    pub(crate) const fn elements(self) -> usize {
        self.head_dim * self.columns
    }

    /// One head's rows in their new order.
    pub(crate) fn apply(self, head: &[f32]) -> Vec<f32> {
        let (first, second) = head.split_at(head.len() / 2);
        let rows = first.chunks(self.columns).zip(second.chunks(self.columns));
        rows.flat_map(|(first, second)| first.iter().chain(second))
            .copied()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Turn;

    const HEAD_DIM: usize = 8;

    fn angle(pair: usize, position: f32) -> f32 {
        position * 10_000_f32.powf(-2.0 * pair as f32 / HEAD_DIM as f32)
    }

    /// Turns element `a` of a vector against element `b`.
    fn turned(vector: &[f32], pairs: impl Fn(usize) -> (usize, usize), position: f32) -> Vec<f32> {
        let mut result = vector.to_vec();
        for pair in 0..HEAD_DIM / 2 {
            let ((a, b), (sin, cos)) = (pairs(pair), angle(pair, position).sin_cos());
            result[a] = vector[a] * cos - vector[b] * sin;
            result[b] = vector[a] * sin + vector[b] * cos;
        }
        result
    }

    fn dot(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn rows_interleave() {
        let rows: Vec<f32> = (0..12).map(|i| i as f32).collect();
        assert_eq!(
            Turn::new(4, 3).apply(&rows),
            [0., 1., 2., 6., 7., 8., 3., 4., 5., 9., 10., 11.]
        );
    }

    /// Scores of halves turned as `transformers` does equal those of interleaved rows turned as llama.cpp does.
    #[test]
    fn scores_stay_what_they_are() {
        let vector = |seed: f32| -> Vec<f32> { (0..HEAD_DIM).map(|i| (seed * i as f32).sin()).collect() };
        let (query, key) = (vector(1.3), vector(0.7));
        let turn = Turn::new(HEAD_DIM as u32, 1);
        let half = |pair| (pair, pair + HEAD_DIM / 2);
        let neighbour = |pair| (2 * pair, 2 * pair + 1);
        for (at, to) in [(0.0, 0.0), (5.0, 2.0), (9.0, 1.0)] {
            let expected = dot(&turned(&query, half, at), &turned(&key, half, to));
            let found = dot(
                &turned(&turn.apply(&query), neighbour, at),
                &turned(&turn.apply(&key), neighbour, to),
            );
            assert!((expected - found).abs() < 1e-5, "{expected} {found}");
        }
    }
}
