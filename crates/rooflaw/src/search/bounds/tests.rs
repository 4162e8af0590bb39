//! The bounds themselves: below everything in a box.

use super::problem::{Bound, Problem};
use super::*;
use crate::format::Formats;
use crate::operators::Assumptions;
use crate::roofline::{Roofline, Workload};
use crate::search::{Budgets, Method, Objective};
use crate::space::{Cursor, DesignSpace, Region};
use proptest::prelude::*;

#[path = "../../../tests/search/problem.rs"]
mod random;

/// A number in each of so many places.
fn fractions() -> impl Strategy<Value = Vec<(f64, f64, f64)>> {
    prop::collection::vec((0.0..1.0, 0.0..1.0, 0.0..1.0), crate::space::MAX_AXES)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// A box between two random corners, and random architectures in it.
    #[test]
    fn nothing_in_a_box_is_below_its_bounds(
        genes in prop::collection::vec(0..random::MOST, random::GENES),
        corners in fractions(),
        wide in 1.0..4.0_f64,
        points in prop::collection::vec(fractions(), 12),
    ) {
        let random = random::Problem::of(&random::Genes(genes), 10_000_000);
        let query = random.query();
        let regions = Regions::new(&random.space);
        let evaluator = &random.evaluators[0];
        let loss = LeastLoss::new(evaluator.law()).unwrap();
        let problem = Problem::<3>::new(&query, &regions, LeastCosts::new(evaluator), loss);
        let place = |axis: usize, fraction: f64| (fraction * f64::from(random.space.extent(axis))) as u32;
        let mut region = Region::whole(&random.space);
        for (axis, corner) in corners.iter().enumerate().take(regions.n_axes()) {
            let (a, b) = (corner.0, corner.0 + corner.1.powf(wide));
            region.restrict(axis, place(axis, a), place(axis, b.min(0.999_999)));
        }
        let bound = problem.bound(&region);
        let least = problem.least_quantities(&region);
        for point in &points {
            let mut cursor = Cursor::new(&random.space, 0);
            for (axis, fraction) in point.iter().enumerate().take(regions.n_axes()) {
                let (first, extent) = region.range(axis);
                cursor.place(axis, first + (fraction.0 * extent as f64) as u32);
            }
            let Some(evaluation) = problem.evaluate(&cursor) else { continue };
            let text = || format!("{:?}\n{}", cursor.architecture(), random.text);
            match &least {
                None => prop_assert!(false, "an architecture in an empty box: {}", text()),
                Some(Err(_)) => {}
                Some(Ok(quantities)) => {
                    for (value, least) in Budgets::quantities(&evaluation).iter().zip(quantities) {
                        prop_assert!(value >= least, "{value} is below {least}: {}", text());
                    }
                }
            }
            let point = problem.point(&evaluation);
            match &bound {
                Bound::Nothing => prop_assert!(point.is_none(), "{}", text()),
                Bound::Mixed(_) => {}
                Bound::AtLeast(lower) => {
                    // What is beyond the budgets may be below.
                    for (value, least) in point.iter().flatten().zip(lower) {
                        prop_assert!(value > least || *value == 0.0, "{value} is not above {least}: {}", text());
                    }
                }
            }
        }
    }
}

/// The longest axes that a space may have, and nearly 2^64 combinations: what is found at once, and a proof.
#[test]
fn the_largest_spaces_are_searched() {
    let axis = |name: &str, n: u32| {
        format!("[[axes]]\nvariable = \"{name}\"\nrange = {{ min = 1, max = {n}, step = 1 }}\n")
    };
    let text = "name = \"large\"\n[fixed]\nn_kv_heads = 1\nhead_dim = 64\nintermediate_size = 64\n"
        .to_owned()
        + &["n_layers", "hidden_size", "vocab_size"]
            .map(|name| axis(name, 1 << 16))
            .concat()
        + &axis("n_heads", 1 << 15);
    let space = DesignSpace::from_toml("large", &text).unwrap();
    let device = crate::device::find("jetson-agx-orin-64gb").unwrap();
    let roofline = Roofline::new(device, &Formats::default(), &Assumptions::default());
    let law = crate::law::find("co-design").unwrap();
    let query = Query {
        space: &space,
        evaluators: &[Evaluator::new(law, roofline, Workload::default())],
        objective: Objective::Total,
        budgets: Budgets::default(),
        minimize_memory: false,
    };
    let watch = Watch {
        advance: &|_| {},
        stop: &|| true,
    };
    let outcome = query.search(Method::Auto, &watch);
    assert!(!outcome.effort.is_exact);
    let gap = outcome.by_format[0].gap.unwrap();
    assert!(gap.loss.unwrap() > 0.0 && gap.latency_s > 0.0, "{gap:?}");
}
