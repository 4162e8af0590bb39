//! A run's data set.

use anyhow::{Context as _, Result, bail};
use rooflaw_corpus::{Corpus, CorpusError, Sampler, Split, TOKENIZER};
use rooflaw_terminal as output;
use rooflaw_train::model::Model;
use rooflaw_train::record::DataRecord;
use rooflaw_train::session::{DataError, Sequences};
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

/// Sequences of a data set.
pub struct Sampled(Sampler);

impl Sampled {
    pub fn new(corpus: &Corpus, split: Split, length: u32, seed: u64) -> Result<Sampled, CorpusError> {
        Ok(Sampled(Sampler::new(corpus, split, length as usize, seed)?))
    }
}

impl Sequences for Sampled {
    fn n_sequences(&self) -> u64 {
        self.0.n_sequences()
    }

    fn fill(&self, index: u64, inputs: &mut [u32], targets: &mut [u32]) -> Result<(), DataError> {
        Ok(self.0.fill(index, inputs, targets)?)
    }
}

/// As a run's record has it.
pub fn record(corpus: &Corpus) -> DataRecord {
    let manifest = corpus.manifest();
    DataRecord {
        sha256: manifest.hash.clone(),
        tokenizer_sha256: manifest.tokenizer.sha256.clone(),
        training_tokens: manifest.train.tokens,
        validation_tokens: manifest.validation.tokens,
        validation_bytes: manifest.validation.bytes,
    }
}

/// Whether a model has all of a data set's tokens.
pub fn check_vocabulary(corpus: &Corpus, name: &str, model: &Model) -> Result<()> {
    let (has, needed) = (model.architecture.vocab_size, corpus.manifest().vocab_size);
    if has < needed {
        bail!("{name}: vocab_size = {has}: expected at least {needed}, the vocabulary of the data set");
    }
    if has / 2 > needed {
        output::warning(&format!(
            "{name} has a vocabulary of {}, of which the data set uses {}: the rest is computed for nothing",
            output::thousands(u64::from(has)),
            output::thousands(u64::from(needed))
        ))?;
    }
    Ok(())
}

/// Reads all of the data set once.
pub fn verify(corpus: &Corpus, interrupted: &AtomicBool) -> Result<(), CorpusError> {
    let bar = output::Progress::bytes(corpus.bytes());
    let result = corpus.verify(&mut |bytes| {
        bar.advance(bytes);
        if interrupted.load(Ordering::Relaxed) {
            return Err(CorpusError::Interrupted);
        }
        Ok(())
    });
    bar.finish();
    result
}

/// The bytes of its tokenizer.
pub fn tokenizer(corpus: &Corpus) -> Result<Vec<u8>> {
    corpus.tokenizer()?;
    let path = corpus.folder().join(TOKENIZER);
    fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
}
