//! Tests of llama-bench: what they are and what they are not.

use crate::device::Phase;
use crate::format::{Precision, WeightFormat};
use crate::measurements::read_tests::{file, read_file, read_text, test_with};
use crate::measurements::{Given, Measurement};

/// What a test of llama-bench is about.
fn shape(measurement: &Measurement) -> (Phase, u32, u32) {
    (measurement.phase, measurement.context_tokens, measurement.tokens)
}

#[test]
fn json_of_llama_bench_gives_the_median_of_its_repeats() {
    let (measurements, skipped) = read_file("llama_bench.json");
    assert!(skipped.is_empty());
    let [prefill, decode] = measurements.as_slice() else {
        panic!("two tests");
    };
    assert_eq!(
        prefill,
        &Measurement {
            device: "AMD EPYC".to_owned(),
            runtime: "llama.cpp".to_owned(),
            runtime_version: "11669 (Debian)".to_owned(),
            backend: "cpu".to_owned(),
            threads: Some(1),
            model: "t".to_owned(),
            config: None,
            weights: WeightFormat::GgufF16,
            kv: Precision::Fp16,
            phase: Phase::Prefill,
            batch: 1,
            context_tokens: 0,
            tokens: 128,
            seconds: 0.132_667_397,
            spread: prefill.spread,
            repeats: Some(5),
            n_parameters: Some(130_063_104),
            model_bytes: Some(260_140_032),
            source: String::new(),
        }
    );
    // llama-bench's own figures, of the mean: 8394434 ns over 136783993 ns.
    assert!((prefill.spread.unwrap() - 0.061_37).abs() < 1e-5);
    assert_eq!(shape(decode), (Phase::Decode, 0, 32));
    assert!((decode.seconds - 0.356_834_611 / 32.0).abs() < 1e-15);
}

#[test]
fn every_format_of_llama_bench_says_the_same() {
    let combined = |place: &str| format!("{place}: pp8+tg4: prompt and generation are timed as one");
    for (name, places, near) in [
        ("llama_bench.jsonl", ["entry 3", "entry 6"], 0.1),
        ("llama_bench.csv", ["line 4", "line 7"], 0.2),
        ("llama_bench.md", ["line 5", "line 8"], 0.2),
    ] {
        let (measurements, skipped) = read_file(name);
        assert_eq!(skipped, places.map(combined), "{name}");
        let shapes: Vec<_> = measurements.iter().map(shape).collect();
        let expected = [
            (Phase::Prefill, 0, 16),
            (Phase::Decode, 0, 4),
            (Phase::Prefill, 32, 16),
            (Phase::Decode, 32, 4),
        ];
        assert_eq!(shapes, expected, "{name}");
        for measurement in &measurements {
            assert_eq!(measurement.weights, WeightFormat::Q8_0);
            assert_eq!(measurement.runtime_version, "11669 (Debian)");
            assert_eq!((&*measurement.backend, measurement.threads), ("cpu", Some(1)));
            assert!(measurement.spread.unwrap() < near, "{name}");
        }
        // 16 tokens at 1400 to 1500 tokens/s, steps at 650 to 710.
        assert!(
            (1400.0..1500.0).contains(&measurements[0].tokens_per_s()),
            "{name}"
        );
        assert!((650.0..710.0).contains(&measurements[1].tokens_per_s()), "{name}");
        let is_markdown = name.ends_with("md");
        assert_eq!(
            measurements[0].model,
            if is_markdown { "qwen3 ?B" } else { "tiny" }
        );
        assert_eq!(measurements[0].device, if is_markdown { "" } else { "AMD EPYC" });
        let parameters = if is_markdown { 25_830_000 } else { 25_826_304 };
        assert_eq!(measurements[0].n_parameters, Some(parameters));
        assert_eq!(measurements[0].repeats.is_some(), name.ends_with("jsonl"));
    }
    let (csv, _) = read_file("llama_bench.csv");
    assert_eq!(
        (csv[0].seconds, csv[1].seconds),
        (0.011_363_49, 0.006_111_179 / 4.0)
    );
    let (markdown, _) = read_file("llama_bench.md");
    assert_eq!(markdown[3].seconds, 1.0 / 660.21);
}

#[test]
fn tables_of_old_builds_are_read() {
    let given = Given {
        device: Some("rtx-4090".to_owned()),
        model: Some("llama-2-7b".to_owned()),
        ..Given::default()
    };
    let text = String::from_utf8(file("llama_bench_2023.md")).unwrap();
    let (measurements, skipped) = read_text(&text, &given).unwrap();
    assert_eq!(
        skipped,
        [
            "line 5: 10 layers were on the GPU, and more of the same model in another test",
            "line 8: `llama 7B mostly Q4_K - Small`: a weight format that is not known; --weights would name one",
        ]
    );
    assert_eq!(shape(&measurements[0]), (Phase::Prefill, 0, 512));
    assert_eq!(
        (&*measurements[0].device, &*measurements[0].backend),
        ("rtx-4090", "cuda")
    );
    assert_eq!(
        (measurements[0].threads, &*measurements[0].model),
        (None, "llama-2-7b")
    );
    assert_eq!(measurements[1].runtime_version, "1092 (1696120)");
    assert_eq!(measurements[1].n_parameters, Some(6_740_000_000));
}

