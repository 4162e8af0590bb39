//! What `transformers` makes of configurations: those that are written here, and small ones of every type that is read.
//!
//! Runs where a Python (`ROOFLAW_PYTHON`, else `python3`) can import `transformers`, and counts parameters where it
//! can import `torch` too. Otherwise it says that it was skipped, or fails if `ROOFLAW_REQUIRE_TRANSFORMERS` is set: to
//! `torch` if it must count parameters, to anything else if it must load the configurations.

// What is not itself a #[test] counts as library code for these lints.
#![allow(clippy::expect_used, clippy::panic)]

use rooflaw::architecture::hf::{self, WriteOptions};
use rooflaw::architecture::{
    Activation, Architecture, Attention, Ffn, KvProjection, Moe, QkNorm, SlidingWindow,
};
use rooflaw::format::Precision;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{collections::BTreeMap, env, fs, path::Path, process::Command};

#[derive(Deserialize)]
struct Report {
    versions: Versions,
    results: BTreeMap<String, Outcome>,
}

#[derive(Deserialize)]
struct Versions {
    transformers: String,
    torch: Option<String>,
}

#[derive(Deserialize)]
struct Outcome {
    parameters: Option<u64>,
    error: Option<String>,
    warnings: Vec<String>,
}

/// Runs the check over the folders in `folder`; `None` where it cannot run and need not.
fn transformers(folder: &Path) -> Option<Report> {
    let python = env::var("ROOFLAW_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let required = env::var("ROOFLAW_REQUIRE_TRANSFORMERS").unwrap_or_default();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transformers_check.py");
    let output = Command::new(&python)
        .arg(script)
        .arg(folder)
        .env("HF_HUB_OFFLINE", "1")
        .env("HF_HOME", folder.join("home"))
        .output();
    let missing = match output {
        Ok(output) if output.status.success() => {
            let stdout = String::from_utf8(output.stdout).expect("UTF-8");
            let report: Report =
                serde_json::from_str(stdout.lines().last().expect("a line")).expect("a report");
            if report.versions.torch.is_some() || required != "torch" {
                println!(
                    "transformers {}, torch {:?}",
                    report.versions.transformers, report.versions.torch
                );
                return Some(report);
            }
            "torch cannot be imported".to_owned()
        }
        // What the script exits with where there is nothing to check with; anything else is a failure of the check.
        Ok(output) if output.status.code() == Some(3) => {
            String::from_utf8_lossy(&output.stderr).trim().to_owned()
        }
        Ok(output) => panic!("{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => error.to_string(),
    };
    assert!(required.is_empty(), "{python}: {missing}");
    println!("SKIPPED: {python}: {missing}");
    None
}

/// Places `config` as `folder/name/config.json`.
fn place(folder: &Path, name: &str, config: &str) {
    let folder = folder.join(name);
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("config.json"), config).expect("a file");
}

/// Compares what `transformers` counts, and what it saves, with the architecture.
fn compare(folder: &Path, report: &Report, name: &str, architecture: &Architecture) {
    let outcome = &report.results[name];
    assert_eq!(outcome.error, None, "{name}");
    if let Some(parameters) = outcome.parameters {
        assert_eq!(parameters, architecture.parameters().total, "{name}");
    }
    let saved = fs::read(folder.join(name).join("saved/config.json")).expect("saved");
    let saved = hf::read(&saved).unwrap_or_else(|error| panic!("{name}, saved again: {error}"));
    assert_eq!(saved.architecture, *architecture, "{name}, saved again");
}

const DENSE: Architecture = Architecture {
    n_layers: 6,
    hidden_size: 96,
    vocab_size: 1000,
    tie_embeddings: true,
    attention: Attention {
        n_heads: 6,
        kv: KvProjection::Grouped {
            n_kv_heads: 2,
            head_dim: 32,
        },
        qkv_bias: false,
        output_bias: false,
        qk_norm: QkNorm::None,
        sinks: false,
        sliding_window: None,
    },
    ffn: Ffn {
        activation: Activation::SwiGlu,
        bias: false,
        intermediate_size: 200,
        moe: None,
    },
    norms_per_layer: 2,
};

const MOE: Moe = Moe {
    n_experts: 12,
    experts_per_token: 3,
    expert_size: 40,
    n_shared_experts: 0,
    shared_expert_size: 0,
    shared_expert_gate: false,
    n_dense_layers: 0,
    router_bias: false,
};

