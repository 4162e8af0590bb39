//! `rooflaw measure device`: what it writes is a device.

use crate::tool::{answer_in, refusal};
use serde_json::Value;
use std::fs;

#[test]
fn this_machine_is_a_device() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let line = "measure device --out mine.toml --name Mine --class sbc --json";
    let report: Value = serde_json::from_str(&answer_in(path, line)).unwrap();
    let bandwidths = report["bandwidths"].as_array().unwrap();
    assert_eq!(bandwidths[0]["threads"], 1);
    let largest = |rows: &Value, key: &str| {
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| row[key].as_f64().unwrap()).fold(0.0, f64::max)
    };
    let product = |precision: &str| -> Value {
        let rows = report["product_rates"].as_array().unwrap();
        let of = rows.iter().filter(|row| row["precision"] == precision);
        of.cloned().collect()
    };
    let device: Value = serde_json::from_str(&answer_in(path, "devices ./mine.toml --json")).unwrap();
    assert_eq!(
        (&device["name"], &device["class"]),
        (&"Mine".into(), &"sbc".into())
    );
    for (found, measured) in [
        (
            &device["memory_bandwidth_bytes_per_s"],
            largest(&report["bandwidths"], "read_bytes_per_s"),
        ),
        (&device["peaks"]["fp32"], largest(&product("fp32"), "op_per_s")),
        (&device["peaks"]["fp16"], largest(&product("fp16"), "op_per_s")),
        (&device["peaks"]["bf16"], largest(&product("bf16"), "op_per_s")),
        (&device["peaks"]["int8"], largest(&product("int8"), "op_per_s")),
    ] {
        // Four digits are written.
        assert!(
            (found.as_f64().unwrap() / measured - 1.0).abs() < 1e-3,
            "{found} {measured}"
        );
    }
    let file = fs::read_to_string(path.join("mine.toml")).unwrap();
    for part in [
        "measured here by rooflaw measure device on 20",
        "with ",
        "unread = []",
    ] {
        assert!(file.contains(part), "no `{part}` in {file}");
    }
    let shown = answer_in(path, "predict qwen2.5-0.5b --device mine.toml");
    assert!(shown.contains("Mine"), "{shown}");
}

#[test]
fn mistakes_are_named() {
    refusal(
        "measure device --out no/mine.toml",
        &["--out no/mine.toml", "expected one that exists"],
    );
    refusal(
        "measure device --class toaster",
        &["--class", "jetson", "datacenter-gpu"],
    );
}
