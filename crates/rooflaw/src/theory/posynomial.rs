//! Sums of powers with positive coefficients: convex functions of the logarithms of their variables.

use super::{Shape, ShapeVariable};
use nalgebra::{SMatrix, SVector};
use serde::Serialize;

/// Logarithms of the variables, and gradients in them.
pub(super) type Vector = SVector<f64, { ShapeVariable::COUNT }>;
/// Second derivatives in the logarithms.
pub(super) type Matrix = SMatrix<f64, { ShapeVariable::COUNT }, { ShapeVariable::COUNT }>;

/// The logarithms of a shape.
pub(super) fn logs(shape: &Shape) -> Vector {
    Vector::from(shape.values().map(f64::ln))
}

/// The shape of logarithms.
pub(super) fn shape_of(logs: &Vector) -> Shape {
    Shape::from_values((*logs).map(f64::exp).into())
}

/// `coefficient · Π variable^exponent`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Monomial {
    /// The factor in front, positive.
    pub coefficient: f64,
    /// Exponents, in the order of [`ShapeVariable::ALL`].
    pub exponents: [f64; ShapeVariable::COUNT],
}

/// A sum of [`Monomial`]s.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Posynomial {
    /// The terms.
    pub terms: Vec<Monomial>,
}

/// A function of the logarithms with its derivatives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expansion {
    pub(super) value: f64,
    pub(super) gradient: Vector,
    pub(super) hessian: Matrix,
}

impl Monomial {
    /// The value at a shape.
    #[must_use]
    pub fn value(&self, shape: &Shape) -> f64 {
        self.at(&logs(shape))
    }

    fn at(&self, logs: &Vector) -> f64 {
        self.coefficient * Vector::from(self.exponents).dot(logs).exp()
    }

    /// The same times a positive number.
    #[must_use]
    pub fn scaled(mut self, factor: f64) -> Monomial {
        self.coefficient *= factor;
        self
    }
}

impl Posynomial {
    /// The value at a shape.
    #[must_use]
    pub fn value(&self, shape: &Shape) -> f64 {
        self.at(&logs(shape))
    }

    pub(super) fn at(&self, logs: &Vector) -> f64 {
        self.terms.iter().map(|term| term.at(logs)).sum()
    }

    /// The same times a positive number.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Posynomial {
        Posynomial {
            terms: self.terms.iter().map(|term| term.scaled(factor)).collect(),
        }
    }

    /// The sum of two.
    #[must_use]
    pub fn plus(&self, other: &Posynomial) -> Posynomial {
        Posynomial {
            terms: self.terms.iter().chain(&other.terms).copied().collect(),
        }
    }

    /// The sum with its derivatives.
    pub(super) fn expand(&self, logs: &Vector) -> Expansion {
        let mut sum = Expansion {
            value: 0.0,
            gradient: Vector::zeros(),
            hessian: Matrix::zeros(),
        };
        for term in &self.terms {
            let (value, exponents) = (term.at(logs), Vector::from(term.exponents));
            sum.value += value;
            sum.gradient += exponents * value;
            sum.hessian += exponents * exponents.transpose() * value;
        }
        sum
    }

    /// The logarithm of the sum with its derivatives: convex too.
    pub(super) fn expand_log(&self, logs: &Vector) -> Expansion {
        let sum = self.expand(logs);
        let gradient = sum.gradient / sum.value;
        Expansion {
            value: sum.value.ln(),
            gradient,
            hessian: sum.hessian / sum.value - gradient * gradient.transpose(),
        }
    }

    /// The sign that a variable's exponents have in common: −1, 0 (it is in no term) or 1; `None` where they differ.
    pub(super) fn direction(&self, variable: ShapeVariable) -> Option<i8> {
        let exponents = self.terms.iter().map(|term| term.exponents[variable as usize]);
        let (mut up, mut down) = (false, false);
        for exponent in exponents {
            up |= exponent > 0.0;
            down |= exponent < 0.0;
        }
        match (up, down) {
            (true, true) => None,
            (true, false) => Some(1),
            (false, true) => Some(-1),
            (false, false) => Some(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Derivatives against differences.
    #[test]
    fn derivatives_are_those_of_the_sum() {
        let posynomial = Posynomial {
            terms: vec![
                Monomial {
                    coefficient: 2.0,
                    exponents: [1.0, 2.0, 0.0, -1.0, 0.5],
                },
                Monomial {
                    coefficient: 0.3,
                    exponents: [-1.6, 0.3, -0.2, 1.1, 0.0],
                },
            ],
        };
        let at = Vector::from([0.3, -0.2, 0.5, -0.7, 0.1]);
        let step = 1e-5;
        for log in [false, true] {
            let expand = |at: &Vector| {
                if log {
                    posynomial.expand_log(at)
                } else {
                    posynomial.expand(at)
                }
            };
            let exact = expand(&at);
            for i in 0..ShapeVariable::COUNT {
                let mut ends = [at, at];
                ends[0][i] -= step;
                ends[1][i] += step;
                let [low, high] = ends.map(|end| expand(&end));
                let slope = (high.value - low.value) / (2.0 * step);
                assert!((slope - exact.gradient[i]).abs() < 1e-8, "{log} {i}");
                let curve = (high.gradient - low.gradient) / (2.0 * step);
                assert!((curve - exact.hessian.column(i)).norm() < 1e-8, "{log} {i}");
            }
        }
    }
}
