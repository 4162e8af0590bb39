//! The objective `Σ wᵢ ρ_δ(ln yᵢ − ln ŷᵢ)` and its derivatives, with `ln ŷ = LSE(ln E, ln cⱼ + Σ θ u)`.
//!
//! With [`Scale::Absolute`] residuals are `yᵢ − ŷᵢ` instead. ρ_δ is Huber's loss, `r²/2` for `|r| ≤ δ` and
//! `δ(|r| − δ/2)` beyond; `δ = ∞` is least squares. On the logarithm this is the objective of Hoffmann et al.
//! 2022 (2203.15556, equation 3) as a plain sum.

use super::columns::{dot, exp, larger, ln, smaller, sum};
use super::problem::{Problem, Scale};
use pulp::{Arch, NullaryFnOnce};

/// Which matrix stands for the second derivatives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Curvature {
    /// `Σ w min(1, δ/|r|) g gᵀ`: iteratively reweighted Gauss–Newton. Never indefinite: for far from the
    /// optimum.
    Reweighted,
    /// The second derivatives themselves, without approximation: converges quadratically. With small δ most
    /// rows have `ρ'' = 0`, so that the law's own curvature decides and Gauss–Newton would not do.
    Exact,
}

/// Columns kept between calls, so that a fit allocates nothing per step.
#[derive(Clone, Debug, Default)]
pub(super) struct Workspace {
    /// Each term's value, later its share of the prediction; `n` values a term.
    terms: Vec<f64>,
    total: Vec<f64>,
    residual: Vec<f64>,
    psi: Vec<f64>,
    reweight: Vec<f64>,
    curvature: Vec<f64>,
    /// The gradient of `ln ŷ`, or of ŷ, an `n`-column for each unknown.
    slopes: Vec<f64>,
    scratch: Vec<f64>,
    scratch2: Vec<f64>,
}

impl Workspace {
    fn fit_to(&mut self, n: usize, terms: usize, unknowns: usize) {
        self.terms.resize(n * terms, 0.0);
        self.slopes.resize(n * unknowns, 0.0);
        for column in [
            &mut self.total,
            &mut self.residual,
            &mut self.psi,
            &mut self.reweight,
            &mut self.curvature,
            &mut self.scratch,
            &mut self.scratch2,
        ] {
            column.resize(n, 0.0);
        }
    }
}

/// First and second derivatives at one point; `matrix` and `scale` as [`derivatives`] says.
#[derive(Clone, Debug, Default)]
pub(super) struct Derivatives {
    pub(super) gradient: Vec<f64>,
    /// Row by row, lower triangle.
    pub(super) matrix: Vec<f64>,
    /// The diagonal of the reweighted matrix, the natural scale of each unknown.
    pub(super) scale: Vec<f64>,
}

/// Work on whole columns, with the widest vectors that the processor has. The bits do not depend on them: every sum has its
/// fixed order, and nothing is fused.
fn wide<T>(work: impl FnOnce() -> T) -> T {
    struct Work<F>(F);
    impl<T, F: FnOnce() -> T> NullaryFnOnce for Work<F> {
        type Output = T;

        #[inline(always)]
        fn call(self) -> T {
            self.0()
        }
    }
    Arch::new().dispatch(Work(work))
}

/// The objective at `x`. The workspace keeps what [`derivatives`] needs.
pub(super) fn value(problem: &Problem, delta: f64, x: &[f64], work: &mut Workspace) -> f64 {
    wide(
        #[inline(always)]
        || value_of_rows(problem, delta, x, work),
    )
}

#[inline(always)]
fn value_of_rows(problem: &Problem, delta: f64, x: &[f64], work: &mut Workspace) -> f64 {
    let n = problem.n_rows();
    work.fit_to(n, problem.terms.len(), problem.n_unknowns());
    let exponents = &x[1 + problem.terms.len()..];
    let total = &mut work.total[..n];
    total.fill(exp(x[0]));
    for ((term, log_coefficient), out) in problem
        .terms
        .iter()
        .zip(&x[1..])
        .zip(work.terms.chunks_exact_mut(n.max(1)))
    {
        match (&term.slopes[..], &term.offset) {
            // The usual term, in one pass.
            ([(l, u, _)], None) => {
                let theta = exponents[*l];
                for ((out, u), total) in out.iter_mut().zip(u).zip(&mut *total) {
                    *out = exp(log_coefficient + theta * u);
                    *total += *out;
                }
            }
            (slopes, offset) => {
                match offset {
                    Some((offset, _)) => out.copy_from_slice(offset),
                    None => out.fill(0.0),
                }
                for (l, u, _) in slopes {
                    super::columns::add_scaled(out, exponents[*l], u);
                }
                for (out, total) in out.iter_mut().zip(&mut *total) {
                    *out = exp(log_coefficient + *out);
                    *total += *out;
                }
            }
        }
    }
    let rows = work.residual.iter_mut().zip(&problem.target).zip(&*total);
    match problem.scale {
        Scale::Relative => rows.for_each(|((residual, y), total)| *residual = y - ln(*total)),
        Scale::Absolute => rows.for_each(|((residual, y), total)| *residual = y - total),
    }
    value_of_residuals(problem, delta, work)
}

