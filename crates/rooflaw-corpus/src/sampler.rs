//! Sequences to train and evaluate on.

use crate::permutation::Permutation;
use crate::{Corpus, CorpusError, Split};

/// Sequences of one length, cut one after another from all documents of a split, without gaps; a sequence may hold the end
/// of one document and the beginning of the next. Sequence `i` of length `n` has the tokens from `i·n` on as inputs and the
/// tokens from `i·n + 1` on as targets, so that in each epoch every token is a target once, apart from the split's first
/// and the fewer than `n` at its end that fill no sequence ([`Sampler::n_left_over`]).
///
/// The training split is shuffled anew each epoch by the seed; the validation split keeps its order. Nothing is
/// remembered between calls: a run goes on where it stopped by its number alone.
#[derive(Clone, Debug)]
pub struct Sampler {
    corpus: Corpus,
    split: Split,
    sequence_length: usize,
    seed: u64,
    n_sequences: u64,
}

impl Sampler {
    /// Sequences of `sequence_length` positions.
    ///
    /// # Errors
    /// A split with fewer tokens than one sequence takes.
    pub fn new(
        corpus: &Corpus,
        split: Split,
        sequence_length: usize,
        seed: u64,
    ) -> Result<Sampler, CorpusError> {
        let tokens = corpus.manifest().split(split).tokens;
        let n_sequences = match (tokens.checked_sub(1), sequence_length as u64) {
            (Some(targets), length) if length > 0 => targets / length,
            _ => 0,
        };
        if n_sequences == 0 {
            return Err(CorpusError::TooShort {
                folder: corpus.folder().to_path_buf(),
                split,
                tokens,
                sequence_length,
            });
        }
        Ok(Sampler {
            corpus: corpus.clone(),
            split,
            sequence_length,
            seed,
            n_sequences,
        })
    }

    /// Sequences of an epoch.
    #[must_use]
    pub const fn n_sequences(&self) -> u64 {
        self.n_sequences
    }

    /// Positions of a sequence.
    #[must_use]
    pub const fn sequence_length(&self) -> usize {
        self.sequence_length
    }

    /// Tokens at the end of the split that are in no sequence's targets.
    #[must_use]
    pub fn n_left_over(&self) -> u64 {
        self.corpus.manifest().split(self.split).tokens - 1 - self.n_sequences * self.sequence_length as u64
    }

    /// Which sequence of the split comes as the `index`-th, counted on over epochs.
    #[must_use]
    pub fn position(&self, index: u64) -> u64 {
        let (epoch, within) = (index / self.n_sequences, index % self.n_sequences);
        match self.split {
            Split::Train => Permutation::new(self.n_sequences, self.seed, epoch).of(within),
            Split::Validation => within,
        }
    }

    /// The `index`-th sequence, counted on over epochs.
    ///
    /// # Errors
    /// Buffers of another length, or tokens outside of the vocabulary.
    pub fn fill(&self, index: u64, inputs: &mut [u32], targets: &mut [u32]) -> Result<(), CorpusError> {
        let expected = self.sequence_length;
        for found in [inputs.len(), targets.len()] {
            if found != expected {
                return Err(CorpusError::Buffer { found, expected });
            }
        }
        let start = self.position(index) * expected as u64;
        self.corpus.read(self.split, start, inputs)?;
        self.corpus.read(self.split, start + 1, targets)
    }
}
