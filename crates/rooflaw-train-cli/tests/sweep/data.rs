//! Sweeps whose data go wrong: every run says so in its record, the sweep goes on, and goes well once the data are mended.

use crate::small::{Sweep, train};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

fn data(root: &Path, extension: &str) -> PathBuf {
    let entries = fs::read_dir(root.join("data")).unwrap().flatten();
    let mut paths = entries.map(|entry| entry.path());
    let is_it = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.ends_with(extension) && !name.contains("validation")
    };
    paths.find(is_it).unwrap()
}

/// Runs the sweep, which fails; every run's record has the reason.
fn fails(sweep: &Sweep, expected: &str) {
    let output = sweep
        .run(&["--workers", "2", "--threads", "1", "--retry-failed"])
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(1),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for id in sweep.ids() {
        let path = sweep.folder.join("runs").join(&id).join("failure.json");
        let failure: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let message = failure["message"].as_str().unwrap();
        assert!(
            failure["kind"] == "data" && message.contains(expected),
            "{failure}"
        );
    }
    let status = train(&["sweep", "status"]).arg(&sweep.folder).output().unwrap();
    let said = String::from_utf8(status.stdout).unwrap();
    assert!(said.starts_with("0 done, 0 running, 3 failed"), "{said}");
}

#[test]
fn data_that_are_damaged_are_said_and_mended() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let sweep = Sweep::planned(&root, "sweep", &["1"], &[]);
    let shard = data(&root, ".tokens");
    let whole = fs::read(&shard).unwrap();
    // Tokens that the vocabulary does not have.
    let mut damaged = whole.clone();
    let middle = damaged.len() / 4;
    damaged[middle..].fill(0xff);
    fs::write(&shard, &damaged).unwrap();
    fails(&sweep, &shard.file_name().unwrap().to_string_lossy());
    // A file that was cut short.
    fs::write(&shard, &whole[..whole.len() - 7]).unwrap();
    fails(&sweep, &shard.file_name().unwrap().to_string_lossy());
    fs::write(&shard, &whole).unwrap();
    // Another tokenizer in the place of the data's own.
    let tokenizer = root.join("data/tokenizer.json");
    let own = fs::read(&tokenizer).unwrap();
    let mut other = own.clone();
    other.push(b'\n');
    fs::write(&tokenizer, &other).unwrap();
    fails(&sweep, "tokenizer.json");
    fs::write(&tokenizer, &own).unwrap();
    let status = sweep
        .run(&["--workers", "2", "--threads", "1", "--retry-failed"])
        .status()
        .unwrap();
    assert!(status.success());
    let calm = Sweep::planned(&root, "calm", &["1"], &[]);
    assert!(
        calm.run(&["--workers", "2", "--threads", "1"])
            .status()
            .unwrap()
            .success()
    );
    for id in sweep.ids() {
        assert_eq!(sweep.result(&id), calm.result(&id));
        assert!(!sweep.folder.join("runs").join(&id).join("failure.json").exists());
    }
}
