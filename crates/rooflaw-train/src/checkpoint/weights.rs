//! A model's weights as a Hugging Face directory in f32, and back, bit for bit.

use crate::engine::{Engine, State};
use crate::session::SessionError;
use rooflaw::format::WeightFormat;
use rooflaw_export::{ExportError, StagedFolder, read_model, write_model};
use std::path::Path;

/// Writes an engine's model into a folder that is being written and will be at `place`. `values` has room for the weights.
pub(crate) fn write(
    engine: &mut dyn Engine,
    values: &mut [f32],
    folder: &StagedFolder,
    place: &Path,
) -> Result<(), SessionError> {
    engine.read(State::Weights, values)?;
    let (_, context_length) = engine.capacity();
    let context_length = u32::try_from(context_length).unwrap_or(u32::MAX);
    write_model(folder, engine.model(), values, WeightFormat::Fp32, context_length)
        .map_err(SessionError::staged(place))
}

/// Puts a directory's weights into an engine.
pub(super) fn read(engine: &mut dyn Engine, folder: &Path) -> Result<(), SessionError> {
    let (model, weights) = read_model(folder).map_err(|error| match error {
        ExportError::Read { path, cause } => SessionError::read(&path, cause),
        other => SessionError::damaged(folder, other.to_string()),
    })?;
    if model != *engine.model() {
        let cause = "a checkpoint of another model than the run's";
        return Err(SessionError::damaged(folder, cause));
    }
    Ok(engine.write(State::Weights, &weights)?)
}
