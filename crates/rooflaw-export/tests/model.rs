//! Models out of configurations and back: nothing that changes the computation is lost, and what is not computed is refused.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use rooflaw::architecture::hf::{self, WriteOptions};
use rooflaw::architecture::{Activation, Architecture, KvProjection, QkNorm, SlidingWindow};
use rooflaw::format::Precision;
use rooflaw::models;
use rooflaw_export::{Details, Model, Routing, Scoring};
use serde_json::{Value, json};

/// Small architectures and published ones that are written.
fn written() -> Vec<(String, Architecture)> {
    let small = common::hf().into_iter().map(|(name, a)| (name.to_owned(), a));
    let published = models::catalogue().iter();
    small
        .chain(published.map(|model| (model.entry.id.clone(), model.architecture)))
        .filter(|(_, architecture)| hf::write(architecture, &WriteOptions::default()).is_ok())
        .collect()
}

#[test]
fn details_are_those_of_the_written_configuration() {
    let mut written = written();
    let mut local = common::DENSE;
    local.attention.qk_norm = QkNorm::PerHead;
    local.n_layers = 7;
    local.attention.sliding_window = Some(SlidingWindow {
        size: 16,
        n_local_layers: 5,
    });
    written.push(("local".to_owned(), local));
    assert!(written.len() >= 50, "{}", written.len());
    for (name, architecture) in written {
        let config = hf::write(&architecture, &WriteOptions::default()).unwrap();
        let model = Model::from_config(config.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(model.details, Details::of(&architecture), "{name}");
        // And the other way round.
        let model = Model::of(model.architecture);
        let again = model.to_config(Precision::Bf16, 32_768).unwrap();
        assert_eq!(again, config, "{name}");
    }
}

#[test]
fn other_details_are_written_and_read() {
    for (name, architecture) in common::hf() {
        let mut model = Model::of(architecture);
        (model.details.rope_theta, model.details.rms_norm_eps) = (12_345.6, 1.5e-5);
        let config = model.to_config(Precision::Fp32, 77).unwrap();
        assert_eq!(Model::from_config(config.as_bytes()).unwrap(), model, "{name}");
        let read = hf::read(config.as_bytes()).unwrap();
        assert_eq!(
            (read.dtype, read.max_position_embeddings),
            (Some(Precision::Fp32), Some(77))
        );
        let mut other = model.clone();
        other.details.routing.normalised ^= true;
        let flipped = other.to_config(Precision::Fp32, 77);
        if architecture.ffn.moe.is_none() {
            assert_eq!(flipped.unwrap(), config, "{name}: of no effect");
        } else if matches!(read.model_type.as_str(), "mixtral" | "deepseek_v2") {
            let error = flipped.unwrap_err().to_string();
            assert!(
                error.contains("norm_topk_prob = true") || error.contains("routing.normalised = false"),
                "{name}: {error}"
            );
        } else {
            let again = Model::from_config(flipped.unwrap().as_bytes()).unwrap();
            assert_eq!(again, other, "{name}");
        }
        let mut scaled = model.clone();
        scaled.details.routing.scale = 2.5;
        match scaled.to_config(Precision::Fp32, 77) {
            Ok(config) => {
                let again = Model::from_config(config.as_bytes()).unwrap();
                let kept = again.details.routing.scale;
                assert!(
                    kept.total_cmp(&2.5).is_eq() || architecture.ffn.moe.is_none(),
                    "{name}"
                );
            }
            Err(error) => {
                assert!(!read.model_type.starts_with("deepseek"), "{name}");
                assert!(
                    error.to_string().contains("routing.scale = 2.5"),
                    "{name}: {error}"
                );
            }
        }
    }
}

#[test]
fn local_layers_keep_their_order() {
    let mut architecture = common::DENSE;
    architecture.n_layers = 4;
    architecture.attention.sliding_window = Some(SlidingWindow {
        size: 8,
        n_local_layers: 2,
    });
    architecture.attention.qk_norm = QkNorm::PerHead;
    let mut model = Model::of(architecture);
    model.details.is_local = vec![false, true, true, false];
    let config = model.to_config(Precision::Fp32, 64).unwrap();
    assert_eq!(Model::from_config(config.as_bytes()).unwrap(), model);
    model.details.is_local = vec![true; 4];
    let error = model.to_config(Precision::Fp32, 64).unwrap_err();
    assert_eq!(
        error.to_string(),
        "is_local = 4 local of 4 layers: expected 2 local of 4"
    );
}

/// The configuration of a small model, with changes.
fn config(name: &str, changes: &Value) -> String {
    let architecture = common::hf()
        .into_iter()
        .find(|(found, _)| *found == name)
        .unwrap()
        .1;
    let config = hf::write(&architecture, &WriteOptions::default()).unwrap();
    let mut config: Value = serde_json::from_str(&config).unwrap();
    for (field, value) in changes.as_object().unwrap() {
        config[field] = value.clone();
    }
    config.to_string()
}

#[test]
fn what_is_not_computed_is_refused() {
    for (name, changes, named) in [
        (
            "llama",
            json!({"rope_scaling": {"rope_type": "llama3", "factor": 8.0}}),
            "rope_type = \"llama3\": expected the default rotary embedding",
        ),
        (
            "deepseek2",
            json!({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4}}),
            "rope_type = \"yarn\"",
        ),
        (
            "llama",
            json!({"partial_rotary_factor": 0.5}),
            "partial_rotary_factor = 0.5: expected 1",
        ),
        ("olmoe", json!({"clip_qkv": 8.0}), "clip_qkv = 8.0: expected null"),
        (
            "qwen3",
            json!({"final_logit_softcapping": 30.0}),
            "final_logit_softcapping = 30.0",
        ),
        (
            "qwen3",
            json!({"embedding_multiplier": 12}),
            "embedding_multiplier = 12: expected 1",
        ),
        (
            "llama",
            json!({"hidden_act": "gelu"}),
            "hidden_act = \"gelu\": expected silu or gelu_pytorch_tanh",
        ),
        (
            "llama",
            json!({"rope_theta": -1}),
            "rope_theta = -1: expected a positive number",
        ),
        (
            "llama",
            json!({"rms_norm_eps": 2.0}),
            "rms_norm_eps = 2: expected",
        ),
        (
            "llama",
            json!({"model_type": "granite"}),
            "model_type = granite: expected one of llama, mistral,",
        ),
        (
            "llama",
            json!({"model_type": "gemma2"}),
            "model_type = gemma2: expected one of",
        ),
        (
            "llama-experts",
            json!({"norm_topk_prob": false}),
            "norm_topk_prob = false: expected true",
        ),
        (
            "qwen3moe",
            json!({"routed_scaling_factor": 2}),
            "routed_scaling_factor = 2: expected 1",
        ),
        (
            "qwen3moe",
            json!({"mlp_only_layers": [1], "intermediate_size": 64}),
            "layers = a dense one, number 1, behind a mixture of experts: expected dense layers before",
        ),
        (
            "deepseek2",
            json!({"topk_method": "group_limited_greedy", "n_group": 3, "topk_group": 2}),
            "n_group = 3: expected 1",
        ),
        (
            "deepseek2",
            json!({"topk_method": "noaux_tc"}),
            "topk_method = \"noaux_tc\": expected greedy",
        ),
        (
            "deepseek2",
            json!({"scoring_func": "sigmoid"}),
            "scoring_func = \"sigmoid\": expected softmax",
        ),
        (
            "deepseek2",
            json!({"norm_topk_prob": true}),
            "norm_topk_prob = true: expected false",
        ),
        (
            "deepseek3-biases",
            json!({"n_group": null}),
            "n_group = 8: expected 1",
        ),
        (
            "deepseek3-biases",
            json!({"n_group": -1}),
            "n_group = -1: expected a positive integer",
        ),
        (
            "deepseek3-biases",
            json!({"scoring_func": "softmax"}),
            "scoring_func = \"softmax\": expected sigmoid",
        ),
        (
            "deepseek3-biases",
            json!({"routed_scaling_factor": 0}),
            "routed_scaling_factor = 0: expected a positive",
        ),
        (
            "deepseek3-biases",
            json!({"rope_interleave": 1}),
            "rope_interleave = 1: expected true or false",
        ),
    ] {
        let error = Model::from_config(config(name, &changes).as_bytes()).unwrap_err();
        let error = error.to_string();
        assert!(error.contains(named), "{named}: {error}");
        assert!(!error.contains('\n') && error.len() < 200, "{error}");
    }
}

