//! Which experts a token goes to, and with what weights.

use super::simd::{exp, largest, sum_of, vectorised};
use crate::model::{Routing, Scoring};

/// Added to the sum of sigmoid scores before it divides them (DeepSeek-V3).
const SMALL: f32 = 1e-20;

/// Tokens' choice of experts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Router {
    pub(super) n_experts: usize,
    pub(super) experts_per_token: usize,
    pub(super) routing: Routing,
}

impl Router {
    /// Logits of some tokens become scores; of each token the chosen experts, best first, and their weights.
    ///
    /// `bias` is added to the scores for the choice alone.
    pub(super) fn choose(
        &self,
        scores: &mut [f32],
        bias: Option<&[f32]>,
        chosen: &mut [u32],
        weights: &mut [f32],
    ) {
        let k = self.experts_per_token;
        let tokens = scores
            .chunks_exact_mut(self.n_experts)
            .zip(chosen.chunks_exact_mut(k).zip(weights.chunks_exact_mut(k)));
        for (scores, (chosen, weights)) in tokens {
            self.score(scores);
            top(scores, bias, chosen);
            for (weight, &expert) in weights.iter_mut().zip(&*chosen) {
                *weight = scores[expert as usize];
            }
            let share = self.share(weights);
            for weight in weights {
                *weight *= share;
            }
        }
    }

    fn score(&self, scores: &mut [f32]) {
        vectorised(
            #[inline(always)]
            || match self.routing.scoring {
                Scoring::Softmax => {
                    let top = largest(scores);
                    for score in scores.iter_mut() {
                        *score = exp(*score - top);
                    }
                    let sum = sum_of(scores.len(), |i| scores[i]);
                    for score in scores.iter_mut() {
                        *score /= sum;
                    }
                }
                Scoring::Sigmoid => {
                    for score in scores.iter_mut() {
                        *score = super::simd::sigmoid(*score);
                    }
                }
            },
        );
    }

    /// What chosen scores are multiplied with.
    fn share(&self, chosen_scores: &[f32]) -> f32 {
        let scale = self.routing.scale as f32;
        if !self.routing.normalised {
            return scale;
        }
        let sum: f32 = chosen_scores.iter().sum();
        match self.routing.scoring {
            Scoring::Softmax => scale / sum,
            Scoring::Sigmoid => scale / (sum + SMALL),
        }
    }

    /// Gradients of one token's logits from those of its weights; `of_scores` are gradients that reach its scores otherwise
    /// (load balancing), if any, and become those of the logits.
    pub(super) fn back(&self, scores: &[f32], chosen: &[u32], d_weights: &[f32], of_scores: &mut [f32]) {
        let scale = self.routing.scale as f32;
        let score_of = |expert: u32| scores[expert as usize];
        if self.routing.normalised {
            let sum: f32 = chosen.iter().map(|&expert| score_of(expert)).sum();
            let along: f32 = chosen
                .iter()
                .zip(d_weights)
                .map(|(&expert, d)| d * score_of(expert))
                .sum();
            for (&expert, d) in chosen.iter().zip(d_weights) {
                of_scores[expert as usize] += scale * (d - along / sum) / sum;
            }
        } else {
            for (&expert, d) in chosen.iter().zip(d_weights) {
                of_scores[expert as usize] += scale * d;
            }
        }
        match self.routing.scoring {
            Scoring::Softmax => {
                let along: f32 = scores.iter().zip(&*of_scores).map(|(score, d)| score * d).sum();
                for (d, score) in of_scores.iter_mut().zip(scores) {
                    *d = score * (*d - along);
                }
            }
            Scoring::Sigmoid => {
                for (d, score) in of_scores.iter_mut().zip(scores) {
                    *d *= score * (1.0 - score);
                }
            }
        }
    }
}

/// The experts with the highest scores (biased, if so), best first; of equal ones the earlier.
fn top(scores: &[f32], bias: Option<&[f32]>, chosen: &mut [u32]) {
    let ranked = |expert: usize| scores[expert] + bias.map_or(0.0, |bias| bias[expert]);
    for place in 0..chosen.len() {
        let (before, here) = chosen.split_at_mut(place);
        let mut best = None;
        for expert in 0..scores.len() {
            let is_better = best.is_none_or(|(_, score)| ranked(expert) > score);
            if is_better && !before.contains(&(expert as u32)) {
                best = Some((expert, ranked(expert)));
            }
        }
        // There are at least as many experts as places; with scores that are not numbers the first ones are as good.
        here[0] = best.map_or(place, |(expert, _)| expert) as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routers() -> impl Iterator<Item = Router> {
        [Scoring::Softmax, Scoring::Sigmoid]
            .into_iter()
            .flat_map(|scoring| {
                [true, false].map(|normalised| Router {
                    n_experts: 5,
                    experts_per_token: 2,
                    routing: Routing {
                        scoring,
                        normalised,
                        scale: 2.5,
                    },
                })
            })
    }

    #[test]
    fn the_best_are_chosen_and_weigh_what_they_should() {
        for router in routers() {
            let mut scores = [0.1, 2.0, -1.0, 1.0, 2.0];
            let (mut chosen, mut weights) = ([9; 2], [0.0; 2]);
            router.choose(&mut scores, None, &mut chosen, &mut weights);
            assert_eq!(chosen, [1, 4]);
            if router.routing.normalised {
                assert!((weights[0] - 1.25).abs() < 1e-6);
            }
            let mut scores = [0.1, 2.0, -1.0, 1.0, 2.0];
            router.choose(
                &mut scores,
                Some(&[0.0, 0.0, 3.0, 0.0, -3.0]),
                &mut chosen,
                &mut weights,
            );
            assert_eq!(chosen, [2, 1], "the bias decides the choice");
            assert!(weights[0] < weights[1], "and not the weight");
        }
    }

    #[test]
    fn gradients_are_those_of_differences() {
        let logits = [0.1, 1.4, -0.6, 0.7, 0.9];
        let d_weights = [0.8, -0.3];
        let aux = [0.2, -0.1, 0.05, 0.3, -0.4];
        for router in routers() {
            let value = |logits: [f32; 5]| -> f64 {
                let (mut scores, mut chosen, mut weights) = (logits, [0; 2], [0.0; 2]);
                router.choose(&mut scores, None, &mut chosen, &mut weights);
                let of_weights: f32 = weights.iter().zip(d_weights).map(|(w, d)| w * d).sum();
                let of_scores: f32 = scores.iter().zip(aux).map(|(s, d)| s * d).sum();
                f64::from(of_weights + of_scores)
            };
            let (mut scores, mut chosen, mut weights) = (logits, [0; 2], [0.0; 2]);
            router.choose(&mut scores, None, &mut chosen, &mut weights);
            let mut found = aux;
            router.back(&scores, &chosen, &d_weights, &mut found);
            for at in 0..5 {
                let moved = |by: f32| {
                    let mut logits = logits;
                    logits[at] += by;
                    value(logits)
                };
                let slope = (moved(1e-2) - moved(-1e-2)) / 2e-2;
                assert!(
                    (slope - f64::from(found[at])).abs() < 2e-4,
                    "{slope} {}",
                    found[at]
                );
            }
        }
    }
}
