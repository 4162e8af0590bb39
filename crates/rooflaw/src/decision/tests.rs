use super::draws::{Outcomes, Uncertain};
use super::*;
use crate::calibration::{Interval, Population, Runtime};
use crate::format::{Formats, WeightFormat};
use crate::law::Ensemble;
use crate::roofline::Workload;
use crate::search::Query;
use crate::{device, law, space};

/// A device, its latencies from the population, and the co-design law with members about its numbers.
struct World {
    device: Device,
    assumptions: Assumptions,
    law: LossLaw,
    space: DesignSpace,
    achieved: Vec<Achieved>,
    evaluators: Vec<Evaluator>,
    reference: Architecture,
}

impl World {
    fn new(formats: &[WeightFormat], spread: f64) -> World {
        let device = device::find("jetson-agx-orin-64gb").unwrap().clone();
        let assumptions = Assumptions::default();
        let mut law = law::find("co-design").unwrap();
        if spread > 0.0 {
            // Another share of each number for each member: no two have the same order of architectures.
            let member = |m: u32| {
                let share = |(place, value): (usize, &f64)| {
                    let turn = f64::from(m * 7 + 3) * (place as f64 + 1.0);
                    value * (1.0 + spread * turn.sin())
                };
                law.numbers.iter().enumerate().map(share).collect()
            };
            law.ensemble = Some(Ensemble {
                members: (0..20).map(member).collect(),
                residual_sd: 0.005,
            });
        }
        let achieved: Vec<Achieved> = formats
            .iter()
            .map(|&weights| {
                let question = crate::calibration::Question {
                    runtime: Runtime::usual(&device, weights),
                    weights,
                };
                Population::embedded().answer(&device, &[], &[question]).remove(0)
            })
            .collect();
        let evaluators = achieved
            .iter()
            .zip(formats)
            .map(|(achieved, &weights)| {
                let roofline = achieved.roofline(&device, &Formats::of_weights(weights), &assumptions);
                Evaluator::new(law.clone(), roofline, Workload::default())
            })
            .collect();
        World {
            device,
            assumptions,
            space: space::find("paper").unwrap(),
            law,
            achieved,
            evaluators,
            reference: crate::models::find("qwen2.5-0.5b").unwrap().architecture,
        }
    }

    fn settings(&self, is_certain: bool) -> Vec<Setting<'_>> {
        self.evaluators
            .iter()
            .zip(&self.achieved)
            .map(|(evaluator, achieved)| Setting {
                device: &self.device,
                assumptions: &self.assumptions,
                evaluator,
                achieved: (!is_certain).then_some(achieved),
            })
            .collect()
    }

    fn question<'a>(&'a self, settings: &'a [Setting<'a>], budgets: Budgets) -> Question<'a> {
        Question {
            space: &self.space,
            law: &self.law,
            settings,
            objective: Objective::Total,
            budgets,
            reference: None,
            options: Options {
                searches: 8,
                draws: 200,
                ..Options::default()
            },
        }
    }
}

fn budgets() -> Budgets {
    Budgets {
        total_s: Some(0.08),
        memory_bytes: Some(4e9),
        ..Budgets::default()
    }
}

/// The least cost of a pair of a draw and a member, by looking at every candidate.
fn best(outcomes: &Outcomes, draw: usize, member: usize, missed: f64) -> f64 {
    let cost = |j: usize| {
        if outcomes.is_within[draw * outcomes.n + j] {
            outcomes.losses[member * outcomes.n + j]
        } else {
            missed
        }
    };
    (0..outcomes.n).map(cost).fold(f64::INFINITY, f64::min)
}

