use super::*;
use crate::Model;
use rooflaw::device::Phase;
use rooflaw::measurements::Given;
use rooflaw::models;
use std::fs;
use std::path::Path;

fn bundle() -> Bundle {
    let model = |id: &str| {
        let known = models::find(id).unwrap();
        Model::with_config(id, known.architecture, known.config.to_owned())
    };
    Bundle {
        models: vec![model("qwen2.5-0.5b"), model("smollm2-135m-instruct")],
        weights: vec![WeightFormat::Q8_0, WeightFormat::Q4_0],
        prompt: vec![128, 512],
        generate: vec![32],
        depth: vec![0, 1024],
        threads: Some(4),
        samples: 5,
        seed: 7,
    }
}

#[test]
fn the_script_names_every_run_once() {
    let script = script::script(&bundle());
    for line in [
        "LLAMA_FLAGS=\"-p 128,512 -n 32 -r 5 -ctk f16 -ctv f16 -d 0,1024 -t 4\"",
        "SEED=7",
        "  llama_bench qwen2.5-0.5b Q8_0",
        "  llama_bench smollm2-135m-instruct Q4_0",
        "  vllm_latency qwen2.5-0.5b 128 32",
        "  vllm_latency qwen2.5-0.5b 1024 32",
    ] {
        assert_eq!(script.lines().filter(|found| *found == line).count(), 1, "{line}");
    }
    assert_eq!(script.matches("\n  llama_bench ").count(), 4);
    assert_eq!(script.matches("\n  vllm_latency ").count(), 6);
    let usual = Bundle {
        threads: None,
        depth: vec![0],
        ..bundle()
    };
    assert!(script::script(&usual).contains("-ctv f16\"\n"));
}

#[test]
fn files_are_those_that_the_script_wants() {
    let bundle = bundle();
    let files = bundle.files(false).unwrap();
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "configs/qwen2.5-0.5b.json",
            "hf/qwen2.5-0.5b/config.json",
            "configs/smollm2-135m-instruct.json",
            "hf/smollm2-135m-instruct/config.json",
            "run.sh",
            "README.md",
        ]
    );
    let (_, hf) = &files[1];
    assert!(hf.contains("architectures"), "{hf}");
    let sizes = bundle.gguf_files().unwrap();
    assert_eq!(sizes.len(), 4);
    assert_eq!(sizes[0].parameters, 494_032_768);
    let (_, readme) = &files[5];
    for part in [
        "| qwen2.5-0.5b | 494.0M |",
        "rooflaw calibrate results --device",
        "KEEP=1",
        "rooflaw export",
    ] {
        assert!(readme.contains(part), "no `{part}` in {readme}");
    }
    let (_, with_models) = &bundle.files(true).unwrap()[5];
    assert!(with_models.contains("in `models`"), "{with_models}");
    let mut small = bundle;
    small.models[0].architecture.vocab_size = 500;
    let files = small.files(false).unwrap();
    assert!(
        files
            .iter()
            .all(|(name, _)| name != "hf/qwen2.5-0.5b/config.json")
    );
    assert!(!files[3].1.contains("vllm_latency qwen"), "{}", files[3].1);
    assert!(
        files[4].1.contains("Not measured with vLLM: qwen2.5-0.5b"),
        "{}",
        files[4].1
    );
}

/// A result of llama-bench.
fn llama(model: &str, n_params: u64) -> String {
    format!(
        r#"[{{"build_commit":"abc","build_number":42,"cpu_info":"Test CPU","gpu_info":"","backends":"CPU",
        "model_filename":"models/{model}.Q8_0.gguf","model_type":"qwen2 ?B Q8_0","model_size":5,"model_n_params":{n_params},
        "n_threads":4,"type_k":"f16","type_v":"f16","n_prompt":128,"n_gen":0,"n_depth":0,"samples_ns":[10,20,30]}}]"#
    )
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn results_are_read_with_their_configurations() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let known = models::find("qwen2.5-0.5b").unwrap();
    write(path, "configs/mine.json", known.config);
    write(path, "mine.Q8_0.1.json", &llama("mine", 494_032_768));
    write(path, "mine.Q8_0.2.json", &llama("mine", 494_032_767));
    write(path, "unknown.Q8_0.1.json", &llama("unknown", 9));
    write(path, "cut.json", "[{\"build");
    write(path, "mine.Q8_0.3.log", "not a result");
    let latency = |output: u32, seconds: f64| {
        format!(
            r#"{{"model":"mine","config":"configs/mine.json","weights":"bf16","input_len":128,"output_len":{output},
            "batch_size":1,"avg_latency":{seconds},"latencies":[{seconds}]}}"#
        )
    };
    write(
        path,
        "mine.bf16.vllm-128-32.json",
        &[latency(1, 0.5), latency(33, 0.82)].join("\n"),
    );
    let results = read_results(path, &Given::default()).unwrap();
    let rows: Vec<_> = results
        .rows
        .iter()
        .map(|row| {
            (
                row.runtime.as_str(),
                row.phase,
                row.config.as_deref(),
                row.seconds,
            )
        })
        .collect();
    let config = Some("configs/mine.json");
    assert_eq!(rows.len(), 4, "{rows:?}");
    assert_eq!(rows[0], ("llama.cpp", Phase::Prefill, config, 20e-9));
    assert_eq!(
        (rows[1].0, rows[1].1, rows[1].2),
        ("vllm", Phase::Prefill, config)
    );
    assert_eq!((rows[2].0, rows[2].1), ("vllm", Phase::Decode));
    assert!((rows[2].3 - 0.01).abs() < 1e-12);
    assert_eq!(rows[3].2, None);
    let skipped: Vec<&str> = results.skipped.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(skipped, ["cut.json", "mine.Q8_0.2.json"]);
    assert!(
        results.skipped[1].1.reason.contains("another model"),
        "{:?}",
        results.skipped
    );
}

#[test]
fn folders_without_results_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = |path: &Path| read_results(path, &Given::default()).unwrap_err().to_string();
    assert!(error(&folder.path().join("nowhere")).contains("cannot read"));
    assert!(error(folder.path()).contains("holds no *.json"));
    write(folder.path(), "x.json", "{}");
    assert!(error(folder.path()).contains("no measurements (x.json"));
}
