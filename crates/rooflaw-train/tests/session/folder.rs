//! Checkpoints that are kept, and folders that are no run's.

use super::runs::{HELD_OUT, TRAINING, engine, policy, record};
use rooflaw_train::record::RunFolder;
use rooflaw_train::session::{CheckpointPolicy, Session};
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

fn names(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn the_last_checkpoints_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let record = record(10);
    let run = RunFolder::claim(folder.path()).unwrap();
    run.begin(&record).unwrap();
    // What a process left that was killed while it wrote.
    let half = folder.path().join("checkpoints/.rooflaw-half");
    fs::create_dir_all(half.join("files")).unwrap();
    fs::write(half.join("files/state.json"), "{").unwrap();
    let never = AtomicBool::new(false);
    let session = Session {
        record: &record,
        training: &TRAINING,
        held_out: &HELD_OUT,
        tokenizer: None,
        checkpoints: CheckpointPolicy {
            keep: Some(2),
            ..policy(3)
        },
        interrupted: &never,
    };
    session.train(&mut engine(&record), &run, &mut |_| {}).unwrap();
    assert_eq!(
        names(&folder.path().join("checkpoints")),
        ["step-00000009", "step-00000010"]
    );
    assert_eq!(
        names(&folder.path().join("checkpoints/step-00000010")),
        [
            "config.json",
            "model.safetensors",
            "optimizer.safetensors",
            "state.json"
        ]
    );
}

#[test]
fn a_folder_of_something_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("model")).unwrap();
    let run = RunFolder::claim(folder.path()).unwrap();
    let message = run.begin(&record(1)).unwrap_err().to_string();
    assert!(message.contains("holds model and no run.json"), "{message}");
    assert_eq!(names(folder.path()), ["lock", "model"]);
}
