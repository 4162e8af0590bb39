//! `rooflaw plan-runs`: from a plan to runs, a fit, and the next plan; and what cannot be planned.

use crate::fit::{both, has, json, table};
use crate::tool::{answer_in, contents, data, folder_with, refusal, refusal_in, words};
use serde_json::Value;
use std::fs;
use std::path::Path;

const EMPTY: fn() -> tempfile::TempDir = || tempfile::tempdir().unwrap();

/// What co-design's published numbers say of the architecture in a config.json.
fn co_design_loss(config: &Path) -> f64 {
    let config: Value = serde_json::from_slice(&fs::read(config).unwrap()).unwrap();
    let number = |name: &str| config[name].as_f64().unwrap();
    let (layers, hidden) = (number("num_hidden_layers"), number("hidden_size"));
    let kv_dim = number("num_key_value_heads") * number("head_dim");
    let (ratio, rate) = if config["num_experts"].is_null() {
        (number("intermediate_size") / hidden, 1.0)
    } else {
        let (active, stored) = (number("num_experts_per_tok"), number("num_experts"));
        (active * number("moe_intermediate_size") / hidden, active / stored)
    };
    2.53 + 9.96 * layers.powf(-1.63)
        + 0.031 * rate.powf(1.09) * ratio.powf(-0.17) * hidden.powf(0.33)
        + 500.0 * ratio.powf(-0.17) * hidden.powf(-0.97)
        + 0.2 * kv_dim.powf(-0.05)
}

/// Fills the losses into a plan's table.
fn train(plan: &Path) {
    let planned = fs::read_to_string(plan.join("runs.csv")).unwrap();
    let mut filled = String::new();
    for (index, line) in planned.lines().enumerate() {
        filled.push_str(line);
        if index > 0 {
            let config = line.split(',').nth(1).unwrap();
            let error = 0.002 * (7.0 * index as f64).sin();
            let loss = co_design_loss(&plan.join(config)) * (1.0 + error);
            filled.push_str(&loss.to_string());
        }
        filled.push('\n');
    }
    fs::write(plan.join("runs.csv"), filled).unwrap();
}

/// The whole loop: plan, train, fit, and plan the next run.
#[test]
fn planned_runs_are_trained_and_fitted() {
    let folder = EMPTY();
    let here = folder.path();
    let (text, _) = both(
        here,
        "plan-runs --runs 30 --law co-design --space paper --out plan",
    );
    let parts = [
        "30 runs for the law co-design I-optimal: ",
        "FFN k/E×w",
        "predicted losses, over the space undetermined 0.",
        "fill the losses into plan/runs.csv, then `rooflaw fit plan/runs.csv`.",
    ];
    has(&text, &parts);
    let files = contents(&here.join("plan"));
    for name in [
        "report.html",
        "plan.json",
        "figures/plan.svg",
        "run-030/config.json",
    ] {
        assert!(files.contains_key(name), "{name}");
    }
    let planned = fs::read_to_string(here.join("plan/runs.csv")).unwrap();
    assert!(
        planned.starts_with("group,config,loss\nrun-001,run-001/config.json,\n"),
        "{planned}"
    );
    train(&here.join("plan"));
    let law = "fit plan/runs.csv --law co-design --refits 20";
    let found = json(here, law);
    assert!(found["fit"]["Power"]["quality"]["mae"].as_f64().unwrap() < 0.01);
    let (text, _) = both(here, &format!("{law} --starts 16 --out fit"));
    let next = "`rooflaw plan-runs --runs 1 --law fit/co-design.toml --existing plan/runs.csv`.";
    has(&text, &[next, "rooflaw design --law fit/co-design.toml"]);
    let line = "plan-runs --runs 1 --law fit/co-design.toml --existing plan/runs.csv --space paper";
    let (text, _) = both(here, line);
    let parts = [
        "1 run for the law co-design",
        "on average over 17 sets of its numbers",
        "beside the 30 runs that are in",
    ];
    has(&text, &parts);
    assert!(!text.contains("undetermined"), "{text}");
}

