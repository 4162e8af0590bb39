//! Plans of training runs: textbook designs, exhaustive search, limits.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod limits;
mod optimum;
mod spaces;

use rooflaw::law::fit::{Coefficient, Exponent, Form, FormTerm, Values};
use rooflaw::plan::Candidates;

/// `y = E + Σ c x^power`, a term for each power: linear regression where losses have the same noise.
pub fn polynomial(powers: &[f64]) -> (Form, Values) {
    let term = |power: &f64| FormTerm {
        name: format!("x^{power}"),
        coefficient: Coefficient::Free,
        powers: vec![("x".to_owned(), Exponent::Fixed(*power))],
    };
    let form = Form {
        irreducible_loss: Coefficient::Free,
        exponents: Vec::new(),
        terms: powers.iter().map(term).collect(),
    };
    let values = Values {
        irreducible_loss: 1.0,
        coefficients: vec![1.0; powers.len()],
        exponents: Vec::new(),
    };
    (form, values)
}

/// Candidates at `x`, with a cost each.
pub fn line(x: &[f64], costs: &[f64]) -> Candidates {
    Candidates::from_variables(vec![("x".to_owned(), x.to_vec())], costs).unwrap()
}

/// `n` numbers from 1 to 3, evenly.
pub fn grid(n: usize) -> Vec<f64> {
    (0..n).map(|i| 1.0 + 2.0 * i as f64 / (n - 1) as f64).collect()
}
