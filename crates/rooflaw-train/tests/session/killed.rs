//! Killed at random steps and gone on with: the result is that of the run which was left alone, and no file is ever torn.

use super::runs::{TRAINING, assert_same, engine, record, train, whole};
use rooflaw_train::session::Ending;
use safetensors::SafeTensors;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// Where the process that is to be killed trains.
const FOLDER: &str = "ROOFLAW_TEST_RUN";
const STEPS: u64 = 110;
const KILLS: u64 = 20;

/// The process that is killed: this test, started by the next one.
#[test]
fn child() {
    let Some(path) = std::env::var_os(FOLDER) else {
        return;
    };
    let record = record(STEPS);
    let mut engine = engine(&record);
    engine.pause = Duration::from_millis(1);
    let never = AtomicBool::new(false);
    let ending = train(
        Path::new(&path),
        &record,
        &mut engine,
        &TRAINING,
        &never,
        &mut |_| {},
    );
    assert!(matches!(ending, Ok(Ending::Done(_))));
}

#[test]
fn killed_twenty_times_it_is_the_same_run() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    whole(&a, &record(STEPS));
    let mut random = 11_u64;
    let mut draw = |below: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let mut last = 0;
    for kill in 0..KILLS {
        let step = (5 * kill + 1 + draw(8)).max(last);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::child"])
            .env(FOLDER, &b)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let begin = Instant::now();
        while steps(&b) < step {
            assert!(
                begin.elapsed() < Duration::from_secs(60),
                "kill {kill} at step {step}"
            );
            assert_eq!(child.try_wait().unwrap(), None, "kill {kill} at step {step}");
            std::thread::sleep(Duration::from_micros(300));
        }
        // Anywhere in the steps and checkpoints that follow.
        std::thread::sleep(Duration::from_micros(draw(12_000)));
        child.kill().unwrap();
        let status = child.wait().unwrap();
        assert_eq!(status.code(), None, "kill {kill} came too late");
        assert_whole(&b);
        last = steps(&b).min(STEPS - 10);
    }
    whole(&b, &record(STEPS));
    assert_same(&a, &b);
}

/// Lines of a run's metrics that tell of a step.
fn steps(path: &Path) -> u64 {
    let text = fs::read_to_string(path.join("metrics.jsonl")).unwrap_or_default();
    text.lines()
        .filter(|line| line.contains("\"gradient_norm\""))
        .count() as u64
}

/// Everything below a folder that has its name is whole.
fn assert_whole(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with(".rooflaw-") {
            continue;
        }
        if path.is_dir() {
            if name.starts_with("step-") {
                for file in ["state.json", "optimizer.safetensors"] {
                    assert!(path.join(file).is_file(), "{}/{file}", path.display());
                }
            }
            assert_whole(&path);
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let shown = path.display();
        if name.ends_with(".json") {
            assert!(
                serde_json::from_slice::<serde_json::Value>(&bytes).is_ok(),
                "{shown}"
            );
        } else if name.ends_with(".safetensors") {
            assert!(SafeTensors::deserialize(&bytes).is_ok(), "{shown}");
        } else if name.ends_with(".jsonl") {
            for line in bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
                assert!(
                    serde_json::from_slice::<serde_json::Value>(line).is_ok(),
                    "{shown}"
                );
            }
        }
    }
}