/// Architectures of every model type that is written, by a name and that type.
fn designs() -> Vec<(&'static str, &'static str, Architecture)> {
    let dense = |change: fn(&mut Architecture)| {
        let mut architecture = DENSE;
        change(&mut architecture);
        architecture
    };
    let windowed = |n_local_layers| {
        Some(SlidingWindow {
            size: 64,
            n_local_layers,
        })
    };
    let normed = dense(|a| a.attention.qk_norm = QkNorm::PerHead);
    let mut local = normed;
    local.attention.sliding_window = windowed(4);
    let mut biased_local = dense(|a| a.attention.qkv_bias = true);
    biased_local.attention.sliding_window = windowed(3);
    let mut all_local = DENSE;
    all_local.attention.sliding_window = windowed(6);
    let moe = |change: fn(&mut Moe)| {
        let mut moe = MOE;
        change(&mut moe);
        let intermediate_size = if moe.n_dense_layers > 0 { 200 } else { 0 };
        let ffn = Ffn {
            intermediate_size,
            moe: Some(moe),
            ..DENSE.ffn
        };
        Architecture { ffn, ..normed }
    };
    let mut local_moe = moe(|_| ());
    local_moe.attention.sliding_window = windowed(6);
    let mut biased_moe = moe(|moe| moe.n_dense_layers = 1);
    (biased_moe.attention.qkv_bias, biased_moe.attention.output_bias) = (true, true);
    biased_moe.tie_embeddings = false;
    let unnormed = |change: fn(&mut Architecture)| {
        let mut architecture = moe(|_| ());
        architecture.attention.qk_norm = QkNorm::None;
        change(&mut architecture);
        architecture
    };
    let shared = |change: fn(&mut Architecture)| {
        let mut architecture = unnormed(|_| ());
        architecture.ffn.intermediate_size = 200;
        architecture.ffn.moe = Some(Moe {
            n_shared_experts: 1,
            shared_expert_size: 72,
            shared_expert_gate: true,
            n_dense_layers: 1,
            ..MOE
        });
        change(&mut architecture);
        architecture
    };
    let mut local_shared = shared(|_| ());
    local_shared.attention.sliding_window = windowed(4);
    let mut local_mixtral = unnormed(|_| ());
    local_mixtral.attention.sliding_window = windowed(6);
    let latent = |change: fn(&mut Architecture, &mut Moe)| {
        let mut architecture = dense(|a| {
            a.attention.kv = KvProjection::Latent {
                q_lora_rank: Some(40),
                kv_lora_rank: 48,
                qk_nope_head_dim: 16,
                qk_rope_head_dim: 8,
                v_head_dim: 24,
            };
        });
        let mut moe = Moe {
            n_shared_experts: 2,
            shared_expert_size: MOE.expert_size,
            n_dense_layers: 1,
            ..MOE
        };
        change(&mut architecture, &mut moe);
        architecture.ffn.moe = Some(moe);
        architecture
    };
    let mut latent_dense = latent(|_, _| ());
    latent_dense.ffn.moe = None;
    vec![
        ("mixtral", "mixtral", unnormed(|_| ())),
        ("mixtral-local", "mixtral", local_mixtral),
        (
            "mixtral-indivisible",
            "mixtral",
            unnormed(|a| a.hidden_size = 100),
        ),
        ("shared", "qwen2_moe", shared(|_| ())),
        (
            "shared-biases",
            "qwen2_moe",
            shared(|a| a.attention.qkv_bias = true),
        ),
        ("shared-local", "qwen2_moe", local_shared),
        (
            "full-norm",
            "olmoe",
            unnormed(|a| (a.hidden_size, a.attention.qk_norm) = (192, QkNorm::Full)),
        ),
        (
            "full-norm-biases",
            "olmoe",
            unnormed(|a| {
                (a.hidden_size, a.attention.qk_norm) = (192, QkNorm::Full);
                (a.attention.qkv_bias, a.attention.output_bias) = (true, true);
            }),
        ),
        ("latent-softmax", "deepseek_v2", latent(|_, _| ())),
        (
            "latent-softmax-biases",
            "deepseek_v2",
            latent(|a, moe| {
                (a.attention.qkv_bias, a.attention.output_bias) = (true, true);
                (a.ffn.intermediate_size, moe.n_dense_layers) = (0, 0);
                if let KvProjection::Latent { q_lora_rank, .. } = &mut a.attention.kv {
                    *q_lora_rank = None;
                }
            }),
        ),
        (
            "latent-unshared",
            "deepseek_v2",
            latent(|_, moe| (moe.n_shared_experts, moe.shared_expert_size) = (0, 0)),
        ),
        (
            "latent-sigmoid",
            "deepseek_v3",
            latent(|a, moe| {
                a.hidden_size = 100;
                moe.router_bias = true;
            }),
        ),
        (
            "latent-sigmoid-unshared",
            "deepseek_v3",
            latent(|_, moe| {
                (moe.n_shared_experts, moe.shared_expert_size) = (0, 0);
                moe.router_bias = true;
            }),
        ),
        ("latent-dense", "deepseek_v3", latent_dense),
        ("plain", "llama", DENSE),
        ("untied", "llama", dense(|a| a.tie_embeddings = false)),
        (
            "biases",
            "llama",
            dense(|a| {
                (a.attention.qkv_bias, a.attention.output_bias, a.ffn.bias) = (true, true, true);
            }),
        ),
        ("geglu", "llama", dense(|a| a.ffn.activation = Activation::GeGlu)),
        (
            "multi-query",
            "llama",
            dense(|a| {
                a.attention.kv = KvProjection::Grouped {
                    n_kv_heads: 1,
                    head_dim: 16,
                }
            }),
        ),
        ("indivisible", "mistral", dense(|a| a.hidden_size = 100)),
        ("all-local", "mistral", all_local),
        ("qkv-bias", "qwen2", dense(|a| a.attention.qkv_bias = true)),
        ("qkv-bias-local", "qwen2", biased_local),
        ("qk-norm", "qwen3", normed),
        ("qk-norm-local", "qwen3", local),
        ("moe", "qwen3_moe", moe(|_| ())),
        (
            "moe-one-expert",
            "qwen3_moe",
            moe(|moe| (moe.n_experts, moe.experts_per_token) = (1, 1)),
        ),
        (
            "moe-leading-dense",
            "qwen3_moe",
            moe(|moe| moe.n_dense_layers = 2),
        ),
        ("moe-biases", "qwen3_moe", biased_moe),
        ("moe-local", "qwen3_moe", local_moe),
    ]
}

