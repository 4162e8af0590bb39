//! `rooflaw fit`: laws fitted to tables, compared, explained and written.

use crate::tool::{answer_in, contents, data, folder_with, rooflaw, words};
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Runs of 20 shapes at four numbers of tokens each: `1.7 + 20·d^-0.5 + 2·l^-0.6 + 400·D^-0.3`, and errors of about a
/// third of a percent.
pub fn grid() -> Vec<[f64; 4]> {
    let mut rows = Vec::new();
    for hidden_size in [256.0_f64, 512.0, 1024.0, 2048.0] {
        for n_layers in [4.0_f64, 8.0, 16.0, 24.0, 32.0] {
            for tokens in [1e9_f64, 3e9, 1e10, 3e10] {
                let loss = 1.7
                    + 20.0 * hidden_size.powf(-0.5)
                    + 2.0 * n_layers.powf(-0.6)
                    + 400.0 * tokens.powf(-0.3);
                let error = 0.005 * (37.0 * rows.len() as f64).sin();
                rows.push([hidden_size, n_layers, tokens, loss * (1.0 + error)]);
            }
        }
    }
    rows
}

/// A column and what each of its cells holds.
pub type Column<'a> = (&'a str, &'a dyn Fn(usize) -> String);

/// [`grid`] as CSV, its losses in another unit and with more columns; a shape is a group.
pub fn table(unit: f64, more: &[Column<'_>]) -> String {
    let mut csv = "group,hidden_size,n_layers,tokens,loss".to_owned();
    for (name, _) in more {
        write!(csv, ",{name}").unwrap();
    }
    for (index, [hidden_size, n_layers, tokens, loss]) in grid().into_iter().enumerate() {
        let loss = loss * unit;
        let shape = format!("shape {hidden_size}x{n_layers}");
        write!(csv, "\n{shape},{hidden_size},{n_layers},{tokens},{loss}").unwrap();
        for (_, cell) in more {
            write!(csv, ",{}", cell(index)).unwrap();
        }
    }
    csv + "\n"
}

/// The JSON of a command that succeeds in `folder`.
pub fn json(folder: &Path, line: &str) -> Value {
    serde_json::from_str(&answer_in(folder, &format!("{line} --json"))).unwrap()
}

/// Standard output and standard error of a command that succeeds, which fit a terminal, with single spaces.
pub fn both(folder: &Path, line: &str) -> (String, String) {
    let output = rooflaw().current_dir(folder).args(words(line)).output().unwrap();
    let [out, remarks] = [output.stdout, output.stderr].map(|bytes| {
        let text = String::from_utf8(bytes).unwrap();
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    });
    assert_eq!(output.status.code(), Some(0), "rooflaw {line}: {remarks}");
    (out, remarks)
}

/// Whether a text has all the parts.
pub fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no `{part}` in: {text}");
    }
}

fn near(found: &Value, expected: f64, relative: f64) {
    let found = found.as_f64().unwrap();
    assert!(
        (found - expected).abs() <= relative * expected.abs(),
        "{found} is not {expected}"
    );
}

fn numbers(value: &Value) -> Vec<f64> {
    let numbers = value.as_array().unwrap().iter();
    numbers.map(|number| number.as_f64().unwrap()).collect()
}

fn column(rows: &Value, name: &str) -> Vec<f64> {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row[name].as_f64().unwrap()).collect()
}

/// R² and the mean absolute error.
fn agreement(predicted: &[f64], losses: &[f64]) -> (f64, f64) {
    let n = losses.len() as f64;
    let mean = losses.iter().sum::<f64>() / n;
    let both = || predicted.iter().zip(losses);
    let left: f64 = both().map(|(p, y)| (p - y).powi(2)).sum();
    let all: f64 = losses.iter().map(|y| (y - mean).powi(2)).sum();
    let errors = both().map(|(p, y)| (p - y).abs());
    (1.0 - left / all, errors.sum::<f64>() / n)
}

