//! Files of every format, whole and broken.

use super::*;

pub(super) fn file(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/measurements");
    std::fs::read(folder.join(name)).unwrap()
}

pub(super) fn read_text(text: &str, given: &Given) -> Result<(Vec<Measurement>, Vec<String>), String> {
    match read(text.as_bytes(), None, given) {
        Ok((measurements, skipped)) => Ok((measurements, skipped.iter().map(ToString::to_string).collect())),
        Err(error) => Err(error.to_string()),
    }
}

pub(super) fn read_file(name: &str) -> (Vec<Measurement>, Vec<String>) {
    read_text(std::str::from_utf8(&file(name)).unwrap(), &Given::default()).unwrap()
}

fn error(text: &str) -> String {
    read_text(text, &Given::default()).unwrap_err()
}

/// A test of llama-bench, with some keys changed.
pub(super) fn test_with(changes: &[(&str, serde_json::Value)]) -> String {
    let mut test = serde_json::json!({
        "build_commit": "8cf427ff", "build_number": 5163, "cpu_info": "AMD Ryzen 7 7800X3D 8-Core Processor",
        "gpu_info": "NVIDIA GeForce RTX 4080", "backends": "CUDA", "model_filename": "models/Qwen2.5-7B-Instruct-Q4_K_M.gguf",
        "model_type": "qwen2 7B Q4_K - Medium", "model_size": 4_677_120_000_u64, "model_n_params": 7_615_616_512_u64,
        "n_threads": 8, "type_k": "f16", "type_v": "f16", "n_gpu_layers": 99, "split_mode": "layer", "main_gpu": 0,
        "no_kv_offload": false, "tensor_split": "0.00", "embeddings": false, "n_prompt": 0, "n_gen": 128, "n_depth": 4096,
        "test_time": "2025-04-24T11:58:51Z", "avg_ns": 1_076_767_880_u64, "stddev_ns": 9_449_585, "avg_ts": 118.9,
        "stddev_ts": 1.0, "samples_ns": [1_075_361_300_u64, 1_065_089_400, 1_071_761_200]
    });
    for (key, value) in changes {
        test[*key] = value.clone();
    }
    test.to_string()
}

#[test]
fn what_a_stopped_run_has_finished_is_kept() {
    let whole = String::from_utf8(file("llama_bench.json")).unwrap();
    let (measurements, skipped) = read_text(&whole[..whole.len() - 300], &Given::default()).unwrap();
    assert_eq!(measurements.len(), 1);
    assert!(
        skipped[0].starts_with("end of the file: the file ends within an entry (EOF while parsing"),
        "{}",
        skipped[0]
    );
    let (measurements, skipped) =
        read_text(whole.trim_end().trim_end_matches(']'), &Given::default()).unwrap();
    assert_eq!((measurements.len(), skipped.len()), (2, 1));
    let lines = String::from_utf8(file("llama_bench.jsonl")).unwrap();
    let (measurements, skipped) = read_text(&lines[..lines.len() - 20], &Given::default()).unwrap();
    assert_eq!((measurements.len(), skipped.len()), (4, 2));
    assert!(error(&whole[..500]).starts_with("not JSON: EOF while parsing"));
    let csv = String::from_utf8(file("llama_bench.csv")).unwrap();
    let (measurements, skipped) = read_text(&csv[..csv.len() - 50], &Given::default()).unwrap();
    let cut = "the file ends within this row: the run was stopped, or the file cut";
    assert_eq!((measurements.len(), skipped.len()), (4, 2));
    assert_eq!(skipped[1], format!("line 7: {cut}"));
    let (header, rows) = csv.split_once('\n').unwrap();
    assert_eq!(
        error(&format!("{header}\n1,2\n{rows}")),
        "line 2: 2 cells, but the header has 42"
    );
    let markdown = String::from_utf8(file("llama_bench.md")).unwrap();
    let rows = markdown.find("\n\nbuild").unwrap();
    let (measurements, skipped) = read_text(&markdown[..rows - 6], &Given::default()).unwrap();
    assert_eq!((measurements.len(), skipped.len()), (4, 2));
    assert_eq!(skipped[1], format!("line 8: {cut}"));
}

#[test]
fn a_file_written_twice_counts_once() {
    for name in [
        "llama_bench.jsonl",
        "llama_bench.json",
        "llama_bench.csv",
        "llama_bench.md",
        "vllm_serve.json",
    ] {
        let once = String::from_utf8(file(name)).unwrap();
        let (measurements, skipped) = read_text(&format!("{once}\n{once}"), &Given::default()).unwrap();
        let (expected, left_out) = read_file(name);
        assert_eq!(measurements, expected, "{name}");
        assert_eq!(skipped.len(), measurements.len() + 2 * left_out.len(), "{name}");
        let twice = skipped
            .iter()
            .filter(|reason| reason.ends_with("the same as an earlier entry, to the last digit"));
        assert_eq!(twice.count(), measurements.len(), "{name}");
    }
}

