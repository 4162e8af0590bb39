//! Running the binary, and what holds for every run.

use assert_cmd::Command;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The binary, far from this machine's settings.
pub fn rooflaw() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("rooflaw"));
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

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// The words of a command line without quotes.
pub fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// Standard output of a command that succeeds in `folder`.
pub fn answer_in(folder: &Path, line: &str) -> String {
    let output = rooflaw().current_dir(folder).args(words(line)).output().unwrap();
    let stderr = text(output.stderr);
    assert_eq!(output.status.code(), Some(0), "rooflaw {line}: {stderr}");
    assert!(!stderr.contains("error"), "rooflaw {line}: {stderr}");
    text(output.stdout)
}

/// Standard output of a command that succeeds and touches no files.
pub fn answer(line: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let stdout = answer_in(folder.path(), line);
    assert!(contents(folder.path()).is_empty(), "rooflaw {line}");
    stdout
}

/// Every path below a folder with its contents; folders have none.
pub fn contents(folder: &Path) -> BTreeMap<String, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            for (below, bytes) in contents(&path) {
                found.insert(format!("{name}/{below}"), bytes);
            }
            found.insert(name, None);
        } else if path.metadata().unwrap().len() < 1 << 24 {
            found.insert(name, Some(fs::read(&path).unwrap()));
        } else {
            found.insert(name, Some(Vec::new()));
        }
    }
    found
}

/// The message of a command that is refused in `folder`: exit code 2, one error that contains `parts`, nothing on
/// standard output, nothing in the folder that was not there before.
pub fn refusal_in(folder: &Path, arguments: &[&str], parts: &[&str]) -> String {
    let before = contents(folder);
    let output = rooflaw().current_dir(folder).args(arguments).output().unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    let shown = format!("rooflaw {}: {stderr}", arguments.join(" "));
    assert_eq!(output.status.code(), Some(2), "{shown}");
    assert_eq!(stdout, "", "{shown}");
    assert!(stderr.starts_with("error: "), "{shown}");
    assert_eq!(stderr.matches("error:").count(), 1, "{shown}");
    assert!(stderr.len() < 2000, "{shown}");
    assert!(!stderr.contains('\u{1b}'), "{shown}");
    for part in parts {
        assert!(stderr.contains(part), "no `{part}` in: {shown}");
    }
    assert_eq!(contents(folder), before, "{shown}");
    stderr
}

/// [`refusal_in`] an empty folder, of a line without quotes.
pub fn refusal(line: &str, parts: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    refusal_in(folder.path(), &words(line), parts)
}

/// A folder with one file in it.
pub fn folder_with(name: &str, contents: impl AsRef<[u8]>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, contents).unwrap();
    folder
}

/// A file of the repository's `data`.
pub fn data(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
    fs::read_to_string(root.join(name)).unwrap()
}