/// Besiroglu et al. (2404.10102): objective 0.001018274, E 1.8172, α 0.3473, β 0.3672.
#[test]
fn besiroglus_fit() {
    let folder = folder_with("runs.csv", data("runs/chinchilla_epoch/runs.csv"));
    let line = "fit runs.csv --law chinchilla --objective huber:1e-3 --drop-largest 5 --refits 40";
    let (text, remarks) = both(folder.path(), line);
    let parts = [
        "Law chinchilla fitted to 240 runs",
        "Huber's loss on ln loss, δ = 0.001; 64 random starts, seed 1.",
        "loss = 1.8172 + 477.8",
        "alpha 0.3473 ",
        "beta 0.3672 ",
        "Intervals by 40 refits to resampled runs.",
        "Objective 1.018274e-3 (a sum over rows)",
        "the fitted rows 240 0.994",
        "Add `--out DIR`",
    ];
    has(&text, &parts);
    assert_eq!(
        remarks,
        "warning: no column `tokenizer`: make sure that the losses can be compared"
    );
}

/// By cross-validation: the law the runs came from wins over the one that lacks what they depend on.
#[test]
fn laws_are_compared() {
    let folder = folder_with("runs.csv", table(1.0, &[]));
    let (text, remarks) = both(folder.path(), "fit runs.csv --refits 20 --starts 16");
    let parts = [
        "2 laws fitted to 80 rows of 20 runs",
        "width-depth-tokens 7 0.99",
        "width-depth 5 0.7",
        "Not fitted: active-tokens: no active_parameters; ",
        "co-design-tokens, co-design: no activation_rate, ffn_ratio, kv_dim; ",
        "In detail: width-depth-tokens loss = 1.",
        "Intervals by profile likelihood, runs as the unit.",
        "in 20 parts. Larger: above n_layers·hidden_size²·tokens = ",
        "predicted by a fit to the 12 runs up to there.",
    ];
    has(&text, &parts);
    has(&remarks, &["80 rows are of 20 runs: intervals resample the runs"]);
    // Where one law only suits the table, the others are told too.
    let folder = folder_with("runs.csv", data("runs/chinchilla_epoch/runs.csv"));
    let (text, _) = both(folder.path(), "fit runs.csv --refits 20 --starts 8");
    has(
        &text,
        &["Law chinchilla fitted to 245 runs", "Not fitted: active-tokens"],
    );
}

#[test]
fn json_has_what_follows_from_its_rows() {
    let folder = folder_with("runs.csv", table(1.0, &[]));
    let found = json(folder.path(), "fit runs.csv --law width-depth-tokens --refits 30");
    let rows = &found["rows"];
    let (losses, predicted) = (column(rows, "loss"), column(rows, "predicted"));
    let (r_squared, mae) = agreement(&predicted, &losses);
    let fit = &found["fit"]["Power"];
    near(&fit["quality"]["r_squared"], r_squared, 1e-12);
    near(&fit["quality"]["mae"], mae, 1e-12);
    let validated = &found["laws"][0]["cross_validation"];
    let (_, mae_left_out) = agreement(&column(rows, "left_out"), &losses);
    near(&validated["quality"]["mae"], mae_left_out, 1e-12);
    assert!(mae_left_out > mae);
    let residual = |(p, y): (&f64, &f64)| (y / p).ln().powi(2);
    let squares: f64 = predicted.iter().zip(&losses).map(residual).sum();
    near(&fit["value"], squares, 1e-9);
    // Seven numbers of 80 rows.
    near(&found["scatter_of_log_loss"], (squares / 73.0).sqrt(), 1e-9);
    let exponents = numbers(&fit["exponents"]);
    for (number, truth) in exponents.iter().zip([0.5, 0.6, 0.3]) {
        assert!((number - truth).abs() < 0.1, "{exponents:?}");
    }
    for row in rows.as_array().unwrap() {
        let [low, high] = [0, 1].map(|end| row["interval"][end].as_f64().unwrap());
        let predicted = row["predicted"].as_f64().unwrap();
        assert!(low < predicted && predicted < high, "{row}");
    }
    assert_eq!(found["intervals"]["parameters"].as_array().unwrap().len(), 7);
    let summary = json(folder.path(), "runs runs.csv");
    assert_eq!(found["runs"]["digest"], summary["digest"]);
    assert_eq!(found["best"], "width-depth-tokens");
}

