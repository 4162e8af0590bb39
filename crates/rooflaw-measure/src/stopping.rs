//! When a model has been measured often enough.

use crate::Timing;

/// When to stop repeating.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StoppingRule {
    /// The largest standard error of a median, as a share of it.
    pub spread: f64,
    /// Processes at least: one alone cannot show how far they differ.
    pub min_repeats: usize,
    /// Processes at most.
    pub max_repeats: usize,
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Another process.
    Repeat,
    /// Known well enough.
    Enough,
    /// As many as allowed, and not known well enough.
    GiveUp,
}

impl StoppingRule {
    /// What to do after `n_done` processes, those among them in which the machine was busy included, of which the
    /// others gave these timings.
    #[must_use]
    pub fn decide(&self, timings: &[Timing], n_done: usize) -> Decision {
        let is_known =
            |timing: &Timing| timing.n_repeats >= self.min_repeats && timing.relative_error <= self.spread;
        if !timings.is_empty() && timings.iter().all(is_known) {
            Decision::Enough
        } else if n_done >= self.max_repeats {
            Decision::GiveUp
        } else {
            Decision::Repeat
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(relative_error: f64, n_repeats: usize) -> Timing {
        Timing {
            median: 1.0,
            relative_error,
            spread: 0.0,
            n_samples: 5 * n_repeats,
            n_repeats,
        }
    }

    #[test]
    fn every_timing_has_to_be_known() {
        let rule = StoppingRule {
            spread: 0.02,
            min_repeats: 2,
            max_repeats: 4,
        };
        for (timings, n_done, expected) in [
            (vec![], 1, Decision::Repeat),
            (vec![timing(0.0, 1)], 1, Decision::Repeat),
            (vec![timing(0.02, 2), timing(0.01, 2)], 2, Decision::Enough),
            (vec![timing(0.021, 2), timing(0.01, 2)], 2, Decision::Repeat),
            (vec![timing(0.021, 3)], 4, Decision::GiveUp),
            (vec![timing(0.02, 4)], 4, Decision::Enough),
            (vec![timing(f64::NAN, 3)], 3, Decision::Repeat),
            (vec![], 4, Decision::GiveUp),
        ] {
            assert_eq!(rule.decide(&timings, n_done), expected, "{timings:?} {n_done}");
        }
    }
}