/// The objective with another δ at the point of the last [`value`] on this workspace.
pub(super) fn value_again(problem: &Problem, delta: f64, work: &mut Workspace) -> f64 {
    wide(
        #[inline(always)]
        || value_of_residuals(problem, delta, work),
    )
}

#[inline(always)]
fn value_of_residuals(problem: &Problem, delta: f64, work: &mut Workspace) -> f64 {
    let rows = work.residual.iter().zip(&problem.weight);
    for (out, (residual, weight)) in work.scratch.iter_mut().zip(rows) {
        let size = residual.abs();
        let inner = smaller(size, delta);
        *out = weight * inner * (size - 0.5 * inner);
    }
    sum(&work.scratch[..problem.n_rows()])
}

/// The derivatives at the point of the last [`value`] on this workspace. With exact curvature the scale,
/// which need not be up to date, is only computed on request.
pub(super) fn derivatives(
    problem: &Problem,
    delta: f64,
    x: &[f64],
    curvature: Curvature,
    rescale: bool,
    work: &mut Workspace,
    out: &mut Derivatives,
) {
    wide(
        #[inline(always)]
        || derivatives_of_rows(problem, delta, x, curvature, rescale, work, out),
    );
}

#[inline(always)]
fn derivatives_of_rows(
    problem: &Problem,
    delta: f64,
    x: &[f64],
    curvature: Curvature,
    rescale: bool,
    work: &mut Workspace,
    out: &mut Derivatives,
) {
    let (n, k) = (problem.n_rows(), problem.terms.len());
    let unknowns = problem.n_unknowns();
    out.gradient.clear();
    out.gradient.resize(unknowns, 0.0);
    out.scale.resize(unknowns, 0.0);
    out.matrix.clear();
    out.matrix.resize(unknowns * unknowns, 0.0);
    weights(problem, delta, curvature, rescale, work);
    shares(problem, exp(x[0]), work);

    // Σ (ρ'' + ψ) g gᵀ (without ψ when residuals are in the loss), or the reweighted one.
    for p in 0..unknowns {
        let slope = &work.slopes[p * n..(p + 1) * n];
        out.gradient[p] = -dot(&work.psi, slope);
        let rows = work.scratch.iter_mut().zip(slope).zip(match curvature {
            Curvature::Exact => &work.curvature,
            Curvature::Reweighted => &work.reweight,
        });
        for ((scaled, slope), weight) in rows {
            *scaled = weight * slope;
        }
        for q in 0..=p {
            out.matrix[p * unknowns + q] = dot(&work.scratch, &work.slopes[q * n..(q + 1) * n]);
        }
    }
    if curvature == Curvature::Reweighted {
        for p in 0..unknowns {
            out.scale[p] = out.matrix[p * unknowns + p];
        }
        return;
    }
    if rescale {
        for p in 0..unknowns {
            let slope = &work.slopes[p * n..(p + 1) * n];
            for ((scaled, slope), weight) in work.scratch.iter_mut().zip(slope).zip(&work.reweight) {
                *scaled = weight * slope;
            }
            out.scale[p] = dot(&work.scratch, slope);
        }
    }
    // − Σ ψ Σⱼ shareⱼ aⱼ aⱼᵀ, where aⱼ is the gradient of the logarithm of term j: 1 for its coefficient, u
    // for its θ.
    out.matrix[0] += out.gradient[0];
    for (j, term) in problem.terms.iter().enumerate() {
        let c = 1 + j;
        out.matrix[c * unknowns + c] += out.gradient[c];
        let share = &work.slopes[c * n..(c + 1) * n];
        for ((out, psi), share) in work.scratch.iter_mut().zip(&work.psi).zip(share) {
            *out = psi * share;
        }
        for (index, (l, u, _)) in term.slopes.iter().enumerate() {
            let p = 1 + k + l;
            for ((out, value), u) in work.scratch2.iter_mut().zip(&work.scratch).zip(u) {
                *out = value * u;
            }
            out.matrix[p * unknowns + c] -= sum(&work.scratch2);
            for (m, v, _) in &term.slopes[..=index] {
                let q = 1 + k + m;
                out.matrix[p.max(q) * unknowns + p.min(q)] -= dot(&work.scratch2, v);
            }
        }
    }
}

/// The weights of each row: ψ, the reweighting factor, and `ρ'' + ψ`.
#[inline(always)]
fn weights(problem: &Problem, delta: f64, curvature: Curvature, rescale: bool, work: &mut Workspace) {
    let rows = work.residual.iter().zip(&problem.weight);
    for (psi, (r, weight)) in work.psi.iter_mut().zip(rows) {
        *psi = weight * larger(smaller(*r, delta), -delta);
    }
    if curvature == Curvature::Reweighted || rescale {
        let rows = work.residual.iter().zip(&problem.weight);
        for (reweight, (r, weight)) in work.reweight.iter_mut().zip(rows) {
            *reweight = if delta.is_infinite() {
                *weight
            } else {
                weight * (delta / larger(r.abs(), delta))
            };
        }
    }
    if curvature == Curvature::Exact {
        let rows = work.residual.iter().zip(&problem.weight).zip(&work.psi);
        // From the second derivatives of the logarithm, which ŷ itself does not have.
        let of_log = if problem.scale == Scale::Relative {
            1.0
        } else {
            0.0
        };
        for (out, ((r, weight), psi)) in work.curvature.iter_mut().zip(rows) {
            *out = of_log * psi + if r.abs() <= delta { *weight } else { 0.0 };
        }
    }
}

