//! `rooflaw measure models` with a llama-bench that is a script: it is believed where it should be, and whatever it does
//! wrong is named, skipped and recorded.

#![cfg(unix)]

use crate::fake_bench::{CONFIG, bench, calls, is_clean, line, place, raw, table};
use crate::tool::{answer_in, refusal_in, rooflaw, words};
use serde_json::Value;
use std::fs;

#[test]
fn models_are_measured_once() {
    let folder = place("answer");
    let path = folder.path();
    let shown = answer_in(path, &line("--weights F16,Q4_0"));
    for part in [
        "first F16: prefill 128 in 8.00 ms",
        "decode 2.00 ms a token ±0.0%",
        "4 measured",
        "m/measurements.csv",
    ] {
        assert!(shown.contains(part), "no `{part}` in {shown}");
    }
    let rows = table(path);
    assert_eq!(rows.len(), 8);
    let text = fs::read_to_string(path.join("m/measurements.csv")).unwrap();
    let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let cell = |row: &Vec<String>, column: &str| {
        row[header.iter().position(|name| *name == column).unwrap()].clone()
    };
    for (column, expected) in [
        ("device", "Test CPU"),
        ("runtime", "llama.cpp"),
        ("runtime_version", "42 (abc)"),
        ("backend", "cpu"),
        ("threads", "3"),
        ("model", "first"),
        ("config", "configs/first.json"),
        ("weights", "F16"),
        ("kv", "fp16"),
        ("phase", "prefill"),
        ("tokens", "128"),
        ("seconds", "0.008"),
        // Two processes of three samples.
        ("repeats", "6"),
    ] {
        assert_eq!(cell(&rows[0], column), expected, "{column}");
    }
    assert_eq!(
        (cell(&rows[1], "phase"), cell(&rows[1], "seconds")),
        ("decode".to_owned(), "0.002".to_owned())
    );
    let config = fs::read_to_string(path.join("m/configs/first.json")).unwrap();
    assert_eq!(config, CONFIG);
    // Every sample is kept.
    let raw = raw(path);
    assert_eq!(raw.len(), 8);
    assert_eq!(
        raw[0]["llama_bench"][0]["samples_ns"].as_array().unwrap().len(),
        3
    );
    assert_eq!(
        (&raw[0]["model"], &raw[0]["busy"]),
        (&Value::from("first"), &Value::from(false))
    );
    let called = calls(path);
    assert_eq!(called.len(), 8);
    assert!(
        called[0].ends_with("-p 128 -n 32 -d 0 -t 3 OMP_WAIT_POLICY=passive"),
        "{called:?}"
    );
    is_clean(path);

    // Again: nothing to do. Another format: it alone.
    let shown = answer_in(path, &line("--weights F16,Q4_0"));
    assert!(shown.contains("(was there)"), "{shown}");
    assert_eq!(calls(path).len(), 8);
    let report = answer_in(path, &line("--weights F16,Q8_0 --json"));
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["rows"].as_array().unwrap().len(), 8);
    assert_eq!(report["rows"][0]["relative_error"], Value::Null);
    assert_eq!(report["rows"][2]["is_known"], true);
    assert_eq!(calls(path).len(), 12);
    // Another depth, and other lengths at the first: what is missing of them.
    answer_in(
        path,
        &line("--weights F16 --prompt-tokens 128,256 --context-tokens 0,64"),
    );
    let called = calls(path);
    assert!(
        called[12].ends_with("-p 256 -n 0 -d 0 -t 3 OMP_WAIT_POLICY=passive"),
        "{called:?}"
    );
    assert!(called[14].contains("-p 128,256 -n 32 -d 64"), "{called:?}");
    assert_eq!(called.len(), 20);
}

#[test]
fn what_is_not_steady_is_repeated() {
    let folder = place(
        "if [ $((calls % 2)) = 0 ]; then answer; else echo '['; test_json 0 32 640000000; echo ']'; fi",
    );
    let path = folder.path();
    let shown = answer_in(path, &line("--weights F16 --prompt-tokens 0 --max-repeats 4"));
    assert!(shown.contains("(not steady)"), "{shown}");
    assert_eq!(calls(path).len(), 8);
    assert_eq!(table(path).len(), 2);
}

