//! Draws of what is uncertain, and what becomes of candidates in them.

use super::{Question, Setting};
use crate::architecture::Architecture;
use crate::calibration::{Coefficient, Deviates, Logs, Sampler, normal_below};
use crate::device::Phase;
use crate::law::LossLaw;
use crate::law::fit::parallel;
use crate::roofline::{Evaluation, Evaluator};
use crate::search::{Budgets, Candidate};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use statrs::distribution::{ContinuousCDF as _, Normal};

/// Most members of an ensemble that are drawn from: enough for its quantiles.
const MOST_MEMBERS: usize = 256;

/// A question with what is drawn from.
pub(super) struct Uncertain<'a> {
    pub(super) question: &'a Question<'a>,
    /// The laws that may be true: the ensemble's members, evenly, or the law itself.
    pub(super) members: Vec<LossLaw>,
    samplers: Vec<Option<Sampler>>,
    /// Standard normal numbers in the middles of equally probable parts: for means over the scatter of a prefill.
    nodes: Vec<f64>,
}

/// How many.
const NODES: usize = 24;

/// A candidate and the position of its setting.
pub(super) type Found = (usize, Candidate);

/// What becomes of candidates in all draws; candidates vary fastest.
pub(super) struct Outcomes {
    pub(super) n: usize,
    /// The objective's latency, seconds.
    pub(super) latency_s: Vec<f64>,
    /// Whether the budgets but the one on the objective's latency are met.
    pub(super) is_admitted: Vec<bool>,
    /// Whether all budgets are met.
    pub(super) is_within: Vec<bool>,
    /// The probability that they are, were the device's coefficients those of the draw and the scatter of the candidate
    /// not known.
    pub(super) chances: Vec<f64>,
    /// The loss under each member; candidates vary fastest.
    pub(super) losses: Vec<f64>,
}

/// What becomes of one candidate in one draw, as in [`Outcomes`].
struct Drawn {
    latency_s: f64,
    is_admitted: bool,
    is_within: bool,
    chance: f64,
}

/// Streams of the seed: the first ones are the searches', these the draws' by which candidates are judged.
const JUDGING: u64 = 1 << 32;

