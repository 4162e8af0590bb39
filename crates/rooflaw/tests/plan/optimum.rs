//! Against designs that are known.

use crate::{grid, line, polynomial};
use rooflaw::law::fit::{Form, Values};
use rooflaw::plan::{Candidates, Criterion, Limit, Noise, Options, Plan, Problem, expect_each, optimal};
use rooflaw::runs::RunTable;

fn problem<'a>(form: &'a Form, values: &'a [Values], candidates: &'a Candidates) -> Problem<'a> {
    Problem {
        form,
        values,
        candidates,
        targets: None,
        existing: None,
        noise: Noise::Absolute(0.1),
    }
}

fn repeating(limit: Limit) -> Options {
    Options {
        repeats: 100,
        ..Options::new(limit)
    }
}

fn sorted(plan: &Plan) -> Vec<usize> {
    let mut chosen: Vec<usize> = plan.chosen.iter().map(|run| run.candidate).collect();
    chosen.sort_unstable();
    chosen
}

/// A straight line: half of the runs at each end; a parabola on [−1, 1]: a third at either end and in the middle
/// (Fedorov 1972).
#[test]
fn textbook_designs() {
    let x = grid(21);
    let candidates = line(&x, &[1.0; 21]);
    let (form, values) = polynomial(&[1.0]);
    let values = [values];
    let plan = optimal(&problem(&form, &values, &candidates), &repeating(Limit::runs(8))).unwrap();
    assert_eq!(sorted(&plan), [0, 0, 0, 0, 20, 20, 20, 20]);
    assert!(plan.d_efficiency > 0.9999, "{}", plan.d_efficiency);
    // The slope's variance is σ²/Σ(x − x̄)², and the coefficient is 1: relative is absolute.
    let slope = plan.expectation.parameters[1].after.unwrap();
    assert!((slope - 0.1 / 8.0_f64.sqrt()).abs() < 1e-9, "{slope}");
    // The variance at an end is that of its own four runs.
    let after = plan.expectation.after.unwrap();
    assert!((after.max - 0.1 / 2.0).abs() < 1e-9, "{after:?}");
    assert!(plan.expectation.before.is_none() && plan.expectation.parameters[0].before.is_none());

    let (form, values) = polynomial(&[1.0, 2.0]);
    let values = [values];
    let plan = optimal(&problem(&form, &values, &candidates), &repeating(Limit::runs(9))).unwrap();
    assert_eq!(sorted(&plan), [0, 0, 0, 10, 10, 10, 20, 20, 20]);
    assert!(plan.d_efficiency > 0.9999);
}

/// On a parabola the mean prediction variance is least with about half of the runs in the middle (Studden 1977).
#[test]
fn the_two_criteria_differ() {
    let candidates = line(&grid(21), &[1.0; 21]);
    let (form, values) = polynomial(&[1.0, 2.0]);
    let values = [values];
    let problem = problem(&form, &values, &candidates);
    let d = optimal(&problem, &repeating(Limit::runs(12))).unwrap();
    let options = Options {
        criterion: Criterion::I,
        ..repeating(Limit::runs(12))
    };
    let i = optimal(&problem, &options).unwrap();
    let middle = |plan: &Plan| {
        sorted(plan)
            .iter()
            .filter(|&&index| (6..=14).contains(&index))
            .count()
    };
    assert_eq!((middle(&d), middle(&i)), (4, 6));
    assert!(i.expectation.after.unwrap().rms < d.expectation.after.unwrap().rms);
    assert!(i.chosen.last().unwrap().log_det_gain < d.chosen.last().unwrap().log_det_gain);
    assert!(i.d_efficiency < d.d_efficiency);
}

fn subsets(n: usize, size: usize) -> impl Iterator<Item = Vec<usize>> {
    let members = move |subset: u32| -> Vec<usize> { (0..n).filter(|i| subset >> i & 1 == 1).collect() };
    (0..1_u32 << n)
        .filter(move |subset| subset.count_ones() as usize == size)
        .map(members)
}

/// A product of the squared errors of independent combinations is not at hand, but of two numbers: `det C`.
fn determinant(x: &[f64], chosen: &[usize]) -> f64 {
    let n = chosen.len() as f64;
    let sum: f64 = chosen.iter().map(|&index| x[index]).sum();
    let squares: f64 = chosen.iter().map(|&index| x[index] * x[index]).sum();
    n * squares - sum * sum
}

