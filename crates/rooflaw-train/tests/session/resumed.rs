//! Stopped and gone on with: the same run, bit for bit.

use super::runs::{self, TRAINING, assert_same, engine, metrics, record, train, whole};
use rooflaw_train::record::{Metrics, RunFolder, RunFolderError};
use rooflaw_train::session::{Ending, Event};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Trains until `stops` says so of an event, as Ctrl-C would.
fn until(path: &Path, stops: impl Fn(&Event) -> bool) -> (Ending, Vec<Event>) {
    let record = record(30);
    let interrupted = AtomicBool::new(false);
    let mut events = Vec::new();
    let mut tell = |event| {
        if stops(&event) {
            interrupted.store(true, Ordering::Relaxed);
        }
        events.push(event);
    };
    let mut engine = engine(&record);
    let ending = train(path, &record, &mut engine, &TRAINING, &interrupted, &mut tell);
    (ending.unwrap(), events)
}

#[test]
fn a_run_that_is_interrupted_goes_on_as_if_it_were_not() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    whole(&a, &record(30));
    let trained = |step| move |event: &Event| matches!(event, Event::Trained(at) if at.step == step);
    assert_eq!(until(&b, trained(5)).0, Ending::Interrupted(5));
    assert!(b.join("checkpoints/step-00000005/state.json").is_file());
    assert!(!b.join("result.json").exists());
    // In the evaluation after step 7, which is then done before step 8.
    let (ending, events) = until(&b, |event| matches!(event, Event::Evaluating));
    assert_eq!(ending, Ending::Interrupted(7));
    assert_eq!(events[0], Event::Resumed(5));
    assert_eq!(metrics(&b).len(), 7);
    let (ending, _) = until(&b, trained(7 + 1));
    assert_eq!(ending, Ending::Interrupted(8));
    assert!(matches!(metrics(&b)[7], Metrics::Validated(at) if at.step == 7));
    // In the last one.
    let last = |event: &Event| matches!(event, Event::Saved(30));
    assert_eq!(until(&b, last).0, Ending::Interrupted(30));
    let (ending, events) = until(&b, |_| false);
    assert!(matches!(ending, Ending::Done(_)));
    assert!(!events.iter().any(|event| matches!(event, Event::Trained(_))));
    assert_same(&a, &b);
    // Done is done.
    let before = fs::read(b.join("metrics.jsonl")).unwrap();
    assert!(matches!(until(&b, |_| false), (Ending::Done(_), events) if events.is_empty()));
    assert_eq!(fs::read(b.join("metrics.jsonl")).unwrap(), before);
}

/// The engine learns, the result is that of the metrics, and only the last checkpoint was there meanwhile.
#[test]
fn what_a_run_leaves_behind() {
    let folder = tempfile::tempdir().unwrap();
    let record = record(60);
    whole(folder.path(), &record);
    let metrics = metrics(folder.path());
    let trained: Vec<f64> = metrics
        .iter()
        .filter_map(|metrics| match metrics {
            Metrics::Trained(trained) => Some(trained.loss),
            Metrics::Validated(_) => None,
        })
        .collect();
    assert_eq!(trained.len(), 60);
    assert!(
        trained[0] > 3.0 && trained[59] < 2.0,
        "{} {}",
        trained[0],
        trained[59]
    );
    let validated: Vec<_> = metrics
        .iter()
        .filter_map(|metrics| match metrics {
            Metrics::Validated(validated) => Some((validated.step, validated.validation_tokens)),
            Metrics::Trained(_) => None,
        })
        .collect();
    // 3 sequences of 15 targets every 7 steps, all 10 at the end.
    let expected: Vec<(u64, u64)> = (1..=8).map(|n| (7 * n, 45)).chain([(60, 150)]).collect();
    assert_eq!(validated, expected);
    let result = runs::result(folder.path());
    assert_eq!(result["tokens"], 60 * 80);
    let Some(Metrics::Validated(last)) = metrics.last() else {
        panic!("{metrics:?}");
    };
    assert_eq!(result["validation_loss"], last.validation_loss);
    // Two bytes a token.
    let bits_per_byte = last.validation_loss / 2.0 / std::f64::consts::LN_2;
    assert!((result["validation_bits_per_byte"].as_f64().unwrap() - bits_per_byte).abs() < 1e-12);
    assert!(!folder.path().join("checkpoints").exists());
    assert_eq!(
        fs::read(folder.path().join("model/tokenizer.json")).unwrap(),
        b"{}"
    );
}

#[test]
fn other_settings_and_other_processes_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let record = record(10);
    let claimed = RunFolder::claim(&path).unwrap();
    claimed.begin(&record).unwrap();
    assert!(matches!(
        RunFolder::claim(&path),
        Err(RunFolderError::Busy { .. })
    ));
    let mut other = record.clone();
    other.recipe.peak_learning_rate = 0.01;
    other.threads = 99;
    let message = claimed.begin(&other).unwrap_err().to_string();
    assert!(
        message.ends_with(
            "run.json: recipe.peak_learning_rate = 0.01: the run was begun with 0.05; expected that, or another folder"
        ),
        "{message}"
    );
    other.recipe.peak_learning_rate = 0.05;
    claimed.begin(&other).unwrap();
    assert_eq!(claimed.record().unwrap().unwrap().threads, 1);
    drop(claimed);
    RunFolder::claim(&path).unwrap();
}