#[test]
fn one_gpu_is_a_device_and_half_of_one_is_not() {
    let of = |changes: &[(&str, serde_json::Value)]| read_text(&test_with(changes), &Given::default());
    let device = |changes: &[(&str, serde_json::Value)]| {
        let measurement = of(changes).unwrap().0.remove(0);
        (measurement.device, measurement.backend, measurement.threads)
    };
    let on = |device: &str, backend: &str, threads| (device.to_owned(), backend.to_owned(), threads);
    let (gpu, cpu) = ("NVIDIA GeForce RTX 4080", "AMD Ryzen 7 7800X3D 8-Core Processor");
    assert_eq!(device(&[]), on(gpu, "cuda", None));
    assert_eq!(device(&[("n_gpu_layers", 0.into())]), on(cpu, "cpu", Some(8)));
    assert_eq!(device(&[("devices", "none".into())]), on(cpu, "cpu", Some(8)));
    assert_eq!(device(&[("backends", "BLAS".into())]), on(cpu, "cpu", Some(8)));
    let metal = [("backends", "MTL,BLAS".into()), ("gpu_info", "Apple M2".into())];
    assert_eq!(device(&metal), on("Apple M2", "metal", None));
    let old = [
        ("backends", serde_json::Value::Null),
        ("metal", true.into()),
        ("gpu_info", "".into()),
        ("cpu_info", "Apple M1 Pro".into()),
    ];
    assert_eq!(device(&old), on("Apple M1 Pro", "metal", None));
    let two = ("gpu_info", "Tesla T4, Tesla P40".into());
    let alone = ("split_mode", "none".into());
    assert_eq!(
        device(&[two.clone(), alone, ("main_gpu", 1.into())]),
        on("Tesla P40", "cuda", None)
    );
    assert_eq!(
        device(&[two.clone(), ("devices", "CUDA0".into())]),
        on("Tesla T4", "cuda", None)
    );
    let reason = |changes: &[(&str, serde_json::Value)]| of(changes).unwrap_err();
    for (changes, why) in [
        (
            vec![two.clone()],
            "several GPUs (Tesla T4, Tesla P40); -sm none or -dev would choose one",
        ),
        (
            vec![two, ("devices", "CUDA0/CUDA1".into())],
            "several GPUs (Tesla T4, Tesla P40)",
        ),
        (
            vec![("backends", "CUDA,RPC".into())],
            "run over several machines (RPC)",
        ),
        (
            vec![("n_cpu_moe", 4.into())],
            "experts were left to the CPU (-ncmoe)",
        ),
        (
            vec![("tensor_buft_overrides", "exps=CPU".into())],
            "tensors were placed by hand (-ot)",
        ),
        (
            vec![("no_kv_offload", true.into())],
            "the KV cache was left to the CPU (-nkvo)",
        ),
        (vec![("embeddings", true.into())], "run for embeddings"),
        (
            vec![("type_v", "q8_0".into())],
            "keys are cached as f16, but values as q8_0",
        ),
        (
            vec![
                ("n_gpu_layers", 0.into()),
                ("n_prompt", 512.into()),
                ("n_gen", 0.into()),
            ],
            "no layer was on the GPU, which prompts use all the same",
        ),
        (
            vec![("samples_ns", serde_json::json!([0, 1]))],
            "no time: the test failed",
        ),
        (
            vec![("model_filename", ".gguf".into()), ("model_type", " Q8_0".into())],
            "a model without a name; --model would give one",
        ),
        (vec![("n_gen", 0.into())], "a test of no tokens"),
        (
            vec![("model_type", "llama 8B Q5_0".into())],
            "`llama 8B Q5_0`: a weight format that is not known",
        ),
    ] {
        let all = format!("no usable measurement among 1: entry 1: {why}");
        assert!(reason(&changes).starts_with(&all), "{} {all}", reason(&changes));
    }
}

#[test]
fn a_weight_format_that_is_not_known_may_be_given() {
    let given = Given {
        weights: Some(WeightFormat::Q4_0),
        kv: Some(Precision::Int8),
        threads: Some(2),
        config: Some("a.json".to_owned()),
        ..Given::default()
    };
    let (measurements, _) = read_text(&test_with(&[("model_type", "x ?B unknown".into())]), &given).unwrap();
    assert_eq!(measurements[0].weights, WeightFormat::Q4_0);
    assert_eq!(measurements[0].kv, Precision::Fp16, "the file's");
    assert_eq!(measurements[0].config.as_deref(), Some("a.json"));
    let (measurements, _) = read_text(&test_with(&[]), &given).unwrap();
    assert_eq!(measurements[0].weights, WeightFormat::Q4KM, "the file's");
    assert_eq!(measurements[0].model, "Qwen2.5-7B-Instruct");
}
