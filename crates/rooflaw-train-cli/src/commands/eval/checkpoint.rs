//! The model that is evaluated.

use super::subject::Subject;
use crate::output;
use anyhow::{Context as _, Result, bail};
use rooflaw_corpus::{TOKENIZER, Tokenizer};
use rooflaw_train::cpu::{CpuEngine, EngineOptions};
use rooflaw_train::engine::{Engine as _, LoadBalancing, State};
use rooflaw_train::eval::Windows;
use rooflaw_train::model::Model;
use rooflaw_train::record::RunRecord;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// The finished model of a run.
const FINISHED: &str = "model";

/// Tokens of a batch: enough to keep a processor busy, little enough to keep memory small.
const BATCH_TOKENS: usize = 2048;

/// The longest window unless one is given: published models take more context than memory here has room for.
const MAX_WINDOW: usize = 4096;

/// A model, its weights and where they came from.
pub struct Checkpoint {
    folder: PathBuf,
    model: Model,
    weights: Vec<f32>,
    context_length: usize,
    run: Option<RunRecord>,
}

impl Checkpoint {
    /// Reads a folder, or a run's finished model.
    pub fn open(path: &Path) -> Result<Checkpoint> {
        let shown = path.display();
        let is_run = path.join("run.json").exists();
        let folder = if is_run {
            path.join(FINISHED)
        } else {
            path.to_path_buf()
        };
        if is_run && !folder.exists() {
            bail!("{shown} is a run that is not done: expected a finished one, or one of its checkpoints");
        }
        if !folder.join("config.json").exists() {
            bail!("{shown}: no config.json in it: expected a folder with a model, or a finished run");
        }
        let mut given = rooflaw_export::GivenWeights::open(&folder)?;
        Ok(Checkpoint {
            model: given.model().clone(),
            context_length: given.settings().context_length as usize,
            weights: given.read_all()?,
            run: run_above(&folder)?,
            folder,
        })
    }

    /// The tokenizer that it was trained with.
    pub fn tokenizer(&self, given: Option<&Path>, subject: &Subject) -> Result<Tokenizer> {
        let beside = self.folder.join(TOKENIZER);
        let (path, tokenizer) = match (given, subject) {
            (Some(path), _) => (path.to_path_buf(), Tokenizer::open(path, None)?),
            (None, _) if beside.exists() => {
                let tokenizer = Tokenizer::open(&beside, None)?;
                (beside, tokenizer)
            }
            (None, Subject::DataSet(corpus)) => (corpus.folder().join(TOKENIZER), corpus.tokenizer()?),
            (None, Subject::Text(_)) => {
                bail!(
                    "{}: no {TOKENIZER} in it: give the model's by --tokenizer",
                    self.folder.display()
                )
            }
        };
        if let Subject::DataSet(corpus) = subject {
            corpus.check_tokenizer(&tokenizer, &path)?;
        }
        if let Some(run) = &self.run
            && run.data.tokenizer_sha256 != tokenizer.sha256()
        {
            bail!(
                "{}: SHA-256 {}, the run was trained with a tokenizer of SHA-256 {}: expected that one",
                path.display(),
                tokenizer.sha256(),
                run.data.tokenizer_sha256
            );
        }
        Ok(tokenizer)
    }

    /// Says so where the model may have been trained on what it is evaluated on.
    pub fn warn_of(&self, subject: &Subject) -> Result<()> {
        let (Some(run), Subject::DataSet(corpus)) = (&self.run, subject) else {
            return Ok(());
        };
        if run.data.sha256 == corpus.manifest().hash {
            return Ok(());
        }
        output::warning(
            "the model was trained on another data set, which may have these documents: give their files to \
             `rooflaw data prepare --exclude` when a data set is made to train on",
        )
    }

    /// Tokens of a window: of the sequences that it was trained on, as far as is known.
    pub fn window(&self) -> usize {
        self.context_length.clamp(1, MAX_WINDOW)
    }

    /// Parameters.
    pub fn parameters(&self) -> u64 {
        self.model.architecture.parameters().total
    }

    /// The model, ready to score windows.
    pub fn into_engine(self, windows: Windows, threads: Option<NonZeroUsize>) -> Result<CpuEngine> {
        let options = EngineOptions {
            sequences: (BATCH_TOKENS / windows.length).max(1),
            sequence_length: windows.length,
            threads: threads.map(NonZeroUsize::get),
            load_balancing: LoadBalancing::None,
        };
        let mut engine = CpuEngine::new(self.model, &options)?;
        engine.write(State::Weights, &self.weights)?;
        Ok(engine)
    }
}

/// The record of the run that a model is in: `RUN/model`, `RUN/checkpoints/step-…`.
fn run_above(folder: &Path) -> Result<Option<RunRecord>> {
    let folder = fs::canonicalize(folder).with_context(|| format!("{}: cannot read", folder.display()))?;
    let found = folder
        .ancestors()
        .skip(1)
        .take(2)
        .map(|above| above.join("run.json"))
        .find(|path| path.exists());
    let Some(path) = found else {
        return Ok(None);
    };
    let text = fs::read(&path).with_context(|| format!("{}: cannot read", path.display()))?;
    let record = serde_json::from_slice(&text)
        .with_context(|| format!("{}: expected the record of a run", path.display()))?;
    Ok(Some(record))
}
