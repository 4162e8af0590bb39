//! The message for each thing that can be wrong with a configuration.

use super::{HfError, MAX_BYTES, WriteOptions, read, write};
use crate::architecture::{Activation, Architecture, KvProjection, QkNorm, SlidingWindow};
use crate::models;
use serde_json::{Value, json};

/// Qwen2.5-0.5B.
fn qwen() -> Value {
    json!({
        "model_type": "qwen2", "vocab_size": 151_936, "hidden_size": 896, "intermediate_size": 4864,
        "num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2,
        "tie_word_embeddings": true, "use_sliding_window": false,
    })
}

/// The message for a field of Qwen2.5-0.5B with another value.
fn changed(field: &str, value: impl Into<Value>) -> String {
    let mut config = qwen();
    config[field] = value.into();
    message(&config)
}

fn message(config: &Value) -> String {
    read(config.to_string().as_bytes()).unwrap_err().to_string()
}

#[test]
fn what_is_no_configuration_is_refused() {
    let error = read(b"{\n  \"model_type\": }").unwrap_err();
    assert_eq!(error.to_string(), "not JSON at line 2, column 17: expected value");
    assert!(matches!(read(b"").unwrap_err(), HfError::Json { .. }));
    assert!(matches!(read(b"\xff\xfe").unwrap_err(), HfError::Json { .. }));
    let deep = "[".repeat(100_000);
    let error = read(deep.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("recursion limit"), "{error}");
    let large = vec![b' '; MAX_BYTES + 1];
    assert_eq!(
        read(&large).unwrap_err(),
        HfError::TooLarge {
            bytes: MAX_BYTES + 1,
            limit: MAX_BYTES
        }
    );
    assert_eq!(message(&json!([1, 2])), "a list of 2: expected a JSON object");
    assert!(message(&json!({})).starts_with("`model_type` is missing: expected one of llama, mistral"));
    let mamba = message(&json!({"model_type": "Qwen-3"}));
    assert!(
        mamba.starts_with("model_type = \"Qwen-3\": did you mean qwen3? expected one of llama,"),
        "{mamba}"
    );
    let long = message(&json!({"model_type": "\u{7}".repeat(10_000)}));
    assert!(long.len() < 1000 && !long.contains('\u{7}'), "{long}");
}

#[test]
fn wrong_values_are_named() {
    assert_eq!(
        changed("num_hidden_layers", -3),
        "num_hidden_layers = -3: expected an integer between 0 and 4294967295 (qwen2)"
    );
    assert_eq!(
        changed("num_hidden_layers", 0),
        "num_hidden_layers = 0: expected an integer between 1 and 4096 (qwen2)"
    );
    assert_eq!(
        changed("hidden_size", 896.0),
        "hidden_size = 896.0: expected an integer between 0 and 4294967295 (qwen2)"
    );
    assert_eq!(
        changed("hidden_size", 1_u64 << 32),
        "hidden_size = 4294967296: expected an integer between 0 and 4294967295 (qwen2)"
    );
    assert_eq!(
        changed("vocab_size", "many"),
        "vocab_size = \"many\": expected an integer between 0 and 4294967295 (qwen2)"
    );
    assert_eq!(
        changed("hidden_size", 897),
        "hidden_size = 897: expected a multiple of num_attention_heads = 14, since there is no head_dim (qwen2)"
    );
    assert_eq!(
        changed("num_attention_heads", 0),
        "num_attention_heads = 0: expected an integer between 1 and 16384 (qwen2)"
    );
    assert_eq!(
        changed("num_key_value_heads", 3),
        "num_key_value_heads = 3: expected a divisor of the 14 query heads (qwen2)"
    );
    assert_eq!(
        changed("tie_word_embeddings", 1),
        "tie_word_embeddings = 1: expected true or false (qwen2)"
    );
    assert_eq!(
        changed("hidden_act", "relu2"),
        "hidden_act = \"relu2\": expected \"silu\" or one of the forms of \"gelu\" (qwen2)"
    );
    assert_eq!(
        changed("torch_dtype", 16),
        "torch_dtype = 16: expected a string (qwen2)"
    );
    assert_eq!(
        changed("quantization_config", "int4"),
        "quantization_config = \"int4\": expected an object (qwen2)"
    );
}

