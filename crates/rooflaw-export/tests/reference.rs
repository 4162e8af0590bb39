//! Checkpoints made by `transformers`: read here, written here, loaded there again with the same logits.
//!
//! `checkpoints/make.py` made them. The last step needs a Python with `transformers` and `torch` (`ROOFLAW_PYTHON`); the
//! test says that it was skipped elsewhere, or fails if `ROOFLAW_REQUIRE_TRANSFORMERS` is `torch`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

mod common;

use half::{bf16, f16};
use rooflaw::format::WeightFormat;
use rooflaw_export::{Model, Routing, Scoring, StagedFolder, read_model, write_model};
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Every checkpoint and its name, which is its model type.
fn checkpoints() -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checkpoints");
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.push((path.file_name().unwrap().to_str().unwrap().to_owned(), path));
        }
    }
    found.sort();
    assert_eq!(found.len(), 10);
    found
}

fn write(model: &Model, weights: &[f32], to: &Path) {
    let folder = StagedFolder::new(to).unwrap();
    write_model(&folder, model, weights, WeightFormat::Fp32, 64).unwrap();
    folder.commit().unwrap();
}

/// Every tensor of a folder's safetensors, by the library's own reader.
fn tensors(folder: &Path) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
    let mut tensors = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_none_or(|extension| extension != "safetensors")
        {
            continue;
        }
        let bytes = fs::read(path).unwrap();
        for (name, tensor) in SafeTensors::deserialize(&bytes).unwrap().tensors() {
            let data = tensor.data();
            let pairs = data.as_chunks().0.iter();
            let values: Vec<f32> = match tensor.dtype() {
                Dtype::F32 => data
                    .as_chunks()
                    .0
                    .iter()
                    .map(|&b| f32::from_le_bytes(b))
                    .collect(),
                Dtype::F16 => pairs.map(|&b| f16::from_le_bytes(b).to_f32()).collect(),
                Dtype::BF16 => pairs.map(|&b| bf16::from_le_bytes(b).to_f32()).collect(),
                other => panic!("{other:?}"),
            };
            tensors.insert(name, (tensor.shape().to_vec(), values));
        }
    }
    tensors
}

#[test]
fn tensors_keep_their_names_shapes_and_values() {
    let temporary = tempfile::tempdir().unwrap();
    for (name, path) in checkpoints() {
        let (model, weights) = read_model(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(weights.len() as u64, model.architecture.parameters().total);
        let again = temporary.path().join(&name);
        write(&model, &weights, &again);
        let (expected, found) = (tensors(&path), tensors(&again));
        let names = |tensors: &BTreeMap<String, _>| tensors.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&found), names(&expected), "{name}");
        assert!(found == expected, "{name}");
        assert_eq!(read_model(&again).unwrap(), (model, weights), "{name}");
    }
}

#[test]
fn details_are_what_the_script_set() {
    let models: BTreeMap<String, Model> = checkpoints()
        .into_iter()
        .map(|(name, path)| (name, read_model(&path).unwrap().0))
        .collect();
    let details = |name: &str| &models[name].details;
    assert_eq!(details("mistral").is_local, [true, true]);
    assert_eq!(details("qwen2").is_local, [true, false]);
    assert_eq!(details("qwen3").is_local, [false, true]);
    let (eps, theta) = (details("qwen3").rms_norm_eps, details("mixtral").rope_theta);
    assert_eq!((eps, theta), (1e-5, 5e3));
    assert_eq!(details("olmoe").rms_norm_eps, 1e-5);
    assert_eq!(details("qwen3_moe").routing, Routing::default());
    assert!(!details("qwen2_moe").routing.normalised);
    assert_eq!(
        models["qwen2_moe"].architecture.ffn.moe.unwrap().n_dense_layers,
        1
    );
    let expected = Routing {
        scoring: Scoring::Softmax,
        normalised: false,
        scale: 1.5,
    };
    assert_eq!(details("deepseek_v2").routing, expected);
    let expected = Routing {
        scoring: Scoring::Sigmoid,
        normalised: true,
        scale: 2.5,
    };
    assert_eq!(details("deepseek_v3").routing, expected);
    assert!(details("deepseek_v2").rope_interleaved && details("deepseek_v3").rope_interleaved);
    assert!(!details("llama").rope_interleaved && models["llama"].architecture.tie_embeddings);
}

#[derive(Deserialize)]
struct Compared {
    model_type: String,
    keys: Vec<String>,
    distance: f64,
}

#[test]
fn transformers_computes_the_same_again() {
    let temporary = tempfile::tempdir().unwrap();
    for (name, path) in checkpoints() {
        let (model, weights) = read_model(&path).unwrap();
        let again = temporary.path().join(&name);
        write(&model, &weights, &again);
        fs::copy(path.join("logits.json"), again.join("logits.json")).unwrap();
    }
    let required = std::env::var("ROOFLAW_REQUIRE_TRANSFORMERS").is_ok_and(|what| what == "torch");
    let Some(report) = common::python("logits_check.py", temporary.path(), required) else {
        return;
    };
    let report: BTreeMap<String, Compared> = serde_json::from_str(report.lines().last().unwrap()).unwrap();
    assert_eq!(report.len(), checkpoints().len());
    for (name, compared) in report {
        println!("{name}: {:.1e}", compared.distance);
        assert_eq!(compared.model_type, name);
        assert!(compared.keys.is_empty(), "{name}: {:?}", compared.keys);
        assert!(compared.distance < 1e-5, "{name}: {}", compared.distance);
    }
}
