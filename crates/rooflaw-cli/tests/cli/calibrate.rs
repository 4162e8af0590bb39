//! `rooflaw calibrate`, and what the other commands make of a calibration.

use crate::tool::{answer, answer_in, contents, data, folder_with, rooflaw, words};
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Models and their parameters in millions.
const MODELS: [(&str, f64); 5] = [
    ("smollm2-135m-instruct", 134.5),
    ("smollm2-360m-instruct", 361.8),
    ("qwen2.5-0.5b", 494.0),
    ("qwen3-0.6b", 596.0),
    ("llama-3.2-1b-instruct", 1235.8),
];

/// A table of what a board might do: 12 GB/s in decode, 60 GFLOP/s in prefill.
pub fn table() -> String {
    let mut text =
        "device,runtime,backend,threads,model,weights,phase,context_tokens,tokens,milliseconds\n".to_owned();
    for (model, millions) in MODELS {
        let (prefill, decode) = (millions * 2.0 * 128.0 / 60.0, millions * 1.0625 / 12.0 + 0.5);
        for (phase, context, tokens, time) in [("prefill", 0, 128, prefill), ("decode", 128, 64, decode)] {
            let _ = writeln!(
                text,
                "raspberry-pi-5,llama.cpp,cpu,4,{model},Q8_0,{phase},{context},{tokens},{time:.3}"
            );
        }
    }
    text
}

/// A folder with the table and the calibration `pi.toml` from it.
pub fn calibrated() -> tempfile::TempDir {
    let folder = folder_with("table.csv", table());
    answer_in(folder.path(), "calibrate table.csv --out pi.toml");
    folder
}

fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn json_in(folder: &Path, line: &str) -> Value {
    serde_json::from_str(&answer_in(folder, &format!("{line} --json"))).unwrap()
}

#[test]
fn measurements_become_a_calibration_that_other_commands_take() {
    let folder = folder_with("table.csv", table());
    let text = spaced(&answer_in(folder.path(), "calibrate table.csv --out pi.toml"));
    for part in [
        "What llama.cpp/cpu achieves on Raspberry Pi 5",
        "10 measurements of 5 models; 4 threads",
        "Q8_0 10 1",
        "each layer with experts",
        "Each model left out in turn, decode was predicted within",
        "prefill was predicted within",
        "Not measured, and known from the other formats and published measurements, less well:",
        "Written to pi.toml: try `rooflaw design --device raspberry-pi-5 --weights Q8_0 --calibration pi.toml`.",
    ] {
        assert!(text.contains(part), "no `{part}` in {text}");
    }
    // The device is the calibration's.
    let line = "predict qwen2.5-0.5b --weights Q8_0 --calibration pi.toml";
    let predicted = spaced(&answer_in(folder.path(), line));
    for part in [
        "Qwen2.5-0.5B on Raspberry Pi 5",
        "dense products: 0.0",
        "Latencies are calibrated: llama.cpp/cpu with 4 threads by 10 measurements of 5 models on raspberry-pi-5 (in pi.toml).",
    ] {
        assert!(predicted.contains(part), "no `{part}` in {predicted}");
    }
    let with = json_in(folder.path(), line);
    let without = json_in(
        folder.path(),
        "predict qwen2.5-0.5b --weights Q8_0 --device raspberry-pi-5",
    );
    let tpot = |of: &Value| {
        let interval = &of["tpot_at_context"];
        ["predicted_s", "low_s", "high_s"].map(|end| interval[end].as_f64().unwrap())
    };
    let ([time, low, high], [_, wide_low, wide_high]) = (tpot(&with), tpot(&without));
    // Measured: 44.2 ms at a shorter context.
    assert!((0.042..0.052).contains(&time), "{time}");
    assert!(high / low < wide_high / wide_low);
    assert_eq!(with["latency"]["basis"], "calibration");
    assert_eq!(with["latency"]["rows_of_format"], 10);
    let q4 = spaced(&answer_in(
        folder.path(),
        "compare qwen3-0.6b --weights Q4_0,Q8_0 --calibration pi.toml --device raspberry-pi-5",
    ));
    assert!(q4.contains("Latencies (Q4_0) are calibrated"), "{q4}");
    assert!(q4.contains("none with these weights"), "{q4}");
    let designed = answer_in(
        folder.path(),
        "design --space paper --weights Q8_0 --max-tpot 100ms --calibration pi.toml",
    );
    assert!(
        spaced(&designed).contains("The chosen architecture meets TPOT ≤ 100.0 ms with a probability of"),
        "{designed}"
    );
}

