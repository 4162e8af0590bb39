//! Learning rates by step, as `transformers` computes them (`src/transformers/optimization.py`).

use super::Recipe;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// How the learning rate falls after the warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Schedule {
    /// On half a cosine (`get_cosine_with_min_lr_schedule_with_warmup`; arXiv 1608.03983 eq. 5 without restarts).
    Cosine {},
    /// Not at all (`get_constant_schedule_with_warmup`).
    Constant {},
    /// Not until the last steps, then on a line (`get_wsd_schedule`; arXiv 2404.06395 §4.2).
    WarmUpStableDecay {
        /// Share of the steps over which it falls.
        decay_fraction: f64,
    },
}

impl Recipe {
    /// The learning rate of a step; steps count from 0.
    #[must_use]
    pub fn learning_rate(&self, step: u64) -> f64 {
        let (n_steps, warm_up) = (self.n_steps(), self.warm_up_steps());
        if step < warm_up {
            return self.peak_learning_rate * (step as f64 / warm_up as f64);
        }
        let least = self.final_learning_rate / self.peak_learning_rate;
        let fallen = match self.schedule {
            Schedule::Constant {} => 1.0,
            Schedule::Cosine {} => {
                let after = n_steps.saturating_sub(warm_up).max(1);
                let progress = (step - warm_up) as f64 / after as f64;
                0.5 * (1.0 + (PI * progress.min(1.0)).cos())
            }
            Schedule::WarmUpStableDecay { decay_fraction } => {
                let decay = ((decay_fraction * n_steps as f64).ceil() as u64).min(n_steps - warm_up);
                let begin = n_steps - decay;
                let progress = step.saturating_sub(begin) as f64 / decay.max(1) as f64;
                1.0 - progress.min(1.0)
            }
        };
        self.peak_learning_rate * (fallen * (1.0 - least) + least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe;

    /// A recipe of 1,000 steps.
    fn thousand(schedule: Schedule) -> Recipe {
        let mut recipe = recipe::find("paper").unwrap();
        recipe.training_tokens = 1000.0 * recipe.tokens_per_step() as f64;
        recipe.schedule = schedule;
        recipe
    }

    fn assert_rates(recipe: &Recipe, expected: &[(u64, f64)]) {
        for &(step, expected) in expected {
            let found = recipe.learning_rate(step);
            assert!(
                (found - expected).abs() <= 1e-14 * expected.max(1e-4),
                "{step}: {found} {expected}"
            );
        }
    }

    /// What `transformers` 5.23.0 sets for `get_cosine_with_min_lr_schedule_with_warmup(optimizer, 2, 1000, min_lr=1e-6)` and a
    /// peak of 1e-4: the paper's recipe.
    #[test]
    fn cosine_is_that_of_transformers() {
        let recipe = thousand(Schedule::Cosine {});
        assert_eq!((recipe.n_steps(), recipe.warm_up_steps()), (1000, 2));
        let expected = [
            (0, 0.0),
            (1, 5e-05),
            (2, 0.0001),
            (3, 9.999975474746365e-05),
            (10, 9.998430465422304e-05),
            (100, 9.76632134834022e-05),
            (250, 8.566666743482443e-05),
            (500, 5.065582021996469e-05),
            (777, 1.2703497547902183e-05),
            (900, 3.4323420078339384e-06),
            (998, 1.0009810077151462e-06),
            (999, 1.0002452525363487e-06),
        ];
        assert_rates(&recipe, &expected);
        assert_eq!(recipe.learning_rate(1_000_000), recipe.final_learning_rate);
    }

    /// `get_constant_schedule_with_warmup(optimizer, 20)`, and `get_wsd_schedule(optimizer, num_decay_steps=200,
    /// num_training_steps=1000, num_warmup_steps=20, decay_type='linear', min_lr_ratio=0.1)` after its warm-up.
    #[test]
    fn others_are_those_of_transformers() {
        let mut recipe = thousand(Schedule::Constant {});
        (recipe.peak_learning_rate, recipe.final_learning_rate) = (3e-3, 3e-3);
        recipe.warm_up_fraction = 0.02;
        let expected = [
            (0, 0.0),
            (1, 0.00015),
            (3, 0.00045),
            (10, 0.0015),
            (20, 0.003),
            (999, 0.003),
        ];
        assert_rates(&recipe, &expected);
        recipe.final_learning_rate = 3e-4;
        recipe.schedule = Schedule::WarmUpStableDecay { decay_fraction: 0.2 };
        let expected = [
            (20, 0.003),
            (777, 0.003),
            (800, 0.003),
            (801, 0.0029865),
            (900, 0.00165),
            (998, 0.000327),
            (999, 0.0003135),
        ];
        assert_rates(&recipe, &expected);
    }

    #[test]
    fn every_step_has_a_rate_within_the_recipe() {
        let kinds = [
            Schedule::Cosine {},
            Schedule::Constant {},
            Schedule::WarmUpStableDecay { decay_fraction: 1.0 },
        ];
        for schedule in kinds {
            for (steps, warm_up_fraction) in [(1.0, 1.0), (1.0, 0.0), (3.0, 0.5), (7.0, 1.0)] {
                let mut recipe = thousand(schedule);
                recipe.training_tokens = steps * recipe.tokens_per_step() as f64;
                recipe.warm_up_fraction = warm_up_fraction;
                for step in 0..recipe.n_steps() {
                    let rate = recipe.learning_rate(step);
                    assert!((0.0..=recipe.peak_learning_rate * 1.000001).contains(&rate));
                }
            }
        }
    }
}
