//! What goes wrong is in the run's record, and a later try is not hindered by it.

use super::runs::{Numbers, TRAINING, assert_same, engine, record, train, whole};
use rooflaw_train::record::{Failure, FailureKind};
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

fn failure(path: &Path) -> Failure {
    serde_json::from_str(&fs::read_to_string(path.join("failure.json")).unwrap()).unwrap()
}

#[test]
fn gradients_that_are_not_finite_end_a_run_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    let record = record(12);
    let never = AtomicBool::new(false);
    let mut broken = engine(&record);
    broken.breaks_at = Some(6);
    let stopped = train(&b, &record, &mut broken, &TRAINING, &never, &mut |_| {}).unwrap_err();
    assert_eq!(stopped.step, 6);
    assert_eq!(
        stopped.error.to_string(),
        "the norm of the gradients is NaN: not finite"
    );
    let expected = Failure::new(FailureKind::NotFinite, stopped.error.to_string(), 6);
    assert_eq!(failure(&b), expected);
    assert!(!b.join("result.json").exists());
    // The engine mended, the run goes on and is what it would have been.
    whole(&a, &record);
    whole(&b, &record);
    assert_same(&a, &b);
    assert!(!b.join("failure.json").exists());
}

#[test]
fn damaged_data_end_a_run_with_their_reason() {
    let folder = tempfile::tempdir().unwrap();
    let record = record(12);
    let never = AtomicBool::new(false);
    let damaged = Numbers {
        damaged_from: 23,
        ..TRAINING
    };
    let ending = train(
        folder.path(),
        &record,
        &mut engine(&record),
        &damaged,
        &never,
        &mut |_| {},
    );
    assert_eq!(ending.unwrap_err().step, 4);
    let failure = failure(folder.path());
    assert_eq!(failure.kind, FailureKind::Data);
    assert_eq!(failure.message, "data: shard 7: its hash is another");
}

#[test]
fn a_damaged_checkpoint_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let record = record(12);
    let always = AtomicBool::new(true);
    let go = || {
        let mut engine = engine(&record);
        train(
            folder.path(),
            &record,
            &mut engine,
            &TRAINING,
            &always,
            &mut |_| {},
        )
    };
    go().unwrap();
    let path = folder
        .path()
        .join("checkpoints/step-00000000/optimizer.safetensors");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let message = go().unwrap_err().error.to_string();
    assert!(
        message.contains("step-00000000/optimizer.safetensors: "),
        "{message}"
    );
    assert!(message.contains("bytes: expected"), "{message}");
    assert_eq!(failure(folder.path()).kind, FailureKind::Record);
}
