//! `--out` where nothing can be written: told before the search, and nothing is left behind.

use crate::tool::{contents, folder_with, refusal, refusal_in};

const COMMANDS: [&[&str]; 2] = [
    &["design", "--space", "paper", "--out"],
    &["predict", "qwen3-0.6b", "--out"],
];

fn with<'a>(command: &[&'a str], out: &'a str) -> Vec<&'a str> {
    command.iter().copied().chain([out]).collect()
}

#[test]
fn a_file_is_in_the_way() {
    for command in COMMANDS {
        let folder = folder_with("taken", "precious");
        refusal_in(
            folder.path(),
            &with(command, "taken"),
            &["--out taken is a file: expected a folder"],
        );
        refusal_in(
            folder.path(),
            &with(command, "taken/below/deep"),
            &["--out", "taken is a file"],
        );
        refusal_in(folder.path(), &with(command, ""), &["--out"]);
    }
}

/// The file in the way is inside the folder: nothing is replaced, not even the files that could be.
#[test]
fn a_folder_is_filled_wholly_or_not_at_all() {
    let folder = folder_with("results/report.html/page", "precious");
    std::fs::write(folder.path().join("results/operators.csv"), "old").unwrap();
    let line = ["predict", "qwen3-0.6b", "--out", "results"];
    refusal_in(folder.path(), &line, &["report.html is a folder"]);

    let folder = folder_with("results/best", "precious");
    let line = ["design", "--space", "paper", "--out", "results"];
    refusal_in(folder.path(), &line, &["best is a file"]);
    assert_eq!(contents(folder.path()).len(), 2);
}

/// Nobody, not even root, creates folders there.
#[cfg(target_os = "linux")]
#[test]
fn places_where_nothing_can_be_written() {
    for command in COMMANDS {
        let line = command.join(" ");
        refusal(&format!("{line} /proc/rooflaw"), &["--out /proc/rooflaw"]);
        refusal(
            &format!("{line} /proc/rooflaw/below"),
            &["--out", "/proc/rooflaw"],
        );
        refusal(&format!("{line} /dev/null"), &["--out /dev/null is a file"]);
    }
}

/// A run that fails for another reason creates neither the folder nor those above it.
#[test]
fn failed_runs_leave_nothing() {
    refusal(
        "design --space paper --max-tpot 1us --out new/results",
        &["TPOT at most 1 µs"],
    );
    refusal("predict nothing --out new/results", &["unknown model"]);
    refusal("design --weights bf16,bf16 --out new/results", &["twice"]);
}
