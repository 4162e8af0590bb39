//! A model on the disk for as long as it is measured.

use crate::{MeasureError, MeasurementFolder, Work};
use rooflaw_export::{ExportError, GgufPlan, Settings, Weights};
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

/// A model as a GGUF file, removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Exported {
    pub(crate) path: PathBuf,
    /// Parameters that a runtime should count in it.
    pub(crate) parameters: u64,
    /// Bytes of tensors that a runtime should count in it.
    pub(crate) tensor_bytes: u64,
    _temporary: tempfile::TempDir,
}

/// Room left on the disk beside a model, bytes: for the table and the raw samples.
const ROOM: u64 = 16 << 20;

impl Exported {
    /// Writes a model with random weights into a temporary folder of `folder`.
    pub(crate) fn write(
        work: &Work,
        seed: u64,
        folder: &MeasurementFolder,
        interrupted: &AtomicBool,
    ) -> Result<Exported, MeasureError> {
        let settings = Settings::named(&work.model.name);
        let plan = GgufPlan::new(&work.model.architecture, work.weights, &settings)?;
        let needed = plan.file_bytes() + ROOM;
        // Where the system does not say, the writing will.
        if let Ok(free) = fs4::available_space(folder.path())
            && free < needed
        {
            return Err(MeasureError::Room {
                path: folder.path().to_path_buf(),
                free,
                needed,
            });
        }
        let temporary = folder.temporary()?;
        let path = temporary
            .path()
            .join(format!("{}.{}.gguf", work.model.name, work.weights));
        let mut file = File::create(&path).map_err(ExportError::Write)?;
        let mut go_on = |_| {
            if interrupted.load(Ordering::Relaxed) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        plan.write(&mut file, &mut Weights::Random { seed }, &mut go_on)?;
        // On the disk, or writing it out would go on while the model is measured; and in memory, where a cold page
        // cache would be part of the first sample.
        file.sync_all().map_err(ExportError::Write)?;
        drop(file);
        File::open(&path)
            .and_then(|mut file| io::copy(&mut file, &mut io::sink()))
            .map_err(|cause| ExportError::Read {
                path: path.clone(),
                cause,
            })?;
        Ok(Exported {
            path,
            parameters: plan.parameters(),
            tensor_bytes: plan.tensor_bytes(),
            _temporary: temporary,
        })
    }
}
