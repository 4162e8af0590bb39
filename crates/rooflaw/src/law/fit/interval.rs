//! Intervals of parameters and of predictions.

use serde::Serialize;

/// An interval that may be open on a side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Interval {
    /// Lower limit; `None` where the data set none (for a coefficient: it may be 0).
    pub low: Option<f64>,
    /// Upper limit; `None` where the data set none.
    pub high: Option<f64>,
}

impl Interval {
    /// Whether `value` lies within.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        self.low.is_none_or(|low| low <= value) && self.high.is_none_or(|high| value <= high)
    }

    /// Both limits, of a bounded interval.
    #[must_use]
    pub fn bounded(&self) -> Option<(f64, f64)> {
        self.low.zip(self.high)
    }
}
