//! Every model type by a published model and its parameter count; what else is read; the messages for what is wrong.

use super::{HfError, HfModel, model_types, read};
use crate::architecture::{Activation, KvProjection, QkNorm, SlidingWindow};
use crate::format::Precision;
use serde_json::{Value, json};

fn read_value(config: &Value) -> Result<HfModel, HfError> {
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
            // 671,026,404,352 parameters and 58 · 256 load-balancing biases; without the layer that predicts a second token.
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

fn window(config: &Value) -> Option<(u32, u32)> {
    let architecture = read_value(config).unwrap().architecture;
    let window = architecture.attention.sliding_window;
    window.map(|SlidingWindow { size, n_local_layers }| (size, n_local_layers))
}

/// A published configuration of `model_type`.
fn config_of(model_type: &str) -> Value {
    let found = published()
        .into_iter()
        .find(|(_, config, ..)| config["model_type"] == model_type);
    found.unwrap().1
}

#[test]
fn windows_follow_the_class() {
    assert_eq!(window(&config_of("gpt_oss")), Some((128, 12)));
    assert_eq!(window(&config_of("gemma2")), Some((4096, 13)));
    assert_eq!(window(&config_of("gemma3_text")), Some((512, 22)));
    assert_eq!(window(&config_of("gemma3")), Some((1024, 29)));
    assert_eq!(window(&config_of("phi3")), Some((2047, 32)));

    let mistral = config_of("mistral");
    assert_eq!(window(&mistral), Some((4096, 32)));
    assert_eq!(
        window(&without(mistral.clone(), "sliding_window")),
        Some((4096, 32))
    );
    assert_eq!(window(&with(mistral, "sliding_window", Value::Null)), None);
    assert_eq!(window(&config_of("mixtral")), None);

    assert_eq!(window(&qwen()), None);
    let used = with(qwen(), "use_sliding_window", true.into());
    assert_eq!(window(&used), None);
    let used = with(used, "max_window_layers", 20.into());
    assert_eq!(window(&used), Some((32_768, 4)));
    let types: Vec<&str> = ["sliding_attention", "full_attention"].repeat(12);
    let listed = with(used, "layer_types", json!(types));
    assert_eq!(window(&listed), Some((32_768, 12)));
    assert_eq!(
        window(&without(listed.clone(), "max_window_layers")),
        Some((32_768, 12))
    );
    assert_eq!(window(&with(listed, "use_sliding_window", false.into())), None);

    let moe = with(config_of("qwen2_moe"), "use_sliding_window", true.into());
    let moe = with(
        with(moe, "sliding_window", 64.into()),
        "max_window_layers",
        21.into(),
    );
    assert_eq!(window(&moe), Some((64, 11)));
    let moe = with(config_of("qwen3_moe"), "use_sliding_window", true.into());
    assert_eq!(window(&with(moe, "sliding_window", 64.into())), Some((64, 48)));

    let smollm = with(config_of("smollm3"), "use_sliding_window", true.into());
    let smollm = with(smollm, "sliding_window", 64.into());
    assert_eq!(window(&smollm), Some((64, 9)));
    let mut has_rope = vec![1; 36];
    has_rope[3] = 0;
    assert_eq!(
        window(&with(smollm, "no_rope_layers", json!(has_rope))),
        Some((64, 1))
    );
}

#[test]
fn experts_follow_the_class() {
    let moe = |config: &Value| read_value(config).unwrap().architecture.ffn.moe;
    let qwen = with(config_of("qwen3_moe"), "decoder_sparse_step", 2.into());
    assert_eq!(moe(&qwen).unwrap().n_dense_layers, 24);
    // Layer 1 would be a mixture, layer 0 is dense anyway, layer 99 does not exist.
    let qwen = with(qwen, "mlp_only_layers", json!([0, 1, 1, 99]));
    assert_eq!(moe(&qwen).unwrap().n_dense_layers, 25);
    assert_eq!(moe(&with(qwen.clone(), "decoder_sparse_step", 99.into())), None);
    // What transformers 5 calls it when it saves the same model.
    let renamed = with(
        without(qwen.clone(), "num_experts"),
        "num_local_experts",
        128.into(),
    );
    assert_eq!(moe(&renamed), moe(&qwen));

    let deepseek = config_of("deepseek_v3");
    let found = moe(&deepseek).unwrap();
    assert!(found.router_bias);
    assert_eq!((found.n_dense_layers, found.n_shared_experts), (3, 1));
    let every_second = moe(&with(deepseek.clone(), "moe_layer_freq", 2.into())).unwrap();
    assert_eq!(every_second.n_dense_layers, 61 - 29);
    let unshared = moe(&with(deepseek, "n_shared_experts", Value::Null)).unwrap();
    assert_eq!((unshared.n_shared_experts, unshared.shared_expert_size), (0, 0));
    assert!(moe(&config_of("qwen2_moe")).unwrap().shared_expert_gate);
}

#[test]
fn the_rest_follows_the_class() {
    let model = read_value(&config_of("gpt_oss")).unwrap();
    let attention = model.architecture.attention;
    assert!(attention.sinks && attention.qkv_bias && attention.output_bias && model.architecture.ffn.bias);
    assert_eq!(model.quantization.as_deref(), Some("mxfp4"));
    assert_eq!(model.dtype, None);

    let model = read_value(&qwen()).unwrap();
    assert!(model.architecture.attention.qkv_bias && !model.architecture.attention.output_bias);
    assert_eq!(model.dtype, Some(Precision::Bf16));
    assert_eq!(model.max_position_embeddings, Some(32_768));
    let renamed = with(without(qwen(), "torch_dtype"), "dtype", "float32".into());
    assert_eq!(read_value(&renamed).unwrap().dtype, Some(Precision::Fp32));

    // A multimodal model states its format once, outside.
    let model = read_value(&config_of("gemma3")).unwrap();
    assert_eq!(model.dtype, Some(Precision::Bf16));
    assert_eq!(model.max_position_embeddings, Some(131_072));
    assert!(model.architecture.tie_embeddings);
    assert_eq!(model.architecture.ffn.activation, Activation::GeGlu);
    assert_eq!(model.architecture.norms_per_layer, 4);
    assert_eq!(
        read_value(&config_of("olmoe"))
            .unwrap()
            .architecture
            .attention
            .qk_norm,
        QkNorm::Full
    );

    let biased = with(config_of("granite"), "attention_bias", true.into());
    let biased = read_value(&biased).unwrap().architecture.attention;
    assert!(biased.qkv_bias && biased.output_bias);
    let llama = without(config_of("llama"), "num_key_value_heads");
    let kv = read_value(&llama).unwrap().architecture.attention.kv;
    assert_eq!(
        kv,
        KvProjection::Grouped {
            n_kv_heads: 32,
            head_dim: 64
        }
    );
}
