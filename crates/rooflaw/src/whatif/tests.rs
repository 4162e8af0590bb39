use super::*;
use crate::device::{self, Device};
use crate::format::{Formats, Precision, WeightFormat};
use crate::law;
use crate::operators::Assumptions;
use crate::roofline::{Evaluator, Roofline, Workload};
use crate::search::{Budgets, Objective, Outcome, Query};
use crate::space::{self, Cursor};
use std::convert::Infallible;

fn orin() -> Device {
    device::find("jetson-agx-orin-64gb").unwrap().clone()
}

fn evaluators(device: &Device) -> Vec<Evaluator> {
    [WeightFormat::Bf16, WeightFormat::W8A8]
        .iter()
        .map(|&weights| {
            let roofline = Roofline::new(device, &Formats::of_weights(weights), &Assumptions::default());
            Evaluator::new(law::find("co-design").unwrap(), roofline, Workload::default())
        })
        .collect()
}

fn budgets(device: &Device) -> Budgets {
    Budgets {
        total_s: Some(0.08),
        memory_bytes: Some(device.memory_capacity_bytes.min(3e9)),
        ..Budgets::default()
    }
}

fn search(device: &Device) -> Outcome {
    let space = space::find("paper").unwrap();
    let evaluators = evaluators(device);
    let query = Query {
        space: &space,
        evaluators: &evaluators,
        objective: Objective::Total,
        budgets: budgets(device),
        minimize_memory: false,
    };
    query.run(&|_| {})
}

#[test]
fn figures_change_by_their_factors_and_nothing_else_does() {
    let device = orin();
    for figure in Figure::ALL {
        let changed = Changes::new([(figure, 1.5)]).apply(&device);
        for other in Figure::ALL {
            let ratio = other.value(&changed) / other.value(&device);
            let expected = if other == figure { 1.5 } else { 1.0 };
            assert!((ratio - expected).abs() < 1e-15, "{figure:?} {other:?}");
        }
        let back = Change::To(figure.value(&changed)).factor(figure, &device);
        assert!((back - 1.5).abs() < 1e-15);
    }
    // All precisions alike; what there is not stays away.
    let changed = Changes::new([(Figure::Compute, 2.0)]).apply(&device);
    for precision in Precision::ALL {
        let of = |device: &Device| device.peaks.of(precision);
        assert_eq!(of(&changed), of(&device).map(|rate| 2.0 * rate));
    }
    assert_eq!(Changes::default().apply(&device), device);
    let twice = Changes::new([(Figure::Memory, 2.0), (Figure::Memory, 3.0)]);
    assert_eq!((twice.of(Figure::Memory), twice.of(Figure::Compute)), (3.0, 1.0));
}

/// A device twice as fast in all respects takes half the time: by dimensions, whatever the architecture.
#[test]
fn all_figures_twice_as_fast_is_half_the_time() {
    let device = orin();
    let faster = Changes::new([
        (Figure::Bandwidth, 2.0),
        (Figure::Compute, 2.0),
        (Figure::Overhead, 0.5),
    ])
    .apply(&device);
    let space = space::find("paper").unwrap();
    for (slow, fast) in evaluators(&device).iter().zip(evaluators(&faster)) {
        for index in (0..space.len()).step_by(97) {
            let Some(architecture) = Cursor::new(&space, index).architecture() else {
                continue;
            };
            let (slow, fast) = (slow.evaluate(&architecture), fast.evaluate(&architecture));
            assert!((slow.total_s / fast.total_s - 2.0).abs() < 1e-12);
            assert_eq!(slow.loss, fast.loss);
        }
    }
}

/// The two views of an optimum against a walk over the whole space.
#[test]
fn optima_are_what_brute_force_finds() {
    let device = orin();
    let outcome = search(&device);
    let space = space::find("paper").unwrap();
    let all: Vec<_> = evaluators(&device)
        .iter()
        .flat_map(|evaluator| {
            let of = |index| Some(evaluator.evaluate(&Cursor::new(&space, index).architecture()?));
            (0..space.len()).filter_map(of).collect::<Vec<_>>()
        })
        .collect();
    let budgets = budgets(&device);
    let least = all
        .iter()
        .filter(|evaluation| budgets.admit(evaluation))
        .map(|evaluation| evaluation.loss)
        .fold(f64::INFINITY, f64::min);
    let found = best(&outcome).unwrap();
    assert_eq!(found.candidate.evaluation.loss, least);
    let without_time = budgets.without(Objective::Total);
    for loss in [least, least + 0.1, 3.0] {
        let shortest = all
            .iter()
            .filter(|evaluation| without_time.admit(evaluation) && evaluation.loss <= loss)
            .map(|evaluation| evaluation.total_s)
            .fold(f64::INFINITY, f64::min);
        let found = fastest(&outcome, Objective::Total, loss);
        let found = found.map_or(f64::INFINITY, |found| found.candidate.evaluation.total_s);
        assert_eq!(found, shortest, "{loss}");
    }
    assert_eq!(fastest(&outcome, Objective::Total, 1.0), None);
}

/// A cell is the search of its device, and a better device is never worse.
#[test]
fn maps_are_searches_and_improve_with_the_device() {
    let device = orin();
    let axes = [
        MapAxis::about(Figure::Compute, 4.0, 2),
        MapAxis::about(Figure::Bandwidth, 4.0, 2),
    ];
    assert_eq!(axes[0].factors, [0.25, 0.5, 1.0, 2.0, 4.0]);
    let of = |changes: &Changes| Ok::<_, Infallible>(search(&changes.apply(&device)));
    let Ok(found) = map(axes, of);
    assert_eq!(found.cells.len(), 25);
    assert_eq!(found.cells[12].best, best(&search(&device)));
    let loss = |row: usize, column: usize| {
        let best = found.cells[5 * row + column].best;
        best.map_or(f64::INFINITY, |best| best.candidate.evaluation.loss)
    };
    let mut steps = 0;
    for row in 0..5 {
        for column in 0..4 {
            assert!(loss(row, column + 1) <= loss(row, column));
            assert!(loss(column + 1, row) <= loss(column, row));
            steps += usize::from(loss(row, column + 1) < loss(row, column));
        }
    }
    assert!(steps > 5, "compute changes nothing");
    let cell = &found.cells[7];
    assert_eq!(cell.factors, [1.0, 0.5]);
}
