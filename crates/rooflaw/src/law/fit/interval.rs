//! Intervals of parameters and of predictions.

use super::Objective;
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal};

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

/// The interval of a loss that members of an ensemble, such as bootstrap refits, predict: where a mixture of
/// normal distributions of `ln L`, one around each member with standard deviation `sigma`, leaves
/// `(1 − coverage)/2` on either side. `None` without members, with one that is not a positive number,
/// or with a negative or unknown `sigma`.
///
/// With `sigma` 0 it is the interval of the law's mean: the members' own percentiles. With the scatter of runs
/// about the law, [`residual_scale`], it is that of a new run.
#[must_use]
pub fn prediction_interval(members: &[f64], sigma: f64, coverage: f64) -> Option<(f64, f64)> {
    let good = |member: &f64| *member > 0.0 && member.is_finite();
    if members.is_empty() || !members.iter().all(good) || !(sigma >= 0.0 && sigma.is_finite()) {
        return None;
    }
    let mut logs: Vec<f64> = members.iter().map(|member| member.ln()).collect();
    logs.sort_by(f64::total_cmp);
    let tail = 0.5 * (1.0 - coverage);
    let at = |share: f64| mixture_quantile(&logs, sigma, share).exp();
    Some((at(tail), at(1.0 - tail)))
}

/// The quantile of the mixture, of sorted centres.
fn mixture_quantile(centres: &[f64], sigma: f64, share: f64) -> f64 {
    let Ok(normal) = Normal::new(0.0, sigma) else {
        return quantile(centres, share);
    };
    // The mixture's quantile lies between those of its members.
    let reach = normal.inverse_cdf(share.clamp(1e-12, 1.0 - 1e-12));
    let (mut low, mut high) = (centres[0] + reach, centres[centres.len() - 1] + reach);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        let below: f64 = centres.iter().map(|centre| normal.cdf(middle - centre)).sum();
        if below < share * centres.len() as f64 {
            low = middle;
        } else {
            high = middle;
        }
        if high - low <= 1e-12 {
            break;
        }
    }
    0.5 * (low + high)
}

/// The quantile of sorted values, linear between them (Hyndman & Fan 1996, type 7); NaN of none.
pub(super) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let position = share.clamp(0.0, 1.0) * last as f64;
    let below = position.floor() as usize;
    let above = sorted[(below + 1).min(last)];
    sorted[below] + (position - below as f64) * (above - sorted[below])
}

/// The scatter of runs about a law, `σ` of `ln L`, from the residuals of `ln L` of a fit with `parameters`
/// free numbers: `√(Σ r²/(n − p))`, and with Huber's loss, which the few runs farthest from the law must not
/// sway, the 90th percentile of `|r|` over that of a normal distribution, 1.6449, times `√(n/(n − p))`. What
/// robust fits leave over has heavy tails: the median, usual in this place, would give intervals that hold far
/// fewer runs than they say. NaN without more rows than parameters.
#[must_use]
pub fn residual_scale(objective: Objective, residuals: &[f64], parameters: usize) -> f64 {
    let Some(freedom) = residuals
        .len()
        .checked_sub(parameters)
        .filter(|freedom| *freedom > 0)
    else {
        return f64::NAN;
    };
    match objective {
        Objective::LeastSquares | Objective::LogLeastSquares => {
            (residuals.iter().map(|r| r * r).sum::<f64>() / freedom as f64).sqrt()
        }
        Objective::LogHuber { .. } => {
            let mut sizes: Vec<f64> = residuals.iter().map(|r| r.abs()).collect();
            sizes.sort_by(f64::total_cmp);
            quantile(&sizes, 0.9) / 1.644_853_627 * (residuals.len() as f64 / freedom as f64).sqrt()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_member_is_a_log_normal() {
        let (low, high) = prediction_interval(&[2.0], 0.1, 0.9).unwrap();
        assert!((low - 2.0 * (-0.164_485_36_f64).exp()).abs() < 1e-7);
        assert!((high - 2.0 * 0.164_485_36_f64.exp()).abs() < 1e-7);
    }

    #[test]
    fn without_scatter_the_members_percentiles() {
        let members: Vec<f64> = (0..=100).map(|i| (f64::from(i) * 0.01).exp()).collect();
        let (low, high) = prediction_interval(&members, 0.0, 0.9).unwrap();
        assert!((low.ln() - 0.05).abs() < 1e-12 && (high.ln() - 0.95).abs() < 1e-12);
        // Scatter far above their spread swallows it, and any at all widens.
        let wide = prediction_interval(&members, 10.0, 0.9).unwrap();
        assert!((wide.1.ln() - 0.5 - 16.448_536).abs() < 0.02);
        assert!(prediction_interval(&members, 0.01, 0.9).unwrap().1 > high);
    }

    #[test]
    fn no_interval_of_nothing() {
        assert_eq!(prediction_interval(&[], 0.1, 0.9), None);
        assert_eq!(prediction_interval(&[1.0, f64::NAN], 0.1, 0.9), None);
        assert!(quantile(&[], 0.5).is_nan());
        assert!(residual_scale(Objective::LeastSquares, &[0.1], 1).is_nan());
    }
}
