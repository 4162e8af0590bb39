//! Checkpoints: every weight comes back where it was, whole or in shards, exact in fp32 and rounded once in bf16.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use half::bf16;
use rooflaw::format::WeightFormat;
use rooflaw_export::{
    ExportError, FlatWeights, HfPlan, Model, Part, StagedFolder, Weights, read_model, tensors, write_model,
};
use std::fs;
use std::path::Path;

/// A different value for every weight.
fn weights(model: &Model) -> Vec<f32> {
    let total = model.architecture.parameters().total;
    (0..total).map(|i| (i as f32).mul_add(1e-6, -0.25)).collect()
}

fn write(model: &Model, weights: &[f32], format: WeightFormat, to: &Path) {
    let folder = StagedFolder::new(to).unwrap();
    write_model(&folder, model, weights, format, 64).unwrap();
    folder.commit().unwrap();
}

#[test]
fn weights_come_back() {
    let temporary = tempfile::tempdir().unwrap();
    for (name, architecture) in common::hf() {
        let mut model = Model::of(architecture);
        model.details.rope_theta = 5e4;
        let weights = weights(&model);
        let path = temporary.path().join(name);
        write(&model, &weights, WeightFormat::Fp32, &path);
        let (read, found) = read_model(&path).unwrap();
        assert_eq!(read, model, "{name}");
        assert!(found == weights, "{name}");

        let path = temporary.path().join(format!("{name}-bf16"));
        write(&model, &weights, WeightFormat::Bf16, &path);
        let (read, found) = read_model(&path).unwrap();
        assert_eq!(read, model, "{name}");
        let mut expected: Vec<f32> = weights
            .iter()
            .map(|&value| bf16::from_f32(value).to_f32())
            .collect();
        let mut start = 0;
        for spec in tensors(&architecture).unwrap() {
            let elements = spec.shape.elements() as usize;
            if spec.part == Part::RouterBias {
                expected[start..start + elements].copy_from_slice(&weights[start..start + elements]);
            }
            start += elements;
        }
        assert!(found == expected, "{name}");
    }
}

#[test]
fn shards_come_back() {
    let temporary = tempfile::tempdir().unwrap();
    for (name, architecture) in common::hf() {
        let model = Model::of(architecture);
        let weights = weights(&model);
        let path = temporary.path().join(name);
        let plan = HfPlan::of_model(&model, WeightFormat::Fp32, 64, 300_000).unwrap();
        let folder = StagedFolder::new(&path).unwrap();
        let flat = FlatWeights::new(&architecture, &weights).unwrap();
        plan.write_all(&folder, &mut Weights::Flat(flat), &mut common::on)
            .unwrap();
        folder.commit().unwrap();
        assert!(fs::read_dir(&path).unwrap().count() > 3, "{name}");
        assert!(read_model(&path).unwrap().1 == weights, "{name}");
    }
}

#[test]
fn wrong_weights_are_refused() {
    let temporary = tempfile::tempdir().unwrap();
    let model = Model::of(common::DENSE);
    let weights = weights(&model);
    let folder = StagedFolder::new(&temporary.path().join("model")).unwrap();
    let few = &weights[1..];
    let error = write_model(&folder, &model, few, WeightFormat::Fp32, 64).unwrap_err();
    assert!(matches!(error, ExportError::Values { .. }), "{error}");
    let expected = format!("{} values: expected {}", weights.len() - 1, weights.len());
    assert!(error.to_string().contains(&expected), "{error}");
    let error = write_model(&folder, &model, &weights, WeightFormat::Q8_0, 64).unwrap_err();
    assert!(error.to_string().contains("expected bf16 or fp32"), "{error}");
    // Same number of parameters, another architecture.
    let mut local = common::DENSE;
    local.attention.sliding_window = Some(rooflaw::architecture::SlidingWindow {
        size: 8,
        n_local_layers: 2,
    });
    let plan = HfPlan::of_model(&Model::of(local), WeightFormat::Fp32, 64, u64::MAX).unwrap();
    let mut flat = Weights::Flat(FlatWeights::new(&common::DENSE, &weights).unwrap());
    let error = plan.write_all(&folder, &mut flat, &mut common::on).unwrap_err();
    assert!(error.to_string().contains("another architecture"), "{error}");
}
