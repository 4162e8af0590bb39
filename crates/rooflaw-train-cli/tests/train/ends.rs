//! How a training ends, and what it leaves.

use crate::small::{STEPS, assert_same, inputs, program, read, said, steps, train, whole};
use rooflaw::runs::{FinishedRun, RunTable};
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn a_run_learns_and_tells_what_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let output = train(&run, &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("in 60 steps of 128"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert!(!text.contains('\u{1b}'));
    let record = read(&run, "run.json");
    assert_eq!(record["steps"], STEPS);
    // Embeddings, query, key and value, output, FFN, norms of the residual stream and of heads.
    assert_eq!(record["parameters"], 280 * 16 + 256 + 256 + 256 + 1536 + 48 + 16);
    assert_eq!(record["recipe"]["peak_learning_rate"], 0.01);
    assert!(record["training_flop"].as_f64().unwrap() > 6.0 * 2000.0 * 60.0 * 128.0);
    let result = read(&run, "result.json");
    let metrics = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let first: serde_json::Value = serde_json::from_str(metrics.lines().next().unwrap()).unwrap();
    // Before training every token is as likely as any other: ln 280.
    assert!(
        (first["loss"].as_f64().unwrap() - 280_f64.ln()).abs() < 0.05,
        "{first}"
    );
    assert!(result["validation_loss"].as_f64().unwrap() < 4.0, "{result}");
    // The core takes it for a row.
    let bytes = |name: &str| fs::read(run.join(name)).unwrap();
    let finished = FinishedRun::read("run", &bytes("run.json"), &bytes("result.json")).unwrap();
    let table = RunTable::from_finished(&[finished]).unwrap();
    assert_eq!(table.loss[0], result["validation_loss"].as_f64().unwrap());
    // Done is done.
    let again = train(&run, &[]).output().unwrap();
    assert_eq!(again.status.code(), Some(0), "{}", said(&again));
    assert_eq!(fs::read_to_string(run.join("metrics.jsonl")).unwrap(), metrics);
}

#[test]
fn threads_do_not_change_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    whole(&a);
    let one = train(&b, &[]);
    let mut arguments: Vec<_> = one.get_args().map(ToOwned::to_owned).collect();
    let threads = arguments
        .iter()
        .position(|argument| argument == "--threads")
        .unwrap();
    arguments[threads + 1] = "3".into();
    let output = program().current_dir(inputs()).args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(read(&b, "run.json")["threads"], 3);
    assert_same(&a, &b);
}

#[cfg(unix)]
#[test]
fn signals_write_a_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    whole(&a);
    for (signal, at) in [("INT", 7), ("TERM", 18), ("USR1", 33)] {
        let child = train(&b, &[])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let begin = Instant::now();
        while steps(&b) < at {
            assert!(begin.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_micros(200));
        }
        let id = child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{signal}"), &id]).status();
        assert!(sent.unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{signal}: {}", said(&output));
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(stderr.contains("the same command goes on from there"), "{stderr}");
        let checkpoint = b.join(format!("checkpoints/step-{:08}", steps(&b)));
        assert!(checkpoint.join("state.json").is_file(), "{signal}");
    }
    whole(&b);
    assert_same(&a, &b);
}

/// A file that may not grow is a disk that is full: no signal, but an error.
#[cfg(unix)]
#[test]
fn a_full_disk_is_recorded_and_tears_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    whole(&a);
    let command = train(&b, &[]);
    // 512-byte blocks: room for JSON files, not for weights.
    let output = Command::new("sh")
        .current_dir(inputs())
        .args(["-c", "trap '' XFSZ; ulimit -f 24; exec \"$@\"", "sh"])
        .arg(command.get_program())
        .args(command.get_args())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let failure = read(&b, "failure.json");
    assert_eq!(failure["kind"], "disk", "{failure}");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains(failure["message"].as_str().unwrap()), "{stderr}");
    assert!(!b.join("checkpoints/step-00000005").exists());
    whole(&b);
    assert!(!b.join("failure.json").exists());
    assert_same(&a, &b);
}
