//! Where a sweep keeps what.

use crate::claim::Claims;
use crate::error::SweepError;
use crate::files;
use crate::plan::{Plan, PlannedRun};
use std::path::{Path, PathBuf};

/// The folder of a sweep, beside its plan file:
///
/// ```text
/// plan.json            the plan
/// runs/ID/             a run's folder, which the trainer fills: result.json in it means done
/// claims/ID/           who trained it, and how that ended
/// inputs/ID/           its config.json and recipe.toml, as the trainer is given them
/// logs/ID.log          what the trainer said
/// slurm/, kubernetes/  what was submitted
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepFolder {
    root: PathBuf,
}

impl SweepFolder {
    /// The folder that a plan file is in.
    ///
    /// # Errors
    /// A folder that is not there.
    pub fn of_plan(plan: &Path) -> Result<SweepFolder, SweepError> {
        let parent = plan.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        let root = parent.canonicalize().map_err(SweepError::io("find", parent))?;
        Ok(SweepFolder { root })
    }

    /// The folder itself, absolute.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A run's folder.
    #[must_use]
    pub fn run(&self, run: &PlannedRun) -> PathBuf {
        self.root.join("runs").join(&run.id)
    }

    /// A run's claims.
    #[must_use]
    pub fn claims(&self, run: &PlannedRun) -> Claims {
        Claims::in_folder(self.root.join("claims").join(&run.id))
    }

    /// What a run's trainer said.
    #[must_use]
    pub fn log(&self, run: &PlannedRun) -> PathBuf {
        self.root.join("logs").join(format!("{}.log", run.id))
    }

    /// The `config.json` and the `recipe.toml` of a run, written if they are not there.
    ///
    /// # Errors
    /// A disk that is full or not writable, a run whose recipe is not in the plan.
    pub fn inputs(&self, plan: &Plan, run: &PlannedRun) -> Result<(PathBuf, PathBuf), SweepError> {
        let folder = self.root.join("inputs").join(&run.id);
        let (config, recipe) = (folder.join("config.json"), folder.join("recipe.toml"));
        let text = plan
            .recipe(run)
            .ok_or_else(|| SweepError::Plan(format!("{}: no recipe `{}`", run.name, run.recipe)))?;
        // The folder's name is the hash of both: what is there is right, and whole.
        if !config.exists() {
            files::write_json(&config, &run.config)?;
        }
        if !recipe.exists() {
            files::write(&recipe, text.as_bytes())?;
        }
        Ok((config, recipe))
    }
}
