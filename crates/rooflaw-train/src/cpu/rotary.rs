//! Rotary position embedding (Su et al., arXiv 2104.09864, eq. 34).

use super::simd::vectorised;

/// Cosines and sines of every position.
#[derive(Debug)]
pub(super) struct Rotary {
    half: usize,
    /// Positions × half the width.
    cosines: Vec<f32>,
    sines: Vec<f32>,
    interleaved: bool,
}

impl Rotary {
    /// For heads of which `width` elements are turned. Frequencies are θ^(−2i/width), in f32 as `transformers` has them.
    pub(super) fn new(width: usize, positions: usize, theta: f64, interleaved: bool) -> Rotary {
        let half = width / 2;
        let mut cosines = Vec::with_capacity(positions * half);
        let mut sines = Vec::with_capacity(positions * half);
        for position in 0..positions {
            for pair in 0..half {
                let frequency = 1.0 / (theta as f32).powf((2 * pair) as f32 / width as f32);
                let angle = position as f32 * frequency;
                cosines.push(angle.cos());
                sines.push(angle.sin());
            }
        }
        Rotary {
            half,
            cosines,
            sines,
            interleaved,
        }
    }

    /// Turns rows in place: of each position `stride` elements, in which the heads' rotary parts begin at `first` and are
    /// `apart`; back with `inverse`.
    pub(super) fn turn(
        &self,
        rows: &mut [f32],
        stride: usize,
        (first, apart, heads): (usize, usize, usize),
        inverse: bool,
    ) {
        let half = self.half;
        vectorised(
            #[inline(always)]
            || {
                let angles = self.cosines.chunks_exact(half).zip(self.sines.chunks_exact(half));
                for (row, (cosines, sines)) in rows.chunks_exact_mut(stride).zip(angles) {
                    for head in 0..heads {
                        let start = first + head * apart;
                        let part = &mut row[start..start + 2 * half];
                        if self.interleaved {
                            turn_neighbours(part, cosines, sines, inverse);
                        } else {
                            turn_halves(part, cosines, sines, inverse);
                        }
                    }
                }
            },
        );
    }
}

#[inline(always)]
fn turn_halves(part: &mut [f32], cosines: &[f32], sines: &[f32], inverse: bool) {
    let sign = if inverse { -1.0 } else { 1.0 };
    let (a, b) = part.split_at_mut(cosines.len());
    for ((a, b), (cos, sin)) in a.iter_mut().zip(b).zip(cosines.iter().zip(sines)) {
        let sin = sign * sin;
        (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
    }
}

#[inline(always)]
fn turn_neighbours(part: &mut [f32], cosines: &[f32], sines: &[f32], inverse: bool) {
    let sign = if inverse { -1.0 } else { 1.0 };
    for ([a, b], (cos, sin)) in part
        .as_chunks_mut::<2>()
        .0
        .iter_mut()
        .zip(cosines.iter().zip(sines))
    {
        let sin = sign * sin;
        (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turning_back_undoes_it_and_lengths_stay() {
        for interleaved in [false, true] {
            let rotary = Rotary::new(8, 5, 1e4, interleaved);
            let start: Vec<f32> = (0..5 * 24).map(|i| ((i * 7) % 11) as f32 - 5.0).collect();
            let mut rows = start.clone();
            rotary.turn(&mut rows, 24, (4, 12, 2), false);
            assert_eq!(rows[..24], start[..24], "position 0 does not turn");
            assert_ne!(rows[28..36], start[28..36]);
            assert_eq!(rows[24..28], start[24..28], "outside the rotary part");
            let length = |rows: &[f32]| rows[28..36].iter().map(|x| x * x).sum::<f32>();
            assert!((length(&rows) - length(&start)).abs() < 1e-3);
            rotary.turn(&mut rows, 24, (4, 12, 2), true);
            for (a, b) in rows.iter().zip(&start) {
                assert!((a - b).abs() < 1e-5);
            }
        }
    }
}
