//! `--json`: standard output is one JSON value, and nothing else.

use crate::tool::answer;
use serde_json::Value;

fn parsed(line: &str) -> Value {
    let text = answer(&format!("{line} --json"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("rooflaw {line}: {error}"))
}

#[test]
fn lists_are_arrays() {
    for (command, least) in [("devices", 100), ("models", 40), ("laws", 1), ("spaces", 2)] {
        let value = parsed(command);
        let entries = value.as_array().unwrap();
        assert!(entries.len() >= least, "{command}");
        assert!(entries.iter().all(|entry| entry["id"].is_string()), "{command}");
    }
}

#[test]
fn one_of_each_is_an_object() {
    assert_eq!(
        parsed("devices jetson-agx-orin-64gb")["memory_capacity_bytes"],
        64e9
    );
    assert_eq!(parsed("models qwen2.5-0.5b")["parameters"]["total"], 494_032_768);
    assert_eq!(parsed("laws co-design")["irreducible_loss"], 2.53);
    assert_eq!(parsed("spaces paper")["combinations"], 9000);
}

#[test]
fn results_have_their_numbers() {
    let design = parsed("design --space paper --weights bf16,w8a8");
    assert_eq!(design["outcome"]["by_format"].as_array().unwrap().len(), 2);
    let chosen = &design["chosen"]["evaluation"];
    let budget = design["latency_budget_s"].as_f64().unwrap();
    assert!(chosen["total_s"].as_f64().unwrap() <= budget);
    assert!(chosen["loss"].as_f64().unwrap() < design["reference"]["evaluation"]["loss"].as_f64().unwrap());

    let intervals = &design["chosen"]["latency_intervals"]["total"];
    let [low, predicted, high] =
        ["low_s", "predicted_s", "high_s"].map(|end| intervals[end].as_f64().unwrap());
    assert!(low < predicted && predicted < high);
    assert_eq!(intervals["predicted_s"], chosen["total_s"]);
    let [probability] = &design["chosen"]["probabilities"].as_array().unwrap()[..] else {
        panic!("{}", design["chosen"]["probabilities"])
    };
    assert_eq!(probability["latency"], "total");
    assert_eq!(probability["is_reference"], true);
    assert!(probability["probability"].as_f64().unwrap() > 0.3);
    assert!(design["chosen"]["likely"]["probability"].as_f64().unwrap() >= 0.9);
    for (position, found) in design["outcome"]["by_format"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
    {
        let points = found["frontier"].as_array().unwrap().len();
        for list in ["frontier_latency_intervals", "frontier_probabilities"] {
            assert_eq!(design[list][position].as_array().unwrap().len(), points, "{list}");
        }
        assert_eq!(design["latencies"][position]["basis"], "population");
        assert_eq!(design["latencies"][position]["coverage"], 0.9);
    }

    let bare = parsed("predict qwen2.5-0.5b --calibration bare");
    assert_eq!(bare["latency"]["basis"], "bare");
    assert_eq!(bare["latency"]["coverage"], 0.8);
    let ratio = bare["latency"]["ttft_ratio"]["p90"].as_f64().unwrap();
    let ttft = bare["evaluation"]["ttft_s"].as_f64().unwrap();
    assert_eq!(
        bare["intervals"]["ttft"]["high_s"].as_f64().unwrap(),
        ratio * ttft
    );

    let prediction = parsed("predict qwen2.5-0.5b --context 2048");
    assert_eq!(prediction["context"], 2048);
    assert_eq!(prediction["fits"], true);
    assert!(prediction["decode"]["rows"].as_array().unwrap().len() > 10);

    let at_context = &prediction["tpot_at_context"]["predicted_s"];
    assert_eq!(at_context, &prediction["tpot_at_context_s"]);

    let comparison = parsed("compare qwen2.5-0.5b deepseek-v3");
    let fits: Vec<bool> = comparison["models"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["fits"].as_bool().unwrap())
        .collect();
    assert_eq!(fits, [true, false]);
}

/// An architecture of one's own, and remarks that people are told on standard error, leave standard output clean.
#[test]
fn warnings_stay_out_of_the_way() {
    assert_eq!(parsed("predict deepseek-v3 --device rk3588")["fits"], false);
    assert_eq!(
        parsed("predict --n-layers 1 --hidden-size 64")["architecture"]["n_layers"],
        1
    );
}
