//! Products with projections, which checkpoints store as outputs × inputs.
//!
//! Each product of a block runs on one thread; blocks are cut by constants, never by the number of threads, so that results do
//! not depend on it.

use gemmkit::{MatMut, MatRef, Parallelism, gemm};
use rayon::prelude::*;

/// Rows (tokens) of a block.
pub(super) const BLOCK: usize = 128;
/// Outputs of a projection whose gradient is one task, about.
const TILE: usize = 192;

/// Whether a product replaces what is there or is added to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Into {
    /// Replaces.
    Fresh,
    /// Is added.
    Sum,
}

impl Into {
    pub(super) const fn beta(self) -> f32 {
        match self {
            Into::Fresh => 0.0,
            Into::Sum => 1.0,
        }
    }
}

/// A part of a row-major matrix: rows × columns, rows `stride` apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    pub(super) data: &'a [f32],
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) stride: usize,
}

impl<'a> View<'a> {
    pub(super) fn whole(data: &'a [f32], columns: usize) -> View<'a> {
        View {
            data,
            rows: data.len() / columns,
            columns,
            stride: columns,
        }
    }

    fn plain(self) -> MatRef<'a, f32> {
        MatRef::new(self.data, self.rows, self.columns, self.stride as isize, 1)
    }

    fn turned(self) -> MatRef<'a, f32> {
        MatRef::new(self.data, self.columns, self.rows, 1, self.stride as isize)
    }
}

/// `c = alpha · a · bᵀ`, or added to it; `c`'s rows are `stride` apart.
pub(super) fn a_bt(alpha: f32, a: View<'_>, b: View<'_>, into: Into, c: &mut [f32], stride: usize) {
    let c = MatMut::new(c, a.rows, b.rows, stride as isize, 1);
    gemm(alpha, a.plain(), b.turned(), into.beta(), c, Parallelism::Serial);
}

/// `c = a · b`, or added to it.
pub(super) fn a_b(a: View<'_>, b: View<'_>, into: Into, c: &mut [f32], stride: usize) {
    let c = MatMut::new(c, a.rows, b.columns, stride as isize, 1);
    gemm(1.0, a.plain(), b.plain(), into.beta(), c, Parallelism::Serial);
}

/// `c = aᵀ · b`, or added to it.
pub(super) fn at_b(a: View<'_>, b: View<'_>, into: Into, c: &mut [f32], stride: usize) {
    let c = MatMut::new(c, a.columns, b.columns, stride as isize, 1);
    gemm(1.0, a.turned(), b.plain(), into.beta(), c, Parallelism::Serial);
}

/// `y = x · wᵀ` of some rows, or added to it; `x` has `inputs` columns and `y` `outputs`.
pub(super) fn project(x: &[f32], w: &[f32], inputs: usize, into: Into, y: &mut [f32]) {
    let outputs = w.len() / inputs;
    a_bt(
        1.0,
        View::whole(x, inputs),
        View::whole(w, inputs),
        into,
        y,
        outputs,
    );
}

/// `dx = dy · w` of some rows, or added to it.
pub(super) fn project_back(dy: &[f32], w: &[f32], inputs: usize, into: Into, dx: &mut [f32]) {
    let outputs = w.len() / inputs;
    a_b(View::whole(dy, outputs), View::whole(w, inputs), into, dx, inputs);
}

/// `dw = dyᵀ · x` over all rows, or added to it, on all threads.
pub(super) fn weight_gradient(dy: &[f32], x: &[f32], inputs: usize, into: Into, dw: &mut [f32]) {
    let outputs = dw.len() / inputs;
    let tile = tile(outputs);
    dw.par_chunks_mut(tile * inputs)
        .enumerate()
        .for_each(|(index, dw)| weight_tile(dy, x, inputs, outputs, index * tile, into, dw));
}

/// Outputs of one task of a weight gradient.
pub(super) fn tile(outputs: usize) -> usize {
    let tiles = outputs.div_ceil(TILE).max(1);
    outputs.div_ceil(tiles).next_multiple_of(16)
}

/// The part of a weight gradient from the output `first` on.
pub(super) fn weight_tile(
    dy: &[f32],
    x: &[f32],
    inputs: usize,
    outputs: usize,
    first: usize,
    into: Into,
    dw: &mut [f32],
) {
    let rows = dy.len() / outputs;
    if rows == 0 {
        if into == Into::Fresh {
            dw.fill(0.0);
        }
        return;
    }
    let dy = View {
        data: &dy[first..],
        rows,
        columns: dw.len() / inputs,
        stride: outputs,
    };
    at_b(dy, View::whole(x, inputs), into, dw, inputs);
}

/// The sums of all columns, or added to what is there, on all threads.
pub(super) fn column_sums(rows: &[f32], into: Into, sums: &mut [f32]) {
    const COLUMNS: usize = 64;
    let width = sums.len();
    sums.par_chunks_mut(COLUMNS)
        .enumerate()
        .for_each(|(index, sums)| {
            if into == Into::Fresh {
                sums.fill(0.0);
            }
            let first = index * COLUMNS;
            for row in rows.chunks_exact(width) {
                for (sum, value) in sums.iter_mut().zip(&row[first..]) {
                    *sum += value;
                }
            }
        });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: usize, columns: usize, seed: usize) -> Vec<f32> {
        (0..rows * columns)
            .map(|place| ((place * seed) % 13) as f32 - 6.0)
            .collect()
    }

    #[test]
    fn products_are_those_of_their_definitions() {
        let (rows, inputs, outputs) = (150, 20, 230);
        let (x, w) = (matrix(rows, inputs, 5), matrix(outputs, inputs, 7));
        let mut y = vec![f32::NAN; rows * outputs];
        project(&x, &w, inputs, Into::Fresh, &mut y);
        let (row, output) = (149, 229);
        let expected: f32 = (0..inputs)
            .map(|i| x[row * inputs + i] * w[output * inputs + i])
            .sum();
        assert_eq!(y[row * outputs + output], expected);
        let mut dx = vec![1.0; rows * inputs];
        project_back(&y, &w, inputs, Into::Sum, &mut dx);
        let expected: f64 = (0..outputs)
            .map(|o| f64::from(y[row * outputs + o]) * f64::from(w[o * inputs + 3]))
            .sum();
        assert!((f64::from(dx[row * inputs + 3]) - expected - 1.0).abs() < 1e-3 * expected.abs().max(1.0));
        let mut dw = vec![0.5; outputs * inputs];
        weight_gradient(&y, &x, inputs, Into::Sum, &mut dw);
        let expected: f64 = (0..rows)
            .map(|r| f64::from(y[r * outputs + output]) * f64::from(x[r * inputs + 3]))
            .sum();
        let found = f64::from(dw[output * inputs + 3]) - 0.5;
        assert!(
            (found - expected).abs() < 1e-3 * expected.abs().max(1.0),
            "{found} {expected}"
        );
        let mut sums = vec![2.0; outputs];
        column_sums(&y, Into::Fresh, &mut sums);
        let expected: f32 = (0..rows).map(|r| y[r * outputs]).sum();
        assert_eq!(sums[0], expected);
    }

    #[test]
    fn the_gradient_of_no_rows_is_zero() {
        let mut dw = [f32::NAN; 6];
        weight_gradient(&[], &[], 2, Into::Fresh, &mut dw);
        assert_eq!(dw, [0.0; 6]);
    }
}
