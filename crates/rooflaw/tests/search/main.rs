//! Search by bounds against enumeration, on problems drawn at random.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

mod problem;

use problem::{GENES, Genes, MOST, Problem};
use proptest::prelude::*;
use rooflaw::search::{FormatOutcome, Method, Outcome, Watch};

const UNWATCHED: Watch<'static> = Watch {
    advance: &|_| {},
    stop: &|| false,
};

/// Everything but the counts that bounds do not have, to the last bit.
fn comparable(found: &FormatOutcome) -> String {
    serde_json::to_string(&FormatOutcome {
        n_feasible: None,
        ..found.clone()
    })
    .unwrap()
}

fn assert_same(bounds: &Outcome, enumerated: &Outcome, text: &str) {
    for (a, b) in bounds.by_format.iter().zip(&enumerated.by_format) {
        assert_eq!(comparable(a), comparable(b), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// The same frontier, best and least values, to the last bit and the lowest index.
    #[test]
    fn bounds_find_what_enumeration_finds(genes in prop::collection::vec(0..MOST, GENES)) {
        let problem = Problem::of(&Genes(genes), 30_000);
        let query = problem.query();
        let bounds = query.search(Method::Bounds, &UNWATCHED);
        prop_assert_eq!(bounds.effort.method, Method::Bounds);
        assert_same(&bounds, &query.run(&|_| {}), &problem.text);
    }
}
