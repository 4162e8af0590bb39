//! The same question has the same answer, to the byte, whatever the number of threads.

use crate::fit::table;
use crate::tool::{folder_with, rooflaw, words};
use std::path::Path;

fn json(line: &str, threads: &str) -> Vec<u8> {
    json_in(Path::new("."), line, threads)
}

fn json_in(folder: &Path, line: &str, threads: &str) -> Vec<u8> {
    let output = rooflaw()
        .current_dir(folder)
        .args(words(line))
        .env("RAYON_NUM_THREADS", threads)
        .output()
        .unwrap();
    assert!(output.status.success());
    output.stdout
}

#[test]
fn two_runs_and_any_number_of_threads_agree() {
    for line in [
        "design --space paper --weights bf16,Q4_K_M --json",
        "design --space paper --minimize-memory --objective decode --json",
    ] {
        let one = json(line, "1");
        assert!(one == json(line, "1"), "{line}: two runs differ");
        assert!(one == json(line, "4"), "{line}: threads matter");
    }
    for line in [
        "plan-runs --space paper --law chinchilla --runs 8 --json",
        "plan-runs --space paper --tokens 1B,10B --json",
        "predict qwen3-0.6b --json",
        "compare qwen3-0.6b olmo-2-1b --json",
        "devices --json",
    ] {
        assert!(json(line, "1") == json(line, "4"), "{line}");
    }
}

#[test]
fn fits_do_not_depend_on_threads() {
    let folder = folder_with("runs.csv", table(1.0, &[]));
    for line in [
        "fit runs.csv --refits 10 --starts 8 --json",
        "fit runs.csv --refits 10 --starts 8 --objective huber:1e-3 --law width-depth-tokens --json",
    ] {
        let one = json_in(folder.path(), line, "1");
        assert!(one == json_in(folder.path(), line, "2"), "{line}");
    }
}
