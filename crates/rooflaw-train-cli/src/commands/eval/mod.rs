//! `rooflaw-train eval`: how well a model predicts.

mod args;
mod checkpoint;
mod print;
mod subject;

pub use args::Args;

use crate::{interrupt, output};
use anyhow::Result;
use checkpoint::Checkpoint;
use rooflaw_corpus::{CorpusError, Split};
use rooflaw_train::eval::{self, EvalError, Evaluation, Windows};
use serde::Serialize;
use std::sync::atomic::Ordering;
use subject::Subject;

/// What was found.
#[derive(Serialize)]
struct Summary<'a> {
    checkpoint: String,
    parameters: u64,
    tokenizer_sha256: &'a str,
    on: subject::Description,
    #[serde(flatten)]
    evaluation: &'a Evaluation,
    confidence: f64,
    seconds: f64,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<()> {
    let subject = Subject::open(args)?;
    let checkpoint = Checkpoint::open(&args.checkpoint)?;
    let tokenizer = checkpoint.tokenizer(args.tokenizer.as_deref(), &subject)?;
    checkpoint.warn_of(&subject)?;
    let length = args
        .window
        .map_or(checkpoint.window(), |window| window.get() as usize);
    let stride = match (args.stride, &subject) {
        (Some(stride), _) => stride.get() as usize,
        // As it was trained.
        (None, Subject::DataSet(_)) => length,
        (None, Subject::Text(_)) => length.div_ceil(2),
    };
    let windows = Windows::new(length, stride)?;
    let parameters = checkpoint.parameters();
    let mut engine = checkpoint.into_engine(windows, args.threads)?;

    let interrupted = interrupt::watched()?;
    let progress = output::Progress::work(subject.tokens(&tokenizer)?);
    let mut advance = |tokens: u64| {
        progress.advance(tokens);
        if interrupted.load(Ordering::Relaxed) {
            return Err(EvalError::Corpus(CorpusError::Interrupted));
        }
        Ok(())
    };
    let found = match &subject {
        Subject::DataSet(corpus) => {
            eval::split(&mut engine, corpus, Split::Validation, windows, &mut advance)
        }
        Subject::Text(text) => eval::text(&mut engine, &tokenizer, &text.documents(), windows, &mut advance),
    };
    let seconds = progress.finish().as_secs_f64();
    let evaluation = found?;
    let summary = Summary {
        checkpoint: args.checkpoint.display().to_string(),
        parameters,
        tokenizer_sha256: tokenizer.sha256(),
        on: subject.describe(),
        evaluation: &evaluation,
        confidence: eval::CONFIDENCE,
        seconds,
    };
    if args.json {
        return output::json(&summary);
    }
    print::evaluation(&summary)
}
