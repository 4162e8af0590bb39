//! `rooflaw measure models` that is stopped, and goes on.

#![cfg(unix)]

use crate::fake_bench::{bench, calls, is_clean, line, place, raw, table};
use crate::tool::{answer_in, contents, refusal_in, words};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The third process hangs, and says who it is.
const HANGS: &str = "if [ $calls -le 2 ]; then answer; else echo $$ > hanging; sleep 1000; fi";

fn start(folder: &Path, arguments: &str) -> Child {
    Command::new(assert_cmd::cargo::cargo_bin!("rooflaw"))
        .args(words(arguments))
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The number of the process that hangs, once it does.
fn hanging(folder: &Path, child: &mut Child) -> String {
    loop {
        let text = std::fs::read_to_string(folder.join("hanging")).unwrap_or_default();
        if text.ends_with('\n') {
            return text.trim().to_owned();
        }
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before it was stopped"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn send(signal: &str, process: &str) -> bool {
    let mut kill = Command::new("kill");
    kill.args([signal, process]).stderr(Stdio::null());
    kill.status().unwrap().success()
}

#[test]
fn an_interrupt_keeps_what_is_finished() {
    let folder = place(HANGS);
    let path = folder.path();
    let arguments = line("--weights F16");
    for signal in ["-INT", "-TERM"] {
        let mut child = start(path, &arguments);
        let benchmark = hanging(path, &mut child);
        // Two at once would disturb each other, and each other's folder.
        refusal_in(path, &words(&arguments), &["another rooflaw measures into it"]);
        assert!(send(signal, &child.id().to_string()));
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let flat = stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(output.status.code(), Some(2), "{flat}");
        for part in [
            "interrupted: 1 of 2 are measured",
            "m/measurements.csv",
            "goes on from there",
        ] {
            assert!(flat.contains(part), "no `{part}` in {flat}");
        }
        // Its benchmark has gone with it.
        assert!(!send("-0", &benchmark));
        assert_eq!(table(path).len(), 2);
        assert_eq!(raw(path).len(), 2);
        is_clean(path);
        std::fs::remove_file(path.join("hanging")).unwrap();
    }
    // The first is not measured again.
    assert_eq!(calls(path).len(), 4);
    bench(path, "answer");
    let shown = answer_in(path, &arguments);
    assert!(
        shown.contains("(was there)") && shown.contains("2 measured"),
        "{shown}"
    );
    let called = calls(path);
    assert_eq!(called.len(), 6);
    assert!(
        called[4..].iter().all(|call| call.contains("second.F16.gguf")),
        "{called:?}"
    );
    assert_eq!(table(path).len(), 4);
    is_clean(path);
}

#[test]
fn an_interrupt_while_a_model_is_written_leaves_nothing_of_it() {
    let folder = place("answer");
    let path = folder.path();
    let arguments = "measure models qwen3-1.7b --weights F16 --llama-bench ./llama-bench --busy 100% --out m";
    let mut child = start(path, arguments);
    let is_writing = || {
        let names = contents(path);
        names.keys().any(|name| name.ends_with("qwen3-1.7b.F16.gguf"))
    };
    while !is_writing() {
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before it was stopped"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(send("-INT", &child.id().to_string()));
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("interrupted: 0 of 1 are measured"), "{stderr}");
    assert!(calls(path).is_empty());
    is_clean(path);
}
