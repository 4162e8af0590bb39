//! Running the binary.

use assert_cmd::Command;
use std::path::{Path, PathBuf};

/// The binary, far from this machine's settings.
pub fn rooflaw_train() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("rooflaw-train"));
    for variable in [
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "COLUMNS",
        "NO_COLOR",
        "RAYON_NUM_THREADS",
    ] {
        command.env_remove(variable);
    }
    command.timeout(std::time::Duration::from_secs(60));
    command
}

/// A file of the corpus crate's tests.
pub fn corpus_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../rooflaw-corpus/tests/data")
        .join(name)
}

/// Exit code, standard output and standard error in a folder; `@name` is a file of the corpus crate's tests.
pub fn run_in(folder: &Path, line: &str) -> (Option<i32>, String, String) {
    let arguments = line.split_whitespace().map(|word| match word.strip_prefix('@') {
        Some(name) => corpus_file(name).into_os_string(),
        None => word.into(),
    });
    let output = rooflaw_train()
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Standard output of a command that succeeds and remarks nothing.
pub fn answer_in(folder: &Path, line: &str) -> String {
    let (code, stdout, stderr) = run_in(folder, line);
    assert_eq!(
        (code, stderr.as_str()),
        (Some(0), ""),
        "rooflaw-train {line}: {stdout}"
    );
    stdout
}

/// The one error of a command that is refused.
pub fn refusal_in(folder: &Path, line: &str) -> String {
    let (code, stdout, stderr) = run_in(folder, line);
    assert_eq!(
        (code, stdout.as_str()),
        (Some(2), ""),
        "rooflaw-train {line}: {stderr}"
    );
    assert_eq!(
        stderr.matches("error:").count(),
        1,
        "rooflaw-train {line}: {stderr}"
    );
    stderr
}