#[test]
fn what_goes_wrong_is_named_and_the_rest_goes_on() {
    let second = "case \"$m\" in *second*) answer; exit;; esac\n";
    for (script, rest, parts) in [
        (
            "echo some words >&2; exit 3",
            "",
            &["failed with exit code 3", "some words"][..],
        ),
        ("kill -SEGV $$", "", &["killed by signal 11"]),
        ("kill -KILL $$", "", &["killed by signal 9", "memory is short"]),
        (
            "sleep 1000",
            "--timeout 300ms",
            &["did not end within 0.3 s", "--timeout"],
        ),
        ("answer | head -c 300", "", &["no valid JSON", "EOF"]),
        ("echo build: 42", "", &["no valid JSON"]),
        ("true", "", &["printed nothing"]),
        ("n=16; answer", "", &["no test of n_prompt = 0, n_gen = 32"]),
        (
            "params=12345; answer",
            "",
            &["counts 12345 parameters", "predicted"],
        ),
        (
            "size=12345; answer",
            "",
            &["counts 12345 bytes of weights", "predicted"],
        ),
    ] {
        let folder = place(&format!("{second}{script}"));
        let path = folder.path();
        let arguments = line(&format!("--weights Q8_0 {rest}"));
        let output = rooflaw()
            .current_dir(path)
            .args(words(&arguments))
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{script}: {stderr}");
        let flat = stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains("warning: first Q8_0:"), "{script}: {flat}");
        assert!(
            flat.contains("1 of 2 could not be measured: first Q8_0"),
            "{script}: {flat}"
        );
        for part in parts {
            assert!(flat.contains(part), "{script}: no `{part}` in {flat}");
        }
        let rows = table(path);
        assert_eq!(rows.len(), 2, "{script}");
        assert!(
            rows.iter().all(|row| row.contains(&"second".to_owned())),
            "{script}"
        );
        let failed: Vec<Value> = raw(path)
            .into_iter()
            .filter(|line| line["model"] == "first")
            .collect();
        assert_eq!(failed.len(), 1, "{script}");
        assert!(
            failed[0]["error"].as_str().unwrap().contains(parts[0]),
            "{failed:?}"
        );
        is_clean(path);
    }
}

#[test]
fn a_program_that_is_none_is_refused_before_anything_is_written() {
    let folder = place("answer");
    let path = folder.path();
    let refused = |program: &str, parts: &[&str]| {
        let arguments = [
            "measure",
            "models",
            "configs",
            "--out",
            "m",
            "--llama-bench",
            program,
        ];
        refusal_in(path, &arguments, parts);
    };
    refused("./nothing", &["--llama-bench", "nothing", "no such file"]);
    refused(
        "no-such-llama-bench",
        &["--llama-bench", "no such program in PATH"],
    );
    refused("configs", &["--llama-bench", "a folder"]);
    refused("params", &["--llama-bench", "not executable"]);
    // Executable, but no program.
    bench(path, "answer");
    fs::write(path.join("llama-bench"), "\u{7f}ELF, not really").unwrap();
    let output = rooflaw()
        .current_dir(path)
        .args(words(&line("")))
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.contains("first F16: ./llama-bench: cannot be run"),
        "{stderr}"
    );
    is_clean(path);
}

#[test]
fn mistakes_are_named() {
    let folder = place("answer");
    let path = folder.path();
    fs::create_dir_all(path.join("other")).unwrap();
    fs::write(path.join("other/first.json"), CONFIG.replace("128", "256")).unwrap();
    fs::create_dir_all(path.join("empty")).unwrap();
    for (rest, parts) in [
        (
            "configs --prompt-tokens 0 --generated-tokens 0",
            &["nothing to measure"][..],
        ),
        (
            "configs --weights Q4_K_M",
            &["--weights", "expected F16, Q8_0 or Q4_0"],
        ),
        ("configs --weights F16,F16", &["--weights names F16 twice"]),
        ("configs --spread 200%", &["--spread", "a share from 0 to 1"]),
        ("configs --min-repeats 3 --max-repeats 2", &["--min-repeats 3"]),
        ("configs other", &["two models are called `first`"]),
        ("empty", &["empty", "holds no models"]),
        ("nowhere.json", &["nowhere.json"]),
        ("qwen4-0.6b", &["qwen4-0.6b", "did you mean"]),
        ("frontier.csv", &["design.json"]),
        ("configs --out params", &["--out params is a file"]),
    ] {
        let arguments = format!("measure models {rest} --llama-bench ./llama-bench");
        refusal_in(path, &words(&arguments), parts);
    }
}

#[test]
fn a_folder_of_other_measurements_is_not_mixed_up() {
    let folder = place("answer");
    let path = folder.path();
    answer_in(path, &line("--weights F16"));
    // The same name, another model: its rows would be taken for the first's.
    fs::write(path.join("configs/first.json"), CONFIG.replace("128", "256")).unwrap();
    let output = rooflaw()
        .current_dir(path)
        .args(words(&line("--weights F16")))
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr.contains("first.json: another architecture of this name"),
        "{stderr}"
    );
    // A damaged table is not replaced.
    let damaged = "model,weights\nx\n";
    fs::write(path.join("m/measurements.csv"), damaged).unwrap();
    refusal_in(
        path,
        &words(&line("--weights F16")),
        &["measurements.csv", "mend it, or move it away"],
    );
    // What a killed session left is removed.
    fs::remove_file(path.join("m/measurements.csv")).unwrap();
    fs::create_dir(path.join("m/.rooflaw-left")).unwrap();
    fs::write(path.join("m/.rooflaw-left/x.gguf"), "x").unwrap();
    let before = fs::read(path.join("m/raw.jsonl")).unwrap();
    fs::write(
        path.join("m/raw.jsonl"),
        [&before[..], b"{\"model\":\"cut"].concat(),
    )
    .unwrap();
    fs::remove_file(path.join("configs/first.json")).unwrap();
    answer_in(path, &line("--weights F16"));
    is_clean(path);
    assert_eq!(raw(path).len(), 7);
}