#[test]
fn everything_is_in_the_json_and_in_the_report() {
    let folder = folder_with("table.csv", table());
    let found = json_in(folder.path(), "calibrate table.csv --report report");
    assert_eq!(found["calibration"]["device"]["id"], "raspberry-pi-5");
    assert_eq!(found["calibration"]["measurements"]["rows"], 10);
    let bandwidth = &found["calibration"]["formats"]["Q8_0"]["decode"]["coefficients"]["bandwidth"];
    assert!(
        (1.2..1.7).contains(&bandwidth["value"].as_f64().unwrap()),
        "{bandwidth}"
    );
    let rows = found["measurements"].as_array().unwrap();
    assert_eq!(rows.len(), 10);
    assert!(rows.iter().all(|row| row["left_out_s"].as_f64().unwrap() > 0.0));
    let files: Vec<String> = contents(&folder.path().join("report")).into_keys().collect();
    assert_eq!(
        files,
        [
            "calibration.toml",
            "figures",
            "figures/agreement.png",
            "figures/agreement.svg",
            "predictions.csv",
            "report.html"
        ]
    );
    let mut reader = csv::Reader::from_path(folder.path().join("report/predictions.csv")).unwrap();
    assert_eq!(reader.headers().unwrap().get(0), Some("file"));
    assert_eq!(reader.records().count(), 10);
    // The report's file is the calibration.
    answer_in(
        folder.path(),
        "predict qwen3-0.6b --weights Q8_0 --calibration report/calibration.toml",
    );
}

#[test]
fn equal_measurements_give_equal_files() {
    let [one, other] = [calibrated(), calibrated()];
    let bytes = |folder: &tempfile::TempDir| fs::read(folder.path().join("pi.toml")).unwrap();
    assert_eq!(bytes(&one), bytes(&other));
}

#[test]
fn outliers_and_what_is_left_out_are_told() {
    let text = table().replace(
        "raspberry-pi-5,llama.cpp,cpu,4,qwen3-0.6b,Q8_0,decode,128,64,53.271",
        "raspberry-pi-5,llama.cpp,cpu,4,qwen3-0.6b,Q8_0,decode,128,64,200",
    );
    assert!(text.contains(",200\n"));
    let text = format!(
        "{text}apple-m4,mlx,metal,,qwen3-0.6b,Q8_0,decode,128,64,9\n\
         raspberry-pi-5,llama.cpp,cpu,4,my-model,Q8_0,decode,128,64,9\n\
         raspberry-pi-5,llama.cpp,cpu,1,qwen3-0.6b,Q8_0,decode,128,64,99\n\
         raspberry-pi-5,llama.cpp,vulkan,,qwen3-0.6b,Q8_0,decode,128,64,99\n"
    );
    let folder = folder_with("table.csv", text);
    let output = rooflaw()
        .current_dir(folder.path())
        .args(words(
            "calibrate table.csv --device raspberry-pi-5 --runtime llama.cpp/cpu --threads 4",
        ))
        .output()
        .unwrap();
    let said = spaced(&String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(0), "{said}");
    for part in [
        "an outlier: qwen3-0.6b Q8_0, decode of 64 tokens at context 128: 200.0 ms measured",
        "left out: measured on apple-m4 (table.csv)",
        "left out: unknown model `my-model`: give --model 'my-model=CONFIG'",
        "left out: measured with 1 threads (table.csv)",
        "left out: measured with llama.cpp/vulkan (table.csv)",
    ] {
        assert!(said.contains(part), "no `{part}` in {said}");
    }
}