/// Every number against sums over all pairs, written down anew.
#[test]
fn everything_is_what_loops_over_all_pairs_give() {
    let world = World::new(&[WeightFormat::Bf16, WeightFormat::W8A8], 0.004);
    let settings = world.settings(false);
    let mut question = world.question(&settings, budgets());
    question.options.miss_penalty = 0.01;
    let decision = decide(&question, &|_| {});
    let uncertain = Uncertain::new(&question);
    let candidates: Vec<_> = decision
        .choices
        .iter()
        .map(|choice| (choice.position, choice.candidate))
        .collect();
    assert!(candidates.len() > 20);
    // The scatter of a candidate depends on its place among the others: put them in their first order.
    let (gathered, _) = super::candidates::gather(&uncertain, &|_| {});
    let outcomes = uncertain.outcomes(&gathered);
    let place = |j: usize| {
        let (position, candidate) = gathered[j];
        candidates
            .iter()
            .position(|(p, c)| (*p, c.index) == (position, candidate.index))
            .unwrap()
    };
    let (n, draws, members) = (outcomes.n, question.options.draws, 20);
    let loss = |member: usize, j: usize| outcomes.losses[member * n + j];
    let within = |draw: usize, j: usize| outcomes.is_within[draw * n + j];
    let fallback = (0..n).find(|&j| decision.fallback == Some(place(j))).unwrap();
    let missed = |member: usize| loss(member, fallback) + 0.01;
    let pairs = (draws * members) as f64;
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");

    let mut floor = 0.0;
    for draw in 0..draws {
        for member in 0..members {
            floor += best(&outcomes, draw, member, missed(member)) / pairs;
        }
    }
    let mut least = f64::INFINITY;
    for j in 0..n {
        let mut cost = 0.0;
        for draw in 0..draws {
            for member in 0..members {
                cost += if within(draw, j) {
                    loss(member, j)
                } else {
                    missed(member)
                } / pairs;
            }
        }
        let choice = &decision.choices[place(j)];
        near(choice.expected_regret, cost - floor);
        least = least.min(cost - floor);
        let met = (0..draws).filter(|&draw| within(draw, j)).count();
        near(choice.within_budgets, met as f64 / draws as f64);
        let chance = (0..draws).map(|draw| outcomes.chances[draw * n + j]).sum::<f64>() / draws as f64;
        // 200 draws of one scatter each beside means over it.
        assert!((choice.within_budgets - chance).abs() < 0.15);
    }
    near(decision.information.regret, least);
    near(decision.choices[0].expected_regret, least);

    // Law known: for each member the best choice over the latencies' draws; and the other way round.
    let mean_cost = |member: usize, j: usize| {
        let of = |draw: usize| {
            if within(draw, j) {
                loss(member, j)
            } else {
                missed(member)
            }
        };
        (0..draws).map(of).sum::<f64>() / draws as f64
    };
    let law_known: f64 = (0..members)
        .map(|member| (0..n).map(|j| mean_cost(member, j)).fold(f64::INFINITY, f64::min))
        .sum::<f64>()
        / members as f64;
    near(decision.information.regret_law_known, law_known - floor);
    let latencies_known: f64 = (0..draws)
        .map(|draw| {
            let of = |j: usize| {
                let cost = |member: usize| {
                    if within(draw, j) {
                        loss(member, j)
                    } else {
                        missed(member)
                    }
                };
                (0..members).map(cost).sum::<f64>() / members as f64
            };
            (0..n).map(of).fold(f64::INFINITY, f64::min)
        })
        .sum::<f64>()
        / draws as f64;
    near(
        decision.information.regret_latencies_known,
        latencies_known - floor,
    );
    let device_known: f64 = (0..draws)
        .map(|draw| {
            let mean_missed = (0..members).map(missed).sum::<f64>() / members as f64;
            let of = |j: usize| {
                let chance = outcomes.chances[draw * n + j];
                let mean_loss = (0..members).map(|member| loss(member, j)).sum::<f64>() / members as f64;
                chance * mean_loss + (1.0 - chance) * mean_missed
            };
            (0..n).map(of).fold(f64::INFINITY, f64::min)
        })
        .sum::<f64>()
        / draws as f64;
    let device_known = device_known.clamp(latencies_known, least + floor);
    near(decision.information.regret_device_known, device_known - floor);
    assert!(decision.information.value_of_device() > 0.0);
    assert!(decision.information.value_of_law() >= 0.0);
    assert!(decision.information.value_of_latencies() >= 0.0);
    assert!(decision.information.value_of_law() + decision.information.value_of_latencies() > 1e-4);

    // The frontier of each draw, all against all.
    for j in (0..n).step_by(5) {
        let on = |draw: usize| {
            let member = draw % members;
            let at = |i: usize| (outcomes.latency_s[draw * n + i], loss(member, i));
            let admitted = |i: usize| outcomes.is_admitted[draw * n + i];
            let beats = |i: usize| {
                admitted(i) && at(i).0 <= at(j).0 && at(i).1 < at(j).1 - question.options.tolerance
            };
            admitted(j) && !(0..n).any(beats)
        };
        let times = (0..draws).filter(|&draw| on(draw)).count();
        near(
            decision.choices[place(j)].on_frontier,
            times as f64 / draws as f64,
        );
    }
}

