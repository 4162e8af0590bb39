//! What is minimised and where from.

use serde::Serialize;

/// What a fit minimises. The sums run over rows, each multiplied by its weight.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum Objective {
    /// `Σ (y − ŷ)²`, by variable projection.
    LeastSquares,
    /// `Σ (ln y − ln ŷ)²`.
    LogLeastSquares,
    /// `Σ ρ_δ(ln y − ln ŷ)` with Huber's `ρ_δ(r) = r²/2` for `|r| ≤ δ`, else `δ(|r| − δ/2)`: Hoffmann et al.
    /// 2022 (δ = 1e-3), Gemstones (δ = 1e-4).
    LogHuber {
        /// Where the square turns into an absolute value; positive.
        delta: f64,
    },
}

/// Where one descent begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// One value for each of [`super::Form::exponents`].
    pub exponents: Vec<f64>,
    /// Natural logarithms of the irreducible loss and of each term's coefficient. Without them, and in least
    /// squares on the loss, the descent begins at the best coefficients for the exponents.
    pub log_coefficients: Option<Vec<f64>>,
}

impl Start {
    /// Begins at exponents, with the best coefficients for them.
    #[must_use]
    pub fn at(exponents: Vec<f64>) -> Start {
        Start {
            exponents,
            log_coefficients: None,
        }
    }
}

/// Where descents begin.
#[derive(Clone, Debug, PartialEq)]
pub enum Starts {
    /// Exponents drawn uniformly from [`super::ExponentParameter::start`].
    Random {
        /// How many.
        count: usize,
        /// Equal seeds give equal fits, on any machine and number of cores.
        seed: u64,
    },
    /// These.
    Given(Vec<Start>),
}
