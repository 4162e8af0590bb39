//! Texts and splits through an engine.

use super::batches::Batches;
use super::evaluation::{Evaluation, Scored};
use super::window::{Window, Windows};
use crate::engine::{Engine, EngineError};
use rooflaw_corpus::{Corpus, CorpusError, Split, Tokenizer};
use thiserror::Error;

/// Why a model could not be evaluated.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EvalError {
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The data set or the tokenizer.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// Windows that score no token, or not every one.
    #[error("a window of {length} with a stride of {stride}: expected a stride of 1 to the window's length")]
    Window {
        /// Positions of a window.
        length: usize,
        /// Positions from one to the next.
        stride: usize,
    },
    /// Windows that the engine has no room for.
    #[error("a window of {length}: the engine has room for {most}")]
    TooLong {
        /// Positions of a window.
        length: usize,
        /// Most that there may be.
        most: usize,
    },
    /// Tokens that the model does not know.
    #[error(
        "the tokenizer has {tokenizer} words, the model {model}: expected the tokenizer that the model was trained with"
    )]
    Vocabulary {
        /// Words of the tokenizer.
        tokenizer: u32,
        /// Words of the model.
        model: u32,
    },
    /// Nothing to score.
    #[error("there is no text to evaluate on")]
    Nothing,
}

/// Told of tokens scored; an error stops the work.
type Advance<'a> = &'a mut dyn FnMut(u64) -> Result<(), EvalError>;

/// The perplexity of documents. Each is scored by itself, all of its tokens, the first after an end of text; the end of text
/// behind it is not scored.
///
/// # Errors
/// A tokenizer that is not the model's, documents without text, an engine that failed, what `advance` returns.
pub fn text(
    engine: &mut dyn Engine,
    tokenizer: &Tokenizer,
    documents: &[&str],
    windows: Windows,
    advance: Advance<'_>,
) -> Result<Evaluation, EvalError> {
    check_vocabulary(engine, tokenizer.vocab_size())?;
    let end_of_text = tokenizer.end_of_text();
    let mut scored = Vec::new();
    let mut batches = Batches::new(engine, windows.length, end_of_text)?;
    let mut tokens = Vec::new();
    for document in documents.iter().filter(|document| !document.trim().is_empty()) {
        tokens.clear();
        tokens.push(end_of_text);
        tokens.extend(tokenizer.encode(document)?);
        let lines = document.matches('\n').count() as u64;
        let index = scored.len();
        scored.push(Scored {
            nats: 0.0,
            tokens: tokens.len() as u64 - 1,
            bytes: document.len() as u64,
            words: document.split_whitespace().count() as u64 + lines,
            lines,
        });
        let mut take = |index: usize, window: Window, nats: &[f32]| {
            scored[index].add(nats);
            advance(window.end - window.first)
        };
        for window in windows.over(tokens.len() as u64 - 1) {
            let part = window.start as usize..=window.end as usize;
            batches.push(index, window, &tokens[part], &mut take)?;
        }
    }
    batches.flush(&mut |index: usize, window: Window, nats: &[f32]| {
        scored[index].add(nats);
        advance(window.end - window.first)
    })?;
    Evaluation::of(&scored, windows, true).ok_or(EvalError::Nothing)
}

/// The loss over a split of a data set: all documents one after another, every token scored, the ends of text among them, but for
/// the very first, which has nothing before it. With [`Windows::side_by_side`] of the trained length the windows are the
/// sequences of [`rooflaw_corpus::Sampler`], and a shorter one of what they leave over.
///
/// # Errors
/// A data set of another vocabulary or without this split, an engine that failed, what `advance` returns.
pub fn split(
    engine: &mut dyn Engine,
    corpus: &Corpus,
    split: Split,
    windows: Windows,
    advance: Advance<'_>,
) -> Result<Evaluation, EvalError> {
    let manifest = corpus.manifest();
    check_vocabulary(engine, manifest.vocab_size)?;
    let mut documents = Documents {
        next: corpus.documents(split),
        end: 0,
        scored: Vec::new(),
    };
    let mut take = |(): (), window: Window, nats: &[f32]| {
        documents.add(window.first + 1, nats)?;
        advance(window.end - window.first)
    };
    let mut batches = Batches::new(engine, windows.length, manifest.tokenizer.end_of_text)?;
    let mut tokens = Vec::new();
    for window in windows.over(manifest.split(split).tokens.saturating_sub(1)) {
        tokens.resize((window.end - window.start) as usize + 1, 0);
        corpus.read(split, window.start, &mut tokens)?;
        batches.push((), window, &tokens, &mut take)?;
    }
    batches.flush(&mut take)?;
    Evaluation::of(&documents.scored, windows, false).ok_or(EvalError::Nothing)
}

fn check_vocabulary(engine: &dyn Engine, tokenizer: u32) -> Result<(), EvalError> {
    let model = engine.model().architecture.vocab_size;
    // A model may have more rows than words: padding.
    if tokenizer > model {
        return Err(EvalError::Vocabulary { tokenizer, model });
    }
    Ok(())
}

/// The documents of a split, as their tokens come in order.
struct Documents<I> {
    next: I,
    /// Where the last of `scored` ends.
    end: u64,
    scored: Vec<Scored>,
}

impl<I: Iterator<Item = Result<rooflaw_corpus::Document, CorpusError>>> Documents<I> {
    /// Adds losses of the tokens from `at` on.
    fn add(&mut self, mut at: u64, nats: &[f32]) -> Result<(), EvalError> {
        for &nats in nats {
            while at >= self.end {
                let document = self.next.next().ok_or(EvalError::Nothing)??;
                self.end = document.start + document.tokens;
                self.scored.push(Scored {
                    bytes: document.bytes,
                    ..Scored::default()
                });
            }
            if let Some(document) = self.scored.last_mut() {
                document.add(&[nats]);
                document.tokens += 1;
            }
            at += 1;
        }
        Ok(())
    }
}