#[test]
fn numbers_are_held_and_rows_selected() {
    let folder = folder_with("runs.csv", table(1.0, &[]));
    let law = "--law width-depth-tokens --refits 10 --starts 8";
    let fitted = |line: &str| json(folder.path(), &format!("fit runs.csv {law} {line}"));
    let found = fitted("--fix irreducible_loss=0 --fix beta=0.25 --fix width=20");
    let fit = &found["fit"]["Power"];
    assert_eq!(fit["irreducible_loss"], 0.0);
    assert!((fit["coefficients"][0].as_f64().unwrap() - 20.0).abs() < 1e-9);
    assert_eq!(fit["exponents"][2], 0.25);
    assert_eq!(found["laws"][0]["n_parameters"], 4);
    let found = fitted("--bound alpha_width=0.7:0.9");
    near(&found["fit"]["Power"]["exponents"][0], 0.7, 1e-6);
    let found = fitted("--where tokens>1e9,hidden_size<2048 --drop-largest 3");
    assert_eq!(found["runs"]["rows"], 42);
    assert_eq!(found["law"]["runs"]["rows"], 42);
    let found = fitted("--size hidden_size --confidence 0.5 --objective loss --seed 4");
    assert_eq!(found["laws"][0]["extrapolation"]["size"], "hidden_size");
    assert_eq!(found["intervals"]["confidence"], 0.5);
    assert_eq!(found["law"]["runs"]["objective"], "loss");
    let (text, _) = both(folder.path(), &format!("fit runs.csv {law} --fix beta=0.3"));
    has(&text, &["beta 0.3000 – – held"]);
    // Every shape is trained on as many tokens as the others.
    let (text, _) = both(folder.path(), &format!("fit runs.csv {law} --size tokens"));
    has(
        &text,
        &["Larger runs were not predicted: no runs are larger in `tokens` than the others."],
    );
}

/// Equal standard errors change nothing; weights do.
#[test]
fn rows_weigh_what_they_say() {
    let exponents = |table: String| {
        let folder = folder_with("runs.csv", table);
        let line = "fit runs.csv --law width-depth-tokens --refits 5 --starts 8";
        // Rows of standard errors weigh by 1/σ² of the loss, and only its logarithm is fitted.
        numbers(&json(folder.path(), line)["fit"]["Power"]["exponents"])
    };
    let plain = exponents(table(1.0, &[]));
    let equal = exponents(table(1.0, &[("standard_error", &|_| "0.01".to_owned())]));
    let weighted = exponents(table(1.0, &[("weight", &|row| (1 + row % 3).to_string())]));
    for index in 0..3 {
        assert!((plain[index] - equal[index]).abs() < 1e-6, "{plain:?} {equal:?}");
        assert!((plain[index] - weighted[index]).abs() > 1e-6);
    }
}

const OWN: &str = r#"
name = "Own"
source = "Here"
loss = ""
form = "additive_power"

[exponents]
alpha = { start = [0.1, 0.9], bounds = [0.0, 2.0] }
gamma = { value = 0.3, fixed = true }

[[terms]]
name = "width"
powers = { hidden_size = "-alpha" }

[[terms]]
name = "depth"
powers = { n_layers = "-alpha" }

[[terms]]
name = "tokens"
powers = { X = "-gamma" }
"#;

