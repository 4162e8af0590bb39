//! Repeats of one timing to one figure.

/// A time, and how well it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Time {
    /// In the unit of the samples.
    pub(super) value: f64,
    /// The standard deviation of the repeats over their mean.
    pub(super) spread: Option<f64>,
    /// How many there are.
    pub(super) repeats: Option<u32>,
}

impl Time {
    /// The median of samples and their spread; `None` where a sample is no positive number, or there is none.
    pub(super) fn of_samples(samples: &[f64]) -> Option<Time> {
        let is_time = |sample: &f64| *sample > 0.0 && sample.is_finite();
        if samples.is_empty() || !samples.iter().all(is_time) {
            return None;
        }
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let value = if sorted.len().is_multiple_of(2) {
            // Halved before they are added: the sum of two numbers may leave the range of numbers.
            sorted[middle - 1] / 2.0 + sorted[middle] / 2.0
        } else {
            sorted[middle]
        };
        let n = samples.len() as f64;
        let mean = samples.iter().map(|sample| sample / n).sum::<f64>();
        let square = |sample: &f64| (sample / mean - 1.0).powi(2);
        let deviation = (samples.iter().map(square).sum::<f64>() / (n - 1.0)).sqrt();
        Some(Time {
            value,
            spread: Some(deviation).filter(|spread| samples.len() > 1 && spread.is_finite()),
            repeats: u32::try_from(samples.len()).ok(),
        })
    }

    /// A mean with its standard deviation. A deviation of exactly zero is that of one repeat, or of rounded figures, and
    /// says nothing.
    pub(super) fn of_mean(mean: f64, deviation: Option<f64>, repeats: Option<u32>) -> Option<Time> {
        let spread = deviation.map(|deviation| deviation / mean);
        (mean > 0.0 && mean.is_finite()).then_some(Time {
            value: mean,
            spread: spread.filter(|spread| *spread > 0.0 && spread.is_finite()),
            repeats,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_withstands_an_outlier_and_the_spread_shows_it() {
        let time = Time::of_samples(&[100.0, 101.0, 99.0, 100.0, 200.0]).unwrap();
        assert_eq!((time.value, time.repeats), (100.0, Some(5)));
        // Mean 120, squares of deviations 400 + 361 + 441 + 400 + 6400 = 8002, over 4.
        assert!((time.spread.unwrap() - (8002.0_f64 / 4.0).sqrt() / 120.0).abs() < 1e-15);
        assert_eq!(Time::of_samples(&[1.0, 2.0]).unwrap().value, 1.5);
        let one = Time::of_samples(&[3.0]).unwrap();
        assert_eq!((one.value, one.spread, one.repeats), (3.0, None, Some(1)));
        let huge = Time::of_samples(&[1e308, 1e308]).unwrap();
        assert_eq!((huge.value, huge.spread), (1e308, Some(0.0)));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for samples in [&[][..], &[0.0], &[1.0, -1.0], &[f64::NAN], &[1.0, f64::INFINITY]] {
            assert_eq!(Time::of_samples(samples), None);
        }
        assert_eq!(Time::of_mean(0.0, None, None), None);
        assert_eq!(Time::of_mean(2.0, Some(0.0), None).unwrap().spread, None);
        assert_eq!(Time::of_mean(2.0, Some(0.5), None).unwrap().spread, Some(0.25));
    }
}
