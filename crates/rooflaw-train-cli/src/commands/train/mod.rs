//! `rooflaw-train train`: one run.

mod args;
mod data;
mod plan;
mod progress;

pub use args::Args;

use crate::{input, interrupt};
use anyhow::{Context as _, Result};
use args::EngineKind;
use data::Sampled;
use plan::Plan;
use progress::Watcher;
use rooflaw::format::Precision;
use rooflaw::plan::training_flop_per_token;
use rooflaw_corpus::{Corpus, CorpusError, MANIFEST, Split};
use rooflaw_terminal as output;
use rooflaw_train::cpu::{CpuEngine, EngineOptions};
use rooflaw_train::engine::{Engine, State};
use rooflaw_train::recipe::Recipe;
use rooflaw_train::record::{
    EvaluationRecord, FORMAT, Failure, FailureKind, Machine, RunFolder, RunFolderError, RunRecord, RunResult,
};
use rooflaw_train::session::{CheckpointPolicy, Ending, Session, SessionError};
use rooflaw_train::start;
use serde::Serialize;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// The training failed; the run's record tells why.
const FAILED: u8 = 1;
/// Another process has the run (`EX_TEMPFAIL` of sysexits.h).
const HELD: u8 = 75;

/// Evaluations of a run, where nothing else is asked for.
const EVALUATIONS: u64 = 20;

/// What is said when a run is done.
#[derive(Serialize)]
struct Summary<'a> {
    out: String,
    #[serde(flatten)]
    result: &'a RunResult,
}

/// Runs the command.
///
/// # Errors
/// Bad input; whatever goes wrong with a training itself is an exit code.
pub fn run(args: &Args) -> Result<ExitCode> {
    let named = input::model(&args.architecture)?;
    let recipe = recipe(args)?;
    let corpus = match Corpus::open(&args.data) {
        Ok(corpus) => corpus,
        Err(error) => return not_opened(args, error),
    };
    // Before anything is trained that could not be written.
    named
        .model
        .to_config(Precision::Fp32, recipe.sequence_length)
        .with_context(|| named.name.clone())?;
    data::check_vocabulary(&corpus, &named.name, &named.model)?;
    let threads = match args.threads {
        Some(threads) => threads as usize,
        None => std::thread::available_parallelism().map_or(1, usize::from),
    };
    let steps = recipe.n_steps();
    let per_token = training_flop_per_token(&named.model.architecture, recipe.sequence_length);
    let record = RunRecord {
        format: FORMAT,
        architecture_name: named.name,
        architecture: named.model.architecture,
        details: named.model.details.clone(),
        data: data::record(&corpus),
        seed: args.seed,
        engine: args.engine.name().to_owned(),
        evaluation: EvaluationRecord {
            interval_steps: args
                .evaluation_interval_steps
                .unwrap_or_else(|| (steps / EVALUATIONS).max(1)),
            sequences: args.evaluation_sequences,
        },
        steps,
        tokens: recipe.tokens(),
        parameters: named.model.architecture.parameters().total,
        training_flop: per_token * recipe.tokens() as f64,
        code_version: env!("CARGO_PKG_VERSION").to_owned(),
        threads,
        machine: Machine::this(),
        recipe,
    };
    let plan = Plan::of(&record, threads);
    let Some(out) = args.out.as_deref().filter(|_| !args.dry_run) else {
        return if args.json {
            output::json(&plan)
        } else {
            plan.print()
        }
        .map(|()| ExitCode::SUCCESS);
    };
    let folder = match RunFolder::claim(out) {
        Err(error @ RunFolderError::Busy { .. }) => {
            output::error(&error.into());
            return Ok(ExitCode::from(HELD));
        }
        folder => folder?,
    };
    folder.begin(&record)?;
    if let Some(result) = folder.result()? {
        return said(args, out, &result);
    }
    if !args.json {
        plan.print()?;
    }
    let interrupted = interrupt::watched()?;
    trained(args, &folder, &corpus, &record, &interrupted)
}

/// The recipe with all that is changed on the command line, and nothing left open.
fn recipe(args: &Args) -> Result<Recipe> {
    let mut recipe = input::recipe(&args.recipe)?;
    recipe.training_tokens = args.training_tokens.unwrap_or(recipe.training_tokens);
    recipe.peak_learning_rate = args.peak_learning_rate.unwrap_or(recipe.peak_learning_rate);
    let mut recipe = recipe.with(args.set.iter().map(String::as_str))?;
    recipe.micro_batch_sequences = Some(recipe.micro_batch());
    Ok(recipe)
}

/// A data set that is damaged belongs to the run's record; a folder that is none is a slip of the user's.
fn not_opened(args: &Args, error: CorpusError) -> Result<ExitCode> {
    let is_one = args.data.join(MANIFEST).is_file();
    match args.out.as_deref().filter(|_| is_one && !args.dry_run) {
        Some(out) => {
            let folder = RunFolder::claim(out)?;
            Ok(failed(&folder, &SessionError::Data(error.into()).failure(0)))
        }
        None => Err(error).context("--data"),
    }
}

