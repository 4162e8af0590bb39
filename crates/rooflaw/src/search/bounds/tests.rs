//! The bounds themselves: below everything in a box.

use super::problem::{Bound, Problem};
use super::*;
use crate::search::Budgets;
use crate::space::{Cursor, Region};
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
