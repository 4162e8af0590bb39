//! How well predictions agree with losses.

use serde::Serialize;

/// Agreement of predicted with actual losses; unweighted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Quality {
    /// Rows compared.
    pub rows: usize,
    /// Share of the variance explained, `1 − Σ(ŷ−y)²/Σ(y−ȳ)²`.
    pub r_squared: f64,
    /// Mean absolute error, in the unit of the loss.
    pub mae: f64,
    /// Mean relative error, `mean |ŷ−y|/y`, a fraction.
    pub mre: f64,
    /// Root of the mean squared error, in the unit of the loss.
    pub rmse: f64,
    /// Root of the mean squared error of the natural logarithm of the loss.
    pub rmsle: f64,
}

impl Quality {
    /// Compares predictions with losses, row by row; all NaN without rows.
    #[must_use]
    pub fn of(predicted: &[f64], actual: &[f64]) -> Quality {
        let n = actual.len().min(predicted.len());
        let rows = n as f64;
        let mean = actual.iter().sum::<f64>() / rows;
        let average = |term: fn(f64, f64) -> f64| {
            predicted
                .iter()
                .zip(actual)
                .map(|(&p, &y)| term(p, y))
                .sum::<f64>()
                / rows
        };
        let variance = actual.iter().map(|y| (y - mean) * (y - mean)).sum::<f64>() / rows;
        let squared = average(|p, y| (p - y) * (p - y));
        Quality {
            rows: n,
            r_squared: 1.0 - squared / variance,
            mae: average(|p, y| (p - y).abs()),
            mre: average(|p, y| ((p - y) / y).abs()),
            rmse: squared.sqrt(),
            rmsle: average(|p, y| (p / y).ln().powi(2)).sqrt(),
        }
    }
}
