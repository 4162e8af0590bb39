//! Steps that follow the valley instead of its tangent.
//!
//! Runs determine the loss at the centre of the data, `p = ln Σ c'`, and each term's elasticity there, `ε = w
//! θ` with the term's share `w`, far better than how a term divides its elasticity between share and
//! exponent. The optimum lies in a valley along which p and ε are nearly constant, and which is curved in the
//! coefficients and exponents themselves. So a step moves p, ε and θ straight, and the coefficients as these
//! demand. To first order that is the step asked for.

use super::columns::exp;
use super::problem::Problem;

/// `x` moved by `step` (one entry for every unknown), into `out`.
pub(super) fn retract(problem: &Problem, x: &[f64], step: &[f64], out: &mut Vec<f64>) {
    out.clear();
    out.extend(x.iter().zip(step).map(|(x, s)| x + s));
    curved(problem, x, step, out);
    for (index, out) in out.iter_mut().enumerate() {
        *out = out.clamp(problem.lower[index], problem.upper[index]);
    }
}

/// Replaces the logarithms of `E` and the coefficients, which `out` holds as the straight step has them,
/// unless they would leave the region where shares are positive.
fn curved(problem: &Problem, x: &[f64], step: &[f64], out: &mut [f64]) {
    let k = problem.terms.len();
    // A fixed E cannot take up what the other shares leave.
    if problem.lower[0] >= problem.upper[0] {
        return;
    }
    let total: f64 = x[..=k].iter().map(|&log| exp(log)).sum();
    let centre_step: f64 = (0..=k).map(|j| exp(x[j]) / total * step[j]).sum();
    let centre = total.ln() + centre_step;
    let mut left = 1.0;
    let mut logs = [0.0; crate::law::MAX_TERMS];
    for (j, term) in problem.terms.iter().enumerate() {
        let c = 1 + j;
        let straight = exp(out[c] - centre);
        let share = match &term.slopes[..] {
            [(l, ..)] if term.offset.is_none() && problem.lower[c] < problem.upper[c] => {
                let theta = x[1 + k + l];
                let moved = out[1 + k + l];
                let share = exp(x[c]) / total;
                let elasticity = share * (theta + step[1 + k + l] + theta * (step[c] - centre_step));
                let wanted = elasticity / moved;
                // Near θ = 0 an elasticity says nothing about the share.
                if theta * moved > 0.0 && wanted > 0.0 {
                    wanted
                } else {
                    straight
                }
            }
            _ => straight,
        };
        logs[j] = centre + share.ln();
        left -= share;
    }
    if left <= 0.1 * exp(x[0]) / total {
        return;
    }
    out[0] = centre + left.ln();
    for (j, log) in logs[..k].iter().enumerate() {
        if problem.lower[1 + j] < problem.upper[1 + j] {
            out[1 + j] = *log;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::fit::{Form, Observations};

    /// Equal to the straight step to first order, and closer to what the runs determine at second.
    #[test]
    fn first_order_is_the_step() {
        let values: Vec<f64> = (1..20).map(f64::from).collect();
        let observations = Observations::new(vec![3.0; 19])
            .and_then(|o| o.with_variable("a", &values))
            .and_then(|o| o.with_variable("b", &values.iter().map(|v| v * v + 1.0).collect::<Vec<_>>()))
            .unwrap();
        let problem = Problem::new(&Form::additive(&["a", "b"]), &observations).unwrap();
        let x = [0.2, -0.5, -1.0, 0.4, 0.3];
        let direction = [0.5, -0.3, 0.7, 0.2, -0.4];
        let mut curved = Vec::new();
        let mut gap = |length: f64| {
            let step = direction.map(|d| d * length);
            retract(&problem, &x, &step, &mut curved);
            let gaps = curved
                .iter()
                .zip(x)
                .zip(step)
                .map(|((c, x), s)| (c - x - s).abs());
            gaps.fold(0.0, f64::max)
        };
        let (long, short) = (gap(1e-2), gap(1e-3));
        assert!(long > 0.0 && long < 1e-3);
        assert!((long / short - 100.0).abs() < 10.0, "{long} {short}");
    }
}
