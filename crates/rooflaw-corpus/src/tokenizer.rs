//! Hugging Face tokenizers: text to tokens and back, and byte-level BPE trained.

use crate::CorpusError;
use crate::digest;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::{fmt, fs};
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainerBuilder};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, Tokenizer as HfTokenizer};

/// The largest `tokenizer.json`, bytes. Those of 256,000 words have some 35 MB.
const MAX_BYTES: u64 = 256 << 20;

/// What ends a document, where a tokenizer of our own is trained.
pub const END_OF_TEXT: &str = "<|endoftext|>";

/// What ends a document in published tokenizers, the first that a tokenizer has.
const KNOWN_ENDS: [&str; 6] = [
    END_OF_TEXT,
    "<|end_of_text|>",
    "<｜end▁of▁sentence｜>",
    "</s>",
    "<eos>",
    "[SEP]",
];

/// Words of a vocabulary that 256 bytes and an end of text leave room for.
const MIN_VOCAB_SIZE: u32 = 257;

/// The largest vocabulary trained.
const MAX_VOCAB_SIZE: u32 = 1 << 20;

/// A tokenizer, with the token that ends a document.
pub struct Tokenizer {
    inner: HfTokenizer,
    path: PathBuf,
    json: Vec<u8>,
    sha256: String,
    vocab_size: u32,
    end_of_text: u32,
    end_of_text_token: String,
}

impl fmt::Debug for Tokenizer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Tokenizer")
            .field("path", &self.path)
            .field("sha256", &self.sha256)
            .field("vocab_size", &self.vocab_size)
            .finish_non_exhaustive()
    }
}

impl Tokenizer {
    /// Reads a `tokenizer.json`; `end_of_text` names the token that ends a document, where it is no usual one.
    ///
    /// # Errors
    /// A file that cannot be read, is no tokenizer, or has no token that ends a document.
    pub fn open(path: &Path, end_of_text: Option<&str>) -> Result<Tokenizer, CorpusError> {
        let cannot = CorpusError::io(path, "read");
        let bytes = fs::metadata(path).map_err(&cannot)?.len();
        if bytes > MAX_BYTES {
            let what = format!("{bytes} bytes: expected a tokenizer.json of 256 MiB at most");
            return Err(wrong(path, what));
        }
        Tokenizer::from_json(path, fs::read(path).map_err(&cannot)?, end_of_text)
    }

    /// Of the contents of a `tokenizer.json`; `path` is for messages.
    ///
    /// # Errors
    /// As [`Tokenizer::open`].
    pub fn from_json(
        path: &Path,
        json: Vec<u8>,
        end_of_text: Option<&str>,
    ) -> Result<Tokenizer, CorpusError> {
        let mut inner = HfTokenizer::from_bytes(&json).map_err(|error| {
            wrong(
                path,
                format!("{error}: expected a tokenizer.json of Hugging Face"),
            )
        })?;
        // Documents are neither cut nor filled up, and a text that spells a special token does not get its number, so that
        // the end of text ends documents and nothing else.
        inner
            .with_truncation(None)
            .map_err(|error| wrong(path, error.to_string()))?;
        inner.with_padding(None);
        inner.set_encode_special_tokens(true);
        let wanted = end_of_text.map_or(KNOWN_ENDS.to_vec(), |token| vec![token]);
        let found = wanted
            .iter()
            .find_map(|token| inner.token_to_id(token).map(|id| (id, (*token).to_owned())));
        let Some((end_of_text, end_of_text_token)) = found else {
            let what = format!(
                "has no token {}: name the one that ends a document",
                wanted.join(", ")
            );
            return Err(wrong(path, what));
        };
        // Numbers may have gaps: what counts is the largest.
        let largest = inner.get_vocab(true).into_values().max().unwrap_or(0);
        let Some(vocab_size) = largest.checked_add(1) else {
            return Err(wrong(path, "has a token of number 4294967295: expected fewer"));
        };
        Ok(Tokenizer {
            path: path.to_path_buf(),
            sha256: digest::sha256(&json),
            inner,
            json,
            vocab_size,
            end_of_text,
            end_of_text_token,
        })
    }

    /// Trains byte-level BPE (Sennrich et al., arXiv 1508.07909, on bytes as GPT-2): the same documents give the same
    /// tokenizer. Number 0 is [`END_OF_TEXT`].
    ///
    /// # Errors
    /// A size that has no room for the bytes, or more words than the documents yield.
    pub fn train(documents: &[String], vocab_size: u32) -> Result<Tokenizer, CorpusError> {
        let failed =
            |error: tokenizers::Error| CorpusError::Nothing(format!("training a tokenizer: {error}"));
        if !(MIN_VOCAB_SIZE..=MAX_VOCAB_SIZE).contains(&vocab_size) {
            return Err(CorpusError::Nothing(format!(
                "a vocabulary of {vocab_size}: expected {MIN_VOCAB_SIZE} to {MAX_VOCAB_SIZE}"
            )));
        }
        let end_of_text = AddedToken::from(END_OF_TEXT, true).normalized(false);
        let mut trainer: TrainerWrapper = BpeTrainerBuilder::new()
            .vocab_size(vocab_size as usize)
            .show_progress(false)
            .special_tokens(vec![end_of_text])
            .initial_alphabet(ByteLevel::alphabet().into_iter().collect::<HashSet<char>>())
            .build()
            .into();
        let mut inner = HfTokenizer::new(BPE::default());
        inner
            .with_pre_tokenizer(Some(ByteLevel::new(false, true, true)))
            .with_decoder(Some(ByteLevel::default()));
        inner.train(&mut trainer, documents.iter()).map_err(failed)?;
        let found = inner.get_vocab_size(true);
        if found < vocab_size as usize {
            return Err(CorpusError::Nothing(format!(
                "a vocabulary of {vocab_size}: these documents yield only {found} words; expected that many, or more text"
            )));
        }
        let json = inner.to_string(true).map_err(failed)?;
        Tokenizer::from_json(Path::new("tokenizer.json"), json.into_bytes(), Some(END_OF_TEXT))
    }

    /// Words of the vocabulary: the largest number of a token, plus one.
    #[must_use]
    pub const fn vocab_size(&self) -> u32 {
        self.vocab_size
    }

    /// The token that ends a document.
    #[must_use]
    pub const fn end_of_text(&self) -> u32 {
        self.end_of_text
    }

    /// How the token that ends a document is written.
    #[must_use]
    pub fn end_of_text_token(&self) -> &str {
        &self.end_of_text_token
    }

    /// SHA-256 of the `tokenizer.json`, hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The `tokenizer.json`.
    #[must_use]
    pub fn json(&self) -> &[u8] {
        &self.json
    }

    /// The tokens of a text, without any that a model wants at its beginning or end.
    ///
    /// # Errors
    /// A text for which the tokenizer has no tokens.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, CorpusError> {
        let encoding = self
            .inner
            .encode_fast(text, false)
            .map_err(|error| wrong(&self.path, error.to_string()))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The text of tokens, special ones included.
    ///
    /// # Errors
    /// Tokens that the tokenizer cannot join.
    pub fn decode(&self, tokens: &[u32]) -> Result<String, CorpusError> {
        self.inner
            .decode(tokens, false)
            .map_err(|error| wrong(&self.path, error.to_string()))
    }
}

fn wrong(path: &Path, what: impl Into<String>) -> CorpusError {
    CorpusError::Tokenizer {
        path: path.to_path_buf(),
        what: what.into(),
    }
}
