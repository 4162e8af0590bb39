use super::*;
use crate::device;
use crate::format::WeightFormat;
use crate::frontier::dominates;
use crate::law;
use crate::operators::Assumptions;
use crate::roofline::{Roofline, Workload};
use crate::space;

fn evaluators(formats: &[WeightFormat]) -> Vec<Evaluator> {
    let device = device::find("jetson-agx-orin-64gb").unwrap();
    formats
        .iter()
        .map(|&weights| {
            let roofline = Roofline::new(device, &Formats::of_weights(weights), &Assumptions::default());
            Evaluator::new(law::find("co-design").unwrap(), roofline, Workload::default())
        })
        .collect()
}

/// Every candidate of the space, one by one.
fn all(query: &Query<'_>, evaluator: &Evaluator) -> Vec<Candidate> {
    (0..query.space.len())
        .filter_map(|index| query.candidate(index, evaluator))
        .collect()
}

#[test]
fn the_frontier_is_what_brute_force_finds() {
    let space = space::find("paper").unwrap();
    let evaluators = evaluators(&[WeightFormat::Fp16, WeightFormat::W8A8]);
    for objective in Objective::ALL {
        for minimize_memory in [false, true] {
            let budgets = Budgets {
                memory_bytes: Some(6e9),
                ..Budgets::default()
            };
            let query = Query {
                space: &space,
                evaluators: &evaluators,
                objective,
                budgets,
                minimize_memory,
            };
            let outcome = query.run(&|_| {});
            for (found, evaluator) in outcome.by_format.iter().zip(&evaluators) {
                let feasible: Vec<Candidate> = all(&query, evaluator)
                    .into_iter()
                    .filter(|c| budgets.admit(&c.evaluation))
                    .collect();
                assert_eq!(found.n_feasible, Some(feasible.len() as u64));
                let point = |c: &Candidate| {
                    let memory = if minimize_memory {
                        c.evaluation.memory.total_bytes()
                    } else {
                        0.0
                    };
                    [objective.latency_s(&c.evaluation), c.evaluation.loss, memory]
                };
                let points: Vec<[f64; 3]> = feasible.iter().map(point).collect();
                let mut expected: Vec<[f64; 3]> = points
                    .iter()
                    .filter(|candidate| !points.iter().any(|other| dominates(other, candidate)))
                    .copied()
                    .collect();
                expected.sort_by(|a, b| a.partial_cmp(b).unwrap());
                expected.dedup();
                assert_eq!(found.frontier.iter().map(point).collect::<Vec<_>>(), expected);
            }
        }
    }
}

#[test]
fn the_best_is_the_lowest_loss_within_all_budgets() {
    let space = space::find("paper").unwrap();
    let evaluators = evaluators(&[WeightFormat::Bf16]);
    let budgets = Budgets {
        total_s: Some(0.1),
        ttft_s: Some(0.04),
        memory_bytes: Some(3e9),
        ..Budgets::default()
    };
    let query = Query {
        space: &space,
        evaluators: &evaluators,
        objective: Objective::Total,
        budgets,
        minimize_memory: false,
    };
    let outcome = query.run(&|_| {});
    let best = outcome.by_format[0].best.unwrap();
    let least = all(&query, &evaluators[0])
        .into_iter()
        .filter(|c| budgets.admit(&c.evaluation))
        .map(|c| c.evaluation.loss)
        .fold(f64::INFINITY, f64::min);
    assert_eq!(best.evaluation.loss, least);
    let none = Query {
        budgets: Budgets {
            tpot_s: Some(1e-6),
            ..budgets
        },
        ..query
    };
    let outcome = none.run(&|_| {});
    assert_eq!(outcome.by_format[0].best, None);
    assert!(outcome.by_format[0].least.tpot_s.unwrap() > 1e-6);
}

#[cfg(feature = "parallel")]
#[test]
fn thread_counts_do_not_matter() {
    let space = space::find("default").unwrap();
    let evaluators = evaluators(&[WeightFormat::Bf16]);
    let run = |threads: usize| {
        let query = Query {
            space: &space,
            evaluators: &evaluators,
            objective: Objective::Total,
            budgets: Budgets::default(),
            minimize_memory: false,
        };
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
            .install(|| query.run(&|_| {}))
    };
    let one = run(1);
    assert!(one.by_format[0].frontier.len() > 20);
    for threads in [2, 3, 7] {
        assert_eq!(
            serde_json::to_string(&run(threads)).unwrap(),
            serde_json::to_string(&one).unwrap()
        );
    }
}