#[test]
fn missing_fields_are_named() {
    for field in [
        "vocab_size",
        "hidden_size",
        "intermediate_size",
        "num_hidden_layers",
        "num_attention_heads",
        "num_key_value_heads",
    ] {
        let mut config = qwen();
        config.as_object_mut().unwrap().remove(field);
        assert_eq!(
            message(&config),
            format!("`{field}` is missing: a qwen2 configuration needs it")
        );
    }
    assert_eq!(
        message(&json!({"model_type": "gemma3"})),
        "`text_config` is missing: a gemma3 configuration needs it"
    );
}

#[test]
fn layers_must_be_listed_in_full() {
    let mut config = qwen();
    config["use_sliding_window"] = true.into();
    config["sliding_window"] = 64.into();
    assert_eq!(
        message(&config),
        "`max_window_layers` is missing: a qwen2 configuration needs it"
    );
    config["layer_types"] = json!(["full_attention"]);
    assert_eq!(
        message(&config),
        "layer_types = a list of 1: expected 24 entries, one per hidden layer (qwen2)"
    );
    config["layer_types"] = json!(vec!["linear_attention"; 24]);
    assert_eq!(
        message(&config),
        "layer_types = \"linear_attention\": expected \"full_attention\" or \"sliding_attention\" in every entry \
         (qwen2)"
    );
}

#[test]
fn experts_are_named_as_in_the_file() {
    let mut config = qwen();
    for (field, value) in [
        ("num_experts", 8),
        ("num_experts_per_tok", 9),
        ("moe_intermediate_size", 64),
    ] {
        config[field] = value.into();
    }
    config["model_type"] = "qwen3_moe".into();
    assert_eq!(
        message(&config),
        "num_experts_per_tok = 9: expected an integer between 1 and 8 (qwen3_moe)"
    );
    config["num_experts_per_tok"] = 2.into();
    config["moe_intermediate_size"] = 0.into();
    assert_eq!(
        message(&config),
        "moe_intermediate_size = 0: expected an integer between 1 and 1048576 (qwen3_moe)"
    );
    config["decoder_sparse_step"] = 0.into();
    assert_eq!(
        message(&config),
        "decoder_sparse_step = 0: expected a positive integer (qwen3_moe)"
    );
    config["model_type"] = "mixtral".into();
    config["num_experts"] = 0.into();
    assert_eq!(
        message(&config),
        "num_local_experts = 0: expected an integer between 1 and 16384 (mixtral)"
    );
}

#[test]
fn encoders_are_refused() {
    let mut config = qwen();
    config["model_type"] = "gemma3_text".into();
    config["use_bidirectional_attention"] = true.into();
    assert_eq!(
        message(&config),
        "use_bidirectional_attention = true: expected false: a decoder attends to earlier tokens only (gemma3_text)"
    );
}

/// The message for a published model with another feature.
fn unwritten(id: &str, change: impl Fn(&mut Architecture)) -> String {
    let mut architecture = models::find(id).unwrap().architecture;
    change(&mut architecture);
    write(&architecture, &WriteOptions::default())
        .unwrap_err()
        .to_string()
}

