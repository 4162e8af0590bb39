//! Given weights: those of a directory reach the GGUF file, in its order; wrong ones are named.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use common::{DENSE, on, write_hf};
use rooflaw::format::WeightFormat;
use rooflaw_export::{GgufPlan, GivenWeights, HfPlan, Model, Part, Weights};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

fn written(folder: &Path) -> tempfile::TempDir {
    let target = tempfile::tempdir_in(folder).unwrap();
    write_hf(&DENSE, WeightFormat::Fp32, u64::MAX, target.path());
    target
}

/// The elements of a tensor, from the bytes of a safetensors file.
fn source(file: &[u8], name: &str) -> Vec<f32> {
    let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&file[8..8 + length]).unwrap();
    let at = |index: usize| 8 + length + header[name]["data_offsets"][index].as_u64().unwrap() as usize;
    let bytes = file[at(0)..at(1)].as_chunks().0;
    bytes.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
}

fn exported(folder: &Path) -> (GgufPlan, Vec<u8>) {
    let mut given = GivenWeights::open(folder).unwrap();
    let plan = GgufPlan::of_given(&given, WeightFormat::GgufF16).unwrap();
    let mut bytes = Vec::new();
    plan.write(&mut bytes, &mut Weights::Given(&mut given), &mut on)
        .unwrap();
    assert_eq!(bytes.len() as u64, plan.file_bytes());
    (plan, bytes)
}

/// The elements of a tensor of a GGUF file.
fn found(plan: &GgufPlan, file: &[u8], part: Part) -> Vec<f32> {
    let tensor = plan
        .tensors()
        .iter()
        .find(|tensor| tensor.spec.part == part)
        .unwrap();
    let padded: u64 = plan
        .tensors()
        .iter()
        .map(|tensor| tensor.bytes.next_multiple_of(32))
        .sum();
    let start = (plan.file_bytes() - padded + tensor.offset) as usize;
    let bytes = &file[start..start + tensor.bytes as usize];
    bytes
        .as_chunks()
        .0
        .iter()
        .map(|&bytes| half::f16::from_le_bytes(bytes).to_f32())
        .collect()
}

fn halves(values: &[f32]) -> Vec<f32> {
    values
        .iter()
        .map(|&value| half::f16::from_f32(value).to_f32())
        .collect()
}

#[test]
fn weights_arrive() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = written(temporary.path());
    let file = fs::read(folder.path().join("model.safetensors")).unwrap();
    let (plan, gguf) = exported(folder.path());
    let down = source(&file, "model.layers.0.mlp.down_proj.weight");
    assert_eq!(found(&plan, &gguf, Part::Down), halves(&down));
    // Of each head of 64 rows of 256, row 32 comes second.
    let query = source(&file, "model.layers.0.self_attn.q_proj.weight");
    let turned = found(&plan, &gguf, Part::Query);
    for (head, row, from) in [(0, 0, 0), (0, 1, 32), (0, 2, 1), (3, 63, 63), (3, 62, 31)] {
        let row = 256 * (64 * head + row);
        let from = 256 * (64 * head + from);
        assert_eq!(turned[row..row + 256], halves(&query[from..from + 256]));
    }
}

#[test]
fn shards_and_single_files_are_read_alike() {
    let temporary = tempfile::tempdir().unwrap();
    let whole = written(temporary.path());
    let sharded = temporary.path().join("sharded");
    write_hf(&DENSE, WeightFormat::Fp32, 300_000, &sharded);
    let (plan, expected) = exported(whole.path());
    let (_, bytes) = exported(&sharded);
    let (_, single) = exported(&whole.path().join("model.safetensors"));
    // Behind the header, which has the folder's name.
    let tensors: u64 = plan
        .tensors()
        .iter()
        .map(|tensor| tensor.bytes.next_multiple_of(32))
        .sum();
    let tail = |bytes: &[u8]| bytes[bytes.len() - tensors as usize..].to_vec();
    assert_eq!(tail(&bytes), tail(&expected));
    assert_eq!(tail(&single), tail(&expected));
}

/// Changes a safetensors header in place, keeping its length.
fn edit_header(path: &Path, from: &str, to: &str) {
    let mut file = fs::read(path).unwrap();
    let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let header = String::from_utf8(file[8..8 + length].to_vec()).unwrap();
    let mut edited = header.replacen(from, to, 1);
    assert_ne!(edited, header);
    let padding = header.len() - edited.trim_end().len();
    edited = format!("{}{}", edited.trim_end(), " ".repeat(padding));
    file[8..8 + length].copy_from_slice(edited.as_bytes());
    fs::write(path, file).unwrap();
}