/// What llama-bench says of a model file called `small-Q8_0.gguf`.
fn bench(n_params: u64) -> String {
    let entry = |test: &str, ns: u64| {
        format!(
            r#"{{"build_number": 9000, "cpu_info": "Cortex-A76", "gpu_info": "", "backends": "CPU",
            "model_filename": "models/small-Q8_0.gguf", "model_type": "qwen2 0.5B Q8_0", "model_n_params": {n_params},
            "n_batch": 2048, "n_ubatch": 512, "n_threads": 4, "type_k": "f16", "type_v": "f16", "n_gpu_layers": 99,
            {test}, "avg_ns": {ns}, "stddev_ns": 1000, "avg_ts": 1.0, "stddev_ts": 0.0}}"#
        )
    };
    format!(
        "[{},{},{}]",
        entry(r#""n_prompt": 128, "n_gen": 0"#, 2_100_000_000),
        entry(r#""n_prompt": 0, "n_gen": 32"#, 1_400_000_000),
        entry(r#""n_prompt": 0, "n_gen": 64"#, 2_830_000_000),
    )
}

#[test]
fn models_are_found_by_name_or_in_a_folder() {
    let folder = folder_with("bench.json", bench(494_032_768));
    fs::create_dir(folder.path().join("configs")).unwrap();
    let config = data("models/qwen2.5-0.5b.json");
    fs::write(folder.path().join("configs/small.json"), &config).unwrap();
    for models in [
        "--configs configs",
        "--model small=qwen2.5-0.5b",
        "--model small=configs/small.json",
    ] {
        let text = answer_in(
            folder.path(),
            &format!("calibrate bench.json --device raspberry-pi-5 {models}"),
        );
        assert!(text.contains("3 measurements of 1 model; version 9000"), "{text}");
        assert!(text.contains("called Cortex-A76 there"), "{text}");
        assert!(
            spaced(&text).contains("Each measurement left out in turn"),
            "{text}"
        );
    }
    // A folder of measurements, in which configurations lie as well.
    let text = answer_in(
        folder.path(),
        "calibrate . --device raspberry-pi-5 --configs configs",
    );
    assert!(text.contains("3 measurements of 1 model"), "{text}");
}

#[test]
fn a_device_says_what_it_is_calibrated_for() {
    let text = spaced(&answer("devices rk3576"));
    assert!(text.contains("Calibrations: rkllm/npu ("), "{text}");
    let text = spaced(&answer("devices geforce-gtx-1660"));
    assert!(text.contains("Calibrations: none of this device"), "{text}");
    let list = answer("devices --class npu");
    assert!(list.contains("rk3576+ ") || list.contains("rk3576*+ "), "{list}");
}

/// Without a word of the user's.
#[test]
fn a_published_calibration_is_used_where_there_is_one() {
    let text = spaced(&answer("predict qwen3-0.6b --device rk3576 --weights w8a8"));
    assert!(text.contains("Latencies are calibrated: rkllm/npu"), "{text}");
    assert!(text.contains("on rk3576 (published)"), "{text}");
    // A runtime that was never measured there.
    let text = spaced(&answer(
        "predict qwen3-0.6b --device rk3576 --weights Q8_0 --runtime llama.cpp/cpu",
    ));
    assert!(text.contains("measurements of other devices make of"), "{text}");
}

#[test]
fn the_runtime_can_be_named() {
    let text = spaced(&answer(
        "predict qwen3-0.6b --device jetson-agx-orin-64gb --weights fp16 --runtime vllm",
    ));
    assert!(text.contains("with vllm/cuda."), "{text}");
    let text = spaced(&answer(
        "predict qwen3-0.6b --device apple-m4 --weights Q8_0 --runtime llama.cpp/vulkan",
    ));
    assert!(text.contains("with llama.cpp/vulkan"), "{text}");
    let paper = answer("predict qwen3-0.6b --paper-assumptions");
    assert!(paper.contains("an uncalibrated roofline's"), "{paper}");
}

/// llama-bench on the machine of `data/measurements/cpu`, 32 architectures in three formats.
#[test]
fn a_machine_that_was_measured_is_predicted() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/measurements/cpu");
    let folder = tempfile::tempdir().unwrap();
    let [table, device] = ["zen4-1.csv", "zen4-vm.toml"].map(|name| data.join(name).display().to_string());
    let found = json_in(folder.path(), &format!("calibrate {table} --device {device}"));
    let calibration = &found["calibration"];
    assert_eq!(calibration["measurements"]["rows"], 192);
    assert_eq!(calibration["measurements"]["models"], 32);
    for (phase, most) in [("decode", 0.08), ("prefill", 0.08)] {
        let median = calibration["left_out"][phase]["median"].as_f64().unwrap();
        assert!(median < most, "{phase}: {median}");
    }
}
