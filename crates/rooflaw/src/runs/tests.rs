//! Tables that are read, and mistakes that are named.

use super::*;
use crate::law::fit::{Objective, Starts, fit};

fn error(text: &str) -> String {
    RunTable::from_csv(text.as_bytes()).unwrap_err().to_string()
}

#[test]
fn csv_and_json_lines_say_the_same() {
    let csv = "\u{feff}# two runs\ngroup,parameters,tokens,loss,standard_error,unit\n\"a, b\",1e8,2e9,3.5,0.1,nats/token\nc,2e8,2e9,3.25,0.2,nats/token\n";
    let jsonl = r#"{"group": "a, b", "parameters": 1e8, "tokens": 2000000000, "loss": 3.5, "standard_error": 0.1, "unit": "nats/token"}
{"group": "c", "parameters": 2e8, "tokens": 2e9, "loss": 3.25, "standard_error": 0.2, "unit": "nats/token"}
"#;
    let table = RunTable::from_csv(csv.as_bytes()).unwrap();
    let mut other = RunTable::from_jsonl(jsonl.as_bytes()).unwrap();
    other.variables.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(table, other);
    assert_eq!(table.group.as_ref().unwrap()[0], "a, b");
    assert_eq!(table.n_runs(), 2);
    let warnings: Vec<String> = table
        .warnings(Some(&Form::additive(&["parameters"])))
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        warnings,
        [
            "every run has tokens = 2000000000: no law can tell what it does",
            "2 runs are fewer than the law's 3 parameters",
            "no column `tokenizer`: make sure that the losses can be compared",
        ]
    );
    assert_eq!(table.observations().unwrap().n_groups(), 2);
}

#[test]
fn mistakes_are_named_with_their_line() {
    assert_eq!(error(""), "no runs: expected a header and at least one row");
    assert_eq!(
        error("tokens,loss\n"),
        "no runs: expected a header and at least one row"
    );
    assert_eq!(
        error("tokens,loss\n1e9,NaN\n"),
        "line 2: loss is `NaN`, expected a positive number"
    );
    assert_eq!(
        error("tokens,loss\n0,3\n"),
        "line 2: tokens is `0`, expected a positive number"
    );
    assert_eq!(
        error("tokens,loss\n1e9,inf\n"),
        "line 2: loss is `inf`, expected a positive number"
    );
    assert_eq!(
        error("tokens,loss\n,3\n"),
        "line 2: tokens is ``, expected a positive number"
    );
    assert_eq!(
        error("activation_rate,loss\n1.5,3\n"),
        "line 2: activation_rate is `1.5`, expected a number in (0, 1]"
    );
    assert_eq!(
        error("tokens,loss\n1e9\n"),
        "line 2: 1 cells, but the header has 2"
    );
    assert_eq!(
        error("tokens,tokens,loss\n1,1,1\n"),
        "column `tokens` appears twice"
    );
    assert_eq!(error("tokens,parameters\n1,1\n"), "no column `loss`");
    assert_eq!(
        error("loss\n1\n"),
        "no column of a variable, such as `tokens` or `parameters`"
    );
    assert!(
        error("token,loss\n1,1\n")
            .starts_with("unknown column `token` (did you mean `tokens`?): expected loss, ")
    );
    assert_eq!(
        error("tokens,loss,unit\n1e9,3,nats/token\n2e9,3,bits/byte\n"),
        "line 3: unit is `bits/byte`, but `nats/token` above: losses that cannot be compared"
    );
    let twice = "line 4: the run of line 2 again; give repeated trainings different names in `group`";
    assert_eq!(error("tokens,loss\n1e9,3\n2e9,3\n1e9,3\n"), twice);
    assert_eq!(error("group,tokens,loss\na,1e9,3\nb,1e9,3\na,1e9,3.1\n"), twice);
    assert!(RunTable::from_csv(b"tokens,loss\n1e9,3\n1e9,3.1\n").is_ok());
    assert_eq!(RunTable::from_csv(&[0xff]), Err(RunError::NotText));
    let json = |text: &str| RunTable::from_jsonl(text.as_bytes()).unwrap_err().to_string();
    assert!(json("{\"loss\": NaN}").starts_with("line 1: expected value"));
    assert_eq!(
        json("{\"loss\": [1], \"tokens\": 1}"),
        "line 1: `loss` is neither a number nor a text"
    );
    assert_eq!(
        json("{\"loss\": 1, \"tokens\": 1}\n{\"loss\": 1, \"tokens\": 1, \"unit\": \"x\"}"),
        "line 2: `unit` is missing from the first row"
    );
}

/// What a fit says about tables that are well formed but not enough.
#[test]
fn one_width_and_too_few_runs_are_refused_by_the_fit() {
    let refuse = |text: &str| {
        let observations = RunTable::from_csv(text.as_bytes())
            .unwrap()
            .observations()
            .unwrap();
        let form = Form::additive(&["hidden_size"]);
        let starts = Starts::Random { count: 4, seed: 1 };
        fit(&form, &observations, Objective::LeastSquares, &starts)
            .unwrap_err()
            .to_string()
    };
    let one_width = "hidden_size,tokens,loss\n512,1e9,3\n512,2e9,2.9\n512,3e9,2.8\n512,4e9,2.7\n";
    assert_eq!(
        refuse(one_width),
        "`hidden_size` has the same value in every run: the exponent `alpha_hidden_size` cannot be fitted"
    );
    assert_eq!(
        refuse("hidden_size,loss\n512,3\n768,2.9\n"),
        "2 runs cannot determine the law's 3 parameters"
    );
}

/// The tables of `data/runs/` are in this format.
#[test]
fn our_own_tables_are_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/runs");
    for (path, rows, runs) in [
        ("chinchilla_epoch/runs.csv", 245, 245),
        ("chinchilla_epoch/shapes.csv", 245, 245),
        ("gemstones/hot_100b_plus.csv", 770, 22),
        ("gemstones/hot.csv", 220, 22),
    ] {
        let table = RunTable::from_csv(&std::fs::read(folder.join(path)).unwrap()).unwrap();
        assert_eq!((table.n_rows(), table.n_runs()), (rows, runs), "{path}");
    }
}
