//! What a terminal shows: at most 80 columns, no escape sequences in a pipe, and a reader may leave early.

use crate::tool::{answer, answer_in, data, folder_with, rooflaw, words};
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

/// Both streams of a run that succeeds.
fn shown(line: &str) -> String {
    let output = rooflaw().args(words(line)).output().unwrap();
    assert!(output.status.success(), "rooflaw {line}");
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

/// A word that is longer than a line, such as a commit's address, cannot be broken.
fn fits(line: &str) -> bool {
    line.chars().count() <= 80 || !line.trim().contains(' ')
}

#[test]
fn eighty_columns_are_enough_and_nothing_is_coloured_in_a_pipe() {
    let every_model = answer("models");
    let every_model: Vec<&str> = every_model
        .lines()
        .skip(1)
        .map_while(|line| line.split_whitespace().next())
        .collect();
    assert!(every_model.len() > 40);
    for line in [
        "devices",
        "devices rtx-pro-6000-blackwell-workstation-edition",
        "devices raspberry-pi-5",
        "models",
        "models deepseek-v2-lite",
        "models qwen2.5-1.5b-instruct",
        "laws",
        "laws co-design",
        "spaces",
        "spaces default",
        "spaces paper",
        "predict qwen2.5-0.5b",
        "predict deepseek-v3 --device raspberry-pi-4 --weights fp32 --unfused-attention",
        "predict deepseek-v3 --device raspberry-pi-4 --batch 1048576 --prompt-tokens 268435456",
        "predict gemma-3-4b-it --weights w4a16-g32 --kv int8 --context 100000",
        "design --space paper",
        "design --space paper --device raspberry-pi-4 --weights Q4_K_M,fp32 --minimize-memory",
        "design --space paper --reference granite-3.1-1b-a400m-instruct --max-parameters 3B --max-tpot 1s",
        &format!("compare {}", every_model.join(" ")),
        &format!(
            "compare {} --weights w4a16-g128,fp32 -d raspberry-pi-4 --prompt-tokens 100000",
            every_model.join(" ")
        ),
    ] {
        let text = shown(line);
        assert!(!text.contains('\u{1b}'), "rooflaw {line}");
        let wide = text.lines().find(|line| !fits(line));
        assert_eq!(wide, None, "rooflaw {line}");
    }
}

/// Names come from files: they are of any length, and a terminal would obey what is in them.
#[test]
fn odd_names_neither_tear_tables_nor_reach_the_terminal() {
    let long = "n".repeat(200);
    let folder = folder_with(&format!("{long}/config.json"), data("models/qwen2.5-0.5b.json"));
    let device = data("devices/raspberry-pi-5.toml").replace(
        "name = \"Raspberry Pi 5\"",
        "name = \"Board\\u001b[31m\\u0007\\nof mine\"",
    );
    std::fs::write(folder.path().join("board.toml"), device).unwrap();
    for command in ["predict", "compare"] {
        let text = answer_in(folder.path(), &format!("{command} {long} --device board.toml"));
        assert!(text.contains("of mine"), "{text}");
        assert!(
            text.chars().all(|c| c == '\n' || !c.is_control()),
            "rooflaw {command}"
        );
        let wide = text.lines().find(|line| !fits(line) && !line.contains(&long));
        assert_eq!(wide, None, "rooflaw {command}");
    }
}

#[test]
fn help_wraps() {
    for command in [
        "",
        "design",
        "predict",
        "compare",
        "explain",
        "calibrate",
        "devices",
        "models",
        "laws",
        "spaces",
        "runs",
        "fit",
        "plan-runs",
        "whatif",
        "export",
        "measure",
        "measure device",
        "measure models",
        "measure plan",
    ] {
        let help = shown(&format!("{command} --help"));
        for line in help.lines() {
            assert!(line.chars().count() <= 100, "{command}: {line}");
        }
        // Text that clap does not wrap by itself fits any terminal.
        let (_, examples) = help.split_once("Examples:").unwrap();
        for line in examples.lines() {
            assert!(line.chars().count() <= 80, "{command}: {line}");
        }
    }
}

/// `rooflaw devices | head -1`.
#[test]
fn a_reader_may_leave_early() {
    for line in [
        "devices",
        "devices --json",
        "models",
        "design --space paper --json",
    ] {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("rooflaw"))
            .args(words(line))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::with_capacity(16, child.stdout.take().unwrap())
            .read_line(&mut first)
            .unwrap();
        let mut complaint = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut complaint)
            .unwrap();
        assert_eq!(
            child.wait().unwrap().code(),
            Some(0),
            "rooflaw {line}: {complaint}"
        );
        assert_eq!(complaint, "", "rooflaw {line}");
        assert!(!first.is_empty());
    }
}
