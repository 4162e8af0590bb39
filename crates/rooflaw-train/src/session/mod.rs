//! A training: from a run's folder to its result, over as many processes as it takes.
//!
//! [`Session::train`] goes on from the last checkpoint, or begins. What is in the folder afterwards depends on the run's
//! settings only, not on how often it was stopped or killed in between (times and speeds excepted): sequences come by
//! their number, a checkpoint has all of the engine's state, and metrics of steps that were lost are cut off.

mod error;
mod evaluate;
mod sequences;
mod step;

pub use error::{DataError, SessionError};
pub use sequences::Sequences;

use crate::checkpoint::{Checkpoints, TrainingState, write_weights};
use crate::engine::Engine;
use crate::record::{
    FORMAT, Metrics, MetricsLog, RunFolder, RunRecord, RunResult, TEMPORARY, Trained, Validated,
};
use evaluate::evaluate;
use rooflaw_export::StagedFolder;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use step::StepBatch;

/// What a training needs besides an engine and a folder.
pub struct Session<'a> {
    /// What is trained, and how.
    pub record: &'a RunRecord,
    /// What is trained on.
    pub training: &'a dyn Sequences,
    /// What is evaluated on.
    pub held_out: &'a dyn Sequences,
    /// A `tokenizer.json` to put beside the finished model.
    pub tokenizer: Option<&'a [u8]>,
    /// When checkpoints are written.
    pub checkpoints: CheckpointPolicy,
    /// Becomes true when the user wants to stop.
    pub interrupted: &'a AtomicBool,
}

/// When checkpoints are written, and how many are kept. It has no influence on the result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CheckpointPolicy {
    /// Steps from one to the next, if not only time counts.
    pub interval_steps: Option<u64>,
    /// Time from one to the next.
    pub interval: Duration,
    /// The last so many are kept, also when the run is done; `None` for the last one until it is done.
    pub keep: Option<usize>,
}

impl Default for CheckpointPolicy {
    fn default() -> Self {
        CheckpointPolicy {
            interval_steps: None,
            interval: Duration::from_secs(300),
            keep: None,
        }
    }
}

/// What happens meanwhile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// A checkpoint with so many steps done is gone on with.
    Resumed(u64),
    /// A step is done.
    Trained(Trained),
    /// The held-out sequences are being evaluated.
    Evaluating,
    /// They are.
    Validated(Validated),
    /// A checkpoint of so many steps is written.
    Saved(u64),
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// The run is done.
    Done(RunResult),
    /// It was stopped after so many steps; a checkpoint of them is there.
    Interrupted(u64),
}

/// Steps done, and why no more.
#[derive(Debug)]
pub struct Stopped {
    /// Steps done.
    pub step: u64,
    /// Why no more.
    pub error: SessionError,
}

impl Session<'_> {
    /// Trains until the run is done or the user wants to stop. The engine has the initial weights, which a checkpoint
    /// replaces; `tell` is told what happens.
    ///
    /// # Errors
    /// Anything of [`SessionError`], with the steps done; the run's record has it too, as far as the disk allows.
    pub fn train(
        &self,
        engine: &mut dyn Engine,
        folder: &RunFolder,
        tell: &mut dyn FnMut(Event),
    ) -> Result<Ending, Stopped> {
        let mut state = TrainingState::default();
        self.try_train(engine, folder, &mut state, tell).map_err(|error| {
            let step = state.step;
            // A disk that is full may have no room for this either; the caller tells the user.
            let _ = folder.fail(&error.failure(step));
            Stopped { step, error }
        })
    }

    fn try_train(
        &self,
        engine: &mut dyn Engine,
        folder: &RunFolder,
        state: &mut TrainingState,
        tell: &mut dyn FnMut(Event),
    ) -> Result<Ending, SessionError> {
        if let Some(result) = folder.result()? {
            return Ok(Ending::Done(result));
        }
        let checkpoints = Checkpoints::open(folder)?;
        if let Some(last) = checkpoints.last()? {
            *state = checkpoints.load(&last, engine)?;
            tell(Event::Resumed(state.step));
        }
        let metrics = folder.metrics(state.step)?;
        let mut training = Training {
            session: self,
            folder,
            checkpoints,
            metrics,
            clock: Clock::from(state.wall_seconds),
            saved: Instant::now(),
            saved_step: state.step,
        };
        training.run(engine, state, tell)
    }

    fn stopped(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }
}