/// Every subset of 14 candidates, criteria D and I, with and without a budget.
#[test]
fn as_good_as_exhaustive_search() {
    let x: Vec<f64> = (0..14)
        .map(|i| 1.0 + (f64::from(i) * 0.618_034).fract())
        .collect();
    // The ends are dear.
    let costs: Vec<f64> = x.iter().map(|x| 1.0 + 20.0 * (x - 1.5).powi(2)).collect();
    let candidates = line(&x, &costs);
    let (form, values) = polynomial(&[1.0]);
    let values = [values];
    let problem = problem(&form, &values, &candidates);
    for budget in [f64::INFINITY, 20.0, 14.0, 10.0] {
        for size in [3, 5, 6] {
            let admitted =
                |chosen: &Vec<usize>| chosen.iter().map(|&index| costs[index]).sum::<f64>() <= budget;
            let within: Vec<Vec<usize>> = subsets(14, size).filter(admitted).collect();
            let best = within
                .iter()
                .map(|chosen| determinant(&x, chosen))
                .fold(0.0, f64::max);
            let plan = optimal(&problem, &Options::new(Limit::runs(size).within(budget)));
            if within.is_empty() {
                assert!(plan.is_err());
                continue;
            }
            let plan = plan.unwrap();
            let ours = determinant(&x, &sorted(&plan));
            let efficiency = (ours / best).sqrt();
            assert!(efficiency > 0.97, "{size} within {budget}: {efficiency}");
            if budget.is_infinite() {
                assert!(efficiency > 1.0 - 1e-9, "{size}: {efficiency}");
            }
            // The certificate is no promise that cannot be kept.
            assert!(
                plan.d_efficiency <= efficiency + 1e-3,
                "{} {efficiency}",
                plan.d_efficiency
            );

            let options = Options {
                criterion: Criterion::I,
                ..Options::new(Limit::runs(size).within(budget))
            };
            let ours = optimal(&problem, &options)
                .unwrap()
                .expectation
                .after
                .unwrap()
                .rms;
            let all = expect_each(&problem, &within).unwrap().into_iter();
            let least = all
                .filter_map(|found| found.after.map(|after| after.rms))
                .fold(f64::INFINITY, f64::min);
            assert!(ours < 1.03 * least, "{size} within {budget}: {ours} {least}");
        }
    }
}

/// As many as a budget allows: no subset within it has a determinant much larger.
#[test]
fn open_budgets_are_used_well() {
    let x = grid(12);
    let costs: Vec<f64> = x.iter().map(|x| x.powi(3)).collect();
    let candidates = line(&x, &costs);
    let (form, values) = polynomial(&[1.0]);
    let values = [values];
    let problem = problem(&form, &values, &candidates);
    for budget in [10.0, 30.0, 60.0, 1e9] {
        let plan = optimal(&problem, &Options::new(Limit::budget(budget))).unwrap();
        assert!(plan.training_flop <= budget);
        let cost = |chosen: &Vec<usize>| chosen.iter().map(|&index| costs[index]).sum::<f64>();
        let best = (1..=12)
            .flat_map(|size| subsets(12, size))
            .filter(|chosen| cost(chosen) <= budget)
            .map(|chosen| determinant(&x, &chosen))
            .fold(0.0, f64::max);
        let efficiency = (determinant(&x, &sorted(&plan)) / best).sqrt();
        assert!(efficiency > 0.97, "{budget}: {efficiency}");
        assert!(plan.d_efficiency <= efficiency + 1e-3);
    }
    let all = optimal(&problem, &Options::new(Limit::budget(1e9))).unwrap();
    assert_eq!(all.chosen.len(), 12);
}

fn table(x: &[f64]) -> RunTable {
    RunTable {
        variables: vec![("x".to_owned(), x.to_vec())],
        loss: vec![2.0; x.len()],
        standard_error: None,
        weight: None,
        group: None,
        unit: None,
        tokenizer: None,
    }
}

/// Runs that are in move the next ones elsewhere, and count with their precision.
#[test]
fn existing_runs_count() {
    let candidates = line(&grid(21), &[1.0; 21]);
    let (form, values) = polynomial(&[1.0]);
    let values = [values];
    let mut problem = problem(&form, &values, &candidates);
    let low = table(&[1.0, 1.0, 1.0]);
    problem.existing = Some(&low);
    let plan = optimal(&problem, &repeating(Limit::runs(3))).unwrap();
    assert_eq!(sorted(&plan), [20, 20, 20]);
    assert!(plan.expectation.before.is_none());
    // A different run each: those that are in are not done again.
    let both = table(&[1.0, 3.0]);
    problem.existing = Some(&both);
    let plan = optimal(&problem, &Options::new(Limit::runs(2))).unwrap();
    assert_eq!(sorted(&plan), [1, 19]);
    let before = plan.expectation.before.unwrap();
    assert!((before.max - 0.1).abs() < 1e-9);
    assert!(plan.expectation.after.unwrap().max < before.max);
    // Half the standard error is worth four runs.
    let mut precise = both.clone();
    precise.standard_error = Some(vec![0.05; 2]);
    problem.existing = Some(&precise);
    let plan = optimal(&problem, &Options::new(Limit::runs(2))).unwrap();
    assert!((plan.expectation.before.unwrap().max - 0.05).abs() < 1e-9);
}

/// One after the other is as good as all at once, or nearly.
#[test]
fn one_at_a_time() {
    let candidates = line(&grid(21), &[1.0; 21]);
    let (form, values) = polynomial(&[1.0, 2.0]);
    let values = [values];
    let mut done = vec![1.0, 1.1];
    for _ in 0..10 {
        let runs = table(&done);
        let mut problem = problem(&form, &values, &candidates);
        problem.existing = Some(&runs);
        let plan = optimal(&problem, &repeating(Limit::runs(1))).unwrap();
        done.push(candidates.variable("x").unwrap()[plan.chosen[0].candidate]);
    }
    for end in [1.0, 2.0, 3.0] {
        let near = done.iter().filter(|x| (*x - end).abs() < 0.15).count();
        assert!((3..=5).contains(&near), "{done:?}");
    }
}
