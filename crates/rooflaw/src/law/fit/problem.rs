//! A form over observations, as the solvers want it: one column of logarithms for each term and exponent.
//!
//! Columns are centred: with `c' = c · Π x̄^e` (`x̄` the geometric mean) in place of `c`, coefficient and
//! exponent of a term are nearly uncorrelated, where `c` spans ten orders of magnitude and follows the
//! exponent.

use super::columns::add_scaled;
use super::{Coefficient, Exponent, ExponentParameter, FitError, Form, FormTerm, Observations};
use crate::law::MAX_TERMS;

/// Most exponents that a form can have.
const MAX_EXPONENTS: usize = 16;

/// `ln(term) = ℓ + Σ θ u + offset`.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// Parameter index into θ, the centred logarithms, and the mean taken away.
    pub(super) slopes: Vec<(usize, Vec<f64>, f64)>,
    /// The part with fixed exponents, centred, and its mean; absent without such exponents.
    pub(super) offset: Option<(Vec<f64>, f64)>,
}

/// What residuals are measured in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scale {
    /// The loss itself.
    Absolute,
    /// Shares of the loss: the logarithm, or what equals it to first order.
    Relative,
}

/// The unknowns are `[ln E, ln c'₁ …, θ₁ …]`.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) loss: Vec<f64>,
    /// What joint descents approximate: the loss or, unless [`Problem::in_loss`] says otherwise, its
    /// logarithm.
    pub(super) target: Vec<f64>,
    pub(super) scale: Scale,
    pub(super) weight: Vec<f64>,
    pub(super) terms: Vec<Column>,
    pub(super) n_exponents: usize,
    /// The middle of the interval that each exponent's random starts are drawn from.
    pub(super) middle: Vec<f64>,
    /// Bounds of the unknowns; equal ones for a fixed unknown.
    pub(super) lower: Vec<f64>,
    pub(super) upper: Vec<f64>,
}

/// The logarithm that stands for a coefficient of 0.
pub(super) const LOG_ZERO: f64 = -700.0;

impl Problem {
    pub(super) fn new(form: &Form, observations: &Observations) -> Result<Problem, FitError> {
        let n_exponents = form.exponents.len();
        let wrong = |what: String| FitError::Form { what };
        if form.terms.is_empty() || form.terms.len() > MAX_TERMS || n_exponents > MAX_EXPONENTS {
            return Err(wrong(format!(
                "{} terms and {n_exponents} exponents: expected 1 to {MAX_TERMS} and at most {MAX_EXPONENTS}",
                form.terms.len()
            )));
        }
        let (rows, parameters) = (observations.n_rows(), form.n_free());
        if rows < parameters {
            return Err(FitError::TooFewRows { rows, parameters });
        }
        let (mut lower, mut upper) = (Vec::new(), Vec::new());
        let coefficients = form
            .terms
            .iter()
            .map(|term| (term.name.as_str(), term.coefficient));
        for (name, coefficient) in
            std::iter::once(("irreducible loss", form.irreducible_loss)).chain(coefficients)
        {
            let (least, most) = match coefficient {
                Coefficient::Free => (LOG_ZERO, -LOG_ZERO),
                Coefficient::Fixed(value) if value >= 0.0 && value.is_finite() => {
                    let log = value.ln().max(LOG_ZERO);
                    (log, log)
                }
                Coefficient::Fixed(value) => {
                    return Err(wrong(format!(
                        "coefficient of `{name}` is fixed at {value}: expected at least 0"
                    )));
                }
            };
            lower.push(least);
            upper.push(most);
        }
        for exponent in &form.exponents {
            // Written so that NaN is refused too.
            if !(exponent.lower <= exponent.upper && exponent.start.0 <= exponent.start.1) {
                return Err(wrong(format!("bounds of `{}` are out of order", exponent.name)));
            }
            lower.push(exponent.lower);
            upper.push(exponent.upper);
        }
        let mut terms = Vec::new();
        for term in &form.terms {
            terms.push(column(term, &form.exponents, observations)?);
        }
        Ok(Problem {
            target: observations.loss.iter().map(|loss| loss.ln()).collect(),
            scale: Scale::Relative,
            loss: observations.loss.clone(),
            weight: observations.weight.clone(),
            terms,
            n_exponents,
            middle: form
                .exponents
                .iter()
                .map(|exponent| 0.5 * (exponent.start.0 + exponent.start.1))
                .collect(),
            lower,
            upper,
        })
    }

    /// The same with residuals `y − ŷ` in joint descents.
    pub(super) fn in_loss(mut self) -> Problem {
        self.target.clone_from(&self.loss);
        self.scale = Scale::Absolute;
        self
    }

    pub(super) const fn n_rows(&self) -> usize {
        self.loss.len()
    }

    /// How many unknowns, fixed ones included.
    pub(super) const fn n_unknowns(&self) -> usize {
        1 + self.terms.len() + self.n_exponents
    }

    /// `E` and the coefficients, from unknowns.
    pub(super) fn coefficients(&self, x: &[f64]) -> Vec<f64> {
        let value = |centred: f64, shift: f64| {
            if centred <= LOG_ZERO {
                0.0
            } else {
                (centred - shift).exp()
            }
        };
        let mut coefficients = vec![value(x[0], 0.0)];
        for (term, &centred) in self.terms.iter().zip(&x[1..]) {
            coefficients.push(value(centred, self.shift(term, x)));
        }
        coefficients
    }