#[test]
fn transformers_loads_what_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, model_type, architecture) in designs() {
        let written = hf::write(&architecture, &WriteOptions::default()).expect(name);
        let model = hf::read(written.as_bytes()).expect(name);
        assert_eq!(
            (model.model_type.as_str(), model.architecture),
            (model_type, architecture),
            "{name}"
        );
        assert_eq!(model.dtype, Some(Precision::Bf16));
        place(folder.path(), name, &written);
    }
    let Some(report) = transformers(folder.path()) else {
        return;
    };
    for (name, _, architecture) in designs() {
        compare(folder.path(), &report, name, &architecture);
        let warnings = report.results[name].warnings.iter();
        // DeepSeek's shared experts of no width, which it makes where there are none.
        let warnings: Vec<_> = warnings
            .filter(|warning| !warning.contains("zero-element"))
            .collect();
        assert!(warnings.is_empty(), "{name}: {warnings:?}");
    }
}

/// Small configurations of every type that is read, with the features that change its parameters.
fn small() -> Vec<(String, Value)> {
    let base = json!({
        "vocab_size": 1000, "hidden_size": 96, "intermediate_size": 200, "num_hidden_layers": 6,
        "num_attention_heads": 6, "num_key_value_heads": 2, "max_position_embeddings": 4096,
        "bos_token_id": null, "eos_token_id": null, "pad_token_id": null,
    });
    let latent = json!({
        "num_key_value_heads": 6, "kv_lora_rank": 48, "qk_nope_head_dim": 16, "qk_rope_head_dim": 8,
        "v_head_dim": 24, "q_lora_rank": 40, "n_routed_experts": 8, "n_shared_experts": 2,
        "num_experts_per_tok": 2, "moe_intermediate_size": 40, "first_k_dense_replace": 1,
        "n_group": 1, "topk_group": 1,
    });
    let sparse = json!({
        "num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 40,
        "shared_expert_intermediate_size": 72, "decoder_sparse_step": 1,
    });
    let every = |name: &str| json!({name: 8, "num_experts_per_tok": 2});
    let variants = [
        ("llama", json!({})),
        (
            "llama",
            json!({"num_key_value_heads": null, "head_dim": 24, "attention_bias": true, "mlp_bias": true}),
        ),
        ("mistral", json!({"sliding_window": 32})),
        (
            "mistral",
            json!({"head_dim": 24, "sliding_window": null, "tie_word_embeddings": true}),
        ),
        ("mixtral", every("num_local_experts")),
        (
            "qwen2",
            json!({"use_sliding_window": true, "sliding_window": 32, "max_window_layers": 2}),
        ),
        ("qwen2_moe", sparse.clone()),
        (
            "qwen2_moe",
            with(&sparse, &json!({"decoder_sparse_step": 2, "qkv_bias": false})),
        ),
        (
            "qwen2_moe",
            with(
                &sparse,
                &json!({"use_sliding_window": true, "sliding_window": 32, "max_window_layers": 4}),
            ),
        ),
        ("qwen3", json!({})),
        (
            "qwen3",
            json!({"head_dim": 24, "attention_bias": true, "tie_word_embeddings": true}),
        ),
        ("qwen3_moe", sparse.clone()),
        (
            "qwen3_moe",
            with(&sparse, &json!({"head_dim": 32, "mlp_only_layers": [0, 3, 77]})),
        ),
        ("gemma2", json!({"num_hidden_layers": 5})),
        (
            "gemma2",
            json!({"head_dim": 24, "attention_bias": true, "tie_word_embeddings": false}),
        ),
        (
            "gemma3_text",
            json!({"num_hidden_layers": 13, "sliding_window": 32}),
        ),
        (
            "gemma3_text",
            json!({"num_key_value_heads": 1, "sliding_window_pattern": 3}),
        ),
        ("phi3", json!({"num_key_value_heads": null, "sliding_window": 32})),
        ("olmo2", json!({})),
        (
            "olmo2",
            json!({"num_key_value_heads": null, "attention_bias": true}),
        ),
        ("olmoe", every("num_experts")),
        ("smollm3", json!({"attention_bias": true, "mlp_bias": true})),
        (
            "smollm3",
            json!({"use_sliding_window": true, "sliding_window": 32, "no_rope_layer_interval": 2}),
        ),
        ("deepseek_v2", latent.clone()),
        (
            "deepseek_v2",
            with(&latent, &json!({"q_lora_rank": null, "attention_bias": true})),
        ),
        ("deepseek_v3", latent.clone()),
        (
            "deepseek_v3",
            with(&latent, &json!({"q_lora_rank": null, "attention_bias": true})),
        ),
        ("granite", json!({"attention_bias": true, "mlp_bias": true})),
        ("granitemoe", every("num_local_experts")),
        (
            "gpt_oss",
            with(&every("num_local_experts"), &json!({"num_hidden_layers": 7})),
        ),
        (
            "gpt_oss",
            with(
                &every("num_local_experts"),
                &json!({"head_dim": 32, "attention_bias": false}),
            ),
        ),
    ];
    let name = |(i, (model_type, variant)): (usize, (&str, Value))| {
        let config = with(&with(&base, &variant), &json!({"model_type": model_type}));
        (format!("{i}-{model_type}"), config)
    };
    variants.into_iter().enumerate().map(name).collect()
}

fn with(config: &Value, changes: &Value) -> Value {
    let mut config = config.clone();
    for (field, value) in changes.as_object().expect("an object") {
        config[field] = value.clone();
    }
    config
}

#[test]
fn transformers_agrees_with_what_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut architectures = BTreeMap::new();
    for (name, config) in small() {
        let config = config.to_string();
        let model = hf::read(config.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
        architectures.insert(name.clone(), model.architecture);
        place(folder.path(), &name, &config);
    }
    for model_type in hf::model_types().filter(|model_type| *model_type != "gemma3") {
        // Gemma 3 with its vision model is what gemma3_text is, and a model that is not read.
        assert!(
            architectures
                .keys()
                .any(|name| name.split_once('-').is_some_and(|(_, t)| t == model_type))
        );
    }
    let Some(report) = transformers(folder.path()) else {
        return;
    };
    for (name, architecture) in &architectures {
        compare(folder.path(), &report, name, architecture);
    }
}
