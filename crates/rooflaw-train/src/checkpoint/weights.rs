//! A model's weights as a folder, and back.

use super::flat::{self, Stopped, Unreadable};
use crate::layout::Layout;
use crate::model::Model;
use crate::session::SessionError;
use rooflaw_export::StagedFolder;
use std::path::Path;

const NAME: &str = "weights.safetensors";

/// Writes a model into a folder that is being written.
pub(crate) fn write(
    folder: &StagedFolder,
    _model: &Model,
    _layout: &Layout,
    weights: &mut [f32],
    place: &Path,
) -> Result<(), SessionError> {
    let mut file = folder.create(NAME).map_err(SessionError::staged(place))?;
    flat::write(&mut file, &["weights"], weights, |_, _| Ok(())).map_err(|stopped| match stopped {
        Stopped::Engine(error) => error.into(),
        Stopped::Write(cause) => SessionError::write(place, cause),
    })
}

/// Reads a model's weights.
pub(crate) fn read(
    folder: &Path,
    _model: &Model,
    _layout: &Layout,
    weights: &mut [f32],
) -> Result<(), SessionError> {
    let path = folder.join(NAME);
    flat::read(&path, &["weights"], weights, |_, _| Ok(())).map_err(|unreadable| match unreadable {
        Unreadable::Engine(error) => error.into(),
        Unreadable::Damaged(cause) => SessionError::damaged(&path, cause),
        Unreadable::Read(cause) => SessionError::read(&path, cause),
    })
}
