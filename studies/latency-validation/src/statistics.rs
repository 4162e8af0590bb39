//! Errors summed up.

use crate::folds::Predicted;
use std::fmt::Write as _;

/// How predictions compare with measurements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Measurements.
    pub n: usize,
    /// Median of |predicted / measured − 1|.
    pub median_error: f64,
    /// Its 90th percentile.
    pub p90_error: f64,
    /// Median of predicted / measured.
    pub median_ratio: f64,
    /// Share of measurements inside their interval.
    pub coverage: f64,
    /// Median of upper over lower end of the interval.
    pub median_width: f64,
}

/// A quantile of unordered numbers, linear between neighbours; NaN without any.
#[must_use]
pub fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let Some(last) = values.len().checked_sub(1) else {
        return f64::NAN;
    };
    let at = share * last as f64;
    let (below, above) = (values[at.floor() as usize], values[at.ceil() as usize]);
    below + (above - below) * at.fract()
}

/// |predicted / measured − 1| of each.
#[must_use]
pub fn errors<'a: 'b, 'b>(predicted: impl Iterator<Item = &'b Predicted<'a>>) -> Vec<f64> {
    predicted
        .map(|one| (one.interval.predicted_s / one.measured_s() - 1.0).abs())
        .collect()
}

impl Summary {
    /// Sums up predictions.
    #[must_use]
    pub fn of<'a: 'b, 'b>(predicted: impl Iterator<Item = &'b Predicted<'a>> + Clone) -> Summary {
        let n = predicted.clone().count();
        let values = |of: fn(&Predicted<'_>) -> f64| predicted.clone().map(of).collect::<Vec<f64>>();
        let errors = errors(predicted.clone());
        let inside = predicted.clone().filter(|one| one.distance() <= 1.0).count();
        Summary {
            n,
            median_error: quantile(errors.clone(), 0.5),
            p90_error: quantile(errors, 0.9),
            median_ratio: quantile(values(|one| one.interval.predicted_s / one.measured_s()), 0.5),
            coverage: inside as f64 / n as f64,
            median_width: quantile(values(|one| one.interval.high_s / one.interval.low_s), 0.5),
        }
    }

    /// Cells of a Markdown table: rows, median error, 90th percentile, ratio, coverage, width.
    #[must_use]
    pub fn cells(&self) -> String {
        let mut cells = String::new();
        // Writing to a string cannot fail.
        let _ = write!(
            cells,
            "{} | {} | {} | {:.2} | {:.0} % | {:.2} |",
            self.n,
            percent(self.median_error),
            percent(self.p90_error),
            self.median_ratio,
            100.0 * self.coverage,
            self.median_width
        );
        cells
    }
}

/// A share with one decimal where that matters.
#[must_use]
pub fn percent(share: f64) -> String {
    if share < 0.2 {
        format!("{:.1} %", 100.0 * share)
    } else {
        format!("{:.0} %", 100.0 * share)
    }
}