impl<'a> Uncertain<'a> {
    pub(super) fn new(question: &'a Question<'a>) -> Uncertain<'a> {
        let law = question.law;
        let n_all = law.ensemble.as_ref().map_or(0, |ensemble| ensemble.members.len());
        let n = n_all.min(MOST_MEMBERS);
        let mut members: Vec<LossLaw> = (0..n).filter_map(|place| law.member(place * n_all / n)).collect();
        if members.is_empty() {
            members.push(law.without_ensemble());
        }
        let sampler = |setting: &Setting<'_>| Some(setting.achieved?.sampler());
        Uncertain {
            question,
            members,
            samplers: question.settings.iter().map(sampler).collect(),
            nodes: nodes(),
        }
    }

    pub(super) fn n_members(&self) -> usize {
        if self.question.law.ensemble.is_some() {
            self.members.len()
        } else {
            0
        }
    }

    pub(super) fn are_latencies_uncertain(&self) -> bool {
        self.samplers.iter().any(Option::is_some)
    }

    /// The member that goes with a draw: all of them in turn.
    pub(super) fn member_of(&self, draw: usize) -> usize {
        draw % self.members.len()
    }

    fn random(&self, stream: u64) -> ChaCha8Rng {
        let mut random = ChaCha8Rng::seed_from_u64(self.question.options.seed);
        random.set_stream(stream);
        random
    }

    /// The evaluators of the settings under a draw of coefficients and a law.
    fn evaluators(&self, law: &LossLaw, deviates: &Deviates) -> Vec<Evaluator> {
        let of = |(setting, sampler): (&Setting<'_>, &Option<Sampler>)| {
            let roofline = match sampler {
                Some(sampler) => sampler.draw(deviates).roofline(
                    setting.device,
                    setting.evaluator.roofline().formats(),
                    setting.assumptions,
                ),
                None => setting.evaluator.roofline().clone(),
            };
            Evaluator::new(law.clone(), roofline, *setting.evaluator.workload())
                .with_quantisation(setting.evaluator.quantisation().copied())
        };
        self.question
            .settings
            .iter()
            .zip(&self.samplers)
            .map(of)
            .collect()
    }

    /// The evaluators of a search under a draw.
    pub(super) fn drawn(&self, search: usize) -> Vec<Evaluator> {
        let mut random = self.random(search as u64);
        self.evaluators(&self.members[self.member_of(search)], &deviates(&mut random))
    }

    /// The budgets in a draw, of which the one on the objective's latency may be the reference's.
    pub(super) fn budgets(&self, evaluators: &[Evaluator]) -> Budgets {
        let question = self.question;
        let mut budgets = question.budgets;
        if let (Some(reference), Some(first)) = (question.reference, evaluators.first()) {
            let evaluation = first.evaluate(reference);
            *budgets.latency_mut(question.objective) = Some(question.objective.latency_s(&evaluation));
        }
        budgets
    }

    /// What becomes of candidates in every draw.
    pub(super) fn outcomes(&self, candidates: &[Found]) -> Outcomes {
        let question = self.question;
        let prepared = parallel::map(
            candidates.len(),
            || (),
            |(), j| {
                let (position, candidate) = &candidates[j];
                self.prepared(*position, &candidate.architecture, candidate.evaluation)
            },
        );
        let reference = question
            .reference
            .zip(question.settings.first())
            .map(|(architecture, first)| {
                self.prepared(0, architecture, first.evaluator.evaluate(architecture))
            });
        let draws = parallel::map(
            question.options.draws,
            || (),
            |(), draw| {
                let mut random = self.random(JUDGING + draw as u64);
                let deviates = deviates(&mut random);
                let moves: Vec<Option<[Logs; 2]>> = self
                    .samplers
                    .iter()
                    .map(|sampler| Some(sampler.as_ref()?.moves(&deviates)))
                    .collect();
                let mut budgets = question.budgets;
                if let Some(reference) = &reference {
                    let evaluation = reference.drawn(&moves, &mut random);
                    *budgets.latency_mut(question.objective) =
                        Some(question.objective.latency_s(&evaluation));
                }
                let others = budgets.without(question.objective);
                prepared
                    .iter()
                    .map(|candidate| {
                        let evaluation = candidate.drawn(&moves, &mut random);
                        Drawn {
                            latency_s: question.objective.latency_s(&evaluation),
                            is_admitted: others.admit(&evaluation),
                            is_within: budgets.admit(&evaluation),
                            chance: candidate.chance(&moves, &budgets, &self.nodes),
                        }
                    })
                    .collect::<Vec<_>>()
            },
        );
        let losses = parallel::map(
            self.members.len(),
            || (),
            |(), member| {
                let law = &self.members[member];
                let loss = |(position, candidate): &Found| {
                    let evaluator = question.settings[*position].evaluator;
                    law.loss(&candidate.architecture)
                        + evaluator.quantisation_loss(&candidate.evaluation.parameters)
                };
                candidates.iter().map(loss).collect::<Vec<f64>>()
            },
        );
        let of_all = || draws.iter().flatten();
        Outcomes {
            n: candidates.len(),
            latency_s: of_all().map(|drawn| drawn.latency_s).collect(),
            is_admitted: of_all().map(|drawn| drawn.is_admitted).collect(),
            is_within: of_all().map(|drawn| drawn.is_within).collect(),
            chances: of_all().map(|drawn| drawn.chance).collect(),
            losses: losses.into_iter().flatten().collect(),
        }
    }

    /// An architecture ready to be drawn.
    fn prepared(&self, position: usize, architecture: &Architecture, evaluation: Evaluation) -> Prepared {
        let setting = &self.question.settings[position];
        let sensitivities = setting.achieved.map(|achieved| {
            achieved.sensitivities(
                setting.device,
                setting.evaluator.roofline(),
                architecture,
                setting.evaluator.workload(),
            )
        });
        let own = |phase: Phase| {
            let sampler = self.samplers[position].as_ref();
            sampler.map_or(0.0, |sampler| sampler.own_deviation(phase))
        };
        Prepared {
            position,
            evaluation,
            sensitivities: sensitivities.unwrap_or([[0.0; Coefficient::COUNT]; 2]),
            own: [own(Phase::Prefill), own(Phase::Decode)],
        }
    }
}

/// An architecture whose latencies are drawn.
struct Prepared {
    position: usize,
    /// What is most probable.
    evaluation: Evaluation,
    sensitivities: [Logs; 2],
    /// Standard deviations of ln of its own times, of prefill and of decode.
    own: [f64; 2],
}

impl Prepared {
    /// How far a draw's coefficients move ln of its times, of prefill and of decode.
    fn common(&self, moves: &[Option<[Logs; 2]>]) -> [f64; 2] {
        let Some(moves) = &moves[self.position] else {
            return [0.0; 2];
        };
        std::array::from_fn(|phase| {
            let terms = self.sensitivities[phase].iter().zip(&moves[phase]);
            terms.map(|(by, far)| by * far).sum()
        })
    }

