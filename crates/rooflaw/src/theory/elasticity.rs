//! How the optimum scales: slopes of logarithms.

use super::{Optimum, Problem, Quantity, Shape, ShapeVariable};
use serde::Serialize;

/// A straight line through logarithms: `variable ∝ x^exponent`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PowerFit {
    /// The variable.
    pub variable: ShapeVariable,
    /// The exponent.
    pub exponent: f64,
    /// The share of the variance of the variable's logarithm that the line explains; 1 for a variable that stays.
    pub r_squared: f64,
}

/// The line of each variable through points `(x, shape)`; none of fewer than two different `x`.
#[must_use]
pub fn power_fits(points: &[(f64, Shape)]) -> Vec<PowerFit> {
    let n = points.len() as f64;
    let mean = |of: &dyn Fn(&(f64, Shape)) -> f64| points.iter().map(of).sum::<f64>() / n;
    let x_mean = mean(&|(x, _)| x.ln());
    let x_square = mean(&|(x, _)| (x.ln() - x_mean).powi(2));
    // Equal values differ by rounding.
    if points.len() < 2 || x_square.is_nan() || x_square < 1e-20 {
        return Vec::new();
    }
    let fit = |variable: ShapeVariable| {
        let log = |(_, shape): &(f64, Shape)| shape.get(variable).ln();
        let y_mean = mean(&log);
        let y_square = mean(&|point| (log(point) - y_mean).powi(2));
        let product = mean(&|point| (point.0.ln() - x_mean) * (log(point) - y_mean));
        // Rounding of equal logarithms.
        let stays = y_square < 1e-24;
        PowerFit {
            variable,
            exponent: if stays { 0.0 } else { product / x_square },
            r_squared: if stays {
                1.0
            } else {
                product * product / (x_square * y_square)
            },
        }
    };
    ShapeVariable::ALL.into_iter().map(fit).collect()
}

/// The optimum while something is swept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sweep {
    /// What was swept, and the optimum; values without a feasible shape are left out.
    pub points: Vec<(f64, Optimum)>,
}

impl Sweep {
    /// The optimum while the budgets that `which` names are those of the problem times each factor.
    #[must_use]
    pub fn of_budgets(problem: &Problem, factors: &[f64], which: impl Fn(Quantity) -> bool) -> Sweep {
        Sweep::over(factors, |factor| problem.with_budgets(factor, &which))
    }

    /// The optimum while one variable is held at each value.
    #[must_use]
    pub fn of_variable(problem: &Problem, variable: ShapeVariable, values: &[f64]) -> Sweep {
        Sweep::over(values, |value| problem.holding(variable, value))
    }

    fn over(values: &[f64], problem: impl Fn(f64) -> Problem) -> Sweep {
        let point = |&value: &f64| Some((value, problem(value).solve().ok()?));
        Sweep {
            points: values.iter().filter_map(point).collect(),
        }
    }

    /// The power that each variable follows.
    #[must_use]
    pub fn power_fits(&self) -> Vec<PowerFit> {
        let shapes: Vec<(f64, Shape)> = self.points.iter().map(|(x, found)| (*x, found.shape)).collect();
        power_fits(&shapes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_come_out() {
        let shape = |x: f64| Shape {
            n_layers: 3.0 * x.powf(-2.0),
            hidden_size: x,
            ffn_ratio: 1.5,
            activation_rate: x.powf(-1.19),
            gqa: x.sqrt(),
        };
        let points: Vec<(f64, Shape)> = [1.0, 2.0, 5.0].map(|x| (x, shape(x))).to_vec();
        let exponents: Vec<f64> = power_fits(&points).iter().map(|fit| fit.exponent).collect();
        for (found, expected) in exponents.iter().zip([-2.0, 1.0, 0.0, -1.19, 0.5]) {
            assert!((found - expected).abs() < 1e-12, "{exponents:?}");
        }
        assert!(
            power_fits(&points)
                .iter()
                .all(|fit| (fit.r_squared - 1.0).abs() < 1e-12)
        );
        assert!(power_fits(&points[..1]).is_empty());
    }
}