/// Nothing uncertain: one best choice, without regret, and nothing that would be worth knowing.
#[test]
fn certainty_is_the_search() {
    let world = World::new(&[WeightFormat::Bf16], 0.0);
    let settings = world.settings(true);
    let decision = decide(&world.question(&settings, budgets()), &|_| {});
    let query = Query {
        space: &world.space,
        evaluators: &world.evaluators,
        objective: Objective::Total,
        budgets: budgets(),
        minimize_memory: false,
    };
    let outcome = query.run(&|_| {});
    let best = outcome.by_format[0].best.unwrap();
    let robust = decision.robust().unwrap();
    assert_eq!(robust.candidate.index, best.index);
    assert_eq!(decision.nominal, Some(0));
    assert!(robust.expected_regret < 1e-12 && robust.within_budgets == 1.0);
    assert_eq!(decision.choices.len(), outcome.by_format[0].frontier.len());
    assert!(decision.choices.iter().all(|choice| choice.on_frontier == 1.0));
    let information = decision.information;
    let regrets = [
        information.regret,
        information.regret_law_known,
        information.regret_latencies_known,
    ];
    assert!(regrets.iter().all(|regret| (0.0..1e-12).contains(regret)));
    assert_eq!((decision.n_members, decision.are_latencies_uncertain), (0, false));
}

/// Drawn probabilities against those that follow from the interval's width and from what two architectures share.
#[test]
fn probabilities_agree_with_intervals() {
    let world = World::new(&[WeightFormat::Bf16], 0.004);
    let settings = world.settings(false);
    let workload = Workload::default();
    for is_reference in [false, true] {
        let mut question = world.question(&settings, budgets());
        question.options.draws = 2000;
        question.reference = is_reference.then_some(&world.reference);
        let decision = decide(&question, &|_| {});
        let (mut seen, roofline) = (0, world.evaluators[0].roofline());
        for choice in &decision.choices {
            let (architecture, achieved) = (&choice.candidate.architecture, &world.achieved[0]);
            let expected = if is_reference {
                achieved.probability_faster(
                    &world.device,
                    roofline,
                    &workload,
                    Objective::Total,
                    [architecture, &world.reference],
                )
            } else {
                let own: Interval = achieved
                    .intervals(&world.device, roofline, architecture, &workload)
                    .total;
                own.probability_within(0.08)
            };
            // The total's deviation is that of a sum of two times there.
            let found = choice.within_budgets;
            assert!(
                (found - expected).abs() < 0.05,
                "{is_reference}: {found} {expected}"
            );
            seen += usize::from((0.1..0.9).contains(&expected));
        }
        assert!(seen > 10);
    }
}

#[cfg(feature = "parallel")]
#[test]
fn threads_do_not_matter_and_seeds_do() {
    let world = World::new(&[WeightFormat::Bf16], 0.004);
    let settings = world.settings(false);
    let run = |threads: usize, seed: u64| {
        let mut question = world.question(&settings, budgets());
        question.options.seed = seed;
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
            .install(|| decide(&question, &|_| {}))
    };
    let one = run(1, 0);
    assert_eq!(one, run(3, 0));
    assert_ne!(one.choices, run(1, 1).choices);
    assert!(one.band.latency_s.len() > 10);
    for ((low, median), high) in one.band.low.iter().zip(&one.band.median).zip(&one.band.high) {
        assert!(low <= median && median <= high);
    }
}

/// Few candidates: the rarest go, and that is said.
#[test]
fn too_many_candidates_are_told_of() {
    let world = World::new(&[WeightFormat::Bf16], 0.004);
    let settings = world.settings(false);
    let mut question = world.question(&settings, budgets());
    let all = decide(&question, &|_| {});
    question.options.most_candidates = 10;
    let few = decide(&question, &|_| {});
    assert_eq!(few.choices.len(), 10);
    assert_eq!(few.coverage.left_out + 10, all.choices.len());
    assert!(few.nominal.is_some());
    assert!((0.0..1.0).contains(&all.coverage.unseen));
}

/// Budgets that nothing meets leave nothing to choose from.
#[test]
fn without_candidates_there_is_no_choice() {
    let world = World::new(&[WeightFormat::Bf16], 0.004);
    let settings = world.settings(false);
    let budgets = Budgets {
        memory_bytes: Some(1.0),
        ..budgets()
    };
    let decision = decide(&world.question(&settings, budgets), &|_| {});
    assert!(decision.choices.is_empty());
    assert_eq!((decision.nominal, decision.fallback), (None, None));
    assert_eq!(decision.robust(), None);
}
