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
    assert_eq!(table, RunTable::from_jsonl(jsonl.as_bytes()).unwrap());
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
            "too few runs, 2, for the law's 3 numbers",
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

#[test]
fn lines_count_comments_blanks_and_breaks_inside_quotes() {
    let table = "# made by hand\r\n\r\ngroup,tokens,loss\r\n# a comment\r\n\r\n\"two\r\nlines\",1e9,3\r\n\r\n#\r\nb,0,3\r\n";
    assert_eq!(error(table), "line 10: tokens is `0`, expected a positive number");
    let short = "tokens,loss\n\n# one\n# two\n1,2\n\n3\n";
    assert_eq!(error(short), "line 7: 1 cells, but the header has 2");
    let last = "tokens,loss\n1,2\n# end, without a line break";
    assert_eq!(RunTable::from_csv(last.as_bytes()).unwrap().n_rows(), 1);
    let wide = (0..10_001).map(|i| format!("x_{i},")).collect::<String>() + "loss\n1\n";
    assert_eq!(error(&wide), "10002 columns: expected at most 10000");
    let json = |text: &str| RunTable::from_jsonl(text.as_bytes()).unwrap_err().to_string();
    assert_eq!(
        json("{\"loss\": 1, \"tokens\": 1}\n\n{\"loss\": 1, \"loss\": 1}"),
        "line 3: `loss` appears twice"
    );
    assert_eq!(
        json("{\"loss\": 1, \"tokens\": 1}\n{\"loss\": 1"),
        "line 2: EOF while parsing an object at column 10"
    );
    assert_eq!(
        json("[1]"),
        "line 1: invalid type: sequence, expected an object, its keys the columns at column 0"
    );
}

fn published(name: &str) -> Result<crate::architecture::Architecture, String> {
    let known = crate::models::find(name).map_err(|error| error.to_string())?;
    Ok(known.architecture)
}

#[test]
fn a_configuration_stands_for_its_columns() {
    let csv = b"config,tokens,loss,x_lr\nqwen2.5-0.5b,1e9,3,1e-3\nolmoe-1b-7b-0125-instruct,1e9,2.9,2e-3\n";
    let table = RunTable::from_csv_with(csv, &published).unwrap();
    let names: Vec<&str> = table.variables.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [&VARIABLES[..10], &["x_lr"]].concat();
    assert_eq!(names, expected);
    let values = |name: &str| &table.variables.iter().find(|(known, _)| known == name).unwrap().1;
    assert_eq!(values("n_layers"), &[24.0, 16.0]);
    assert_eq!(values("n_experts"), &[1.0, 64.0]);
    assert_eq!(values("activation_rate"), &[1.0, 0.125]);
    assert_eq!(values("parameters")[0], 494_032_768.0);
    assert!(values("active_parameters")[1] < values("parameters")[1]);
    assert_eq!(
        values("non_embedding_parameters")[0],
        494_032_768.0 - 151_936.0 * 896.0
    );
    let jsonl = br#"{"loss": 3, "config": "qwen2.5-0.5b", "hidden_size": 896, "parameters": 494e6}"#;
    let table = RunTable::from_jsonl_with(jsonl, &published).unwrap();
    let parameters = table.variables.iter().find(|(name, _)| name == "parameters");
    assert_eq!(
        parameters.unwrap().1,
        [494_032_768.0],
        "the configuration's, not the rounded one"
    );
}

#[test]
fn configurations_that_are_not_found_or_contradict_a_column() {
    assert_eq!(
        error("config,loss\nqwen2.5-0.5b,3\n"),
        "column `config`: no configuration can be read here; give the architecture in columns"
    );
    let error = |text: &str| {
        let refused = RunTable::from_csv_with(text.as_bytes(), &published);
        refused.unwrap_err().to_string()
    };
    assert!(
        error("config,loss\nqwen2.5-0.5b,3\nqwen2.5-0.5,3\n")
            .starts_with("line 3: config `qwen2.5-0.5`: unknown model `qwen2.5-0.5` (did you mean")
    );
    assert_eq!(
        error("config,loss\n,3\n"),
        "line 2: config is ``, expected a name"
    );
    assert_eq!(
        error("loss,hidden_size,config\n3,895,qwen2.5-0.5b\n"),
        "line 2: hidden_size is 895, but 896 by its config"
    );
    assert_eq!(
        error("parameters,config,loss\n500e6,qwen2.5-0.5b,3\n"),
        "line 2: parameters is 500000000, but 494032768 by its config"
    );
}

#[test]
fn what_is_written_is_read_and_has_one_digest() {
    let csv = "unit,x_b,tokens,group,x_a,loss,weight,standard_error,tokenizer\n\
        \"nats/token, mean\",1e-300,1e300,\"# a \"\"b\"\"\nc\",0.1,3.3333333333333335,2,0.1,gpt2\n\
        \"nats/token, mean\",2.5,123456789,d,0.30000000000000004,2.75,1,0.2,gpt2\n";
    let table = RunTable::from_csv(csv.as_bytes()).unwrap();
    let as_csv = table.to_csv().unwrap();
    let as_jsonl = table.to_jsonl().unwrap();
    assert_eq!(RunTable::from_csv(as_csv.as_bytes()).unwrap(), table);
    assert_eq!(RunTable::from_jsonl(as_jsonl.as_bytes()).unwrap(), table);
    let digest = table.digest();
    assert_eq!(digest.len(), 64);
    let mut other = table.clone();
    other.variables.reverse();
    assert_eq!(other.digest(), digest, "the order of columns does not matter");
    other.loss[1] = 2.750_000_000_000_000_4;
    assert_ne!(other.digest(), digest);
    other = table.clone();
    other.group.as_mut().unwrap()[1] = "e".to_owned();
    assert_ne!(other.digest(), digest);
    other.loss.pop();
    assert_eq!(
        other.to_csv().unwrap_err().to_string(),
        "group has 2 values, but there are 1 losses"
    );
}

/// Whatever laws are written in can be a column, in the same order.
#[test]
fn every_feature_is_a_variable() {
    let names = crate::law::Feature::ALL.map(crate::law::Feature::name);
    assert_eq!(VARIABLES[..names.len()], names);
}

/// A law file records it: it must not change.
#[test]
fn a_digest_is_the_same_for_ever() {
    let table = RunTable::from_csv(b"parameters,loss\n1e8,3\n2e8,2.5\n").unwrap();
    assert_eq!(
        table.digest(),
        "3c52f0b81fbac9575461bb8ea752890dc08dc73064a56b83584575e2a4023379"
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
        "too few runs, 2, for the law's 3 numbers"
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
