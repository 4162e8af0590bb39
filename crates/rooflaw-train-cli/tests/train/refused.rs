//! Bad input and what is not as it should be: one message, the right exit code, nothing begun.

use crate::small::{config, files, inputs, program, read, said, train, whole};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Standard error of a command that ends with a code.
fn refused(command: &mut Command, code: i32, parts: &[&str]) {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{}", said(&output));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(stderr.matches("error:").count(), 1, "{stderr}");
    for part in parts {
        assert!(stderr.contains(part), "no `{part}` in {stderr}");
    }
}

fn plain(arguments: &[&str]) -> Command {
    let mut command = program();
    command.current_dir(inputs()).arg("train").args(arguments);
    command
}

#[test]
fn bad_input_begins_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let out = out.to_str().unwrap();
    let cases: [(&[&str], &[&str]); 7] = [
        (&["qwen9", "--data", "corpus", "--out", out], &["qwen9"]),
        (
            &["model", "--data", "nowhere", "--out", out],
            &["--data", "nowhere"],
        ),
        (
            &["model", "--data", "corpus", "--recipe", "papper", "--out", out],
            &["no recipe `papper`: expected paper, small, or a TOML file"],
        ),
        (
            &["model", "--data", "corpus", "--set", "beta1=2", "--out", out],
            &["beta1 = 2: expected a number from 0 to below 1"],
        ),
        (
            &["model", "--data", "corpus", "--set", "beta3=2", "--out", out],
            &["beta3=2: unknown field `beta3`"],
        ),
        (
            &[
                "model",
                "--data",
                "corpus",
                "--training-tokens",
                "many",
                "--out",
                out,
            ],
            &["`many`: expected a positive count"],
        ),
        (&["model", "--data", "corpus"], &["--out"]),
    ];
    for (arguments, parts) in cases {
        refused(&mut plain(arguments), 2, parts);
    }
    assert!(!Path::new(out).exists());
    fs::create_dir(folder.path().join("few")).unwrap();
    let few = folder.path().join("few/config.json");
    fs::write(&few, config(100).to_string()).unwrap();
    let few = few.to_str().unwrap();
    refused(
        &mut plain(&[few, "--data", "corpus", "--out", out]),
        2,
        &["vocab_size = 100: expected at least 280"],
    );
}

#[test]
fn a_run_of_other_settings_is_not_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    whole(&run);
    refused(
        &mut train(&run, &["--seed", "2"]),
        2,
        &["run.json: seed = 2: the run was begun with 1"],
    );
    refused(
        &mut train(&run, &["--set", "weight_decay=0.2"]),
        2,
        &["recipe.weight_decay = 0.2: the run was begun with 0.1"],
    );
}

#[test]
fn a_run_that_another_process_has_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let claimed = rooflaw_train::record::RunFolder::claim(folder.path()).unwrap();
    refused(
        &mut train(folder.path(), &[]),
        75,
        &["another process trains this run"],
    );
    drop(claimed);
    assert_eq!(files(folder.path()).len(), 1);
}

#[test]
fn damaged_data_and_losses_that_are_not_finite_are_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = folder.path().join("corpus");
    fs::create_dir(&corpus).unwrap();
    let mut damaged = 0;
    for path in files(&inputs().join("corpus")) {
        let mut bytes = fs::read(&path).unwrap();
        if path.extension().is_some_and(|extension| extension == "tokens") && damaged == 0 {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            damaged += 1;
        }
        fs::write(corpus.join(path.file_name().unwrap()), bytes).unwrap();
    }
    assert_eq!(damaged, 1);
    let out = folder.path().join("run");
    let mut command = plain(&[
        "model",
        "--recipe",
        "small",
        "--data",
        corpus.to_str().unwrap(),
        "--out",
    ]);
    refused(command.arg(&out), 1, &["data: ", "SHA-256"]);
    assert_eq!(read(&out, "failure.json")["kind"], "data");
    // A manifest that was changed.
    let manifest = corpus.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(
        &manifest,
        text.replace("\"vocab_size\": 280", "\"vocab_size\": 281"),
    )
    .unwrap();
    let other = folder.path().join("other");
    let mut command = plain(&[
        "model",
        "--recipe",
        "small",
        "--data",
        corpus.to_str().unwrap(),
        "--out",
    ]);
    refused(command.arg(&other), 1, &["manifest.json"]);
    assert_eq!(read(&other, "failure.json")["kind"], "data");
    // A learning rate that no model survives.
    let diverged = folder.path().join("diverged");
    let mut command = train(
        &diverged,
        &["--set", "peak_learning_rate=10", "--set", "weight_decay=100"],
    );
    refused(&mut command, 1, &["not finite"]);
    let failure = read(&diverged, "failure.json");
    assert_eq!(failure["kind"], "not_finite");
    assert!(failure["step"].as_u64().unwrap() > 0);
}

#[test]
fn what_would_be_done_is_said_and_not_done() {
    let output = plain(&["qwen3-0.6b", "--data", "corpus", "--dry-run", "--json"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    // Qwen3's model card: 0.6B parameters, 0.44B of them without embeddings; the paper's recipe.
    assert_eq!(plan["parameters"], 596_049_920_u64);
    assert_eq!(plan["non_embedding_parameters"], 440_467_456_u64);
    assert_eq!(plan["steps"], 19_074);
    // 6 N D, and attention over half of 2,048 tokens on 28 layers of 16 heads of 128 besides.
    let six_n_d = 6.0 * 596_049_920.0 * 19_074.0 * 256.0 * 2048.0;
    let attention = 3.0 * 2.0 * 28.0 * 2048.0 * 2049.0 * 19_074.0 * 256.0 * 2048.0;
    let flop = plan["training_flop"].as_f64().unwrap();
    assert!((0.99..1.02).contains(&(flop / (six_n_d + attention))), "{flop}");
}
