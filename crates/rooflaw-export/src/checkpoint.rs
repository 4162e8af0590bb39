//! Trained models as directories for `transformers`, and back.

use crate::hf::{HfPlan, MAX_SHARD_BYTES};
use crate::{ExportError, FlatWeights, GivenWeights, Model, StagedFolder, Weights};
use rooflaw::format::WeightFormat;
use std::ops::ControlFlow;
use std::path::Path;

/// Writes a model's `config.json` and safetensors into a folder, which the caller commits. `weights` are all of them in
/// the order of [`tensors`](crate::tensors), `format` is bf16 or fp32.
///
/// # Errors
/// A model that no model type describes, weights that are not as many as its parameters, another format, a disk
/// that is full.
pub fn write_model(
    folder: &StagedFolder,
    model: &Model,
    weights: &[f32],
    format: WeightFormat,
    context_length: u32,
) -> Result<(), ExportError> {
    let plan = HfPlan::of_model(model, format, context_length, MAX_SHARD_BYTES)?;
    let mut weights = Weights::Flat(FlatWeights::new(&model.architecture, weights)?);
    plan.write_all(folder, &mut weights, &mut |_| ControlFlow::Continue(()))
}

/// Reads what [`write_model`] or `save_pretrained` wrote: the model, and all its weights in the order of
/// [`tensors`](crate::tensors).
///
/// # Errors
/// Those of [`GivenWeights::open`].
pub fn read_model(path: &Path) -> Result<(Model, Vec<f32>), ExportError> {
    let mut given = GivenWeights::open(path)?;
    let weights = given.read_all()?;
    Ok((given.model().clone(), weights))
}