#[test]
fn what_changes_nothing_is_accepted() {
    for (name, changes) in [
        (
            "llama",
            json!({"rope_scaling": null, "attention_dropout": 0.1, "logits_scaling": 1.0}),
        ),
        (
            "llama",
            json!({"rope_parameters": {"rope_type": "default", "rope_theta": 1e6}}),
        ),
        (
            "deepseek2",
            json!({"topk_method": "group_limited_greedy", "n_group": 3, "topk_group": 3}),
        ),
        ("deepseek3-biases", json!({"n_group": 2, "topk_group": 2})),
    ] {
        let plain = Model::from_config(config(name, &json!({})).as_bytes()).unwrap();
        let changed = Model::from_config(config(name, &changes).as_bytes()).unwrap();
        assert_eq!(changed, plain, "{name}: {changes}");
    }
}

/// Absent fields mean what the configuration class of `transformers` 5.23 says.
#[test]
fn defaults_are_the_classes() {
    let without = |name: &str, fields: &[&str]| {
        let mut config: Value = serde_json::from_str(&config(name, &json!({}))).unwrap();
        for field in fields {
            config.as_object_mut().unwrap().remove(*field);
        }
        Model::from_config(config.to_string().as_bytes()).unwrap().details
    };
    let details = without("llama", &["rope_theta", "rms_norm_eps"]);
    assert_eq!((details.rope_theta, details.rms_norm_eps), (1e4, 1e-6));
    let details = without("llama-experts", &["rope_theta", "rms_norm_eps"]);
    assert_eq!((details.rope_theta, details.rms_norm_eps), (1e6, 1e-5));
    assert!(!without("qwen3moe", &["norm_topk_prob"]).routing.normalised);
    let details = without(
        "deepseek3-biases",
        &["norm_topk_prob", "routed_scaling_factor", "rope_interleave"],
    );
    let expected = Routing {
        scoring: Scoring::Sigmoid,
        normalised: true,
        scale: 2.5,
    };
    assert_eq!(details.routing, expected);
    assert!(details.rope_interleaved);
}

#[test]
fn models_out_of_range_are_refused() {
    let model = Model::of(common::DENSE);
    let mut no_number = model.clone();
    no_number.details.rope_theta = f64::NAN;
    let mut large = model.clone();
    large.details.rms_norm_eps = 1.5;
    let mut short = model.clone();
    short.details.is_local.pop();
    let mut odd = model.clone();
    odd.architecture.attention.kv = KvProjection::Grouped {
        n_kv_heads: 2,
        head_dim: 63,
    };
    let mut gateless = model;
    gateless.architecture.ffn.activation = Activation::Plain;
    for (model, named) in [
        (no_number, "rope_theta = NaN"),
        (large, "rms_norm_eps = 1.5"),
        (short, "is_local = 0 local of 1 layers: expected 0 local of 2"),
        (odd, "head_dim = 63: expected an even number"),
        (gateless, "an FFN without gate"),
    ] {
        let error = model.to_config(Precision::Bf16, 64).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
}
