//! RMSNorm (Zhang and Sennrich, arXiv 1910.07467) of rows, forward and backward.

use super::simd::{dot, sum_of, vectorised};

/// `y = x / rms(x) · weight` of each row, as wide as `weight`; `scales` gets 1 / rms of each.
pub(super) fn norm(x: &[f32], weight: &[f32], epsilon: f32, y: &mut [f32], scales: &mut [f32]) {
    let width = weight.len();
    vectorised(
        #[inline(always)]
        || {
            for ((x, y), scale) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)).zip(scales) {
                let mean = dot(x, x) / width as f32;
                *scale = 1.0 / (mean + epsilon).sqrt();
                for ((y, x), weight) in y.iter_mut().zip(x).zip(weight) {
                    *y = x * *scale * weight;
                }
            }
        },
    );
}

/// The same from the scales that [`norm`] found.
pub(super) fn norm_again(x: &[f32], weight: &[f32], scales: &[f32], y: &mut [f32]) {
    let width = weight.len();
    vectorised(
        #[inline(always)]
        || {
            for ((x, y), scale) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)).zip(scales) {
                for ((y, x), weight) in y.iter_mut().zip(x).zip(weight) {
                    *y = x * scale * weight;
                }
            }
        },
    );
}

/// Backward: `dx = through + (dy·w − x̂·mean(dy·w·x̂)) / rms` with x̂ = x / rms, written over `dy`; dy·x̂ is added to
/// `weight_gradient`. `through` is what reaches x by the residual connection, if any.
pub(super) fn norm_back(
    dy: &mut [f32],
    x: &[f32],
    weight: &[f32],
    scales: &[f32],
    through: Option<&[f32]>,
    weight_gradient: &mut [f32],
) {
    let width = weight.len();
    vectorised(
        #[inline(always)]
        || {
            for (row, (dy, x)) in dy.chunks_exact_mut(width).zip(x.chunks_exact(width)).enumerate() {
                let scale = scales[row];
                let (dy_row, weight) = (&dy[..width], &weight[..width]);
                let x = &x[..width];
                let along = sum_of(width, |i| dy_row[i] * weight[i] * x[i]);
                let along = along * scale * scale / width as f32;
                let gradient = &mut weight_gradient[..width];
                for i in 0..width {
                    let value = dy[i];
                    gradient[i] += value * x[i] * scale;
                    dy[i] = scale * (value * weight[i] - x[i] * along);
                }
                if let Some(through) = through {
                    for (dy, through) in dy.iter_mut().zip(&through[row * width..]) {
                        *dy += through;
                    }
                }
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradients_are_those_of_differences() {
        let (rows, width) = (3, 40);
        let value = |seed: usize, i: usize| ((i * seed) % 17) as f32 / 8.0 - 1.0;
        let x: Vec<f32> = (0..rows * width).map(|i| value(5, i)).collect();
        let weight: Vec<f32> = (0..width).map(|i| 1.0 + value(3, i) / 2.0).collect();
        let dy: Vec<f32> = (0..rows * width).map(|i| value(11, i)).collect();
        let loss = |x: &[f32], weight: &[f32]| -> f64 {
            let (mut y, mut scales) = (vec![0.0; rows * width], vec![0.0; rows]);
            norm(x, weight, 1e-6, &mut y, &mut scales);
            y.iter().zip(&dy).map(|(y, dy)| f64::from(y * dy)).sum()
        };
        let (mut y, mut scales) = (vec![0.0; rows * width], vec![0.0; rows]);
        norm(&x, &weight, 1e-6, &mut y, &mut scales);
        let mut again = vec![0.0; rows * width];
        norm_again(&x, &weight, &scales, &mut again);
        assert_eq!(y, again);
        let (mut dx, mut dw) = (dy.clone(), vec![0.0; width]);
        norm_back(&mut dx, &x, &weight, &scales, None, &mut dw);
        let step = 1e-2;
        for at in [0, 41, 85] {
            let moved = |by: f32| {
                let mut x = x.clone();
                x[at] += by;
                loss(&x, &weight)
            };
            let slope = (moved(step) - moved(-step)) / (2.0 * f64::from(step));
            assert!((slope - f64::from(dx[at])).abs() < 2e-3, "{slope} {}", dx[at]);
        }
        for at in [0, 39] {
            let moved = |by: f32| {
                let mut weight = weight.clone();
                weight[at] += by;
                loss(&x, &weight)
            };
            let slope = (moved(step) - moved(-step)) / (2.0 * f64::from(step));
            assert!((slope - f64::from(dw[at])).abs() < 2e-3, "{slope} {}", dw[at]);
        }
    }
}
