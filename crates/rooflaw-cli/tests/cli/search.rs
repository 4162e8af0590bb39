//! How `rooflaw design` searches: by bounds or by enumeration, to the end or not.

use crate::tool::{answer, refusal};
use serde_json::Value;

fn design(arguments: &str) -> Value {
    let json = answer(&format!("design --json {arguments}"));
    serde_json::from_str(&json).unwrap()
}

#[test]
fn both_ways_lead_to_the_same_frontier() {
    for more in [
        "",
        "--minimize-memory --max-ttft 40ms",
        "--weights Q4_K_M,w8a8 --objective decode",
    ] {
        let [bounds, enumerated] =
            ["bounds", "enumerate"].map(|method| design(&format!("--space paper --search {method} {more}")));
        assert_eq!(bounds["outcome"]["effort"]["method"], "bounds");
        assert_eq!(enumerated["outcome"]["effort"]["method"], "enumeration");
        assert_eq!(bounds["outcome"]["n_architectures"], Value::Null);
        assert_eq!(bounds["chosen"], enumerated["chosen"], "{more}");
        let formats = |design: &Value| design["outcome"]["by_format"].as_array().unwrap().clone();
        for (a, b) in formats(&bounds).iter().zip(&formats(&enumerated)) {
            for key in ["frontier", "best", "least", "gap"] {
                assert_eq!(a[key], b[key], "{more} {key}");
            }
        }
    }
}

/// Stopped at once it still has a frontier, and a proof of how far from exact it can be.
#[test]
fn a_search_that_is_stopped_says_what_it_may_have_missed() {
    let design = design("--space wide --time-limit 1ms");
    let outcome = &design["outcome"];
    assert_eq!(outcome["effort"]["is_exact"], false);
    let gap = &outcome["by_format"][0]["gap"];
    assert!(gap["loss"].as_f64().unwrap() > 0.0);
    let share = gap["hypervolume"].as_f64().unwrap();
    assert!(share > 0.5 && share < 1.0, "{share}");
    let fastest = &outcome["by_format"][0]["frontier"][0]["evaluation"]["total_s"];
    assert!(gap["latency_s"].as_f64().unwrap() <= fastest.as_f64().unwrap());

    let said = answer("design --space wide --time-limit 1ms");
    assert!(said.contains("not exact"), "{said}");
}

#[test]
fn what_cannot_be_searched_is_refused() {
    refusal("design --space vast --search enumerate", &["--time-limit"]);
    refusal("design --search quickly", &["enumerate"]);
    refusal("design --time-limit soon", &["soon"]);
}
