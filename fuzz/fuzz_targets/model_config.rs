//! Any bytes as the `config.json` of a model to train: no panic, and what is read is valid, has as many weights as it has
//! parameters, and is read again from what is written of it.
//!
//! `mkdir -p fuzz/corpus/model_config; RUSTC_BOOTSTRAP=1 cargo fuzz run model_config fuzz/corpus/model_config \
//! fuzz/seeds/model_config -- -dict=fuzz/hf_config.dict`

#![no_main]

#[path = "../edits.rs"]
mod edits;

use libfuzzer_sys::fuzz_target;
use rooflaw::format::Precision;
use rooflaw_export::{Model, tensors};

/// What edits begin with, and what they put into it.
const TEMPLATE: &str = include_str!("../seeds/model_config/deepseek_v3.json");
const REPLACEMENTS: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "-1",
    "0.5",
    "1e300",
    "5e-324",
    "4294967295",
    "null",
    "true",
    "false",
    "[]",
    "deepseek_v2",
    "qwen3_moe",
    "llama",
    "silu",
    "gelu",
    "gelu_pytorch_tanh",
    "yarn",
    "default",
    "group_limited_greedy",
    "topk_method",
    "scoring_func",
    "softmax",
    "moe_layer_freq",
    "partial_rotary_factor",
    "rope_theta",
    "clip_qkv",
    "sliding_window",
    "num_experts",
    "head_dim",
];

fuzz_target!(|input: &[u8]| {
    let Some(text) = edits::text(input, TEMPLATE, REPLACEMENTS) else {
        return;
    };
    let model = match Model::from_config(text.as_bytes()) {
        Ok(model) => model,
        Err(error) => return drop(error.to_string()),
    };
    model.validate().expect("what is read is valid");
    let listed = tensors(&model.architecture).expect("what is read has a list of tensors");
    let elements: u64 = listed.iter().map(|spec| spec.shape.elements()).sum();
    assert_eq!(elements, model.architecture.parameters().total);
    match model.to_config(Precision::Bf16, 64) {
        Ok(written) => {
            let again = Model::from_config(written.as_bytes()).expect("what is written is read");
            assert_eq!(again, model);
        }
        Err(error) => drop(error.to_string()),
    }
});