#[test]
fn tokens_are_chosen_too() {
    let folder = EMPTY();
    let line = "plan-runs --law width-depth-tokens --tokens 10B,100B --runs 8 --space paper --out plan";
    let (text, _) = both(folder.path(), line);
    has(&text, &[" 10.00B ", " 100B ", "FLOP of training"]);
    let planned = fs::read_to_string(folder.path().join("plan/runs.csv")).unwrap();
    assert!(planned.starts_with("group,config,tokens,loss\n"), "{planned}");
    assert!(planned.contains(",10000000000,\n") && planned.contains(",100000000000,\n"));
    // Without --tokens, the most of the law's runs.
    let plan = json(folder.path(), "plan-runs --law chinchilla --runs 6 --space paper");
    assert_eq!(plan["runs"][0]["tokens"], 317_754_489_343.968_8);
}

#[test]
fn runs_are_spread_without_a_law() {
    let folder = folder_with("runs.csv", table(1.0, &[]));
    let here = folder.path();
    let (text, _) = both(here, "plan-runs --space wide --runs 5");
    has(
        &text,
        &[
            "5 runs over the space wide Spread over n_layers, hidden_size,",
            "FLOP for each training token",
        ],
    );
    let (text, _) = both(
        here,
        "plan-runs --space paper --runs 3 --existing runs.csv --where n_layers<20",
    );
    has(
        &text,
        &[
            "beside the 12 runs that are in",
            "Farthest architecture from any run",
        ],
    );
    // A space of one's own.
    let own = data("spaces/paper.toml").replace("max = 32", "max = 8");
    fs::write(here.join("own.toml"), own).unwrap();
    let plan = json(here, "plan-runs --space own.toml --runs 4");
    let runs = plan["runs"].as_array().unwrap();
    assert_eq!((&plan["space"], runs.len()), (&"own".into(), 4));
    assert!(
        runs.iter()
            .all(|run| run["architecture"]["n_layers"].as_u64().unwrap() <= 8)
    );
}

#[test]
fn a_budget_is_kept() {
    let folder = EMPTY();
    for line in [
        "",
        "--law width-depth",
        "--law width-depth --runs 8 --criterion d",
        "--law width-depth --repeats 2",
    ] {
        let plan = json(
            folder.path(),
            &format!("plan-runs --space paper --budget 3e20 --tokens 10B {line}"),
        );
        let cost = plan["training_flop"].as_f64().unwrap();
        assert!(cost <= 3e20 && cost > 1e20, "{line}: {cost}");
        assert!(plan["runs"].as_array().unwrap().len() >= 5, "{line}");
    }
    let line = "plan-runs --space paper --law width-depth --runs 8 --criterion d";
    let (text, _) = both(folder.path(), line);
    has(
        &text,
        &[
            "D-optimal: they determine the law's numbers best",
            "D-efficiency at least ",
        ],
    );
}

/// Weights have no unit, and checkpoints of a run count as one run.
#[test]
fn runs_that_are_in_count_as_runs() {
    let now = |table: String| {
        let folder = folder_with("runs.csv", table);
        let line = "plan-runs --law width-depth-tokens --existing runs.csv --runs 1 --space paper";
        let plan = json(folder.path(), line);
        plan["method"]["optimal"]["plan"]["expectation"]["before"]["rms"]
            .as_f64()
            .unwrap()
    };
    let plain = now(table(1.0, &[]));
    let weighted = now(table(1.0, &[("weight", &|_| "250".to_owned())]));
    assert!((plain - weighted).abs() < 1e-9 * plain, "{plain} {weighted}");
    // As runs of their own the rows tell four times as much, and twice as precisely.
    let apart: String = table(1.0, &[])
        .lines()
        .map(|line| format!("{}\n", line.split_once(',').unwrap().1))
        .collect();
    let apart = now(apart);
    assert!((plain / apart - 2.0).abs() < 0.01, "{plain} {apart}");
}

#[test]
fn too_few_runs_for_a_law_are_named() {
    let folder = EMPTY();
    let (text, _) = both(
        folder.path(),
        "plan-runs --law width-depth --runs 3 --space paper",
    );
    let parts = [
        "predicted losses, over the space undetermined undetermined",
        "These runs do not determine all of the law's 5 numbers: it takes more --runs, or those that are in, --existing.",
    ];
    has(&text, &parts);
    let (text, _) = both(
        folder.path(),
        "plan-runs --law width-depth --runs 5 --space paper",
    );
    has(&text, &["irreducible_loss undetermined a factor of "]);
}

