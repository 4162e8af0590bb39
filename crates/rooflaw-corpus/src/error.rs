//! What can be wrong with texts, tokenizers and data sets.

use std::io;
use std::path::{Path, PathBuf};

/// Why text could not become tokens, or tokens could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CorpusError {
    /// A file or folder that the system does not let us read or write.
    #[error("{}: cannot {action}: {cause}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// `read`, `write`, …
        action: &'static str,
        /// What the system says.
        cause: io::Error,
    },
    /// A file of text that is not what its name says.
    #[error("{}: {what}", .path.display())]
    Source {
        /// The file.
        path: PathBuf,
        /// What is wrong, where, and what would be accepted.
        what: String,
    },
    /// A tokenizer that cannot be used.
    #[error("{}: {what}", .path.display())]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what would be accepted.
        what: String,
    },
    /// A `manifest.json` that is not one, or contradicts itself.
    #[error("{}: {what}", .path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A tokenizer that is not the one whose tokens the data set holds.
    #[error(
        "{}: SHA-256 {found}, but the tokens were made with the tokenizer of SHA-256 {expected}: expected that one",
        .path.display()
    )]
    OtherTokenizer {
        /// The tokenizer's file.
        path: PathBuf,
        /// The hash that the manifest has.
        expected: String,
        /// The file's hash.
        found: String,
    },
    /// A shard that is damaged.
    #[error("{}: {what}: prepare the data set again, or copy the file again", .path.display())]
    Shard {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A token that no word of the vocabulary has.
    #[error("{}: token {position} is {token}, outside of the vocabulary of {vocab_size}: the shard is damaged", .path.display())]
    TokenOutOfRange {
        /// The shard.
        path: PathBuf,
        /// Which of its tokens, from 0.
        position: u64,
        /// Its value.
        token: u32,
        /// Words of the vocabulary.
        vocab_size: u32,
    },
    /// A split that has fewer tokens than one sequence takes.
    #[error(
        "{}: the {split} split has {tokens} tokens: a sequence of {sequence_length} takes {} at least",
        .folder.display(), *.sequence_length as u64 + 1
    )]
    TooShort {
        /// The data set.
        folder: PathBuf,
        /// Which split.
        split: crate::Split,
        /// Its tokens.
        tokens: u64,
        /// Positions of a sequence.
        sequence_length: usize,
    },
    /// Buffers that are not of a sequence's length.
    #[error("buffers for {found} tokens, sequences of {expected}")]
    Buffer {
        /// Elements of the buffer.
        found: usize,
        /// Positions of a sequence.
        expected: usize,
    },
    /// Texts from which no data set can be made.
    #[error("{0}")]
    Nothing(String),
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl CorpusError {
    /// For `map_err` of a system call.
    pub(crate) fn io(path: &Path, action: &'static str) -> impl Fn(io::Error) -> CorpusError + use<> {
        let path = path.to_path_buf();
        move |cause| CorpusError::Io {
            path: path.clone(),
            action,
            cause,
        }
    }

    pub(crate) fn source(path: &Path, what: impl Into<String>) -> CorpusError {
        CorpusError::Source {
            path: path.to_path_buf(),
            what: what.into(),
        }
    }
}
