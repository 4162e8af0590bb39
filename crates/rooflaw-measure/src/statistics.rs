//! What repeated timings say: their median, and how far it is known.

use serde::Serialize;

/// A normal distribution's standard deviation over its median absolute deviation (Rousseeuw & Croux 1993).
const DEVIATION_OVER_MAD: f64 = 1.4826;
/// The standard error of a normal sample's median over that of its mean: √(π/2).
const MEDIAN_OVER_MEAN: f64 = 1.253_314_137_315_500_3;

/// The median; `None` of nothing.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    Some(f64::midpoint(*sorted.get(sorted.len() / 2 - 1)?, upper))
}

/// The standard error of the median of values that are independent, from their median absolute deviation: a stray
/// sample, such as the first one while clocks rise, moves neither.
fn standard_error(values: &[f64]) -> f64 {
    let Some(centre) = median(values) else {
        return f64::INFINITY;
    };
    let distances: Vec<f64> = values.iter().map(|value| (value - centre).abs()).collect();
    let deviation = DEVIATION_OVER_MAD * median(&distances).unwrap_or(f64::INFINITY);
    MEDIAN_OVER_MEAN * deviation / (values.len() as f64).sqrt()
}

/// A time that was measured in several processes, several times in each.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Timing {
    /// The median of all samples, in their unit.
    pub median: f64,
    /// Its standard error, as a share of it: the larger of what the scatter of all samples and the scatter of the
    /// processes' medians say, since samples of one process share their place in memory.
    pub relative_error: f64,
    /// The standard deviation of all samples over their mean.
    pub spread: f64,
    /// Samples.
    pub n_samples: usize,
    /// Processes.
    pub n_repeats: usize,
}

impl Timing {
    /// Of the samples of each process; `None` without any.
    #[must_use]
    pub fn of(repeats: &[&[f64]]) -> Option<Timing> {
        let all: Vec<f64> = repeats
            .iter()
            .flat_map(|samples| samples.iter().copied())
            .collect();
        let centre = median(&all)?;
        let medians: Vec<f64> = repeats.iter().filter_map(|samples| median(samples)).collect();
        let between = if medians.len() > 1 {
            standard_error(&medians)
        } else {
            0.0
        };
        let n = all.len() as f64;
        let mean = all.iter().sum::<f64>() / n;
        let squares: f64 = all.iter().map(|value| (value - mean).powi(2)).sum();
        Some(Timing {
            median: centre,
            relative_error: standard_error(&all).max(between) / centre,
            spread: (squares / (n - 1.0).max(1.0)).sqrt() / mean,
            n_samples: all.len(),
            n_repeats: medians.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn a_stray_sample_moves_neither_figure_nor_error() {
        let calm = Timing::of(&[&[100.0, 101.0, 99.0, 100.0, 102.0]]).unwrap();
        let stray = Timing::of(&[&[100.0, 101.0, 99.0, 100.0, 900.0]]).unwrap();
        assert_eq!(calm.median, 100.0);
        assert_eq!((stray.median, stray.relative_error), (100.0, calm.relative_error));
        assert!(stray.spread > 1.0 && calm.spread < 0.02);
        // 1.2533 · 1.4826 · 1 / √5, of 100.
        assert!((calm.relative_error - 0.008_31).abs() < 1e-5, "{calm:?}");
    }

    #[test]
    fn processes_that_differ_count() {
        let (one, other) = ([100.0; 5], [110.0; 5]);
        assert_eq!(Timing::of(&[&one]).unwrap().relative_error, 0.0);
        let both = Timing::of(&[&one, &other]).unwrap();
        assert_eq!((both.median, both.n_samples, both.n_repeats), (105.0, 10, 2));
        // Of the two medians: 1.2533 · 1.4826 · 5 / √2, of 105.
        assert!((both.relative_error - 0.0626).abs() < 1e-4, "{both:?}");
        assert_eq!(Timing::of(&[]), None);
        assert_eq!(Timing::of(&[&[]]), None);
    }
}
