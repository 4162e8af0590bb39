//! The numeric optimum: conditions of optimality, dense grids, an optimiser of other people.

use crate::problems::{BOX, random, worked};
use rooflaw::search::Budgets;
use rooflaw::theory::{Problem, Quantity, Shape, ShapeVariable};

const N_PROBLEMS: u64 = 200;

/// Values from the least to the most, evenly in the logarithm.
fn spread(n: u32, least: f64, most: f64) -> Vec<f64> {
    let at = |i: u32| least * (most / least).powf(f64::from(i) / f64::from(n - 1));
    (0..n).map(at).collect()
}

/// The least loss on a grid of the box, each of its 9,604 shapes as deep as the budgets allow.
fn dense_grid(problem: &Problem) -> f64 {
    let Shape {
        hidden_size: d,
        ffn_ratio: r,
        activation_rate: rho,
        gqa,
        n_layers,
    } = BOX.min;
    let max = BOX.max;
    let gqas = spread(7, gqa, max.gqa);
    let rates = spread(7, rho, max.activation_rate);
    let ratios = spread(14, r, max.ffn_ratio);
    let mut least = f64::INFINITY;
    for hidden_size in spread(14, d, max.hidden_size) {
        for &ffn_ratio in &ratios {
            for &activation_rate in &rates {
                for &gqa in &gqas {
                    let one = Shape {
                        n_layers: 1.0,
                        hidden_size,
                        ffn_ratio,
                        activation_rate,
                        gqa,
                    };
                    // Every usage is proportional to the layers.
                    let deepest = problem
                        .limits
                        .iter()
                        .map(|limit| 1.0 / limit.share(&one))
                        .fold(max.n_layers, f64::min);
                    if deepest >= n_layers {
                        least = least.min(problem.loss(&one.with(ShapeVariable::NLayers, deepest)));
                    }
                }
            }
        }
    }
    least
}

#[test]
fn conditions_hold_and_no_dense_grid_is_better() {
    let mut binding = [0; 6];
    for seed in 0..N_PROBLEMS {
        let (problem, _) = random(seed);
        let optimum = problem.solve().unwrap();
        let residuals = optimum.residuals;
        assert!(residuals.largest() < 1e-8, "{seed}: {residuals:?}");
        assert!(
            optimum.gap >= 0.0 && optimum.gap < 1e-8,
            "{seed}: {}",
            optimum.gap
        );
        let multipliers = optimum.limits.iter().map(|state| state.multiplier);
        let of_bounds = optimum.bounds.iter().flat_map(|bound| [bound.min, bound.max]);
        assert!(
            multipliers.chain(of_bounds).all(|multiplier| multiplier >= 0.0),
            "{seed}"
        );
        assert!(
            problem.admits(&optimum.shape) && BOX.contain(&optimum.shape),
            "{seed}"
        );
        let grid = dense_grid(&problem);
        assert!(
            optimum.loss <= grid + 1e-9,
            "{seed}: {} is more than {grid}",
            optimum.loss
        );
        // The grid comes near: what is found is no lower than can be.
        assert!(grid - optimum.loss < 0.05, "{seed}: {} and {grid}", optimum.loss);
        for state in optimum.limits.iter().filter(|state| state.binds()) {
            binding[state.quantity as usize] += 1;
            assert!(state.slack().abs() < 1e-6, "{seed}: {state:?}");
        }
    }
    // The problems are of all kinds.
    assert!(binding[..4].iter().all(|times| *times > 15), "{binding:?}");
}

/// Dual budgets, one budget, none; each optimum is where its regime says.
#[test]
fn regimes_are_told_apart() {
    let both = |tpot: f64, memory: f64| {
        let budgets = Budgets {
            tpot_s: Some(tpot),
            memory_bytes: Some(memory),
            ..Budgets::default()
        };
        worked(budgets, BOX)
    };
    for (problem, binding) in [
        (both(4e8, 1e12), vec![Quantity::Tpot]),
        (both(1e12, 1e9), vec![Quantity::Memory]),
        (both(1e12, 1e13), vec![]),
        (both(8e8, 3e9), vec![Quantity::Tpot, Quantity::Memory]),
    ] {
        let optimum = problem.solve().unwrap();
        let states = optimum.limits.iter().filter(|state| state.binds());
        let found: Vec<Quantity> = states.map(|state| state.quantity).collect();
        assert_eq!(found, binding);
    }
    let error = both(1e3, 1e12).solve().unwrap_err();
    assert_eq!(error.budgets.len(), 1);
    let (quantity, _, least) = error.budgets[0];
    assert_eq!(quantity, Quantity::Tpot);
    let cheapest = Shape {
        gqa: BOX.max.gqa,
        activation_rate: 1.0,
        ..BOX.min
    };
    let usage = both(1e3, 1e12).limits[0].usage.value(&cheapest);
    assert!((least / usage - 1.0).abs() < 1e-12);
}

/// SciPy's SLSQP on the paper's formulas written out in Python (`scipy_optima.py`), twelve starts a problem.
#[test]
fn an_optimiser_of_other_people_finds_the_same() {
    let mut rows = 0;
    for line in include_str!("scipy_optima.csv").lines().skip(1) {
        let cells: Vec<Option<f64>> = line.split(',').map(|cell| cell.parse().ok()).collect();
        let budgets = Budgets {
            ttft_s: cells[0],
            tpot_s: cells[1],
            memory_bytes: cells[2],
            ..Budgets::default()
        };
        let optimum = worked(budgets, BOX).solve().unwrap();
        let loss = cells[3].unwrap();
        assert!((optimum.loss - loss).abs() < 1e-7, "{line}: {}", optimum.loss);
        // The optimum is flat: shapes are known less well than losses.
        for (found, expected) in optimum.shape.values().into_iter().zip(&cells[4..]) {
            assert!(
                (found / expected.unwrap() - 1.0).abs() < 2e-3,
                "{line}: {:?}",
                optimum.shape
            );
        }
        rows += 1;
    }
    assert_eq!(rows, 24);
}
