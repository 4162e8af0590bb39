//! Least squares with non-negative coefficients (Lawson & Hanson 1974, chapter 23).

use super::columns::{add_scaled, dot};
use super::small::Orthogonal;

/// Which columns carry a coefficient, and the coefficients: `min ‖Φ c − y‖²` with `cⱼ ≥ 0` where
/// `bounded[j]`.
///
/// The problem is first rotated into as many rows as it has columns, so that the active-set steps cost
/// nothing.
pub(super) fn solve(q: &Orthogonal, y: &[f64], bounded: &[bool]) -> (Vec<f64>, Vec<bool>) {
    let n = q.columns.len();
    let z = q.project(y);
    let free = q.back_substitute(&z);
    if free.iter().zip(bounded).all(|(&c, &bounded)| !bounded || c > 0.0) {
        return (free, vec![true; n]);
    }
    // R's columns padded to n rows are the rotated matrix.
    let columns: Vec<Vec<f64>> =
        q.r.iter()
            .map(|column| {
                let mut padded = column.clone();
                padded.resize(n, 0.0);
                padded
            })
            .collect();
    let mut passive: Vec<bool> = bounded.iter().map(|&bounded| !bounded).collect();
    let mut c = restricted(&columns, &z, &passive);
    // Each round lets in one column; more rounds than this means cycling on rounding errors.
    for _ in 0..3 * n {
        let mut residual = z.clone();
        for (column, &c) in columns.iter().zip(&c) {
            add_scaled(&mut residual, -c, column);
        }
        let scale = dot(&z, &z).sqrt();
        let gain = |j: usize| {
            dot(&columns[j], &residual) / dot(&columns[j], &columns[j]).sqrt().max(f64::MIN_POSITIVE)
        };
        let Some(enter) = (0..n)
            .filter(|&j| !passive[j] && gain(j) > 1e-13 * scale)
            .max_by(|&a, &b| gain(a).total_cmp(&gain(b)))
        else {
            break;
        };
        passive[enter] = true;
        loop {
            let wanted = restricted(&columns, &z, &passive);
            // As far towards the unconstrained solution as the first coefficient to reach zero allows.
            let mut step = 1.0;
            let mut leaves = None;
            for j in (0..n).filter(|&j| passive[j] && bounded[j] && wanted[j] <= 0.0) {
                let ratio = c[j] / (c[j] - wanted[j]);
                if leaves.is_none() || ratio < step {
                    (step, leaves) = (ratio, Some(j));
                }
            }
            let Some(leaves) = leaves else {
                c = wanted;
                break;
            };
            for (c, wanted) in c.iter_mut().zip(&wanted) {
                *c += step.clamp(0.0, 1.0) * (wanted - *c);
            }
            c[leaves] = 0.0;
            passive[leaves] = false;
        }
    }
    (c, passive)
}

fn restricted(columns: &[Vec<f64>], z: &[f64], passive: &[bool]) -> Vec<f64> {
    let chosen: Vec<usize> = (0..columns.len()).filter(|&j| passive[j]).collect();
    let part: Vec<&[f64]> = chosen.iter().map(|&j| columns[j].as_slice()).collect();
    let q = Orthogonal::new(&part);
    let mut c = vec![0.0; columns.len()];
    for (j, value) in chosen.into_iter().zip(q.back_substitute(&q.project(z))) {
        c[j] = value;
    }
    c
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::fit::random::Random;

    /// The conditions of Karush, Kuhn and Tucker on random problems.
    #[test]
    fn optimal_on_random_problems() {
        let mut random = Random::stream(7, 0);
        for _ in 0..500 {
            let columns: Vec<Vec<f64>> = (0..4)
                .map(|_| (0..9).map(|_| random.uniform(-1.0, 1.0)).collect())
                .collect();
            let y: Vec<f64> = (0..9).map(|_| random.uniform(-1.0, 1.0)).collect();
            let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
            let bounded = [true, true, false, true];
            let (c, _) = solve(&Orthogonal::new(&slices), &y, &bounded);
            let mut residual = y.clone();
            for (column, &c) in columns.iter().zip(&c) {
                add_scaled(&mut residual, -c, column);
            }
            for j in 0..4 {
                let gain = dot(&columns[j], &residual);
                assert!(!bounded[j] || c[j] >= 0.0);
                if c[j] != 0.0 {
                    assert!(gain.abs() < 1e-12, "{gain}");
                } else {
                    assert!(gain < 1e-12, "{gain}");
                }
            }
        }
    }
}
