//! TensorBoard's files, as the importer reads them.

use super::runs::{TRAINING, engine, metrics, record, train, whole};
use rooflaw::runs::import::{ImportedRun, tensorboard};
use rooflaw_train::record::Metrics;
use rooflaw_train::session::Event;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// The one event file of a run.
fn read(path: &Path) -> ImportedRun {
    let entries = fs::read_dir(path).unwrap();
    let files: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains("tfevents"))
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let run = tensorboard("run", &fs::read(&files[0]).unwrap()).unwrap();
    assert_eq!(run.warnings, []);
    run
}

fn assert_metrics(path: &Path) {
    let run = read(path);
    let mut count = 0;
    for metrics in metrics(path) {
        let value = |tag: &str, step: u64| run.series[tag][&step];
        match metrics {
            Metrics::Trained(trained) => {
                assert_eq!(value("train/loss", trained.step) as f32, trained.loss as f32);
                assert_eq!(value("train/tokens", trained.step), trained.tokens as f64);
                let rate = value("train/learning_rate", trained.step) as f32;
                assert_eq!(rate, trained.learning_rate as f32);
                count += 1;
            }
            Metrics::Validated(validated) => {
                let loss = value("eval/loss", validated.step) as f32;
                assert_eq!(loss, validated.validation_loss as f32);
            }
        }
    }
    assert_eq!(run.series["train/loss"].len(), count);
}

#[test]
fn the_importer_reads_what_is_written_also_of_a_run_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let record = record(20);
    let interrupted = AtomicBool::new(false);
    let mut tell = |event: Event| {
        if matches!(event, Event::Trained(trained) if trained.step == 9) {
            interrupted.store(true, Ordering::Relaxed);
        }
    };
    let mut engine = engine(&record);
    train(
        folder.path(),
        &record,
        &mut engine,
        &TRAINING,
        &interrupted,
        &mut tell,
    )
    .unwrap();
    assert_metrics(folder.path());
    // Lines of steps that were lost, as a killed process leaves them, and one that was cut short.
    let path = folder.path().join("metrics.jsonl");
    let mut text = fs::read_to_string(&path).unwrap();
    let last = text.lines().last().unwrap().replace("\"step\":9", "\"step\":10");
    text.push_str(&last.replace("\"loss\":", "\"loss\":9"));
    text.push_str("\n{\"step\":11,\"tok");
    fs::write(&path, text).unwrap();
    whole(folder.path(), &record);
    assert_metrics(folder.path());
    assert_eq!(read(folder.path()).series["train/loss"].len(), 20);
}
