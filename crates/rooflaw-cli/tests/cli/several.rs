//! `rooflaw design` for several devices or workloads, and the cost of quantisation.

use crate::tool::{answer, answer_in, contents, folder_with, refusal, refusal_in, words};
use serde_json::Value;

fn parsed(line: &str) -> Value {
    serde_json::from_str(&answer(line)).unwrap()
}

/// One architecture, within the budgets of each device, no better than each device's own.
#[test]
fn one_architecture_for_two_devices() {
    let common = "--space paper --weights Q8_0 --max-memory 3GB --json";
    let both = parsed(&format!(
        "design --device jetson-orin-nano-super-8gb,raspberry-pi-5 {common}"
    ));
    let targets = both["targets"].as_array().unwrap();
    let loss = both["chosen"]["evaluations"][0]["loss"].as_f64().unwrap();
    let mut shares = Vec::new();
    for target in targets {
        let device = target["device"]["id"].as_str().unwrap();
        let alone = parsed(&format!("design --device {device} {common}"));
        assert_eq!(
            target["alone"]["evaluation"], alone["chosen"]["evaluation"],
            "{device}"
        );
        assert!(loss >= alone["chosen"]["evaluation"]["loss"].as_f64().unwrap());
        let budget = target["budgets"]["total_s"].as_f64().unwrap();
        assert_eq!(budget, alone["latency_budget_s"].as_f64().unwrap());
        let total = target["evaluation"]["total_s"].as_f64().unwrap();
        shares.push(total / budget);
        assert!(total <= budget);
    }
    let share = both["chosen"]["share"].as_f64().unwrap();
    assert_eq!(share, shares[0].max(shares[1]));
}

#[test]
fn several_workloads_have_weights_and_a_report() {
    let folder = tempfile::tempdir().unwrap();
    let line = "design --space paper --workload 1:1024:16@3 --workload 1:64:256 --across mean --out two";
    let text = answer_in(folder.path(), line);
    assert!(text.contains("1:1024:16") && text.contains("1:64:256"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let files = contents(&folder.path().join("two"));
    for name in [
        "report.html",
        "design.json",
        "frontier.csv",
        "figures/frontier.png",
        "best/config.json",
    ] {
        assert!(files.contains_key(name), "{name}");
    }
    let design: Value = serde_json::from_slice(files["design.json"].as_ref().unwrap()).unwrap();
    let share = |target: &Value| {
        target["evaluation"]["total_s"].as_f64().unwrap() / target["budgets"]["total_s"].as_f64().unwrap()
    };
    let targets = &design["targets"];
    let mean = (3.0 * share(&targets[0]) + share(&targets[1])) / 4.0;
    assert!((design["chosen"]["share"].as_f64().unwrap() - mean).abs() < 1e-12);
}

/// What each format costs is added, and may turn the answer over.
#[test]
fn quantisation_costs_what_the_model_says() {
    let design = |flags: &str| {
        parsed(&format!(
            "design --space paper --device raspberry-pi-5 --max-tpot 80ms --max-memory 2GB --json {flags}"
        ))
    };
    let frontier = |of: &Value| {
        of["outcome"]["by_format"][0]["frontier"]
            .as_array()
            .unwrap()
            .clone()
    };
    for (weights, cost) in [("Q8_0", 0.000_425), ("Q4_0", 0.072_491)] {
        let free = design(&format!("--weights {weights}"));
        let counted = design(&format!("--weights {weights} --quantisation-loss llama-3-8b"));
        let (free, counted) = (frontier(&free), frontier(&counted));
        assert_eq!(free.len(), counted.len());
        for (a, b) in free.iter().zip(&counted) {
            assert_eq!(a["index"], b["index"]);
            let loss = |of: &Value| of["evaluation"]["loss"].as_f64().unwrap();
            assert!((loss(b) - loss(a) - cost).abs() < 1e-12);
        }
    }
    let chosen = |of: &Value| of["chosen"]["formats"]["weights"].as_str().unwrap().to_owned();
    assert_eq!(chosen(&design("--weights Q8_0,Q4_0")), "Q4_0");
    assert_eq!(
        chosen(&design("--weights Q8_0,Q4_0 --quantisation-loss llama-3-8b")),
        "Q8_0"
    );
}

#[test]
fn mistakes_are_told() {
    refusal(
        "design --device raspberry-pi-5,raspberry-pi-5",
        &["names raspberry-pi-5 twice"],
    );
    refusal(
        "design --device raspberry-pi-5,nothing",
        &["unknown device `nothing`"],
    );
    refusal(
        "design --device-weights 1,2",
        &["--device-weights", "several devices"],
    );
    refusal(
        "design --device raspberry-pi-5,raspberry-pi-4 --device-weights 1",
        &["1 weights of 2 devices"],
    );
    refusal(
        "design --workload 1:2",
        &["--workload", "BATCH:TOKENS_IN:TOKENS_OUT"],
    );
    refusal("design --workload 1:8:8 --batch 2", &["--batch"]);
    refusal(
        "design --space paper --device raspberry-pi-5,raspberry-pi-4 --max-total 1ms",
        &["meets the budgets on all of them: total latency at most 1.00 ms on Raspberry Pi 5"],
    );
    refusal(
        "design --weights w4a16 --quantisation-loss llama-3-8b",
        &["llama-3-8b knows no cost of w4a16: expected Q4_0"],
    );
    refusal(
        "design --quantisation-loss llama-3-8",
        &["unknown quantisation loss `llama-3-8` (did you mean `llama-3-8b`?)"],
    );
    let folder = folder_with(
        "mine.toml",
        "name = \"a\"\nsource = \"b\"\nparameters = 0.0\nloss = { Q4_0 = 1.0 }\n",
    );
    refusal_in(
        folder.path(),
        &words("design --weights Q4_0 --quantisation-loss mine.toml"),
        &["mine.toml", "parameters = 0"],
    );
}
