use super::*;
use crate::device;
use crate::format::{Formats, WeightFormat};
use crate::frontier::dominates;
use crate::law;
use crate::operators::Assumptions;
use crate::roofline::{Roofline, Workload};
use crate::search::Query;
use crate::space;

fn target(name: &str, workload: Workload, budget_s: f64, weight: f64) -> Target {
    let device = device::find(name).unwrap();
    let formats = Formats::of_weights(WeightFormat::Q8_0);
    let roofline = Roofline::new(device, &formats, &Assumptions::default());
    Target {
        evaluator: Evaluator::new(law::find("co-design").unwrap(), roofline, workload),
        budgets: Budgets {
            total_s: Some(budget_s),
            memory_bytes: Some(device.memory_capacity_bytes.min(3e9)),
            ..Budgets::default()
        },
        scale_s: budget_s,
        weight,
    }
}

/// Devices, and workloads on one of them.
fn cases() -> Vec<Vec<Target>> {
    let usual = Workload::default();
    let long = Workload {
        prompt_tokens: 64,
        generated_tokens: 400,
        ..usual
    };
    vec![
        vec![
            target("jetson-orin-nano-super-8gb", usual, 0.06, 1.0),
            target("raspberry-pi-5", usual, 8.0, 3.0),
        ],
        vec![
            target("jetson-agx-orin-64gb", usual, 0.05, 0.7),
            target("jetson-agx-orin-64gb", long, 0.9, 0.3),
            target("apple-m4", long, 1.6, 2.0),
        ],
    ]
}

/// Frontier, best and counts against all architectures, one by one.
#[test]
fn one_for_several_is_what_brute_force_finds() {
    let space = space::find("paper").unwrap();
    let mut seen = 0;
    for targets in cases() {
        for across in [Across::Worst, Across::Mean] {
            let query = SeveralQuery {
                space: &space,
                targets: &targets,
                objective: Objective::Total,
                across,
            };
            let outcome = query.run(&|_| {});
            let all: Vec<(u64, f64, f64, bool, bool)> = (0..space.len())
                .filter_map(|index| {
                    let architecture = Cursor::new(&space, index).architecture()?;
                    let of: Vec<Evaluation> = targets
                        .iter()
                        .map(|target| target.evaluator.evaluate(&architecture))
                        .collect();
                    let shares: Vec<f64> = of
                        .iter()
                        .zip(&targets)
                        .map(|(e, target)| e.total_s / target.scale_s)
                        .collect();
                    let share = match across {
                        Across::Worst => shares.iter().copied().fold(0.0, f64::max),
                        Across::Mean => {
                            let weights: f64 = targets.iter().map(|target| target.weight).sum();
                            let terms = shares.iter().zip(&targets).map(|(s, target)| s * target.weight);
                            terms.sum::<f64>() / weights
                        }
                    };
                    let fits = of
                        .iter()
                        .zip(&targets)
                        .all(|(e, target)| e.memory.total_bytes() <= target.budgets.memory_bytes.unwrap());
                    let in_time = shares.iter().all(|&share| share <= 1.0);
                    Some((index, share, of[0].loss, fits, fits && in_time))
                })
                .collect();
            assert_eq!(outcome.n_architectures, all.len() as u64);
            let feasible: Vec<_> = all.iter().filter(|(.., fits, _)| *fits).collect();
            assert_eq!(outcome.n_feasible, feasible.len() as u64);
            let point = |&&(_, share, loss, ..): &&(u64, f64, f64, bool, bool)| [share, loss];
            let points: Vec<[f64; 2]> = feasible.iter().map(point).collect();
            let mut expected: Vec<[f64; 2]> = points
                .iter()
                .filter(|p| !points.iter().any(|other| dominates(other, p)))
                .copied()
                .collect();
            expected.sort_by(|a, b| a.partial_cmp(b).unwrap());
            expected.dedup();
            let found: Vec<[f64; 2]> = outcome.frontier.iter().map(|c| [c.share, c.loss()]).collect();
            assert_eq!(found, expected);
            let best = all
                .iter()
                .filter(|(.., within)| *within)
                .min_by(|a, b| a.2.total_cmp(&b.2).then(a.1.total_cmp(&b.1)).then(a.0.cmp(&b.0)));
            assert_eq!(
                outcome.best.as_ref().map(|best| best.index),
                best.map(|best| best.0)
            );
            seen += usize::from(best.is_some());
        }
    }
    assert_eq!(seen, 4);
}

/// One target alone is the plain search, and a second one never helps.
#[test]
fn one_target_is_the_plain_search() {
    let space = space::find("paper").unwrap();
    let targets = &cases()[0];
    let alone = |targets: &[Target]| {
        let query = SeveralQuery {
            space: &space,
            targets,
            objective: Objective::Total,
            across: Across::Worst,
        };
        query.run(&|_| {})
    };
    let one = alone(&targets[..1]);
    let evaluators = [targets[0].evaluator.clone()];
    let query = Query {
        space: &space,
        evaluators: &evaluators,
        objective: Objective::Total,
        budgets: targets[0].budgets,
        minimize_memory: false,
    };
    let plain = query.run(&|_| {});
    let indices = |found: &SeveralOutcome| found.frontier.iter().map(|c| c.index).collect::<Vec<_>>();
    let plain_indices: Vec<u64> = plain.by_format[0].frontier.iter().map(|c| c.index).collect();
    assert_eq!(indices(&one), plain_indices);
    assert_eq!(
        one.best.as_ref().map(|b| b.index),
        plain.by_format[0].best.map(|b| b.index)
    );
    assert_eq!(one.least[0], plain.by_format[0].least);
    let both = alone(targets);
    assert!(both.best.unwrap().loss() >= one.best.unwrap().loss());
}

#[cfg(feature = "parallel")]
#[test]
fn thread_counts_do_not_matter() {
    let space = space::find("paper").unwrap();
    let targets = &cases()[1];
    let run = |threads: usize| {
        let query = SeveralQuery {
            space: &space,
            targets,
            objective: Objective::Total,
            across: Across::Mean,
        };
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
            .install(|| query.run(&|_| {}))
    };
    assert_eq!(run(1), run(3));
}