    /// The probability to meet budgets under a draw's coefficients, over its own scatter.
    fn chance(&self, moves: &[Option<[Logs; 2]>], budgets: &Budgets, nodes: &[f64]) -> f64 {
        let of = &self.evaluation;
        let in_no_time = Evaluation {
            ttft_s: 0.0,
            tpot_s: 0.0,
            total_s: 0.0,
            ..self.evaluation
        };
        if !budgets.admit(&in_no_time) {
            return 0.0;
        }
        let [prefill, decode] = self.common(moves);
        let (ttft_s, generation_s) = (of.ttft_s * prefill.exp(), (of.total_s - of.ttft_s) * decode.exp());
        let limit = |budget: Option<f64>| budget.unwrap_or(f64::INFINITY);
        // The budget on TPOT as one on the generation.
        let of_tpot = limit(budgets.tpot_s) / (of.tpot_s * decode.exp()) * generation_s;
        let of_tpot = if of_tpot.is_nan() { f64::INFINITY } else { of_tpot };
        let chances = nodes.iter().map(|node| {
            let ttft_s = ttft_s * (self.own[0] * node).exp();
            let left = of_tpot.min(limit(budgets.total_s) - ttft_s);
            if ttft_s > limit(budgets.ttft_s) || left < 0.0 {
                return 0.0;
            }
            if generation_s <= 0.0 {
                return 1.0;
            }
            normal_below((left / generation_s).ln(), self.own[1])
        });
        chances.sum::<f64>() / nodes.len() as f64
    }

    /// Its evaluation in a draw: the coefficients' moves, common to all, and a scatter of its own.
    fn drawn(&self, moves: &[Option<[Logs; 2]>], random: &mut ChaCha8Rng) -> Evaluation {
        let own = [normal(random), normal(random)];
        let common = self.common(moves);
        let factor = |phase: usize| (common[phase] + self.own[phase] * own[phase]).exp();
        let (prefill, decode) = (factor(0), factor(1));
        let of = &self.evaluation;
        let generation_s = of.total_s - of.ttft_s;
        Evaluation {
            ttft_s: of.ttft_s * prefill,
            tpot_s: of.tpot_s * decode,
            total_s: of.ttft_s * prefill + generation_s * decode,
            ..self.evaluation
        }
    }
}

fn nodes() -> Vec<f64> {
    let standard = Normal::standard();
    let middle = |part: usize| (part as f64 + 0.5) / NODES as f64;
    (0..NODES)
        .map(|part| standard.inverse_cdf(middle(part)))
        .collect()
}

fn normal(random: &mut ChaCha8Rng) -> f64 {
    random.sample(StandardNormal)
}

fn deviates(random: &mut ChaCha8Rng) -> Deviates {
    std::array::from_fn(|_| std::array::from_fn(|_| normal(random)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::architecture::Parameters;
    use crate::roofline::MemoryFootprint;

    /// Chances against draws of the scatter, for budgets alone and together.
    #[test]
    fn chances_are_shares_of_draws() {
        let prepared = Prepared {
            position: 0,
            evaluation: Evaluation {
                loss: 3.0,
                ttft_s: 0.1,
                tpot_s: 0.02,
                total_s: 0.42,
                memory: MemoryFootprint {
                    weights_bytes: 1e9,
                    kv_cache_bytes: 0.0,
                    activations_bytes: 0.0,
                },
                parameters: Parameters {
                    total: 1,
                    active: 1,
                    embedding: 0,
                },
            },
            sensitivities: [[0.1; Coefficient::COUNT]; 2],
            own: [0.3, 0.15],
        };
        let moves = [Some([[0.05; Coefficient::COUNT], [-0.08; Coefficient::COUNT]])];
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let drawn: Vec<Evaluation> = (0..40_000).map(|_| prepared.drawn(&moves, &mut random)).collect();
        let none = Budgets::default();
        for budgets in [
            Budgets {
                ttft_s: Some(0.11),
                ..none
            },
            Budgets {
                tpot_s: Some(0.017),
                ..none
            },
            Budgets {
                total_s: Some(0.41),
                ..none
            },
            Budgets {
                ttft_s: Some(0.12),
                tpot_s: Some(0.02),
                total_s: Some(0.41),
                ..none
            },
            Budgets {
                total_s: Some(0.41),
                memory_bytes: Some(2e9),
                ..none
            },
        ] {
            let met = drawn
                .iter()
                .filter(|evaluation| budgets.admit(evaluation))
                .count();
            let share = met as f64 / drawn.len() as f64;
            let chance = prepared.chance(&moves, &budgets, &nodes());
            assert!((0.1..0.9).contains(&share), "{budgets:?}: {share}");
            // Of a budget on the prefill, a node of 24 is the last digit.
            assert!((chance - share).abs() < 0.025, "{budgets:?}: {chance} {share}");
        }
        let memory = Budgets {
            memory_bytes: Some(0.9e9),
            ..none
        };
        assert_eq!(prepared.chance(&moves, &memory, &nodes()), 0.0);
    }
}