#[test]
fn wrong_tensors_are_named() {
    let temporary = tempfile::tempdir().unwrap();
    for (from, to, named) in [
        (
            "model.norm.weight",
            "model.gnome.weight",
            "missing model.norm.weight",
        ),
        (
            "[512,256]",
            "[256,512]",
            "model.layers.0.mlp.gate_proj.weight is [256, 512]: expected [512, 256]",
        ),
        (
            "\"F32\",\"shape\":[200,256]",
            "\"I32\",\"shape\":[200,256]",
            "is I32: expected F32, F16 or BF16",
        ),
        ("{\"dtype\"", "{\"dtypo\"", "expected a safetensors header"),
    ] {
        let folder = written(temporary.path());
        edit_header(&folder.path().join("model.safetensors"), from, to);
        let error = GivenWeights::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

/// Changes fields of a `config.json`.
fn edit_config(folder: &Path, changes: &Value) {
    let path = folder.join("config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for (field, value) in changes.as_object().unwrap() {
        config[field] = value.clone();
    }
    fs::write(path, config.to_string()).unwrap();
}

#[test]
fn other_configurations_are_refused() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = written(temporary.path());
    let original = fs::read(folder.path().join("config.json")).unwrap();
    for (changes, named) in [
        (
            json!({"tie_word_embeddings": true, "num_hidden_layers": 3}),
            "missing model.layers.2.input_layernorm.weight",
        ),
        (
            json!({"num_hidden_layers": 1}),
            "extra model.layers.1.input_layernorm.weight",
        ),
        (
            json!({"rope_scaling": {"rope_type": "llama3", "factor": 8.0}}),
            "rope_type = \"llama3\": expected the default",
        ),
        (
            json!({"rope_theta": -1.0}),
            "rope_theta = -1.0: expected a positive number",
        ),
        (
            json!({"partial_rotary_factor": 0.5}),
            "partial_rotary_factor = 0.5",
        ),
        (
            json!({"model_type": "granite"}),
            "model_type = granite: expected one of llama, mistral",
        ),
        (
            json!({"quantization_config": {"quant_method": "awq"}}),
            "quantization_config = awq",
        ),
    ] {
        fs::write(folder.path().join("config.json"), &original).unwrap();
        edit_config(folder.path(), &changes);
        let error = GivenWeights::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
}

/// What is trained here and computed otherwise by llama.cpp, or not at all.
#[test]
fn other_routings_are_refused_for_gguf() {
    let temporary = tempfile::tempdir().unwrap();
    for (name, normalised, named) in [
        (
            "qwen2moe",
            true,
            "cannot export norm_topk_prob = true as qwen2moe",
        ),
        ("olmoe", true, "cannot export norm_topk_prob = true as olmoe"),
        (
            "qwen3moe",
            false,
            "cannot export norm_topk_prob = false as qwen3moe",
        ),
        ("deepseek2", false, "cannot export latent attention"),
        ("deepseek3-biases", true, "cannot export latent attention"),
    ] {
        let architecture = common::hf()
            .into_iter()
            .find(|(found, _)| *found == name)
            .unwrap()
            .1;
        let mut model = Model::of(architecture);
        model.details.routing.normalised = normalised;
        let plan = HfPlan::of_model(&model, WeightFormat::Bf16, 64, u64::MAX).unwrap();
        let path = temporary.path().join(name);
        common::write_plan(&plan, &path);
        let mut given = GivenWeights::open(&path).unwrap();
        let error = GgufPlan::of_given(&given, WeightFormat::Q8_0)
            .unwrap_err()
            .to_string();
        assert!(error.contains(named), "{error}");
        // Nor where the plan was made without the weights.
        if let Ok(plan) = GgufPlan::new(&architecture, WeightFormat::Q8_0, given.settings()) {
            let error = plan
                .write(&mut Vec::new(), &mut Weights::Given(&mut given), &mut on)
                .unwrap_err();
            assert!(error.to_string().contains(named), "{error}");
        }
    }
}

#[test]
fn settings_are_those_of_the_configuration() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = written(temporary.path());
    let changes =
        json!({"rope_parameters": {"rope_theta": 5e5, "rope_type": "default"}, "rms_norm_eps": 1e-5});
    edit_config(folder.path(), &changes);
    let given = GivenWeights::open(folder.path()).unwrap();
    assert_eq!(
        (given.settings().rope_theta, given.settings().rms_norm_eps),
        (5e5, 1e-5)
    );
    assert_eq!(given.settings().context_length, 32_768);
}

#[test]
fn broken_files_are_refused() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = written(temporary.path());
    let path = folder.path().join("model.safetensors");
    let whole = fs::read(&path).unwrap();
    for (bytes, named) in [
        (&whole[..whole.len() - 4], "bytes: expected"),
        (&whole[..100], "expected a safetensors header"),
        (&[0xff; 64][..], "expected a safetensors file"),
        (&[][..], "cannot read"),
    ] {
        fs::write(&path, bytes).unwrap();
        let error = GivenWeights::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
    fs::remove_file(&path).unwrap();
    let error = GivenWeights::open(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("no weights: expected model.safetensors"),
        "{error}"
    );
    let index = json!({"weight_map": {"model.norm.weight": "../outside.safetensors"}}).to_string();
    fs::write(folder.path().join("model.safetensors.index.json"), index).unwrap();
    let error = GivenWeights::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("names of files beside it"), "{error}");
}
