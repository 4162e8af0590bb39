//! Draws of what is uncertain, and what becomes of candidates in them.

use super::{Question, Setting};
use crate::architecture::Architecture;
use crate::calibration::{Coefficient, Deviates, Logs, Sampler};
use crate::device::Phase;
use crate::law::LossLaw;
use crate::law::fit::parallel;
use crate::roofline::{Evaluation, Evaluator};
use crate::search::{Budgets, Candidate};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// Most members of an ensemble that are drawn from: enough for its quantiles.
const MOST_MEMBERS: usize = 256;

/// A question with what is drawn from.
pub(super) struct Uncertain<'a> {
    pub(super) question: &'a Question<'a>,
    /// The laws that may be true: the ensemble's members, evenly, or the law itself.
    pub(super) members: Vec<LossLaw>,
    samplers: Vec<Option<Sampler>>,
}

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
    /// The loss under each member; candidates vary fastest.
    pub(super) losses: Vec<f64>,
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
                        let latency = question.objective.latency_s(&evaluation);
                        (latency, others.admit(&evaluation), budgets.admit(&evaluation))
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
            latency_s: of_all().map(|(latency, ..)| *latency).collect(),
            is_admitted: of_all().map(|(_, is_admitted, _)| *is_admitted).collect(),
            is_within: of_all().map(|(.., is_within)| *is_within).collect(),
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
    /// Its evaluation in a draw: the coefficients' moves, common to all, and a scatter of its own.
    fn drawn(&self, moves: &[Option<[Logs; 2]>], random: &mut ChaCha8Rng) -> Evaluation {
        let own = [normal(random), normal(random)];
        let factor = |phase: usize| {
            let Some(moves) = &moves[self.position] else {
                return 1.0;
            };
            let common = self.sensitivities[phase].iter().zip(&moves[phase]);
            (common.map(|(by, far)| by * far).sum::<f64>() + self.own[phase] * own[phase]).exp()
        };
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

fn normal(random: &mut ChaCha8Rng) -> f64 {
    random.sample(StandardNormal)
}

fn deviates(random: &mut ChaCha8Rng) -> Deviates {
    std::array::from_fn(|_| std::array::from_fn(|_| normal(random)))
}