/// The gradient of `ln ŷ`: each term's share of the prediction, then for every θ the shares times their
/// logarithms. Of ŷ, with residuals in the loss: the terms themselves in place of their shares.
#[inline(always)]
fn shares(problem: &Problem, irreducible: f64, work: &mut Workspace) {
    let (n, k) = (problem.n_rows(), problem.terms.len());
    for (inverse, total) in work.scratch.iter_mut().zip(&work.total) {
        *inverse = match problem.scale {
            Scale::Relative => 1.0 / total,
            Scale::Absolute => 1.0,
        };
    }
    let (coefficients, exponents) = work.slopes.split_at_mut((1 + k) * n);
    let (intercept, coefficients) = coefficients.split_at_mut(n);
    for (out, inverse) in intercept.iter_mut().zip(&work.scratch) {
        *out = irreducible * inverse;
    }
    let terms = work.terms.chunks_exact(n.max(1));
    for (out, term) in coefficients.chunks_exact_mut(n.max(1)).zip(terms) {
        for ((out, term), inverse) in out.iter_mut().zip(term).zip(&work.scratch) {
            *out = term * inverse;
        }
    }
    exponents.fill(0.0);
    for (term, share) in problem.terms.iter().zip(coefficients.chunks_exact(n.max(1))) {
        for (l, u, _) in &term.slopes {
            for ((out, share), u) in exponents[l * n..(l + 1) * n].iter_mut().zip(share).zip(u) {
                *out += share * u;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::fit::random::Random;
    use crate::law::fit::{Form, Observations};

    /// The co-design law, whose terms share an exponent, over random rows.
    fn problem() -> Problem {
        let mut random = Random::stream(3, 0);
        let mut column = |low, high| -> Vec<f64> { (0..50).map(|_| random.uniform(low, high)).collect() };
        let mut observations = Observations::new(column(2.0, 5.0)).unwrap();
        for name in [
            "n_layers",
            "activation_rate",
            "ffn_ratio",
            "hidden_size",
            "kv_dim",
        ] {
            observations = observations.with_variable(name, &column(0.1, 3.0)).unwrap();
        }
        let observations = observations.with_weights(column(0.5, 2.0)).unwrap();
        Problem::new(&Form::codesign(), &observations).unwrap()
    }

    /// Gradient and second derivatives against differences of value and gradient.
    #[test]
    fn derivatives_are_those_of_the_value() {
        let x = [0.3, -0.2, -1.0, 0.4, -0.5, 0.6, 0.9, 0.2, -0.3, 0.8, 0.4];
        let mut work = Workspace::default();
        for (problem, delta) in [
            (problem(), 0.2),
            (problem(), f64::INFINITY),
            (problem().in_loss(), 0.5),
            (problem().in_loss(), f64::INFINITY),
        ] {
            let mut at = |x: &[f64]| {
                let mut out = Derivatives::default();
                let value = value(&problem, delta, x, &mut work);
                derivatives(&problem, delta, x, Curvature::Exact, true, &mut work, &mut out);
                (value, out)
            };
            let (_, here) = at(&x);
            let n = x.len();
            for p in 0..n {
                let step = 1e-6;
                let (mut low, mut high) = (x, x);
                low[p] -= step;
                high[p] += step;
                let ((low, below), (high, above)) = (at(&low), at(&high));
                let slope = (high - low) / (2.0 * step);
                assert!(
                    (here.gradient[p] - slope).abs() < 1e-7 * (1.0 + slope.abs()),
                    "{p}: {} is not {slope}",
                    here.gradient[p]
                );
                for q in 0..=p {
                    let slope = (above.gradient[q] - below.gradient[q]) / (2.0 * step);
                    let ours = here.matrix[p * n + q];
                    assert!(
                        (ours - slope).abs() < 1e-5 * (1.0 + slope.abs()),
                        "{p}, {q}: {ours} is not {slope}"
                    );
                }
            }
        }
    }

    /// The workspace remembers the residuals.
    #[test]
    fn another_delta_needs_no_second_pass() {
        let problem = problem();
        let x = [0.3, -0.2, -1.0, 0.4, -0.5, 0.6, 0.9, 0.2, -0.3, 0.8, 0.4];
        let mut work = Workspace::default();
        let narrow = value(&problem, 0.1, &x, &mut work);
        let wide = value(&problem, 0.4, &x, &mut work);
        assert!(narrow < wide);
        assert_eq!(value_again(&problem, 0.1, &mut work), narrow);
    }
}