/// The paper's space has experts; of them width and depth say nothing.
#[test]
fn experts_that_a_law_does_not_see_are_named() {
    let folder = EMPTY();
    let here = folder.path();
    let (_, remarks) = both(here, "plan-runs --law chinchilla --runs 12 --space paper");
    has(
        &remarks,
        &["of 12 runs have experts, and the law chinchilla takes mixtures of experts for dense models"],
    );
    let plan = json(here, "plan-runs --law co-design --runs 12 --space paper");
    assert!(plan["unseen_experts"].is_null());
}

#[test]
fn plans_that_cannot_be() {
    for (line, parts) in [
        ("--runs 0", &["--runs", "1..=1000"][..]),
        ("--runs 2000", &["--runs", "1..=1000"]),
        (
            "--budget 1e21",
            &["--budget is in FLOP of whole trainings: give --tokens, such as 10B"],
        ),
        (
            "--budget 1e10 --tokens 1B",
            &["the budget of 1.000e10 FLOP is too small: the cheapest run costs "],
        ),
        (
            "--budget 1e19 --tokens 10B --runs 9",
            &["the cheapest 9 runs cost "],
        ),
        ("--budget x --tokens 1B", &["--budget", "positive number"]),
        ("--tokens 1B,1B", &["--tokens names 1.00B twice"]),
        ("--tokens 0", &["--tokens", "positive number"]),
        ("--tokens 1e300", &["--tokens 1e300: expected at most 1e18"]),
        (
            "--law active-tokens",
            &["the law `active-tokens` has no numbers yet: `rooflaw fit` finds them"],
        ),
        (
            "--law routed",
            &["--law routed: plans are made for laws that are sums of terms; leave it out"],
        ),
        ("--law nope", &["unknown law `nope`"]),
        ("--existing nope.csv", &["cannot open nope.csv"]),
        (
            "--where tokens>1",
            &["--where 'tokens>1': these are rows of --existing, which is not given"],
        ),
        ("--criterion d", &["--law <LAW>"]),
        ("--noise 0.1", &["--law <LAW>"]),
        ("--repeats 2", &["--law <LAW>"]),
        ("--criterion z --law co-design", &["expected d or i"]),
        (
            "--noise 5 --law co-design",
            &["expected a number between 0 and 1, such as 0.005"],
        ),
    ] {
        refusal(&format!("plan-runs --space paper {line} --out plan"), parts);
    }
    refusal(
        "plan-runs --space papr",
        &["unknown space `papr` (did you mean `paper`?)"],
    );
    let folder = folder_with("runs.csv", table(1.0, &[]));
    refusal_in(
        folder.path(),
        &words("plan-runs --law chinchilla --existing runs.csv"),
        &["runs.csv: the law chinchilla needs parameters, but the table has n_layers, hidden_size, tokens"],
    );
    refusal_in(
        folder.path(),
        &words("plan-runs --space paper --out runs.csv"),
        &["--out runs.csv is a file: expected a folder"],
    );
    // A space of eight architectures.
    let own = data("spaces/paper.toml");
    let small: Vec<&str> = own
        .lines()
        .filter(|line| !line.starts_with("values = [768"))
        .collect();
    let small = small
        .join("\n")
        .replace(
            "variable = \"hidden_size\"",
            "variable = \"hidden_size\"\nvalues = [768]",
        )
        .replace("values = [0.5, 1, 2, 4, 8]", "values = [4]")
        .replace("[[1, 1], [8, 1], [8, 2], [16, 1], [16, 2]]", "[[1, 1]]")
        .replace("[1, 2, 4, 8, \"n_heads\"]", "[1]");
    fs::write(folder.path().join("small.toml"), small).unwrap();
    refusal_in(
        folder.path(),
        &words("plan-runs --space small.toml --runs 9 --law width-depth --out plan"),
        &["9 runs are wanted, but there are 8 candidates"],
    );
    answer_in(
        folder.path(),
        "plan-runs --space small.toml --runs 9 --law width-depth --repeats 2",
    );
}
