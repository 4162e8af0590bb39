//! `rooflaw design --uncertainty`.

use crate::tool::{answer, answer_in, contents, refusal, rooflaw, words};
use serde_json::Value;

const LINE: &str = "design --space paper --law active-total --uncertainty --draws 200 --max-total 100ms";

#[test]
fn a_design_states_probabilities_regrets_and_what_is_worth_knowing() {
    let folder = tempfile::tempdir().unwrap();
    let text = answer_in(folder.path(), &format!("{LINE} --out unc"));
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "Under uncertainty",
        "robust",
        "fallback",
        "Were this known before choosing",
        "200 draws: ",
    ] {
        assert!(flat.contains(part), "{part}: {text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let files = contents(&folder.path().join("unc"));
    let read = |name: &str| String::from_utf8(files[name].clone().unwrap()).unwrap();
    let design: Value = serde_json::from_str(&read("design.json")).unwrap();
    let decision = &design["decision"];
    let choices = decision["choices"].as_array().unwrap();
    assert_eq!(read("choices.csv").lines().count(), choices.len() + 1);
    assert!(read("figures/uncertainty.svg").contains("90 % of frontiers"));
    assert!(read("report.html").contains("Choices by expected regret"));
    let number = |of: &Value, key: &str| of[key].as_f64().unwrap();
    let regrets: Vec<f64> = choices.iter().map(|of| number(of, "expected_regret")).collect();
    assert!(regrets.windows(2).all(|pair| pair[0] <= pair[1]));
    for of in choices {
        assert!((0.0..=1.0).contains(&number(of, "within_budgets")));
        assert!((0.0..=1.0).contains(&number(of, "on_frontier")));
    }
    let information = &decision["information"];
    let regret = number(information, "regret");
    assert_eq!(regret, regrets[0]);
    for key in [
        "regret_law_known",
        "regret_device_known",
        "regret_latencies_known",
    ] {
        assert!(
            (0.0..=regret).contains(&number(information, key)),
            "{information}"
        );
    }
    // What is best if nothing is uncertain is what design chooses.
    let nominal = &choices[decision["nominal"].as_u64().unwrap() as usize];
    assert_eq!(nominal["index"], design["chosen"]["index"]);
    let fallback = &choices[decision["fallback"].as_u64().unwrap() as usize];
    assert!(number(fallback, "within_budgets") >= 0.99);
}

/// The probability to meet the budget is that which `design` states from the interval, but for the draws.
#[test]
fn probabilities_are_those_of_the_intervals() {
    for budget in ["--max-total 100ms", ""] {
        let line = format!("design --space paper --uncertainty --draws 2000 --json {budget}");
        let design: Value = serde_json::from_str(&answer(&line)).unwrap();
        let decision = &design["decision"];
        let nominal = &decision["choices"][decision["nominal"].as_u64().unwrap() as usize];
        let stated = design["chosen"]["probabilities"][0]["probability"]
            .as_f64()
            .unwrap();
        let drawn = nominal["within_budgets"].as_f64().unwrap();
        assert!((stated - drawn).abs() < 0.05, "{budget}: {stated} {drawn}");
        assert_eq!(decision["n_members"], 0);
    }
}

#[test]
fn threads_do_not_matter() {
    let json = |threads: &str| {
        let mut command = rooflaw();
        let line = format!("{LINE} --json");
        let output = command
            .args(words(&line))
            .env("RAYON_NUM_THREADS", threads)
            .output()
            .unwrap();
        assert!(output.status.success());
        output.stdout
    };
    assert!(json("1") == json("3"));
}

#[test]
fn without_anything_uncertain_there_is_nothing_to_decide() {
    refusal(
        "design --uncertainty --calibration bare",
        &["--uncertainty: neither the law co-design nor a bare roofline states any"],
    );
    refusal("design --draws 500", &["--uncertainty"]);
    refusal("design --uncertainty --draws 5", &["--draws", "100..=100000"]);
    refusal(
        "design --uncertainty --tolerance -1",
        &["--tolerance", "at least 0"],
    );
    refusal(
        "design --uncertainty --device raspberry-pi-5,raspberry-pi-4",
        &["--uncertainty is for one device"],
    );
}
