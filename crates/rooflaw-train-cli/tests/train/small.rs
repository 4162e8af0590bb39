//! A small transformer, a small data set, and the program.

use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use tempfile::TempDir;

/// Steps of the run that [`train`] trains.
pub const STEPS: u64 = 60;

/// The program, far from this machine's settings.
pub fn program() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("rooflaw-train"));
    command.env_remove("RAYON_NUM_THREADS").stdin(Stdio::null());
    command
}

/// What a program that ended said.
pub fn said(output: &Output) -> String {
    format!(
        "{:?}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn run(arguments: &[&str], folder: &Path) {
    let output = program().args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
}

/// Words in an order that can be learned: each is mostly followed by the same one.
fn text() -> String {
    let words = [
        "the", "roof", "line", "law", "of", "small", "models", "and", "their", "losses", "on", "devices",
    ];
    let mut random = 3_u64;
    let mut text = String::new();
    for _ in 0..60 {
        let mut word = 0;
        for _ in 0..120 {
            text.push_str(words[word]);
            text.push(' ');
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            word = match random >> 61 {
                0 => (random >> 40) as usize % words.len(),
                _ => (word + 1) % words.len(),
            };
        }
        text.push('\n');
    }
    text
}

/// A folder with `corpus` and `model/config.json`, made once for all tests.
pub fn inputs() -> &'static Path {
    static INPUTS: OnceLock<TempDir> = OnceLock::new();
    let folder = INPUTS.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let documents: Vec<String> = text()
            .lines()
            .map(|line| json!({ "text": line }).to_string())
            .collect();
        fs::write(path.join("text.jsonl"), documents.join("\n")).unwrap();
        run(
            &[
                "data",
                "tokenizer",
                "text.jsonl",
                "--vocab-size",
                "280",
                "--out",
                "tokenizer.json",
            ],
            path,
        );
        run(
            &[
                "data",
                "prepare",
                "text.jsonl",
                "--tokenizer",
                "tokenizer.json",
                "--held-out",
                "0.2",
                "--out",
                "corpus",
            ],
            path,
        );
        fs::create_dir(path.join("model")).unwrap();
        fs::write(path.join("model/config.json"), config(280).to_string()).unwrap();
        folder
    });
    folder.path()
}

/// A Qwen3 of one layer.
pub fn config(vocab_size: u32) -> Value {
    json!({
        "model_type": "qwen3", "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1,
        "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8, "vocab_size": vocab_size,
        "tie_word_embeddings": true, "max_position_embeddings": 64,
    })
}

/// `train` of the small transformer into a folder, with further arguments.
pub fn train(out: &Path, further: &[&str]) -> Command {
    let tokens = (STEPS * 4 * 32).to_string();
    let mut command = program();
    command
        .current_dir(inputs())
        .args([
            "train",
            "model",
            "--data",
            "corpus",
            "--recipe",
            "small",
            "--training-tokens",
            &tokens,
        ])
        .args(["--set", "sequence_length=32", "--set", "batch_sequences=4"])
        .args(["--set", "micro_batch_sequences=2", "--peak-learning-rate", "0.01"])
        .args(["--threads", "1", "--checkpoint-interval-steps", "5", "--out"])
        .arg(out)
        .args(further);
    command
}

/// Trains to the end; what `--json` prints.
pub fn whole(out: &Path) -> Value {
    let output = train(out, &["--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A JSON file of a run.
pub fn read(run: &Path, name: &str) -> Value {
    serde_json::from_slice(&fs::read(run.join(name)).unwrap()).unwrap()
}

/// Steps that a run's metrics tell of.
pub fn steps(run: &Path) -> u64 {
    let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap_or_default();
    text.lines()
        .filter(|line| line.contains("\"gradient_norm\""))
        .count() as u64
}

/// The metrics without times.
fn metrics(run: &Path) -> Vec<Value> {
    let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let lines = text.lines().map(|line| {
        let mut value: Value = serde_json::from_str(line).unwrap();
        let object = value.as_object_mut().unwrap();
        object.remove("tokens_per_s");
        object.remove("wall_seconds");
        value
    });
    lines.collect()
}

fn result(run: &Path) -> Value {
    let mut value = read(run, "result.json");
    value.as_object_mut().unwrap().remove("wall_seconds");
    value
}

/// The files below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Everything that two trainings of one run have alike, bit for bit.
pub fn assert_same(a: &Path, b: &Path) {
    assert_eq!(metrics(a), metrics(b));
    assert_eq!(result(a), result(b));
    let (model_a, model_b) = (files(&a.join("model")), files(&b.join("model")));
    assert!(model_a.len() >= 2 && model_a.len() == model_b.len());
    for (a, b) in model_a.iter().zip(&model_b) {
        assert_eq!(a.file_name(), b.file_name());
        assert!(fs::read(a).unwrap() == fs::read(b).unwrap(), "{}", a.display());
    }
}
