//! Shadow prices against differences of re-solved problems.

use crate::problems::random;
use rooflaw::law;
use rooflaw::theory::{Prices, Problem, Sweep, power_fits};

const N_PROBLEMS: u64 = 200;
/// Half of the difference, in the logarithm: small beside curvature, large beside the solver's tolerance.
const STEP: f64 = 1e-3;
/// Prices below this, nats per e-fold, are nothing: their differences are rounding.
const NOTHING: f64 = 1e-5;

fn slope(of: impl Fn(f64) -> Problem) -> f64 {
    let loss = |factor: f64| of(factor).solve().unwrap().loss;
    (loss(STEP.exp()) - loss((-STEP).exp())) / (2.0 * STEP)
}

#[test]
fn prices_are_differences_to_a_percent() {
    let mut compared = 0;
    for seed in 0..N_PROBLEMS {
        let (problem, _) = random(seed);
        let optimum = problem.solve().unwrap();
        let prices = Prices::at(&problem, &optimum);
        let mut check = |price: f64, difference: f64, what: &str| {
            assert!(price <= 0.0);
            if price.abs() < NOTHING && difference.abs() < NOTHING {
                return;
            }
            compared += 1;
            let error = (price / difference - 1.0).abs();
            assert!(error < 0.01, "{seed} {what}: {price} is not {difference}");
        };
        for (quantity, price) in &prices.budgets {
            let difference = slope(|factor| problem.with_budgets(factor, |which| which == *quantity));
            check(*price, difference, quantity.name());
        }
        let faster = |compute: f64, bandwidth: f64| {
            let mut faster = problem.clone();
            for limit in &mut faster.limits {
                // Seconds on the faster device, in place of its rates.
                let sums = limit.on_compute.scaled(1.0 / compute);
                let sums = sums.plus(&limit.on_bandwidth.scaled(1.0 / bandwidth));
                if !sums.terms.is_empty() {
                    limit.usage = sums;
                }
            }
            faster
        };
        check(prices.bandwidth, slope(|factor| faster(1.0, factor)), "bandwidth");
        check(prices.compute, slope(|factor| faster(factor, 1.0)), "compute");
    }
    assert!(compared > 400, "{compared}");
}

/// A device of 1 % more bandwidth and a TPOT budget of 1 % more are the same problem, and all rates and budgets on
/// latency together are worth what their sum is.
#[test]
fn prices_add_up() {
    for seed in 0..N_PROBLEMS {
        let (problem, _) = random(seed);
        let optimum = problem.solve().unwrap();
        let prices = Prices::at(&problem, &optimum);
        let latencies = prices
            .budgets
            .iter()
            .filter(|(quantity, _)| quantity.is_latency());
        let budgets: f64 = latencies.map(|(_, price)| price).sum();
        assert!(
            (budgets - prices.bandwidth - prices.compute).abs() < 1e-9,
            "{seed}"
        );
    }
}

/// The published exponents come out where the paper derives them: one budget, no bounds.
#[test]
fn memory_alone_has_the_published_exponent_of_rho() {
    use crate::problems::{free, worked};
    use rooflaw::search::Budgets;
    use rooflaw::theory::{CoDesign, ShapeVariable};
    let law = CoDesign::of(&law::find("co-design").unwrap()).unwrap();
    let budgets = Budgets {
        memory_bytes: Some(4e9),
        ..Budgets::default()
    };
    let problem = worked(budgets, free(2048.0));
    let sweep = Sweep::of_variable(&problem, ShapeVariable::HiddenSize, &[1024.0, 1448.0, 2048.0]);
    let fits = sweep.power_fits();
    let rho = fits[ShapeVariable::ActivationRate as usize];
    let published = (law.beta1 - law.beta2) / law.alpha_rho;
    assert!((published + 1.19).abs() < 0.005);
    assert!((rho.exponent - published).abs() < 1e-4, "{rho:?}");
    // l* ∝ d⁻² is at a fixed ξ: as r, ρ and gqa follow, the depth falls otherwise.
    let depth = fits[ShapeVariable::NLayers as usize];
    assert!((depth.exponent + 2.0).abs() > 0.05, "{depth:?}");
    assert!(power_fits(&[]).is_empty());
}
