//! The checkpoints of a run.

use super::flat::{self, Stopped, Unreadable};
use super::{TrainingState, weights};
use crate::engine::{Engine, State};
use crate::record::{RunFolder, RunFolderError, TEMPORARY, read_json, remove_temporary};
use crate::session::SessionError;
use rooflaw_export::StagedFolder;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

const STATE: &str = "state.json";
const OPTIMIZER: &str = "optimizer.safetensors";
/// The vectors of [`OPTIMIZER`].
const MOMENTS: [(&str, State); 2] = [
    ("first_moments", State::FirstMoments),
    ("second_moments", State::SecondMoments),
];

/// The checkpoints of a run that this process has.
#[derive(Debug)]
pub struct Checkpoints {
    path: PathBuf,
}

impl Checkpoints {
    /// Those of a run; what a process that was killed left half-written is removed.
    ///
    /// # Errors
    /// A disk that is full or not writable.
    pub fn open(run: &RunFolder) -> Result<Checkpoints, SessionError> {
        let path = run.path().join("checkpoints");
        fs::create_dir_all(&path).map_err(|cause| SessionError::write(&path, cause))?;
        remove_temporary(&path)?;
        Ok(Checkpoints { path })
    }

    /// The last one.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn last(&self) -> Result<Option<PathBuf>, SessionError> {
        Ok(self.all()?.pop())
    }

    /// All, by step.
    fn all(&self) -> Result<Vec<PathBuf>, SessionError> {
        let cannot = |cause| SessionError::read(&self.path, cause);
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(cannot)? {
            let path = entry.map_err(cannot)?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            let step = name
                .as_deref()
                .and_then(|name| name.strip_prefix("step-"))
                .and_then(|step| step.parse::<u64>().ok());
            found.extend(step.map(|step| (step, path)));
        }
        found.sort();
        Ok(found.into_iter().map(|(_, path)| path).collect())
    }

    /// Writes a checkpoint, and removes all but the last `keep`.
    ///
    /// # Errors
    /// A disk that is full or not writable, an engine that failed; the checkpoints are then those of before.
    pub fn save(
        &self,
        engine: &mut dyn Engine,
        state: &TrainingState,
        keep: usize,
    ) -> Result<(), SessionError> {
        let path = self.path.join(format!("step-{:08}", state.step));
        if !path.exists() {
            self.write(engine, state, &path)?;
        }
        self.keep(keep.max(1))
    }

    fn write(&self, engine: &mut dyn Engine, state: &TrainingState, path: &Path) -> Result<(), SessionError> {
        let staged = StagedFolder::new(path).map_err(SessionError::staged(path))?;
        let create = |name: &str| staged.create(name).map_err(SessionError::staged(path));
        let mut values = vec![0.0; engine.layout().elements()];
        weights::write(engine, &mut values, &staged, path)?;
        let names = MOMENTS.map(|(name, _)| name);
        let fill = |index: usize, values: &mut [f32]| engine.read(MOMENTS[index].1, values);
        flat::write(&mut create(OPTIMIZER)?, &names, &mut values, fill).map_err(|stopped| match stopped {
            Stopped::Engine(error) => error.into(),
            Stopped::Write(cause) => SessionError::write(path, cause),
        })?;
        let text = serde_json::to_vec_pretty(state)
            .map_err(|error| SessionError::damaged(path, error.to_string()))?;
        create(STATE)?
            .write_all(&text)
            .map_err(|cause| SessionError::write(path, cause))?;
        staged.commit().map_err(SessionError::staged(path))?;
        sync(&self.path)
    }

    /// Removes all but the last `n`.
    fn keep(&self, n: usize) -> Result<(), SessionError> {
        let all = self.all()?;
        for path in &all[..all.len().saturating_sub(n)] {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let away = self.path.join(format!("{TEMPORARY}{name}"));
            fs::rename(path, &away)
                .and_then(|()| fs::remove_dir_all(&away))
                .map_err(|cause| SessionError::write(path, cause))?;
        }
        Ok(())
    }

    /// Removes all, and their folder.
    ///
    /// # Errors
    /// A disk that is not writable.
    pub fn remove(&self) -> Result<(), SessionError> {
        self.keep(0)?;
        fs::remove_dir(&self.path).map_err(|cause| SessionError::write(&self.path, cause))
    }

    /// Puts a checkpoint's state into an engine.
    ///
    /// # Errors
    /// A checkpoint that is damaged or of another model, an engine that failed.
    pub fn load(&self, path: &Path, engine: &mut dyn Engine) -> Result<TrainingState, SessionError> {
        let state_path = path.join(STATE);
        let state: TrainingState = read_json(&state_path)?
            .ok_or_else(|| RunFolderError::damaged(&state_path, "not there: the checkpoint is damaged"))?;
        weights::read(engine, path)?;
        let mut values = vec![0.0; engine.layout().elements()];
        let names = MOMENTS.map(|(name, _)| name);
        let optimizer = path.join(OPTIMIZER);
        let take = |index: usize, values: &[f32]| engine.write(MOMENTS[index].1, values);
        flat::read(&optimizer, &names, &mut values, take).map_err(|unreadable| match unreadable {
            Unreadable::Engine(error) => error.into(),
            Unreadable::Damaged(cause) => SessionError::damaged(&optimizer, cause),
            Unreadable::Read(cause) => SessionError::read(&optimizer, cause),
        })?;
        Ok(state)
    }
}

/// Makes sure that a folder's names are on the disk; not every system can.
fn sync(folder: &Path) -> Result<(), SessionError> {
    if !cfg!(unix) {
        return Ok(());
    }
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|cause| SessionError::write(folder, cause))
}
