//! Activations: rows of tokens, allocated once.

/// Rows of one width, as many as an engine's largest batch has.
#[derive(Debug)]
pub(super) struct Buffer {
    data: Vec<f32>,
    width: usize,
}

impl Buffer {
    /// Room for `rows` of `width`.
    pub(super) fn new(rows: usize, width: usize) -> Buffer {
        Buffer {
            data: vec![0.0; rows * width],
            width,
        }
    }

    /// The first rows.
    pub(super) fn rows(&self, rows: usize) -> &[f32] {
        &self.data[..rows * self.width]
    }

    /// The first rows, to be written.
    pub(super) fn rows_mut(&mut self, rows: usize) -> &mut [f32] {
        &mut self.data[..rows * self.width]
    }

    /// The shares of parts of `part` rows each (the last may have fewer) in the first `rows`, to be written at once.
    pub(super) fn parts_mut(&mut self, rows: usize, part: usize) -> impl Iterator<Item = &mut [f32]> {
        let width = self.width;
        let mut rest = &mut self.data[..rows * width];
        // `chunks_mut` knows no parts of width 0, which a tensor that an architecture lacks has.
        (0..rows.div_ceil(part)).map(move |index| {
            let length = part.min(rows - index * part) * width;
            let (share, others) = std::mem::take(&mut rest).split_at_mut(length);
            rest = others;
            share
        })
    }

    /// The share of a part.
    pub(super) fn part(&self, rows: usize, part: usize, index: usize) -> &[f32] {
        let from = index * part;
        let to = rows.min(from + part);
        &self.data[from * self.width..to * self.width]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_rows_once() {
        let mut buffer = Buffer::new(10, 3);
        for (index, part) in buffer.parts_mut(7, 3).enumerate() {
            part.fill(index as f32 + 1.0);
        }
        assert_eq!(buffer.rows(10).iter().sum::<f32>(), 9.0 * (1.0 + 2.0) + 3.0 * 3.0);
        assert_eq!(buffer.part(7, 3, 2), [3.0; 3]);
        let mut none = Buffer::new(10, 0);
        assert_eq!(
            none.parts_mut(7, 3).map(|part| part.len()).collect::<Vec<_>>(),
            [0; 3]
        );
    }
}
