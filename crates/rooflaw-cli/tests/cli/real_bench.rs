//! llama-bench itself, where `ROOFLAW_LLAMA_BENCH` names it: it loads every architecture in every format that is exported.

#![cfg(unix)]

use crate::tool::answer_in;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;

/// A small model of each architecture that has a GGUF target, as `config.json`.
fn configs() -> [(&'static str, Value); 6] {
    let extended = |mut config: Value, more: Value| {
        if let (Some(config), Value::Object(more)) = (config.as_object_mut(), more) {
            config.extend(more);
        }
        config
    };
    let with = |more: Value| {
        let common = json!({
            "hidden_size": 256, "num_hidden_layers": 2, "intermediate_size": 512, "num_attention_heads": 4,
            "num_key_value_heads": 2, "vocab_size": 512, "tie_word_embeddings": false
        });
        extended(common, more)
    };
    let moe = |more: Value| {
        let experts = json!({"num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 128});
        extended(with(experts), more)
    };
    [
        ("llama", with(json!({"model_type": "llama"}))),
        (
            "qwen2",
            with(json!({"model_type": "qwen2", "tie_word_embeddings": true})),
        ),
        ("qwen3", with(json!({"model_type": "qwen3", "head_dim": 64}))),
        (
            "qwen2moe",
            moe(json!({"model_type": "qwen2_moe", "shared_expert_intermediate_size": 256})),
        ),
        (
            "qwen3moe",
            moe(json!({"model_type": "qwen3_moe", "head_dim": 64})),
        ),
        (
            "olmoe",
            with(
                json!({"model_type": "olmoe", "num_experts": 8, "num_experts_per_tok": 2, "num_key_value_heads": 4}),
            ),
        ),
    ]
}

/// `rooflaw measure models` refuses a file of which llama-bench counts other parameters or bytes than were predicted.
#[test]
fn every_exported_file_is_loaded() {
    let Some(program) = std::env::var_os("ROOFLAW_LLAMA_BENCH") else {
        println!("skipped: ROOFLAW_LLAMA_BENCH is not set");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::create_dir(path.join("configs")).unwrap();
    for (name, config) in configs() {
        fs::write(path.join(format!("configs/{name}.json")), config.to_string()).unwrap();
    }
    let program = program.to_str().unwrap();
    let arguments = format!(
        "measure models configs --llama-bench {program} --threads 1 --prompt-tokens 8 --generated-tokens 2 --samples 1 \
         --min-repeats 1 --max-repeats 1 --busy 100% --out m --json"
    );
    let report: Value = serde_json::from_str(&answer_in(path, &arguments)).unwrap();
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 6 * 3 * 2);
    let kinds: BTreeSet<(&str, &str)> = rows
        .iter()
        .map(|row| (row["model"].as_str().unwrap(), row["weights"].as_str().unwrap()))
        .collect();
    assert_eq!(kinds.len(), 6 * 3);
    assert!(rows.iter().all(|row| row["seconds"].as_f64().unwrap() > 0.0));
}