#[test]
fn wrong_values_are_named_with_their_entry_and_key() {
    let wrong = |key: &str, value: serde_json::Value| error(&test_with(&[(key, value)]));
    let count = "expected a whole number from 0 to 4294967295";
    assert_eq!(
        wrong("n_gen", "many".into()),
        format!("entry 1: n_gen is `many`, {count}")
    );
    assert_eq!(
        wrong("n_gen", 1e30.into()),
        format!("entry 1: n_gen is `1e30`, {count}")
    );
    assert_eq!(
        wrong("n_depth", (-1).into()),
        format!("entry 1: n_depth is `-1`, {count}")
    );
    assert_eq!(
        wrong("n_gen", serde_json::json!([1])),
        "entry 1: n_gen is `[…]`, expected a text or a number"
    );
    assert_eq!(
        wrong("samples_ns", 3.into()),
        "entry 1: samples_ns is `3`, expected a list of numbers"
    );
    assert_eq!(
        wrong("samples_ns", serde_json::json!([1, "2"])),
        "entry 1: samples_ns is `a list that is not of numbers`, expected a list of numbers"
    );
    assert_eq!(
        wrong("no_kv_offload", "perhaps".into()),
        "entry 1: no_kv_offload is `perhaps`, expected true or false"
    );
    let twice = test_with(&[]).replacen("\"n_gen\":128", "\"n_gen\":128,\"n_gen\":64", 1);
    assert!(
        error(&twice).starts_with("not JSON: `n_gen` appears twice at line 1"),
        "{}",
        error(&twice)
    );
    let nan = test_with(&[]).replacen("118.9", "nan", 1);
    assert!(
        error(&nan).starts_with("not JSON: expected ident at line 1"),
        "{}",
        error(&nan)
    );
    assert!(
        error("[1, 2]").starts_with("not JSON: invalid type: integer `1`, expected an object, or an array")
    );
    let row = "| model | size | params | backend | test | t/s |\n| a Q8_0 | 1.00 GiB | 1.00 B | CPU | pp512 | 10 ± 1 |\n";
    assert_eq!(
        error(&row.replace("pp512", "pg512")),
        "line 2: test is `pg512`, expected pp512, tg128, pp512+tg128 or one of them with @ d4096"
    );
    assert_eq!(
        error(&row.replace("1.00 GiB", "1 GB")),
        "line 2: size is `1 GB`, expected a number and one of KiB, MiB, GiB"
    );
    assert_eq!(
        error(&row.replace("10 ±", "ten ±")),
        "line 2: avg_ts is `ten`, expected a number of at least 0"
    );
    assert_eq!(
        error(&row.replace("| CPU ", "")),
        "line 2: 5 cells, but the header has 6"
    );
    assert_eq!(
        error(&row.replace("10 ± 1", "nan ± nan")),
        "no usable measurement among 1: line 2: no time: the test failed"
    );
}

#[test]
fn other_files_are_refused() {
    let formats = ": expected rooflaw's CSV, llama-bench's json, jsonl, csv or md, or the JSON of vLLM's bench latency or \
                   bench serve";
    assert_eq!(error("CREATE TABLE x"), format!("not measurements: SQL{formats}"));
    assert_eq!(
        error("{\"model\": \"x\", \"n\": 1, \"unknown\": 2}"),
        format!("not measurements: model, n{formats}")
    );
    assert_eq!(
        error("{}"),
        format!("not measurements: JSON without a known key{formats}")
    );
    assert_eq!(
        error("[]"),
        "no measurements: expected a header and at least one row"
    );
    let markdown = read(b"# Nothing", Some("md"), &Given::default())
        .unwrap_err()
        .to_string();
    assert_eq!(
        markdown,
        format!("not measurements: a Markdown file without a table of llama-bench{formats}")
    );
    let json = read(b"a,b", Some("JSON"), &Given::default())
        .unwrap_err()
        .to_string();
    assert_eq!(json, "not JSON: expected value at line 1 column 1");
    assert!(error("a,b\n1,2\n").starts_with("unknown column `a`"));
    assert_eq!(
        error(""),
        "no measurements: expected a header and at least one row"
    );
    let other = read(&[0x1f, 0x8b], None, &Given::default())
        .unwrap_err()
        .to_string();
    assert_eq!(other, "not UTF-8 text");
}

#[test]
fn our_own_table_is_read() {
    let (measurements, skipped) = read_file("rooflaw.csv");
    assert!(skipped.is_empty());
    assert_eq!(measurements.len(), 4);
    assert_eq!((measurements[3].batch, measurements[3].seconds), (8, 0.0029));
    assert_eq!(measurements[0].tokens_per_s(), 2450.3);
    let table = MeasurementTable { rows: measurements };
    let (again, _) = read_text(&table.to_csv().unwrap(), &Given::default()).unwrap();
    assert_eq!(again, table.rows);
}
