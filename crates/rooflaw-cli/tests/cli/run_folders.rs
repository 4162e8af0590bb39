//! Folders of trainings, as `rooflaw-train train` left them: tables wherever a table is taken.

use crate::tool::{answer_in, refusal_in, rooflaw, words};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Some of the trainings beside this test, in a folder of their own.
fn trainings(names: &[&str]) -> tempfile::TempDir {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/trainings");
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        let to = folder.path().join("sweep/runs").join(name);
        fs::create_dir_all(&to).unwrap();
        for entry in fs::read_dir(source.join(name)).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
    folder
}

const ALL: [&str; 6] = ["diverged", "h16-e4", "h16-l1", "h16-l2", "h32-l1", "stopped"];

fn summary(folder: &Path, line: &str) -> Value {
    let output = rooflaw().current_dir(folder).args(words(line)).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_folder_of_trainings_is_a_table() {
    let folder = trainings(&ALL);
    let found = summary(folder.path(), "runs sweep --json");
    assert_eq!(
        (&found["rows"], &found["unit"]),
        (&4.into(), &"nats/token".into())
    );
    let column = |name: &str| {
        let columns = found["columns"].as_array().unwrap();
        let column = columns.iter().find(|column| column["name"] == name);
        let column = column.unwrap_or_else(|| panic!("{name}"));
        (column["min"].as_f64().unwrap(), column["max"].as_f64().unwrap())
    };
    assert_eq!(column("n_layers"), (1.0, 2.0));
    assert_eq!(column("hidden_size"), (16.0, 32.0));
    assert_eq!(column("activation_rate"), (0.25, 1.0));
    assert_eq!(column("n_experts"), (1.0, 4.0));
    // Embeddings, attention, FFN, norms of the smallest and, by experts, of the largest.
    let smallest = 280 * 16 + (256 + 2 * 128 + 256) + 3 * 16 * 32 + 3 * 16 + 2 * 8;
    let largest = 280 * 32 + (1024 + 2 * 256 + 1024) + 3 * 32 * 64 + 3 * 32 + 2 * 8;
    assert_eq!(column("parameters"), (f64::from(smallest), f64::from(largest)));
    // 63 steps of 4 sequences of 32: the first whole number of them with 8,000 tokens.
    assert_eq!(column("tokens"), (8064.0, 8064.0));
    // As the trainings said when they were done.
    let (best, worst) = column("loss");
    assert!(
        (best - 0.7335).abs() < 5e-5 && (worst - 1.9549).abs() < 5e-5,
        "{best} {worst}"
    );
    let warnings: Vec<&str> = found["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|warning| warning["name"] == "left_out")
        .map(|warning| warning["message"].as_str().unwrap())
        .collect();
    assert_eq!(
        warnings,
        [
            "1 of 6 trainings is not done and left out: runs/stopped",
            "runs/diverged failed and is left out: gradient norm is NaN: not finite"
        ]
    );
    let some = summary(folder.path(), "runs sweep --json --where group!=runs/h16-e4");
    assert_eq!(some["rows"], 3);
}

#[test]
fn one_training_is_a_table_too() {
    let folder = trainings(&["h16-l1"]);
    let text = answer_in(folder.path(), "runs sweep/runs/h16-l1");
    assert!(text.contains("1 run"), "{text}");
}

/// A power law of size alone is a line in logarithms, whose slope is the covariance over the variance.
#[test]
fn laws_are_fitted_to_trainings() {
    const LAW: &str = "name = \"Size alone\"\nsource = \"this test\"\nform = \"additive_power\"\n\
        [exponents.alpha]\nbounds = [0.0, 4.0]\n\
        [[terms]]\nname = \"size\"\npowers = { parameters = \"-alpha\" }\n";
    let folder = trainings(&ALL);
    fs::write(folder.path().join("size.toml"), LAW).unwrap();
    let line = "fit sweep --law ./size.toml --fix irreducible_loss=0 --refits 4 --starts 4 --json";
    let output = rooflaw()
        .current_dir(folder.path())
        .args(words(line))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(
        stderr.contains("runs/diverged failed and is left out"),
        "{stderr}"
    );
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let alpha = number(&found, "alpha").unwrap_or_else(|| panic!("{found}"));
    let read = |name: &str, file: &str| -> Value {
        let path = folder.path().join("sweep/runs").join(name).join(file);
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    };
    let points: Vec<(f64, f64)> = ["h16-e4", "h16-l1", "h16-l2", "h32-l1"]
        .iter()
        .map(|name| {
            let size = read(name, "run.json")["parameters"].as_f64().unwrap();
            let loss = read(name, "result.json")["validation_loss"].as_f64().unwrap();
            (size.ln(), loss.ln())
        })
        .collect();
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / 4.0;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let covariance: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let variance: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let slope = covariance / variance;
    assert!((alpha + slope).abs() < 1e-6, "{alpha} {slope}");
}

/// The estimate of a number of a law, wherever the JSON has it.
fn number(value: &Value, name: &str) -> Option<f64> {
    match value {
        Value::Object(object) if object.get("name").is_some_and(|found| found == name) => {
            object.get("value").or(object.get("estimate"))?.as_f64()
        }
        Value::Object(object) => object.values().find_map(|value| number(value, name)),
        Value::Array(values) => values.iter().find_map(|value| number(value, name)),
        _ => None,
    }
}

#[test]
fn folders_without_trainings_are_refused() {
    let folder = trainings(&["diverged", "stopped"]);
    refusal_in(
        folder.path(),
        &["runs", "sweep"],
        &[
            "sweep: no training is done; 1 of 2 trainings is not done",
            "gradient norm is NaN",
        ],
    );
    fs::create_dir(folder.path().join("empty")).unwrap();
    refusal_in(
        folder.path(),
        &["fit", "empty"],
        &["empty holds no training: expected"],
    );
    let folder = trainings(&["h16-l1", "h16-l2"]);
    let place = folder.path().join("sweep/runs/h16-l2");
    let edit = |file: &str, from: &str, to: &str| {
        let text = fs::read_to_string(place.join(file)).unwrap();
        assert!(text.contains(from), "{file}");
        fs::write(place.join(file), text.replacen(from, to, 1)).unwrap();
        refusal_text(folder.path());
        fs::write(place.join(file), text).unwrap();
    };
    edit("result.json", "\"validation_loss\": ", "\"validation_loss\": -");
    edit("run.json", "\"format\": 1", "\"format\": 2");
    edit("run.json", "\"n_layers\": 2", "\"n_layers\": 0");
    edit(
        "run.json",
        "\"tokenizer_sha256\": \"3",
        "\"tokenizer_sha256\": \"4",
    );
    edit("result.json", "}", "");
}

/// Refused, with the training that is at fault.
fn refusal_text(folder: &Path) {
    let message = refusal_in(folder, &["runs", "sweep"], &["h16-l2"]);
    assert!(
        message.contains("expected") || message.contains("EOF"),
        "{message}"
    );
}
