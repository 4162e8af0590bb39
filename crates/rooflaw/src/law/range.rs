//! The range a law was fitted on, and what lies outside it.

use super::{Feature, Features};
use serde::Serialize;
use std::fmt;

/// Smallest and largest value of each feature over the fitted runs; `None` where it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct FittedRange {
    bounds: [Option<(f64, f64)>; Feature::COUNT],
}

/// A feature outside the range a law was fitted on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Extrapolation {
    /// The feature.
    pub feature: Feature,
    /// Its value.
    pub value: f64,
    /// The bound it passes.
    pub bound: f64,
}

impl Extrapolation {
    /// How far outside: value over bound, or bound over value, whichever exceeds 1.
    #[must_use]
    pub fn factor(&self) -> f64 {
        (self.value / self.bound).max(self.bound / self.value)
    }
}

/// Four significant digits, trailing zeros cut: `0.0625`, `3.5`, `1024`.
fn short(value: f64) -> String {
    if value >= 1000.0 {
        return format!("{value:.0}");
    }
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl fmt::Display for Extrapolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = if self.value > self.bound { "above" } else { "below" };
        let (value, bound) = (short(self.value), short(self.bound));
        write!(
            f,
            "{} = {value} is {side} the fitted {bound} by a factor of {:.2}",
            self.feature,
            self.factor()
        )
    }
}

impl FittedRange {
    /// Sets the range of a feature.
    pub fn set(&mut self, feature: Feature, min: f64, max: f64) {
        self.bounds[feature as usize] = Some((min, max));
    }

    /// The range of a feature, if it is known.
    #[must_use]
    pub const fn get(&self, feature: Feature) -> Option<(f64, f64)> {
        self.bounds[feature as usize]
    }

    /// The features that lie outside, in the order of [`Feature::ALL`].
    #[must_use]
    pub fn extrapolations(&self, features: &Features) -> Vec<Extrapolation> {
        let outside = |feature: Feature| {
            let (min, max) = self.get(feature)?;
            let value = features.get(feature);
            let bound = if value < min {
                min
            } else if value > max {
                max
            } else {
                return None;
            };
            Some(Extrapolation {
                feature,
                value,
                bound,
            })
        };
        Feature::ALL.into_iter().filter_map(outside).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_in_which_variable_and_how_far() {
        let mut range = FittedRange::default();
        range.set(Feature::NLayers, 4.0, 32.0);
        range.set(Feature::HiddenSize, 768.0, 3072.0);
        let found = range.extrapolations(&Features::new(64.0, 512.0, 4.0, 1.0, 64.0));
        assert_eq!(
            found[0].to_string(),
            "n_layers = 64 is above the fitted 32 by a factor of 2.00"
        );
        assert_eq!(
            found[1].to_string(),
            "hidden_size = 512 is below the fitted 768 by a factor of 1.50"
        );
        assert_eq!(found.len(), 2);
    }
}
