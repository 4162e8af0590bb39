//! The power terms of a form as columns for variable projection.

use super::columns::{add_scaled, exp};
use super::problem::{Problem, Scale};
use super::varpro::Basis;

/// `[1, Π x^e …]` without the columns whose coefficient is fixed: those are taken from the target.
///
/// Fixed coefficients move with θ when their exponents are free, so the target is only constant when they
/// have none; such terms are refused by [`PowerBasis::new`].
#[derive(Debug)]
pub(super) struct PowerBasis<'a> {
    problem: &'a Problem,
    root_weight: Vec<f64>,
    target: Vec<f64>,
    /// Indices among `[E, term 1 …]` that have a column.
    fitted: Vec<usize>,
    non_negative: Vec<bool>,
}

impl<'a> PowerBasis<'a> {
    /// `None` for a fixed coefficient before free exponents, which is no linear problem.
    pub(super) fn new(problem: &'a Problem, scale: Scale) -> Option<PowerBasis<'a>> {
        let rows = problem.loss.iter().zip(&problem.weight);
        let root_weight: Vec<f64> = match scale {
            Scale::Absolute => rows.map(|(_, weight)| weight.sqrt()).collect(),
            Scale::Relative => rows.map(|(loss, weight)| weight.sqrt() / loss).collect(),
        };
        let mut basis = PowerBasis {
            problem,
            target: problem
                .loss
                .iter()
                .zip(&root_weight)
                .map(|(y, w)| y * w)
                .collect(),
            root_weight,
            fitted: Vec::new(),
            non_negative: Vec::new(),
        };
        for index in 0..=problem.terms.len() {
            if problem.lower[index] < problem.upper[index] {
                basis.fitted.push(index);
                basis.non_negative.push(true);
                continue;
            }
            if index > 0 {
                let slopes = &problem.terms[index - 1].slopes;
                let free = |l: usize| {
                    let p = 1 + problem.terms.len() + l;
                    problem.lower[p] < problem.upper[p]
                };
                if slopes.iter().any(|(l, ..)| free(*l)) {
                    return None;
                }
            }
            let theta = &problem.lower[1 + problem.terms.len()..];
            let column = basis.column(index, theta);
            add_scaled(&mut basis.target, -exp(problem.lower[index]), &column);
        }
        Some(basis)
    }

    fn column(&self, index: usize, theta: &[f64]) -> Vec<f64> {
        if index == 0 {
            return self.root_weight.clone();
        }
        let term = &self.problem.terms[index - 1];
        let mut logs = match &term.offset {
            Some((offset, _)) => offset.clone(),
            None => vec![0.0; self.root_weight.len()],
        };
        for (l, u, _) in &term.slopes {
            add_scaled(&mut logs, theta[*l], u);
        }
        for (log, weight) in logs.iter_mut().zip(&self.root_weight) {
            *log = exp(*log) * weight;
        }
        logs
    }

    /// θ with the exponents of terms whose coefficient is 0 set to the middle of where starts are drawn from;
    /// `None` when no coefficient is 0. Such exponents have no say and would stay wherever they were when the
    /// term vanished.
    pub(super) fn revived(&self, theta: &[f64], coefficients: &[f64]) -> Option<Vec<f64>> {
        let mut revived = theta.to_vec();
        for (&index, &c) in self.fitted.iter().zip(coefficients) {
            if c == 0.0 && index > 0 {
                for (l, ..) in &self.problem.terms[index - 1].slopes {
                    revived[*l] = self.problem.middle[*l];
                }
            }
        }
        (revived != theta).then_some(revived)
    }

    /// Unknowns of the problem from θ and the fitted coefficients; those of 0 become `share` of the mean
    /// loss.
    pub(super) fn unknowns(&self, theta: &[f64], coefficients: &[f64], share: f64) -> Vec<f64> {
        let mean = self.problem.loss.iter().sum::<f64>() / self.problem.loss.len() as f64;
        let mut x = self.problem.lower[..=self.problem.terms.len()].to_vec();
        for (&index, &c) in self.fitted.iter().zip(coefficients) {
            x[index] = c.max(share * mean).ln().max(self.problem.lower[index]);
        }
        x.extend_from_slice(theta);
        x
    }
}

impl Basis for PowerBasis<'_> {
    fn target(&self) -> &[f64] {
        &self.target
    }

    fn non_negative(&self) -> &[bool] {
        &self.non_negative
    }

    fn bounds(&self) -> (&[f64], &[f64]) {
        let first = 1 + self.problem.terms.len();
        (&self.problem.lower[first..], &self.problem.upper[first..])
    }

    fn columns(&self, theta: &[f64]) -> Vec<Vec<f64>> {
        self.fitted
            .iter()
            .map(|&index| self.column(index, theta))
            .collect()
    }

    fn derivative(&self, _theta: &[f64], columns: &[Vec<f64>], coefficients: &[f64], l: usize) -> Vec<f64> {
        let mut sum = vec![0.0; self.root_weight.len()];
        for ((&index, column), &c) in self.fitted.iter().zip(columns).zip(coefficients) {
            if index == 0 || c == 0.0 {
                continue;
            }
            for (_, u, _) in self.problem.terms[index - 1]
                .slopes
                .iter()
                .filter(|slope| slope.0 == l)
            {
                for ((sum, column), u) in sum.iter_mut().zip(column).zip(u) {
                    *sum += c * column * u;
                }
            }
        }
        sum
    }
}
