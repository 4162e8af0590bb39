//! `rooflaw train` and its like: found, executed with all arguments, and its exit code is theirs.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// The binary alone in a folder, with nothing on PATH.
fn alone(folder: &Path) -> Command {
    let own = folder.join("rooflaw");
    if !own.exists() {
        fs::copy(assert_cmd::cargo::cargo_bin!("rooflaw"), &own).unwrap();
    }
    let mut command = Command::new(own);
    command.env("PATH", folder.join("path"));
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn without_the_program_it_is_said_how_to_get_it() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["train", "eval", "data", "sweep"] {
        let Output {
            status,
            stdout,
            stderr,
        } = alone(folder.path()).args([command, "--help"]).output().unwrap();
        let stderr = text(&stderr);
        assert_eq!(
            (status.code(), text(&stdout)),
            (Some(2), String::new()),
            "{stderr}"
        );
        assert!(
            stderr.starts_with(&format!("error: `rooflaw {command}` needs")),
            "{stderr}"
        );
        assert!(
            stderr.contains("cargo build --release -p rooflaw-train-cli"),
            "{stderr}"
        );
    }
}

#[cfg(unix)]
#[test]
fn arguments_and_exit_codes_pass_through() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let script = |place: &Path, code: i32| {
        fs::create_dir_all(place).unwrap();
        let program = place.join("rooflaw-train");
        fs::write(
            &program,
            format!("#!/bin/sh\nfor word; do echo \"[$word]\"; done\nexit {code}\n"),
        )
        .unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let line = ["train", "a b", "--data", "--help", "-x", "--", "--version"];
    let expected = "[train]\n[a b]\n[--data]\n[--help]\n[-x]\n[--]\n[--version]\n";
    // On PATH, then beside, which comes first; a file that is no program does not count.
    script(&folder.path().join("path"), 75);
    fs::write(folder.path().join("rooflaw-train"), "no program").unwrap();
    let output = alone(folder.path()).args(line).output().unwrap();
    assert_eq!(
        (output.status.code(), text(&output.stdout)),
        (Some(75), expected.to_owned())
    );
    script(folder.path(), 130);
    let output = alone(folder.path()).args(line).output().unwrap();
    assert_eq!(output.status.code(), Some(130));
}
