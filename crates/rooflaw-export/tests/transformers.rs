//! What `transformers` makes of the directories that are written: every weight found, none left over.
//!
//! Runs where the Python that `ROOFLAW_PYTHON` names can import `transformers` and `torch`; says that it was skipped
//! elsewhere, or fails if `ROOFLAW_REQUIRE_TRANSFORMERS` is `torch`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

mod common;

use rooflaw::format::WeightFormat;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Loaded {
    parameters: u64,
    missing: Vec<String>,
    unexpected: Vec<String>,
    mismatched: Vec<String>,
    dtype: String,
    finite: bool,
}

#[test]
fn transformers_loads_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut expected = BTreeMap::new();
    for (name, architecture) in common::hf() {
        // In shards, and whole.
        for (format, dtype, max_shard_bytes) in [
            (WeightFormat::Bf16, "torch.bfloat16", 400_000),
            (WeightFormat::Fp32, "torch.float32", u64::MAX),
        ] {
            let name = format!("{name}-{format}");
            common::write_hf(&architecture, format, max_shard_bytes, &folder.path().join(&name));
            expected.insert(name, (architecture.parameters().total, dtype));
        }
    }
    let required = std::env::var("ROOFLAW_REQUIRE_TRANSFORMERS").is_ok_and(|what| what == "torch");
    let Some(report) = common::python("load_check.py", folder.path(), required) else {
        return;
    };
    let report: BTreeMap<String, Loaded> = serde_json::from_str(report.lines().last().unwrap()).unwrap();
    assert_eq!(report.len(), expected.len());
    for (name, (parameters, dtype)) in expected {
        let loaded = &report[&name];
        assert_eq!(
            (loaded.parameters, loaded.dtype.as_str()),
            (parameters, dtype),
            "{name}"
        );
        assert!(loaded.missing.is_empty(), "{name}: {:?}", loaded.missing);
        assert!(loaded.unexpected.is_empty(), "{name}: {:?}", loaded.unexpected);
        assert!(loaded.mismatched.is_empty(), "{name}: {:?}", loaded.mismatched);
        assert!(loaded.finite, "{name}");
    }
}