#[test]
fn laws_of_ones_own() {
    let temperature = |row: usize| (1 + row % 7).to_string();
    let folder = folder_with("my runs.csv", table(1.0, &[("x_temp", &temperature)]));
    let here = folder.path();
    fs::write(here.join("shared.toml"), OWN.replace('X', "tokens")).unwrap();
    fs::write(here.join("own.toml"), OWN.replace('X', "x_temp")).unwrap();
    let fitted = |line: &str| {
        let common = ["fit", "my runs.csv", "--refits", "5", "--starts", "8"];
        let arguments = common.into_iter().chain(words(line));
        let output = rooflaw().current_dir(here).args(arguments).output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let text = fitted("--law shared.toml --out out --drop-largest 1");
    let next = "--law out/shared.toml --existing 'my runs.csv' --drop-largest 1`.";
    has(&text, &["gamma 0.3000 – – held", next]);
    let law = fs::read_to_string(here.join("out/shared.toml")).unwrap();
    has(&law, &["bounds = [0.0, 2.0]", "fixed = true", "members = ["]);
    // A law of what no architecture has is fitted, and is no law to design with.
    let text = fitted("--law own.toml --out out");
    let why = "cannot be designed with it: the law `own` is written in `x_temp`, which no architecture has.";
    has(&text, &[why]);
    let text = fitted("--law own.toml --law shared.toml --law width-depth");
    has(&text, &["3 laws fitted", "In detail: shared"]);
}

/// Nothing is left to fit: the law is held against the runs as it is.
#[test]
fn a_law_without_free_numbers() {
    let folder = folder_with("runs.csv", table(1.0, &[]));
    let line = "fit runs.csv --law width-depth-tokens --refits 5 --fix irreducible_loss=1.7 --fix width=20 --fix depth=2 \
                --fix tokens=400 --fix alpha_width=0.5 --fix alpha_depth=0.6 --fix beta=0.3";
    let (text, remarks) = both(folder.path(), line);
    has(&text, &["the fitted rows 80 0.99"]);
    has(
        &remarks,
        &["nothing was fitted: all of the law's numbers are held"],
    );
    assert!(!remarks.contains("converge"), "{remarks}");
}

#[test]
fn as_many_numbers_as_runs() {
    let good = table(1.0, &[]);
    let some: Vec<&str> = good.lines().step_by(14).take(6).collect();
    let folder = folder_with("runs.csv", some.join("\n"));
    let (text, remarks) = both(folder.path(), "fit runs.csv --refits 20");
    let parts = [
        "Not fitted: width-depth-tokens: too few runs, 5, for the law's 7 numbers; ",
        "No intervals: see the warnings.",
        "Nothing was left out and predicted: too few runs, 4",
    ];
    has(&text, &parts);
    has(&remarks, &["no intervals: 5 runs, for 5 numbers"]);
}

/// Exponents at which a coefficient is beyond what a file may hold: there is no file that nothing could read.
#[test]
fn a_law_that_could_not_be_read_is_not_written() {
    let folder = folder_with("runs.csv", table(1.0, &[]));
    let here = folder.path();
    let line = "fit runs.csv --law width-depth --bound alpha_width=20:21 --refits 5 --starts 8 --out out";
    let (text, remarks) = both(here, line);
    has(
        &text,
        &["Architectures cannot be designed with it: see the warnings."],
    );
    has(&remarks, &["no file of this law: coefficient of term `width` = "]);
    let files = contents(&here.join("out"));
    assert!(files.contains_key("fit.json") && !files.contains_key("width-depth.toml"));
}

/// Losses of any size, and names of any length, fit a terminal.
#[test]
fn tables_hold_any_number_and_any_name() {
    for size in [1e-9, 1e12] {
        let folder = folder_with("runs.csv", table(size, &[]));
        let (text, _) = both(folder.path(), "fit runs.csv --refits 20 --starts 8");
        has(&text, &["width-depth-tokens 7 0.99"]);
        assert!(!text.contains(" 0.0000 "), "{text}");
    }
    let name = format!("läufe-漢字-\u{1b}[31m-{}", "xyz ".repeat(30));
    // The loss of one row is 50 % too large.
    let named = table(1.0, &[]).replace("shape", &name);
    let off = named.replace("8,3000000000,3.", "8,3000000000,5.");
    let folder = folder_with("runs.csv", off);
    let line = "fit runs.csv --law width-depth-tokens --refits 5 --starts 8";
    let (text, _) = both(folder.path(), line);
    has(&text, &["Far from the law: läufe-漢字"]);
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn a_folder_holds_law_page_figures_and_rows() {
    let folder = folder_with("runs.csv", table(1.0, &[]));
    let here = folder.path();
    let line = "fit runs.csv --law width-depth-tokens --refits 20 --where tokens>1e9 --out a/b";
    let printed = json(here, line);
    let files = contents(&here.join("a/b"));
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "figures",
            "figures/agreement.png",
            "figures/agreement.svg",
            "figures/intervals.png",
            "figures/intervals.svg",
            "figures/profiles.png",
            "figures/profiles.svg",
            "figures/residuals.png",
            "figures/residuals.svg",
            "fit.json",
            "predictions.csv",
            "report.html",
            "width-depth-tokens.toml",
        ]
    );
    let text = |name: &str| String::from_utf8(files[name].clone().unwrap()).unwrap();
    let written: Value = serde_json::from_str(&text("fit.json")).unwrap();
    assert_eq!(written, printed);
    let rows = text("predictions.csv");
    let header = "group,n_layers,hidden_size,tokens,loss,predicted,low,high,predicted_left_out\n";
    assert!(rows.starts_with(header), "{rows}");
    assert_eq!(rows.lines().count(), 61);
    let page = text("report.html");
    let title = "Law width-depth-tokens fitted to 60 rows of 20 runs";
    has(&page, &[title, printed["runs"]["digest"].as_str().unwrap()]);
}