    /// Unknowns from the logarithms of `E` and the coefficients, and exponents.
    pub(super) fn unknowns(&self, log_coefficients: &[f64], exponents: &[f64]) -> Vec<f64> {
        let mut x = self.unbounded(log_coefficients, exponents);
        for (index, x) in x.iter_mut().enumerate() {
            *x = x.clamp(self.lower[index], self.upper[index]);
        }
        x
    }

    /// The same wherever the bounds are.
    pub(super) fn unbounded(&self, log_coefficients: &[f64], exponents: &[f64]) -> Vec<f64> {
        let mut x = log_coefficients.to_vec();
        x.extend_from_slice(exponents);
        for (index, term) in self.terms.iter().enumerate() {
            x[1 + index] += self.shift(term, &x);
        }
        x
    }

    /// `x` with every free coefficient that has all but vanished at a thousandth of the mean loss, and the
    /// exponents of its term in the middle of where starts are drawn from; `None` when none has.
    pub(super) fn revived(&self, x: &[f64]) -> Option<Vec<f64>> {
        let mean = self.loss.iter().sum::<f64>() / self.loss.len() as f64;
        let mut revived = x.to_vec();
        let gone = |p: usize| self.lower[p] < self.upper[p] && x[p] < (1e-6 * mean).ln();
        for p in (0..=self.terms.len()).filter(|&p| gone(p)) {
            revived[p] = (super::REVIVED * mean).ln();
            if p > 0 {
                for (l, ..) in &self.terms[p - 1].slopes {
                    let q = 1 + self.terms.len() + l;
                    revived[q] = self.middle[*l].clamp(self.lower[q], self.upper[q]);
                }
            }
        }
        (revived != x).then_some(revived)
    }

    fn shift(&self, term: &Column, x: &[f64]) -> f64 {
        let exponents = &x[1 + self.terms.len()..];
        let slopes: f64 = term.slopes.iter().map(|(l, _, mean)| exponents[*l] * mean).sum();
        slopes + term.offset.as_ref().map_or(0.0, |(_, mean)| *mean)
    }

    /// Every `stride`-th row.
    pub(super) fn thinned(&self, stride: usize) -> Problem {
        let thin = |column: &Vec<f64>| -> Vec<f64> { column.iter().step_by(stride).copied().collect() };
        Problem {
            loss: thin(&self.loss),
            target: thin(&self.target),
            scale: self.scale,
            weight: thin(&self.weight),
            terms: self
                .terms
                .iter()
                .map(|term| Column {
                    slopes: term
                        .slopes
                        .iter()
                        .map(|(l, u, mean)| (*l, thin(u), *mean))
                        .collect(),
                    offset: term.offset.as_ref().map(|(offset, mean)| (thin(offset), *mean)),
                })
                .collect(),
            n_exponents: self.n_exponents,
            middle: self.middle.clone(),
            lower: self.lower.clone(),
            upper: self.upper.clone(),
        }
    }
}

/// The logarithms of one term.
fn column(
    term: &FormTerm,
    exponents: &[ExponentParameter],
    observations: &Observations,
) -> Result<Column, FitError> {
    let n = observations.n_rows();
    let mut slopes: Vec<(usize, Vec<f64>, f64)> = Vec::new();
    let mut offset: Option<(Vec<f64>, f64)> = None;
    for (variable, exponent) in &term.powers {
        let logs = observations.log_of(variable)?;
        let (target, factor) = match *exponent {
            Exponent::Parameter { parameter, factor } => {
                if parameter >= exponents.len() {
                    let what = format!(
                        "term `{}` names exponent {parameter} of {}",
                        term.name,
                        exponents.len()
                    );
                    return Err(FitError::Form { what });
                }
                let found = slopes.iter().position(|(l, ..)| *l == parameter);
                let index = found.unwrap_or_else(|| {
                    slopes.push((parameter, vec![0.0; n], 0.0));
                    slopes.len() - 1
                });
                (&mut slopes[index].1, factor)
            }
            Exponent::Fixed(value) => (&mut offset.get_or_insert_with(|| (vec![0.0; n], 0.0)).0, value),
        };
        add_scaled(target, factor, logs);
    }
    for (l, u, _) in &slopes {
        let (low, high) = u
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &u| {
                (low.min(u), high.max(u))
            });
        if high - low < 1e-9 {
            let of_exponent = |power: &&(String, Exponent)| match power.1 {
                Exponent::Parameter { parameter, .. } => parameter == *l,
                Exponent::Fixed(_) => false,
            };
            let names: Vec<&str> = term
                .powers
                .iter()
                .filter(of_exponent)
                .map(|power| power.0.as_str())
                .collect();
            return Err(FitError::Constant {
                variable: names.join(" · "),
                exponent: exponents[*l].name.clone(),
            });
        }
    }
    // A fixed coefficient is fixed in the original variables: there centring would tie it to the exponents.
    if term.coefficient == Coefficient::Free {
        let columns = slopes.iter_mut().map(|(_, u, mean)| (u, mean));
        for (u, mean) in columns.chain(offset.iter_mut().map(|(u, mean)| (u, mean))) {
            *mean = u.iter().sum::<f64>() / n as f64;
            u.iter_mut().for_each(|u| *u -= *mean);
        }
    }
    Ok(Column { slopes, offset })
}
