//! `rooflaw export`: what it writes is what it predicts, and what stops it leaves nothing behind.

use crate::tool::{answer_in, contents, refusal, refusal_in, words};
use serde_json::Value;
use std::fs;

const SMALL: &str = "--n-layers 2 --hidden-size 128 --head-dim 32 --vocab-size 300";

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_gguf_file_is_as_predicted() {
    let folder = tempfile::tempdir().unwrap();
    for weights in ["F16", "Q8_0", "Q4_0"] {
        let line = format!("export {SMALL} --weights {weights} --out {weights}.gguf --json");
        let report = json(&answer_in(folder.path(), &line));
        let written = fs::metadata(folder.path().join(format!("{weights}.gguf"))).unwrap();
        assert_eq!(report["file_bytes"], written.len(), "{weights}");
        assert_eq!(report["kind"], "qwen3");
        assert_eq!(report["seed"], 0);
    }
    let shown = answer_in(folder.path(), &format!("export {SMALL} --out shown.gguf"));
    for part in [
        "qwen3",
        "parameters",
        "bytes of files",
        "random, seed 0",
        "Written to shown.gguf",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
    assert_eq!(contents(folder.path()).len(), 4);
}

#[test]
fn a_directory_can_be_exported_on() {
    let folder = tempfile::tempdir().unwrap();
    let line = format!("export {SMALL} --format hf --weights f32 --out start --json");
    let report = json(&answer_in(folder.path(), &line));
    let files = report["files"].as_array().unwrap();
    assert_eq!(files.len(), 2);
    for file in files {
        let path = folder.path().join("start").join(file[0].as_str().unwrap());
        assert_eq!(file[1], fs::metadata(path).unwrap().len());
    }
    let line = "export --from start --weights Q8_0 --out start.gguf --json";
    let converted = json(&answer_in(folder.path(), line));
    assert_eq!(converted["parameters"], report["parameters"]);
    assert_eq!(converted["model"], "start");
    assert_eq!(converted["seed"], Value::Null);
    // The model that the weights are of may be named.
    answer_in(folder.path(), "export ./start --from start --out again.gguf");
    let other = words("export qwen3-0.6b --from start --out other.gguf");
    refusal_in(
        folder.path(),
        &other,
        &["start is another architecture than Qwen3-0.6B"],
    );
    let full = words("export qwen3-0.6b --format hf --out start");
    refusal_in(folder.path(), &full, &["--out", "start", "not empty"]);
}

#[test]
fn mistakes_are_named() {
    for (line, parts) in [
        (
            "export qwen3-0.6b --weights Q4_K_M --out x.gguf",
            &["--weights", "F16, Q8_0 or Q4_0"][..],
        ),
        (
            "export qwen3-0.6b --format hf --weights Q8_0 --out x",
            &["--weights", "bf16 or fp32"],
        ),
        (
            "export qwen3-0.6b --weights Q9 --out x.gguf",
            &["--weights", "Q9"],
        ),
        (
            "export deepseek-v3 --out x.gguf",
            &["DeepSeek-V3", "latent attention"],
        ),
        (
            "export gemma-2-9b --format hf --out x",
            &["Gemma-2-9B", "norms_per_layer = 4"],
        ),
        (
            "export qwen3-0.6b --out no/x.gguf",
            &["--out", "no/x.gguf", "expected one that exists"],
        ),
        (
            "export qwen3-0.6b --out .",
            &["--out", "a folder: expected a file"],
        ),
        ("export --out x.gguf", &["which model?"]),
        ("export qwen3-0.6b", &["--out"]),
        ("export --from nowhere --out x.gguf", &["--from", "config.json"]),
        (
            "export --from nowhere --format hf --out x",
            &["--from", "gguf only"],
        ),
    ] {
        refusal(line, parts);
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_nothing() {
    use std::process::{Command, Stdio};
    use std::time::Duration;
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("rooflaw"))
        .args(["export", "qwen3-1.7b", "--out", "x.gguf"])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while fs::read_dir(folder.path()).unwrap().next().is_none() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.starts_with("error: x.gguf: interrupted"), "{stderr}");
    assert!(contents(folder.path()).is_empty());
}
