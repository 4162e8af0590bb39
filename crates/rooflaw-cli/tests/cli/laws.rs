//! Laws that were fitted, in use: read back, designed with, and with intervals.

use crate::fit::{both, has, json, table};
use crate::tool::{answer_in, data, folder_with, refusal_in, words};
use rooflaw::architecture::Architecture;
use rooflaw::law::{LawFile, LossLaw};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

/// A folder in which `fit/width-depth-tokens.toml` was fitted to `runs.csv`.
static FITTED: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let folder = folder_with("runs.csv", table(1.0, &[]));
    let line = "fit runs.csv --law width-depth-tokens --refits 40 --out fit";
    answer_in(folder.path(), line);
    folder
});

const LAW: &str = "--law fit/width-depth-tokens.toml";

fn read(folder: &Path) -> LawFile {
    let text = fs::read_to_string(folder.join("fit/width-depth-tokens.toml")).unwrap();
    LawFile::from_toml("width-depth-tokens", &text).unwrap()
}

/// The distribution function of the standard normal, by its series (Marsaglia 2004).
fn normal(x: f64) -> f64 {
    let (mut sum, mut term, mut k) = (x, x, 1.0);
    while term.abs() > 1e-17 * sum.abs() {
        k += 2.0;
        term *= x * x / k;
        sum += term;
    }
    0.5 + sum * (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// By its definition: a mixture of normal distributions of ln loss, one about each refit, leaves 5 % on either side.
fn is_interval_at(law: &LawFile, (hidden_size, n_layers, tokens): (f64, f64, f64), interval: &Value) {
    let ensemble = law.ensemble.as_ref().unwrap();
    let below = |end: &str| {
        let end = interval[end].as_f64().unwrap().ln();
        let share = |member: &Vec<f64>| {
            let &[least, c_width, c_depth, c_tokens, width, depth, beta] = &member[..] else {
                panic!("{member:?}");
            };
            let loss = least
                + c_width * hidden_size.powf(-width)
                + c_depth * n_layers.powf(-depth)
                + c_tokens * tokens.powf(-beta);
            normal(((end - loss.ln()) / ensemble.residual_sd).clamp(-8.0, 8.0))
        };
        ensemble.members.iter().map(share).sum::<f64>() / ensemble.members.len() as f64
    };
    assert!((below("low") - 0.05).abs() < 1e-8, "{}", below("low"));
    assert!((below("high") - 0.95).abs() < 1e-8, "{}", below("high"));
}

fn shape(architecture: &Value) -> (f64, f64) {
    let architecture: Value = architecture.clone();
    let number = |name: &str| architecture[name].as_f64().unwrap();
    (number("hidden_size"), number("n_layers"))
}

#[test]
fn designs_with_a_fitted_law_have_intervals() {
    let here = FITTED.path();
    let law = read(here);
    let members = &law.ensemble.as_ref().unwrap().members;
    assert_eq!((members.len(), members[0].len()), (40, 7));
    for (tokens, line) in [(3e10, ""), (1e12, " --training-tokens 1T")] {
        let design = json(here, &format!("design --space paper {LAW}{line}"));
        assert_eq!(design["law"], "width-depth-tokens");
        assert_eq!(design["training_tokens"], tokens);
        let chosen = &design["chosen"];
        let loss = chosen["evaluation"]["loss"].as_f64().unwrap();
        let [low, high] = ["low", "high"].map(|end| chosen["loss_interval"][end].as_f64().unwrap());
        assert!(low < loss && loss < high, "{low} {loss} {high}");
        let (hidden_size, n_layers) = shape(&chosen["architecture"]);
        is_interval_at(&law, (hidden_size, n_layers, tokens), &chosen["loss_interval"]);
        let frontier = design["outcome"]["by_format"][0]["frontier"].as_array().unwrap();
        let intervals = design["frontier_loss_intervals"][0].as_array().unwrap();
        assert_eq!(frontier.len(), intervals.len());
        for (point, interval) in frontier.iter().zip(intervals) {
            let (hidden_size, n_layers) = shape(&point["architecture"]);
            is_interval_at(&law, (hidden_size, n_layers, tokens), interval);
        }
        assert!(design["reference"]["perplexity_ratio_interval"]["low"].is_number());
    }
}

#[test]
fn predictions_and_comparisons_have_intervals() {
    let here = FITTED.path();
    let law = read(here);
    let prediction = json(here, &format!("predict qwen3-0.6b {LAW} --training-tokens 20B"));
    is_interval_at(&law, (1024.0, 28.0, 2e10), &prediction["loss_interval"]);
    let comparison = json(here, &format!("compare qwen3-0.6b olmo-2-1b {LAW}"));
    for (model, shape) in [(0, (1024.0, 28.0, 3e10)), (1, (2048.0, 16.0, 3e10))] {
        is_interval_at(&law, shape, &comparison["models"][model]["loss_interval"]);
    }
    let (text, _) = both(here, &format!("predict qwen3-0.6b {LAW} --out prediction"));
    has(&text, &["loss 2.", " ± 0.0"]);
    fs::remove_dir_all(here.join("prediction")).unwrap();
    let (text, _) = both(here, &format!("compare qwen3-0.6b olmo-2-1b {LAW}"));
    has(
        &text,
        &["from 40 refits to resampled runs and the runs' scatter of 0."],
    );
    let (text, _) = both(here, &format!("design --space paper {LAW}"));
    has(
        &text,
        &["law width-depth-tokens at 30.00B training tokens", "± 0.0"],
    );
}

#[test]
fn embedded_laws_that_were_fitted_design() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for (law, tokens) in [
        ("chinchilla", true),
        ("width-depth", false),
        ("width-depth-tokens", true),
        ("width-depth-parameters-tokens", true),
        ("aspect-ratio", true),
        ("active-total", false),
        ("routed", false),
    ] {
        let design = json(here, &format!("design --space paper --law {law}"));
        assert!(design["chosen"]["loss_interval"]["low"].is_number(), "{law}");
        assert_eq!(design["training_tokens"].is_number(), tokens, "{law}");
        if !tokens {
            refusal_in(
                here,
                &words(&format!("design --space paper --law {law} --training-tokens 1B")),
                &[&format!(
                    "--training-tokens: the law {law} does not depend on tokens"
                )],
            );
        }
    }
    refusal_in(
        here,
        &words("design --law active-tokens"),
        &["the law `active-tokens` has no numbers yet: `rooflaw fit` finds them"],
    );
    let design = json(here, "design --space paper --law co-design");
    assert!(design["chosen"]["loss_interval"].is_null());
    assert_eq!(design["frontier_loss_intervals"].as_array().unwrap().len(), 0);
}

#[test]
fn a_law_tells_what_it_was_fitted_to() {
    let here = FITTED.path();
    let (text, _) = both(here, "laws fit/width-depth-tokens.toml");
    let parts = [
        "Fitted by rooflaw 0.1.0 to 80 rows of runs.csv.",
        "hidden_size 256 2048",
        "tokens 1e9 3e10",
        "Intervals: 40 refits to resampled runs; a run scatters about the law by 0.3",
        "Fitted to 80 rows of 20 runs, --objective log; SHA-256 ",
    ];
    has(&text, &parts);
    let law: LossLaw = read(here).into_law().unwrap();
    let model: Architecture = rooflaw::models::find("qwen3-0.6b").unwrap().architecture;
    let loss = law.with_training_tokens(3e10).loss(&model);
    let prediction = json(here, &format!("predict qwen3-0.6b {LAW}"));
    assert!((prediction["evaluation"]["loss"].as_f64().unwrap() - loss).abs() < 1e-12);
    let listed = json(here, "laws fit/width-depth-tokens.toml");
    assert_eq!(listed["runs"]["rows"], 80);
    // What is to be known of the embedded law's runs is not to be known of these.
    assert!(listed["note"].is_null(), "{listed}");
    assert!(json(here, "laws width-depth-tokens")["note"].is_string());
    // A fitted law is fitted again as it was, and says so once.
    let line = "fit runs.csv --law fit/width-depth-tokens.toml --refits 5 --starts 8";
    let again = json(here, line);
    assert_eq!(
        again["law"]["source"]
            .as_str()
            .unwrap()
            .matches("Fitted by")
            .count(),
        1
    );
    assert_eq!(again["law"]["runs"]["digest"], listed["runs"]["digest"]);
}

/// Losses in other units are called so, and no ratio of perplexities is made of them.
#[test]
fn another_unit_is_said() {
    let law = data("laws/co-design.toml").replace("form =", "unit = \"bits/byte\"\nform =");
    let folder = folder_with("mine.toml", law);
    let text = answer_in(folder.path(), "design --space paper --law mine.toml");
    has(
        &text,
        &["loss (bits/byte, of the law)", "Loss: bits/byte if trained"],
    );
    assert!(
        !text.contains("nats/token") && !text.contains("exp(ΔL)"),
        "{text}"
    );
    let text = answer_in(folder.path(), "predict qwen2.5-0.5b --law mine.toml");
    has(&text, &["bits/byte, if trained"]);
    let runs = table(1.0, &[("unit", &|_| "bits/byte".to_owned())]);
    let folder = folder_with("runs.csv", runs);
    answer_in(
        folder.path(),
        "fit runs.csv --law width-depth-tokens --refits 20 --out fit",
    );
    assert_eq!(read(folder.path()).about.unit.as_deref(), Some("bits/byte"));
}
