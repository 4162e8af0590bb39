//! Measurements and calibrations that cannot be used.

use crate::calibrate::{calibrated, table};
use crate::tool::{folder_with, refusal, refusal_in, words};
use std::fs;

#[test]
fn measurements_of_nothing_usable_are_refused() {
    let header = "device,runtime,backend,model,weights,phase,tokens,seconds\n";
    let rows = |rows: &[&str]| format!("{header}{}\n", rows.join("\n"));
    let pi = "raspberry-pi-5,llama.cpp,cpu,qwen3-0.6b,Q8_0,decode,64,0.05";
    for (text, flags, parts) in [
        (rows(&[pi, pi]), "", &["2 measurements: expected at least 3"][..]),
        (
            rows(&[pi.replace("qwen3-0.6b", "mine").as_str(); 4]),
            "",
            &[
                "0 of 4 measurements",
                "unknown model `mine`: give --model 'mine=CONFIG'",
            ],
        ),
        (
            rows(&[pi, pi, pi, &pi.replace("raspberry-pi-5", "apple-m4")]),
            "",
            &["of several devices: apple-m4, raspberry-pi-5: give --device"],
        ),
        (
            rows(&[pi.replace("raspberry-pi-5", "my board").as_str(); 3]),
            "",
            &["give --device: unknown device `my board`"],
        ),
        (
            rows(&[pi.replace("raspberry-pi-5", "").as_str(); 3]),
            "",
            &["name no device: give --device"],
        ),
        (
            rows(&[pi; 3]),
            "--device apple-m4",
            &["0 of 3 measurements are of", "measured on raspberry-pi-5"],
        ),
        (
            rows(&[pi, pi, pi, &pi.replace("cpu", "vulkan")]),
            "",
            &["several runtimes: llama.cpp/cpu, llama.cpp/vulkan: expected one: give --runtime"],
        ),
        (
            rows(&[pi.replace("llama.cpp,cpu", ",").as_str(); 3]),
            "",
            &["names no runtime: give --runtime"],
        ),
        (
            rows(&[pi.replace("0.05", "-1").as_str(); 3]),
            "",
            &["table.csv: line 2: seconds is `-1`"],
        ),
        (header.to_owned(), "", &["table.csv: no measurements"]),
        ("{\"a\": 1}".to_owned(), "", &["table.csv: not measurements: "]),
    ] {
        let folder = folder_with("table.csv", text);
        let line = format!("calibrate table.csv --out pi.toml --report report {flags}");
        refusal_in(folder.path(), &words(&line), parts);
    }
    refusal("calibrate none.csv", &["cannot open none.csv"]);
    refusal("calibrate .", &[". holds no file of measurements"]);
}

#[test]
fn results_go_where_they_can() {
    let folder = folder_with("table.csv", table());
    refusal_in(
        folder.path(),
        &words("calibrate table.csv --out nowhere/pi.toml"),
        &["--out nowhere/pi.toml: no folder nowhere"],
    );
    refusal_in(
        folder.path(),
        &words("calibrate table.csv --report table.csv"),
        &["table.csv is a file: expected a folder"],
    );
}

#[test]
fn a_calibration_of_something_else_is_refused() {
    let folder = calibrated();
    for (line, parts) in [
        (
            "predict qwen3-0.6b --device apple-m4 --weights Q8_0 --calibration pi.toml",
            &["--calibration pi.toml: it is of the device `raspberry-pi-5`, not of `apple-m4`"][..],
        ),
        (
            "design --space paper --weights fp8 --calibration pi.toml",
            &["--calibration pi.toml: llama.cpp/cpu has no fp8 weights: expected F16, "],
        ),
        (
            "compare qwen3-0.6b --weights Q8_0 --runtime vllm --calibration pi.toml",
            &["--calibration pi.toml: it is of llama.cpp/cpu, not of vllm"],
        ),
        (
            "predict qwen3-0.6b --weights Q8_0 --paper-assumptions --calibration pi.toml",
            &["--paper-assumptions leaves out"],
        ),
        (
            "predict qwen3-0.6b --calibration none.toml",
            &["cannot open none.toml"],
        ),
        (
            "predict qwen3-0.6b --calibration table.csv",
            &["table.csv: line 1: "],
        ),
        (
            "predict qwen3-0.6b --calibration bare --runtime vllm",
            &["--runtime vllm: a bare roofline is of no runtime"],
        ),
        (
            "predict qwen3-0.6b --runtime my-runtime",
            &[
                "--runtime my-runtime: no measurements of `my-runtime`: expected ",
                "llama.cpp",
            ],
        ),
        (
            "predict qwen3-0.6b --runtime a/b/c",
            &["expected a name such as llama.cpp"],
        ),
    ] {
        refusal_in(folder.path(), &words(line), parts);
    }
    let text = fs::read_to_string(folder.path().join("pi.toml")).unwrap();
    for (from, to, part) in [
        ("[device]", "", "pi.toml: line "),
        (
            "memory_bandwidth_gb_per_s = 17",
            "memory_bandwidth_gb_per_s = 34",
            "calibrate again",
        ),
        (
            "bandwidth = { value = 1",
            "bandwidth = { value = -1",
            "bandwidth.value = -1",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        fs::write(folder.path().join("pi.toml"), text.replacen(from, to, 1)).unwrap();
        refusal_in(
            folder.path(),
            &words("predict qwen3-0.6b --weights Q8_0 --calibration pi.toml"),
            &[part],
        );
    }
}