#[test]
fn what_is_not_written_is_named() {
    let window = Some(SlidingWindow {
        size: 64,
        n_local_layers: 3,
    });
    let shared = "qwen1.5-moe-a2.7b-chat";
    for (found, named) in [
        (unwritten("gemma-2-9b", |_| ()), "norms_per_layer = 4"),
        (unwritten("gpt-oss-20b", |_| ()), "attention sinks"),
        (
            unwritten("olmo-2-1b", |_| ()),
            "olmo2, which has it, normalises what",
        ),
        (
            unwritten("qwen3-0.6b", |a| a.attention.qkv_bias = true),
            "key and value alone",
        ),
        (
            unwritten("qwen3-0.6b", |a| a.attention.output_bias = true),
            "output alone",
        ),
        (unwritten("qwen3-0.6b", |a| a.ffn.bias = true), "an FFN bias"),
        (
            unwritten("qwen3-0.6b", |a| a.ffn.activation = Activation::Plain),
            "without gate",
        ),
        (
            unwritten("llama-3.1-8b", |a| a.attention.sliding_window = window),
            "local and global layers",
        ),
        (
            unwritten("qwen3-30b-a3b", |a| {
                a.ffn.moe.as_mut().unwrap().router_bias = true
            }),
            "a router bias beside grouped",
        ),
        (
            unwritten("qwen3-30b-a3b", |a| a.attention.sliding_window = window),
            "one kind of attention",
        ),
        (
            unwritten("mixtral-8x7b-v0.1", |a| a.attention.qkv_bias = true),
            "mixtral has none",
        ),
        (
            unwritten("mixtral-8x7b-v0.1", |a| {
                a.ffn.moe.as_mut().unwrap().n_dense_layers = 1;
                a.ffn.intermediate_size = 64;
            }),
            "experts in every layer",
        ),
        (
            unwritten("olmoe-1b-7b-0125-instruct", |a| a.hidden_size = 100),
            "olmoe takes them to be equal",
        ),
        (
            unwritten("olmoe-1b-7b-0125-instruct", |a| {
                a.attention.sliding_window = Some(SlidingWindow {
                    size: 64,
                    n_local_layers: a.n_layers,
                });
            }),
            "olmoe has none",
        ),
        (
            unwritten(shared, |a| a.attention.qk_norm = QkNorm::PerHead),
            "beside a QK-norm",
        ),
        (
            unwritten(shared, |a| a.ffn.moe.as_mut().unwrap().n_shared_experts = 2),
            "2 shared experts",
        ),
        (
            unwritten(shared, |a| a.ffn.moe.as_mut().unwrap().shared_expert_gate = false),
            "without a gate",
        ),
        (
            unwritten("deepseek-v2-lite", |a| a.attention.qk_norm = QkNorm::PerHead),
            "latent attention has norms",
        ),
        (
            unwritten("deepseek-v2-lite", |a| a.attention.qkv_bias = true),
            "projections alone",
        ),
        (
            unwritten("deepseek-v2-lite", |a| a.attention.sliding_window = window),
            "sliding window beside latent",
        ),
        (
            unwritten("deepseek-v2-lite", |a| {
                a.ffn.moe.as_mut().unwrap().shared_expert_gate = true;
            }),
            "a gate on shared experts",
        ),
        (
            unwritten("deepseek-v2-lite", |a| {
                a.ffn.moe.as_mut().unwrap().shared_expert_size = 64;
            }),
            "shared experts of width 64 beside ones of 1408",
        ),
        (
            unwritten("deepseek-v2-lite", |a| a.hidden_size = 2040),
            "deepseek_v2 needs a multiple",
        ),
        (
            unwritten("deepseek-v3", |a| {
                let moe = a.ffn.moe.as_mut().unwrap();
                (moe.n_experts, moe.experts_per_token) = (1, 1);
            }),
            "a router bias for one expert",
        ),
        (
            unwritten("deepseek-v3", |a| {
                if let KvProjection::Latent { qk_rope_head_dim, .. } = &mut a.attention.kv {
                    *qk_rope_head_dim = 3;
                }
            }),
            "qk_rope_head_dim = 3",
        ),
    ] {
        assert!(found.starts_with("cannot write "), "{found}");
        assert!(found.contains(named), "{named}: {found}");
        assert!(!found.contains('\n'), "{found}");
    }
}
