//! `rooflaw measure plan`: what it writes runs by itself, goes on where it was stopped, and after what fails.

#![cfg(unix)]

use crate::fake_bench::{CONFIG, bench, calls};
use crate::tool::{answer_in, contents, refusal_in, words};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

/// A folder with a plan of two models, one of which vLLM can measure.
fn plan(rest: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::create_dir(path.join("configs")).unwrap();
    fs::write(path.join("configs/small.json"), CONFIG).unwrap();
    fs::write(path.join("configs/wide.json"), CONFIG.replace("300", "12000")).unwrap();
    let line = format!("measure plan configs --weights Q8_0 --context-tokens 0,64 --out plan {rest}");
    let shown = answer_in(path, &line);
    assert!(shown.contains("bash run.sh"), "{shown}");
    folder
}

/// Runs a plan's script with these programs in its environment.
fn run(folder: &Path, programs: &[(&str, &str)]) -> Output {
    let mut command = Command::new("bash");
    command.arg("run.sh").current_dir(folder.join("plan"));
    for (name, program) in [("LLAMA_BENCH", ""), ("VLLM", ""), ("ROOFLAW", "no-rooflaw-here")] {
        command.env(name, program);
    }
    command.envs(programs.iter().copied()).env("REPEATS", "2");
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn results(folder: &Path) -> Vec<String> {
    let names = contents(&folder.join("plan/results"));
    let files = names.into_iter().filter(|(_, bytes)| bytes.is_some());
    files.map(|(name, _)| name).collect()
}

/// A llama-bench that ends with `script`, beside the plan.
fn llama_bench(folder: &Path, script: &str) {
    bench(folder, script);
    for (name, text) in [("params", "9"), ("size.Q8_0", "9")] {
        fs::write(folder.join("plan").join(name), text).unwrap();
    }
}

const HERE: &str = "../llama-bench";

#[test]
fn the_script_measures_through_llama_bench() {
    let folder = plan("");
    let path = folder.path();
    let rooflaw = assert_cmd::cargo::cargo_bin!("rooflaw")
        .to_str()
        .unwrap()
        .to_owned();
    let programs = [("LLAMA_BENCH", HERE), ("ROOFLAW", &rooflaw)];
    // The second process of the first model fails.
    llama_bench(
        path,
        "if [ $calls = 2 ]; then echo no luck >&2; exit 1; fi; answer",
    );
    let output = run(path, &programs);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    for part in [
        "FAILED results/small.Q8_0.2.json: no luck",
        "1 failed: run it again",
    ] {
        assert!(stderr.contains(part), "no `{part}` in {stderr}");
    }
    let done = [
        "configs/small.json",
        "configs/wide.json",
        "small.Q8_0.1.json",
        "wide.Q8_0.1.json",
        "wide.Q8_0.2.json",
    ];
    let mut with_log = done.to_vec();
    with_log.insert(3, "small.Q8_0.2.json.log");
    assert_eq!(results(path), with_log);
    // Models are removed after use.
    assert_eq!(fs::read_dir(path.join("plan/models")).unwrap().count(), 0);
    // Again: only what failed.
    let output = run(path, &programs);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("1 measured now"), "{output:?}");
    let called = calls(&path.join("plan"));
    assert_eq!(called.len(), 5);
    assert!(
        called[4].starts_with("models/small.Q8_0.gguf -p 128 -n 32 -d 0,64"),
        "{called:?}"
    );
    assert!(called[4].ends_with("OMP_WAIT_POLICY=passive"), "{called:?}");
    let mut all = done.to_vec();
    all.insert(3, "small.Q8_0.2.json");
    assert_eq!(results(path), all);
}

#[test]
fn models_may_come_with_it() {
    let folder = plan("--with-models");
    let path = folder.path();
    for name in ["small", "wide"] {
        let file = path.join(format!("plan/models/{name}.Q8_0.gguf"));
        assert!(fs::read(file).unwrap().starts_with(b"GGUF"));
    }
    llama_bench(path, "answer");
    // There is no rooflaw.
    let output = run(path, &[("LLAMA_BENCH", HERE)]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(results(path).len(), 6);
    // What came with it stays.
    assert!(path.join("plan/models/small.Q8_0.gguf").exists());
    // Without it, and without models: each model is said, none measured.
    let folder = plan("");
    llama_bench(folder.path(), "answer");
    let output = run(folder.path(), &[("LLAMA_BENCH", HERE)]);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert_eq!(stderr.matches("FAILED models/").count(), 2, "{stderr}");
    let output = run(folder.path(), &[("LLAMA_BENCH", "no-llama-bench-here")]);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains("no-llama-bench-here: no such program"),
        "{stderr}"
    );
}

