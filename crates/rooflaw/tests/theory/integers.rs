//! Back to whole numbers: budgets are met, and enumeration finds nothing better nearby.

use crate::problems::{BOX, log_uniform, random};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rooflaw::device;
use rooflaw::format::{Formats, WeightFormat};
use rooflaw::law;
use rooflaw::operators::Assumptions;
use rooflaw::roofline::{Evaluator, Roofline, Workload};
use rooflaw::search::{Budgets, Objective, Query};
use rooflaw::space;
use rooflaw::theory::integers::Lattice;
use rooflaw::theory::region::{boundary, slices};
use rooflaw::theory::{Bounds, Refined, Shape, ShapeVariable};

fn lattice() -> Lattice {
    Lattice::of_space(&space::find("default").unwrap()).unwrap()
}

#[test]
fn bounds_are_those_of_the_space() {
    let expected = Bounds {
        min: Shape {
            n_layers: 4.0,
            hidden_size: 768.0,
            ffn_ratio: 0.25,
            activation_rate: 1.0 / 16.0,
            gqa: 1.0,
        },
        max: Shape {
            n_layers: 32.0,
            hidden_size: 3072.0,
            ffn_ratio: 8.0,
            activation_rate: 1.0,
            gqa: 48.0,
        },
    };
    let found = lattice();
    for (found, expected) in [(found.bounds.min, expected.min), (found.bounds.max, expected.max)] {
        for (found, expected) in found.values().into_iter().zip(expected.values()) {
            // Widths are rounded to multiples of 8.
            assert!((found / expected - 1.0).abs() < 0.03, "{found} is not {expected}");
        }
    }
    assert_eq!(found.head_dims, [64, 128]);
    assert_eq!(found.experts.len(), 12);
}

/// Simplified costs: every budget is met after rounding, and the loss is no lower than the optimum, nor far above it.
#[test]
fn rounding_meets_all_budgets() {
    let lattice = Lattice {
        bounds: BOX,
        ..lattice()
    };
    let law = law::find("co-design").unwrap();
    let (mut found, mut differences) = (0, Vec::new());
    for seed in 0..60 {
        let (problem, _) = random(seed);
        let optimum = problem.solve().unwrap();
        let admits = |architecture: &_| Shape::of(architecture).is_some_and(|shape| problem.admits(&shape));
        let Some(best) = lattice.best_near(&optimum.shape, &law, admits) else {
            continue;
        };
        found += 1;
        let shape = Shape::of(&best).unwrap();
        assert_eq!(best.validate(), Ok(()));
        assert!(lattice.contains(&best));
        for limit in &problem.limits {
            assert!(limit.share(&shape) <= 1.0 + 1e-9, "{seed}: {limit:?}");
        }
        // Other laws of this form are among the problems: the loss is the problem's.
        let loss = problem.loss(&shape);
        assert!(loss >= optimum.loss - 1e-9, "{seed}");
        differences.push(loss - optimum.loss);
    }
    differences.sort_by(f64::total_cmp);
    assert!(found >= 58, "{found}");
    assert!(differences[found / 2] < 0.01, "{differences:?}");
}

/// The full model: every budget is met, and an exact search of the space finds nothing much better.
#[test]
fn the_full_model_agrees() {
    let (lattice, law) = (lattice(), law::find("co-design").unwrap());
    let space = space::find("paper").unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let ids = [
        "jetson-agx-orin-64gb",
        "raspberry-pi-5",
        "geforce-rtx-4090",
        "apple-m4",
    ];
    for round in 0..12 {
        let device = device::find(ids[round % ids.len()]).unwrap();
        let workload = Workload {
            batch: 1,
            prompt_tokens: random.random_range(64..2048),
            generated_tokens: random.random_range(1..256),
        };
        let weights = [WeightFormat::Bf16, WeightFormat::Q4KM, WeightFormat::W8A8][round % 3];
        let formats = Formats::of_weights(weights);
        let roofline = Roofline::new(device, &formats, &Assumptions::default());
        let evaluator = Evaluator::new(law.clone(), roofline, workload);
        let reference = evaluator.evaluate(&rooflaw::models::find("qwen2.5-0.5b").unwrap().architecture);
        let mut times = |of: f64| Some(of * log_uniform(&mut random, 0.9, 1.6));
        let budgets = Budgets {
            total_s: times(reference.total_s),
            tpot_s: times(reference.tpot_s),
            memory_bytes: Some(3e9),
            ..Budgets::default()
        };
        let refined = Refined::solve(&evaluator, &budgets, &lattice).unwrap();
        let (architecture, evaluation) = refined.best.unwrap();
        assert!(budgets.admit(&evaluation), "{round}: {evaluation:?}");
        assert_eq!(evaluator.evaluate(&architecture), evaluation);
        let query = Query {
            space: &space,
            evaluators: std::slice::from_ref(&evaluator),
            objective: Objective::Total,
            budgets,
            minimize_memory: false,
        };
        let exact = query.run(&|_| {}).by_format[0].best.unwrap().evaluation.loss;
        assert!(
            evaluation.loss < exact + 0.002,
            "{round}: {} and {exact}",
            evaluation.loss
        );
    }
}