fn failed(folder: &RunFolder, failure: &Failure) -> ExitCode {
    output::error(&anyhow::anyhow!("{}", failure.message));
    if let Err(error) = folder.fail(failure) {
        output::error(&anyhow::Error::from(error).context("the failure is not recorded"));
    }
    ExitCode::from(FAILED)
}

fn trained(
    args: &Args,
    folder: &RunFolder,
    corpus: &Corpus,
    record: &RunRecord,
    interrupted: &AtomicBool,
) -> Result<ExitCode> {
    let as_data = |error: CorpusError| SessionError::Data(error.into()).failure(0);
    // Once: a run that goes on has read all of it before.
    if !folder.path().join("checkpoints").exists() {
        match data::verify(corpus, interrupted) {
            Ok(()) => {}
            Err(CorpusError::Interrupted) => return Ok(ExitCode::from(interrupt::INTERRUPTED)),
            Err(error) => return Ok(failed(folder, &as_data(error))),
        }
    }
    let length = record.recipe.sequence_length;
    let sampled = |split| Sampled::new(corpus, split, length, record.seed);
    let (training, held_out) = match (sampled(Split::Train), sampled(Split::Validation)) {
        (Ok(training), Ok(held_out)) => (training, held_out),
        (Err(error), _) | (_, Err(error)) => return Ok(failed(folder, &as_data(error))),
    };
    let tokenizer = match data::tokenizer(corpus) {
        Ok(tokenizer) => tokenizer,
        Err(error) => {
            let message = format!("{error:#}");
            return Ok(failed(folder, &Failure::new(FailureKind::Data, message, 0)));
        }
    };
    let mut engine = match engine(args, record) {
        Ok(engine) => engine,
        Err(error) => return Ok(failed(folder, &error.failure(0))),
    };
    let session = Session {
        record,
        training: &training,
        held_out: &held_out,
        tokenizer: Some(&tokenizer),
        checkpoints: CheckpointPolicy {
            interval_steps: args.checkpoint_interval_steps,
            interval: Duration::from_secs(args.checkpoint_interval_s),
            keep: args.keep_checkpoints.map(usize::from),
        },
        interrupted,
    };
    let mut watcher = Watcher::new(record);
    let ending = session.train(engine.as_mut(), folder, &mut |event| watcher.tell(event));
    watcher.finish();
    match ending {
        Ok(Ending::Done(result)) => said(args, folder.path(), &result),
        Ok(Ending::Interrupted(step)) => {
            output::note(&format!(
                "interrupted after step {step}: the same command goes on from there"
            ))?;
            Ok(ExitCode::from(interrupt::INTERRUPTED))
        }
        Err(stopped) => Ok(failed(folder, &stopped.error.failure(stopped.step))),
    }
}

/// What computes, with the initial weights.
fn engine(args: &Args, record: &RunRecord) -> Result<Box<dyn Engine>, SessionError> {
    let options = EngineOptions {
        sequences: record.recipe.micro_batch() as usize,
        sequence_length: record.recipe.sequence_length as usize,
        threads: args.threads.map(|threads| threads as usize),
        load_balancing: record.recipe.load_balancing,
    };
    let mut engine: Box<dyn Engine> = match args.engine {
        EngineKind::Cpu => Box::new(CpuEngine::new(record.model(), &options)?),
        #[cfg(feature = "cuda")]
        EngineKind::Cuda => {
            let options = rooflaw_train_cuda::EngineOptions {
                sequences: options.sequences,
                sequence_length: options.sequence_length,
                load_balancing: options.load_balancing,
            };
            let precision = rooflaw_train_cuda::Precision::Bf16;
            Box::new(rooflaw_train_cuda::CudaEngine::new(
                record.model(),
                options,
                precision,
                0,
            )?)
        }
    };
    let weights = start::weights(engine.layout(), record.seed, record.recipe.initializer_range);
    engine.write(State::Weights, &weights)?;
    Ok(engine)
}

fn said(args: &Args, out: &Path, result: &RunResult) -> Result<ExitCode> {
    let out = out.display().to_string();
    if args.json {
        output::json(&Summary { out, result })?;
    } else {
        output::line("")?;
        output::line(&format!(
            "Done: {} nats per token, {:.4} bits per byte on {} held-out tokens, after {} and {}",
            output::loss(result.validation_loss),
            result.validation_bits_per_byte,
            output::thousands(result.validation_tokens),
            format_args!("{} tokens", output::thousands(result.tokens)),
            progress::time(result.wall_seconds)
        ))?;
        output::line(&format!("The model: {out}/model"))?;
    }
    Ok(ExitCode::SUCCESS)
}
