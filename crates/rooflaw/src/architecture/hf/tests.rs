//! Published models by their published parameter counts, and the messages for what is wrong.

use super::{HfError, MAX_BYTES, WriteOptions, model_types, read, write};
use crate::architecture::{Activation, Architecture, Attention, Ffn, KvProjection, QkNorm, SlidingWindow};
use crate::format::Precision;
use serde_json::{Value, json};

fn read_value(config: &Value) -> Result<super::HfModel, HfError> {
    read(config.to_string().as_bytes())
}

/// Qwen2.5-0.5B.
fn qwen() -> Value {
    json!({
        "model_type": "qwen2", "vocab_size": 151_936, "hidden_size": 896, "intermediate_size": 4864,
        "num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2,
        "tie_word_embeddings": true, "torch_dtype": "bfloat16", "max_position_embeddings": 32_768,
        "use_sliding_window": false, "sliding_window": 32_768, "max_window_layers": 24,
    })
}

fn with(mut config: Value, field: &str, value: Value) -> Value {
    config[field] = value;
    config
}

fn without(mut config: Value, field: &str) -> Value {
    config.as_object_mut().unwrap().remove(field);
    config
}

fn message(config: &Value) -> String {
    read_value(config).unwrap_err().to_string()
}

/// Each family's smallest published configuration that says all it has to, with the total and, for a mixture of
/// experts, the active parameters.
fn published() -> Vec<(&'static str, Value, u64, Option<u64>)> {
    vec![
        ("Qwen2.5-0.5B", qwen(), 494_032_768, None),
        (
            "Llama-3.2-1B",
            json!({"model_type": "llama", "vocab_size": 128_256, "hidden_size": 2048, "intermediate_size": 8192,
                "num_hidden_layers": 16, "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 64,
                "tie_word_embeddings": true, "attention_bias": false, "mlp_bias": false}),
            1_235_814_400,
            None,
        ),
        (
            "Mistral-7B-v0.1",
            json!({"model_type": "mistral", "vocab_size": 32_000, "hidden_size": 4096,
                "intermediate_size": 14_336, "num_hidden_layers": 32, "num_attention_heads": 32,
                "num_key_value_heads": 8, "sliding_window": 4096, "tie_word_embeddings": false}),
            7_241_732_096,
            None,
        ),
        (
            "Mixtral-8x7B",
            json!({"model_type": "mixtral", "vocab_size": 32_000, "hidden_size": 4096,
                "intermediate_size": 14_336, "num_hidden_layers": 32, "num_attention_heads": 32,
                "num_key_value_heads": 8, "num_local_experts": 8, "num_experts_per_tok": 2,
                "sliding_window": null}),
            46_702_792_704,
            Some(12_879_925_248),
        ),
        (
            "Qwen1.5-MoE-A2.7B",
            json!({"model_type": "qwen2_moe", "vocab_size": 151_936, "hidden_size": 2048,
                "intermediate_size": 5632, "num_hidden_layers": 24, "num_attention_heads": 16,
                "num_key_value_heads": 16, "num_experts": 60, "num_experts_per_tok": 4,
                "moe_intermediate_size": 1408, "shared_expert_intermediate_size": 5632,
                "decoder_sparse_step": 1}),
            14_315_784_192,
            None,
        ),
        (
            "Qwen3-0.6B",
            json!({"model_type": "qwen3", "vocab_size": 151_936, "hidden_size": 1024,
                "intermediate_size": 3072, "num_hidden_layers": 28, "num_attention_heads": 16,
                "num_key_value_heads": 8, "head_dim": 128, "tie_word_embeddings": true,
                "attention_bias": false}),
            596_049_920,
            None,
        ),
        (
            "Qwen3-30B-A3B",
            json!({"model_type": "qwen3_moe", "vocab_size": 151_936, "hidden_size": 2048,
                "intermediate_size": 6144, "num_hidden_layers": 48, "num_attention_heads": 32,
                "num_key_value_heads": 4, "head_dim": 128, "num_experts": 128, "num_experts_per_tok": 8,
                "moe_intermediate_size": 768, "decoder_sparse_step": 1, "mlp_only_layers": []}),
            30_532_122_624,
            None,
        ),
        (
            "Gemma 2 2B",
            json!({"model_type": "gemma2", "vocab_size": 256_000, "hidden_size": 2304,
                "intermediate_size": 9216, "num_hidden_layers": 26, "num_attention_heads": 8,
                "num_key_value_heads": 4, "head_dim": 256, "sliding_window": 4096,
                "hidden_act": "gelu_pytorch_tanh", "hidden_activation": "gelu_pytorch_tanh"}),
            2_614_341_888,
            None,
        ),
        (
            "Gemma 3 1B",
            json!({"model_type": "gemma3_text", "vocab_size": 262_144, "hidden_size": 1152,
                "intermediate_size": 6912, "num_hidden_layers": 26, "num_attention_heads": 4,
                "num_key_value_heads": 1, "head_dim": 256, "sliding_window": 512,
                "sliding_window_pattern": 6}),
            999_885_952,
            None,
        ),
        (
            "Gemma 3 4B, its language model",
            json!({"model_type": "gemma3", "torch_dtype": "bfloat16", "vision_config": {"hidden_size": 1152},
                "text_config": {"model_type": "gemma3_text", "hidden_size": 2560,
                    "intermediate_size": 10_240, "num_hidden_layers": 34, "sliding_window": 1024}}),
            3_880_263_168,
            None,
        ),
        (
            "Phi-3-mini-4k",
            json!({"model_type": "phi3", "vocab_size": 32_064, "hidden_size": 3072, "intermediate_size": 8192,
                "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32,
                "sliding_window": 2047}),
            3_821_079_552,
            None,
        ),
        (
            "OLMo-2-1B",
            json!({"model_type": "olmo2", "vocab_size": 100_352, "hidden_size": 2048,
                "intermediate_size": 8192, "num_hidden_layers": 16, "num_attention_heads": 16,
                "num_key_value_heads": 16}),
            1_484_916_736,
            None,
        ),
        (
            "OLMoE-1B-7B",
            json!({"model_type": "olmoe", "vocab_size": 50_304, "hidden_size": 2048,
                "intermediate_size": 1024, "num_hidden_layers": 16, "num_attention_heads": 16,
                "num_key_value_heads": 16, "num_experts": 64, "num_experts_per_tok": 8}),
            6_919_161_856,
            Some(1_282_017_280),
        ),
        (
            "SmolLM3-3B",
            json!({"model_type": "smollm3", "vocab_size": 128_256, "hidden_size": 2048,
                "intermediate_size": 11_008, "num_hidden_layers": 36, "num_attention_heads": 16,
                "num_key_value_heads": 4, "use_sliding_window": false, "sliding_window": null}),
            3_075_098_624,
            None,
        ),
        (
            "DeepSeek-V2-Lite",
            json!({"model_type": "deepseek_v2", "vocab_size": 102_400, "hidden_size": 2048,
                "intermediate_size": 10_944, "num_hidden_layers": 27, "num_attention_heads": 16,
                "num_key_value_heads": 16, "q_lora_rank": null, "kv_lora_rank": 512,
                "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128,
                "n_routed_experts": 64, "n_shared_experts": 2, "num_experts_per_tok": 6,
                "moe_intermediate_size": 1408, "first_k_dense_replace": 1, "moe_layer_freq": 1}),
            15_706_484_224,
            Some(2_661_150_208),
        ),
        (
            "DeepSeek-V3",
            json!({"model_type": "deepseek_v3", "vocab_size": 129_280, "hidden_size": 7168,
                "intermediate_size": 18_432, "num_hidden_layers": 61, "num_attention_heads": 128,
                "num_key_value_heads": 128, "q_lora_rank": 1536, "kv_lora_rank": 512,
                "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128,
                "n_routed_experts": 256, "n_shared_experts": 1, "num_experts_per_tok": 8,
                "moe_intermediate_size": 2048, "first_k_dense_replace": 3, "moe_layer_freq": 1,
                "num_nextn_predict_layers": 1, "quantization_config": {"quant_method": "fp8"}}),
            // 671,026,404,352 and 58 · 256 load-balancing biases; without the layer that predicts a second token.
            671_026_419_200,
            None,
        ),
        (
            "granite-3.0-1b-a400m",
            json!({"model_type": "granitemoe", "vocab_size": 49_155, "hidden_size": 1024,
                "intermediate_size": 512, "num_hidden_layers": 24, "num_attention_heads": 16,
                "num_key_value_heads": 8, "num_local_experts": 32, "num_experts_per_tok": 8,
                "tie_word_embeddings": true}),
            1_334_628_352,
            None,
        ),
        (
            "granite-3.0-2b",
            json!({"model_type": "granite", "vocab_size": 49_155, "hidden_size": 2048,
                "intermediate_size": 8192, "num_hidden_layers": 40, "num_attention_heads": 32,
                "num_key_value_heads": 8, "tie_word_embeddings": true}),
            2_533_531_648,
            None,
        ),
        (
            "gpt-oss-20b",
            json!({"model_type": "gpt_oss", "vocab_size": 201_088, "hidden_size": 2880,
                "intermediate_size": 2880, "num_hidden_layers": 24, "num_attention_heads": 64,
                "num_key_value_heads": 8, "head_dim": 64, "num_local_experts": 32,
                "num_experts_per_tok": 4, "sliding_window": 128, "attention_bias": true,
                "quantization_config": {"quant_method": "mxfp4"}}),
            20_914_757_184,
            None,
        ),
    ]
}

#[test]
fn published_totals_are_met() {
    let mut covered = Vec::new();
    let mut wrong = Vec::new();
    for (name, config, total, active) in published() {
        let model = read_value(&config).unwrap_or_else(|error| panic!("{name}: {error}"));
        let parameters = model.architecture.parameters();
        if parameters.total != total || active.is_some_and(|active| active != parameters.active) {
            wrong.push(format!("{name}: {parameters:?}, published {total} {active:?}"));
        }
        covered.push(model.model_type);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for model_type in model_types() {
        assert!(covered.iter().any(|seen| seen == model_type), "no {model_type}");
    }
}