/// Each cell of a region against the roofline called apart, and the boundary against its cells.
#[test]
fn regions_are_what_enumeration_finds() {
    let (lattice, law) = (lattice(), law::find("co-design").unwrap());
    let device = device::find("jetson-agx-orin-64gb").unwrap();
    let formats = Formats::of_weights(WeightFormat::Bf16);
    let roofline = Roofline::new(device, &formats, &Assumptions::default());
    let workload = Workload::default();
    let evaluator = Evaluator::new(law.clone(), roofline.clone(), workload);
    let budgets = Budgets {
        total_s: Some(0.1),
        memory_bytes: Some(8e9),
        ..Budgets::default()
    };
    let refined = Refined::solve(&evaluator, &budgets, &lattice).unwrap();
    let (at, _) = refined.best.unwrap();
    let regions = slices(&evaluator, &budgets, &lattice, &at);
    assert_eq!(regions.len(), 3);
    for region in &regions {
        let n_cells = region.x_values.len() * region.y_values.len();
        assert_eq!(region.cells.len(), n_cells);
        let feasible = region.cells.iter().filter(|cell| cell.is_feasible()).count();
        assert!(
            feasible > 0 && feasible < n_cells,
            "{:?}: {feasible}",
            (region.x, region.y)
        );
        for (index, cell) in region.cells.iter().enumerate() {
            let Some(architecture) = cell.architecture else {
                assert!(!cell.is_feasible());
                continue;
            };
            let column = region.x_values[index % region.x_values.len()];
            let row = region.y_values[index / region.x_values.len()];
            let shape = Shape::of(&architecture).unwrap();
            for (variable, value) in [(region.x, column), (region.y, row)] {
                // Experts' widths are whole multiples, and KV heads divisors.
                let tolerance = match variable {
                    ShapeVariable::FfnRatio => 0.02,
                    ShapeVariable::Gqa => 0.5 * 2.0_f64.ln(),
                    _ => 1e-12,
                };
                assert!(
                    (shape.get(variable) / value).ln().abs() <= tolerance + 1e-9,
                    "{variable:?}"
                );
            }
            let ttft = roofline.ttft(&architecture, &workload);
            let total = ttft + roofline.generation(&architecture, &workload);
            let memory = roofline.memory(&architecture, &workload).total_bytes();
            // Within rounding of the budget either may be.
            if (total / 0.1 - 1.0).abs() > 1e-9 {
                assert_eq!(cell.is_feasible(), total <= 0.1 && memory <= 8e9);
            }
        }
    }
    // In (d, l): where the continuous problem, refined to the full model at one point, has the region end, cells end.
    let region = &regions[0];
    let shape = Shape::of(&at).unwrap();
    let problem = refined.problem.agreeing_at(&evaluator, &at).unwrap();
    let ends = boundary(&problem, &shape, region);
    assert!(ends.len() > 3, "{ends:?}");
    for (x, y) in ends {
        let column = region.x_values.iter().position(|value| *value == x).unwrap();
        let width = region.x_values.len();
        let feasible =
            (0..region.y_values.len()).filter(|row| region.cells[row * width + column].is_feasible());
        let deepest = feasible
            .map(|row| region.y_values[row])
            .fold(region.y_values[0], f64::max);
        assert!((y / deepest).ln().abs() < 0.2, "{x}: {y} and {deepest}");
    }
}