/// Seconds of the run, those of earlier processes included.
struct Clock {
    before: f64,
    since: Instant,
}

impl Clock {
    fn from(before: f64) -> Clock {
        Clock {
            before,
            since: Instant::now(),
        }
    }

    fn seconds(&self) -> f64 {
        self.before + self.since.elapsed().as_secs_f64()
    }
}

/// A training in this process.
struct Training<'a> {
    session: &'a Session<'a>,
    folder: &'a RunFolder,
    checkpoints: Checkpoints,
    metrics: MetricsLog,
    clock: Clock,
    saved: Instant,
    saved_step: u64,
}

impl Training<'_> {
    fn run(
        &mut self,
        engine: &mut dyn Engine,
        state: &mut TrainingState,
        tell: &mut dyn FnMut(Event),
    ) -> Result<Ending, SessionError> {
        let (record, stopped) = (self.session.record, || self.session.stopped());
        let recipe = &record.recipe;
        let mut batch = StepBatch::new(recipe);
        while state.step < record.steps {
            if self.validates(state.step) && !self.validate(engine, state, tell)? {
                return self.interrupt(engine, state, tell);
            }
            let begin = self.clock.seconds();
            let place = (state.step, state.next_sequence);
            let Some(stepped) = batch.train(engine, recipe, self.session.training, place, &stopped)? else {
                return self.interrupt(engine, state, tell);
            };
            state.step += 1;
            state.tokens += recipe.tokens_per_step();
            state.next_sequence += u64::from(recipe.batch_sequences);
            state.training_loss = stepped.loss;
            state.wall_seconds = self.clock.seconds();
            let has_experts = record.architecture.ffn.moe.is_some();
            let trained = Trained {
                step: state.step,
                tokens: state.tokens,
                loss: stepped.loss,
                load_balancing: has_experts.then_some(stepped.load_balancing),
                gradient_norm: stepped.gradient_norm,
                learning_rate: recipe.learning_rate(state.step - 1),
                tokens_per_s: recipe.tokens_per_step() as f64 / (state.wall_seconds - begin).max(1e-9),
                wall_seconds: state.wall_seconds,
            };
            self.metrics.add(&Metrics::Trained(trained))?;
            tell(Event::Trained(trained));
            if self.saves(state.step) {
                self.save(engine, state, tell)?;
            }
        }
        // Before the last evaluation, which may take long and may be stopped.
        self.save(engine, state, tell)?;
        self.finish(engine, state, tell)
    }

    /// Whether the held-out sequences are evaluated after so many steps, and have not been.
    fn validates(&self, step: u64) -> bool {
        let interval = self.session.record.evaluation.interval_steps.max(1);
        step > 0 && step.is_multiple_of(interval) && self.metrics.last_validated() != Some(step)
    }

    /// Evaluates a fixed part of what is held out; false when it was stopped.
    fn validate(
        &mut self,
        engine: &mut dyn Engine,
        state: &mut TrainingState,
        tell: &mut dyn FnMut(Event),
    ) -> Result<bool, SessionError> {
        tell(Event::Evaluating);
        let all = self.session.held_out.n_sequences();
        let sequences = self.session.record.evaluation.sequences.min(all);
        let stopped = || self.session.stopped();
        let Some(found) = evaluate(engine, self.session.held_out, sequences, &stopped)? else {
            return Ok(false);
        };
        state.wall_seconds = self.clock.seconds();
        let validated = Validated {
            step: state.step,
            tokens: state.tokens,
            validation_loss: found.mean(),
            validation_tokens: found.n_targets,
            wall_seconds: state.wall_seconds,
        };
        self.metrics.add(&Metrics::Validated(validated))?;
        tell(Event::Validated(validated));
        Ok(true)
    }

    fn saves(&self, step: u64) -> bool {
        let policy = &self.session.checkpoints;
        let by_steps = policy
            .interval_steps
            .is_some_and(|interval| step - self.saved_step >= interval.max(1));
        by_steps || self.saved.elapsed() >= policy.interval
    }

    fn save(
        &mut self,
        engine: &mut dyn Engine,
        state: &TrainingState,
        tell: &mut dyn FnMut(Event),
    ) -> Result<(), SessionError> {
        self.metrics.sync()?;
        let keep = self.session.checkpoints.keep.unwrap_or(1);
        self.checkpoints.save(engine, state, keep)?;
        (self.saved, self.saved_step) = (Instant::now(), state.step);
        tell(Event::Saved(state.step));
        Ok(())
    }

    fn interrupt(
        &mut self,
        engine: &mut dyn Engine,
        state: &TrainingState,
        tell: &mut dyn FnMut(Event),
    ) -> Result<Ending, SessionError> {
        self.save(engine, state, tell)?;
        Ok(Ending::Interrupted(state.step))
    }

    /// Evaluates all that is held out, writes the model and the result.
    fn finish(
        &mut self,
        engine: &mut dyn Engine,
        state: &mut TrainingState,
        tell: &mut dyn FnMut(Event),
    ) -> Result<Ending, SessionError> {
        tell(Event::Evaluating);
        let (record, held_out) = (self.session.record, self.session.held_out);
        let stopped = || self.session.stopped();
        let Some(found) = evaluate(engine, held_out, held_out.n_sequences(), &stopped)? else {
            return Ok(Ending::Interrupted(state.step));
        };
        state.wall_seconds = self.clock.seconds();
        let validated = Validated {
            step: state.step,
            tokens: state.tokens,
            validation_loss: found.mean(),
            validation_tokens: found.n_targets,
            wall_seconds: state.wall_seconds,
        };
        // It is there already if a process was killed between this and the result.
        if self.metrics.last_validated() != Some(state.step) {
            self.metrics.add(&Metrics::Validated(validated))?;
        }
        self.metrics.sync()?;
        tell(Event::Validated(validated));
        self.write_model(engine)?;
        let data = &record.data;
        let tokens_per_byte = data.validation_tokens as f64 / data.validation_bytes as f64;
        let result = RunResult {
            format: FORMAT,
            validation_loss: found.mean(),
            validation_tokens: found.n_targets,
            validation_bits_per_byte: found.mean() * tokens_per_byte / std::f64::consts::LN_2,
            training_loss: state.training_loss,
            steps: state.step,
            tokens: state.tokens,
            training_flop: record.training_flop,
            wall_seconds: state.wall_seconds,
        };
        self.folder.finish(&result)?;
        if self.session.checkpoints.keep.is_none() {
            self.checkpoints.remove()?;
        }
        Ok(Ending::Done(result))
    }

    /// Writes the finished model; one that is there is of a process that was killed before it wrote the result.
    fn write_model(&self, engine: &mut dyn Engine) -> Result<(), SessionError> {
        let path = self.folder.path().join("model");
        if path.exists() {
            let away = self.folder.path().join(format!("{TEMPORARY}model"));
            fs::rename(&path, &away)
                .and_then(|()| fs::remove_dir_all(&away))
                .map_err(|cause| SessionError::write(&path, cause))?;
        }
        let staged = StagedFolder::new(&path).map_err(SessionError::staged(&path))?;
        let mut weights = vec![0.0; engine.layout().elements()];
        write_weights(engine, &mut weights, &staged, &path)?;
        if let Some(tokenizer) = self.session.tokenizer {
            let mut file = staged
                .create("tokenizer.json")
                .map_err(SessionError::staged(&path))?;
            std::io::Write::write_all(&mut file, tokenizer)
                .map_err(|cause| SessionError::write(&path, cause))?;
        }
        staged.commit().map_err(SessionError::staged(&path))
    }
}
