//! What is predicted of every published model that can be expressed: parameters, and bytes as the roofline counts them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use rooflaw::architecture::Architecture;
use rooflaw::format::{Formats, WeightFormat};
use rooflaw::models;
use rooflaw::operators::{Assumptions, Step, visit_operators};
use rooflaw_export::{GgufPlan, HfPlan, MAX_SHARD_BYTES, Settings};

/// Bytes of the weights by the operator list, the home of every formula.
fn weight_bytes(architecture: &Architecture, weights: WeightFormat) -> f64 {
    let mut bytes = 0.0;
    visit_operators(
        architecture,
        &Step::decode(1, 1),
        &Formats::of_weights(weights),
        &Assumptions::default(),
        |operator| bytes += operator.stored_bytes * operator.instances,
    );
    bytes
}

fn architectures() -> Vec<(String, Architecture)> {
    let published = models::catalogue()
        .iter()
        .map(|model| (model.entry.id.clone(), model.architecture));
    let small = common::all()
        .into_iter()
        .map(|(name, architecture)| (name.to_owned(), architecture));
    published.chain(small).collect()
}

#[test]
fn gguf_files_have_the_predicted_parameters_and_bytes() {
    let mut planned = 0;
    for (name, architecture) in architectures() {
        for format in [WeightFormat::GgufF16, WeightFormat::Q8_0, WeightFormat::Q4_0] {
            let plan = match GgufPlan::new(&architecture, format, &Settings::named("test")) {
                Ok(plan) => plan,
                Err(error) => {
                    println!("{name}: {error}");
                    continue;
                }
            };
            assert_eq!(plan.parameters(), architecture.parameters().total, "{name}");
            let expected = weight_bytes(&architecture, format);
            assert_eq!(plan.tensor_bytes() as f64, expected, "{name} {format}");
            assert!(plan.file_bytes() > plan.tensor_bytes(), "{name}");
            planned += 1;
        }
    }
    assert!(planned >= 3 * 35, "{planned}");
}

#[test]
fn hf_directories_have_the_predicted_parameters_and_bytes() {
    let mut planned = 0;
    for (name, architecture) in architectures() {
        for (format, bytes) in [(WeightFormat::Bf16, 2), (WeightFormat::Fp32, 4)] {
            let Ok(plan) = HfPlan::new(&architecture, format, &Settings::named("test"), MAX_SHARD_BYTES)
            else {
                continue;
            };
            assert_eq!(plan.parameters(), architecture.parameters().total, "{name}");
            // A router's bias is always in fp32.
            let moe = architecture.ffn.moe.filter(|moe| moe.router_bias);
            let biases = u64::from(architecture.n_moe_layers() * moe.map_or(0, |moe| moe.n_experts));
            let expected = (plan.parameters() - biases) * bytes + biases * 4;
            assert_eq!(plan.tensor_bytes(), expected, "{name}");
            let shards = plan
                .files()
                .iter()
                .filter(|file| file.name.ends_with(".safetensors"));
            for shard in shards.clone() {
                // A header beside the tensors.
                assert!(
                    shard.bytes < MAX_SHARD_BYTES + 100_000_000,
                    "{name}: {}",
                    shard.name
                );
            }
            let is_sharded = plan.tensor_bytes() > MAX_SHARD_BYTES;
            assert_eq!(shards.count() > 1, is_sharded, "{name}");
            planned += 1;
        }
    }
    assert!(planned >= 2 * 40, "{planned}");
}

#[test]
fn other_formats_are_refused_by_name() {
    let settings = Settings::named("test");
    let error = GgufPlan::new(&common::DENSE, WeightFormat::Q4KM, &settings).unwrap_err();
    assert_eq!(
        error.to_string(),
        "weights = Q4_K_M: expected F16, Q8_0 or Q4_0 for GGUF"
    );
    let error = HfPlan::new(&common::DENSE, WeightFormat::Q8_0, &settings, 1).unwrap_err();
    assert!(error.to_string().contains("expected bf16 or fp32"), "{error}");
}