/// Takes a millisecond for each token of the prompt and two for each that is generated.
const VLLM: &str = r#"#!/bin/sh
if [ "$1" = --version ]; then echo 0.11.0; exit; fi
echo "$*" >> calls
while [ $# -gt 0 ]; do
  case "$1" in --input-len) i=$2;; --output-len) o=$2;; --output-json) f=$2;; esac
  shift
done
echo "some chatter"
t=$(awk "BEGIN { print 0.001 * $i + 0.002 * ($o - 1) }")
printf '{\n    "avg_latency": %s,\n    "latencies": [%s, %s]\n}\n' "$t" "$t" "$t" > "$f"
"#;

#[test]
fn the_script_measures_through_vllm() {
    let folder = plan("");
    let path = folder.path();
    fs::write(path.join("vllm"), VLLM).unwrap();
    fs::set_permissions(path.join("vllm"), fs::Permissions::from_mode(0o755)).unwrap();
    let output = run(path, &[("VLLM", "../vllm")]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let called = calls(&path.join("plan"));
    // Two lengths at 128 tokens and at a depth of 64; the small vocabulary is left out.
    assert_eq!(called.len(), 4);
    for part in [
        "bench latency --model hf/wide --load-format dummy",
        "--dtype bfloat16",
        "--batch-size 1",
    ] {
        assert!(
            called.iter().all(|call| call.contains(part)),
            "no `{part}` in {called:?}"
        );
    }
    assert!(path.join("plan/hf/wide/config.json").exists());
    assert!(!path.join("plan/hf/small").exists());
    let result = fs::read_to_string(path.join("plan/results/wide.bf16.vllm-128-32.json")).unwrap();
    let entries: Vec<Value> = serde_json::Deserializer::from_str(&result)
        .into_iter()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(entries.len(), 2);
    for (entry, output_len, latency) in [(&entries[0], 1, 0.128), (&entries[1], 33, 0.192)] {
        assert_eq!(entry["output_len"], output_len);
        assert!((entry["avg_latency"].as_f64().unwrap() - latency).abs() < 1e-9);
        for (key, value) in [
            ("model", "wide"),
            ("config", "configs/wide.json"),
            ("weights", "bf16"),
            ("runtime_version", "0.11.0"),
        ] {
            assert_eq!(entry[key], value, "{key}");
        }
    }
    assert_eq!(results(path).len(), 4);
}

#[test]
fn models_come_from_designs_spaces_and_the_catalogue() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let design = answer_in(path, "design --space paper --out found --json");
    let design: Value = serde_json::from_str(&design).unwrap();
    let frontier = design["outcome"]["by_format"][0]["frontier"].as_array().unwrap();
    let names = |models: &str| -> Vec<String> {
        let line = format!("measure plan {models} --weights Q4_0 --out plan --json");
        let report: Value = serde_json::from_str(&answer_in(path, &line)).unwrap();
        let files = report["gguf"].as_array().unwrap();
        files
            .iter()
            .map(|file| file["model"].as_str().unwrap().to_owned())
            .collect()
    };
    let ends = [frontier.first(), frontier.last()].map(|point| format!("found-{}", point.unwrap()["index"]));
    for models in ["found", "./found/frontier.csv", "found/design.json"] {
        assert_eq!(names(&format!("{models} --sample 2")), ends, "{models}");
    }
    assert_eq!(names("found/best"), ["best"]);
    let config = fs::read_to_string(path.join("plan/configs").join(format!("{}.json", ends[0]))).unwrap();
    let config: Value = serde_json::from_str(&config).unwrap();
    assert_eq!(
        config["num_hidden_layers"],
        frontier[0]["architecture"]["n_layers"]
    );
    fs::write(path.join("mine.toml"), crate::tool::data("spaces/paper.toml")).unwrap();
    let drawn = names("mine.toml --sample 3 --seed 5");
    assert_eq!(drawn.len(), 3);
    assert!(drawn.iter().all(|name| name.starts_with("mine-")), "{drawn:?}");
    assert_eq!(drawn, names("mine.toml --sample 3 --seed 5"));
    assert_ne!(drawn, names("mine.toml --sample 3 --seed 6"));
    assert_eq!(names("qwen2.5-0.5b Qwen2.5-0.5B"), ["qwen2.5-0.5b"]);
}

#[test]
fn mistakes_are_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    for (rest, parts) in [
        ("qwen2.5-0.5b", &["--out"][..]),
        ("--out plan", &["MODELS"]),
        ("deepseek-v3 --out plan", &["deepseek-v3", "latent attention"]),
        ("qwen2.5-0.5b --out file", &["--out file is a file"]),
        (
            "qwen2.5-0.5b --weights bf16 --out plan",
            &["--weights", "expected F16, Q8_0 or Q4_0"],
        ),
        ("qwen2.5-0.5b --sample 0 --out plan", &["--sample"]),
    ] {
        refusal_in(folder.path(), &words(&format!("measure plan {rest}")), parts);
    }
}
