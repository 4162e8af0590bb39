//! The same question has the same answer, to the byte, whatever the number of threads.

use crate::tool::{rooflaw, words};

fn json(line: &str, threads: &str) -> Vec<u8> {
    let output = rooflaw()
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
        "predict qwen3-0.6b --json",
        "compare qwen3-0.6b olmo-2-1b --json",
        "devices --json",
    ] {
        assert!(json(line, "1") == json(line, "4"), "{line}");
    }
}
