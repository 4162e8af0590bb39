//! A data set, opened.

use crate::digest;
use crate::manifest::{self, MANIFEST, Manifest, TOKENIZER};
use crate::shard::{Entry, Shard};
use crate::{CorpusError, Split, Tokenizer};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A folder of tokens. Cloning it copies nothing.
#[derive(Clone, Debug)]
pub struct Corpus {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    manifest: Manifest,
    train: Vec<Placed>,
    validation: Vec<Placed>,
}

/// A shard, and where its tokens are in the split.
#[derive(Debug)]
struct Placed {
    start: u64,
    shard: Shard,
}

/// A document of a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its first token in the split.
    pub start: u64,
    /// Its tokens, the end of text among them.
    pub tokens: u64,
    /// Bytes of its text.
    pub bytes: u64,
}

impl Corpus {
    /// Opens a folder that [`crate::prepare`] made: manifest and tokenizer are read and checked, shards mapped and compared with
    /// the manifest by their sizes and headers. [`Corpus::verify`] reads them as a whole.
    ///
    /// # Errors
    /// A file that is missing, damaged, or of another data set.
    pub fn open(folder: &Path) -> Result<Corpus, CorpusError> {
        let path = folder.join(MANIFEST);
        let cannot = CorpusError::io(&path, "read");
        let wrong = |what: String| CorpusError::Manifest {
            path: path.clone(),
            what,
        };
        let bytes = fs::metadata(&path).map_err(&cannot)?.len();
        if bytes > manifest::MAX_BYTES {
            return Err(wrong(format!(
                "{bytes} bytes: expected a manifest of 64 MiB at most"
            )));
        }
        let manifest = Manifest::from_json(&fs::read(&path).map_err(&cannot)?)
            .map_err(|error| wrong(error.to_string()))?;
        let tokenizer = folder.join(TOKENIZER);
        let found = digest::sha256_file(&tokenizer, &mut |_| Ok(()))?;
        if found != manifest.tokenizer.sha256 {
            return Err(CorpusError::OtherTokenizer {
                path: tokenizer,
                expected: manifest.tokenizer.sha256,
                found,
            });
        }
        let [train, validation] = Split::ALL.map(|split| shards(folder, &manifest, split));
        Ok(Corpus {
            inner: Arc::new(Inner {
                folder: folder.to_path_buf(),
                train: train?,
                validation: validation?,
                manifest,
            }),
        })
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.inner.folder
    }

    /// What it holds.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.inner.manifest
    }

    /// The tokenizer that its tokens were made with.
    ///
    /// # Errors
    /// A file that changed since the data set was opened.
    pub fn tokenizer(&self) -> Result<Tokenizer, CorpusError> {
        let record = &self.inner.manifest.tokenizer;
        let path = self.inner.folder.join(TOKENIZER);
        let tokenizer = Tokenizer::open(&path, Some(&record.end_of_text_token))?;
        self.check_tokenizer(&tokenizer, &path)?;
        Ok(tokenizer)
    }

    /// Whether a tokenizer, read from `path`, is the one that the tokens were made with.
    ///
    /// # Errors
    /// If it is not.
    pub fn check_tokenizer(&self, tokenizer: &Tokenizer, path: &Path) -> Result<(), CorpusError> {
        let record = &self.inner.manifest.tokenizer;
        if tokenizer.sha256() == record.sha256 {
            return Ok(());
        }
        Err(CorpusError::OtherTokenizer {
            path: path.to_path_buf(),
            expected: record.sha256.clone(),
            found: tokenizer.sha256().to_owned(),
        })
    }

    fn placed(&self, split: Split) -> &[Placed] {
        match split {
            Split::Train => &self.inner.train,
            Split::Validation => &self.inner.validation,
        }
    }

    /// Copies tokens of a split, all of its documents one after another, from `start` on.
    ///
    /// # Errors
    /// Tokens that the split does not have, or that its vocabulary does not.
    pub fn read(&self, split: Split, start: u64, tokens: &mut [u32]) -> Result<(), CorpusError> {
        let placed = self.placed(split);
        let mut next = placed
            .partition_point(|placed| placed.start <= start)
            .saturating_sub(1);
        let (mut at, mut rest) = (start, tokens);
        while !rest.is_empty() {
            let Some(Placed { start, shard }) = placed.get(next) else {
                return Err(CorpusError::Manifest {
                    path: self.inner.folder.join(MANIFEST),
                    what: format!("the {split} split has no token {at}"),
                });
            };
            let left = (start + shard.header().n_tokens).saturating_sub(at);
            let length = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let (now, later) = rest.split_at_mut(length);
            shard.read(at - start, now)?;
            (at, rest, next) = (at + length as u64, later, next + 1);
        }
        Ok(())
    }

    /// The documents of a split, in order.
    pub fn documents(&self, split: Split) -> impl Iterator<Item = Result<Document, CorpusError>> {
        let mut start = 0;
        self.placed(split).iter().flat_map(entries).map(move |entry| {
            let entry = entry?;
            let document = Document {
                start,
                tokens: u64::from(entry.tokens),
                bytes: u64::from(entry.bytes),
            };
            start += document.tokens;
            Ok(document)
        })
    }

    /// Bytes of all shards, which [`Corpus::verify`] reads.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let shards = self.inner.train.iter().chain(&self.inner.validation);
        shards
            .filter_map(|placed| placed.shard.header().file_bytes())
            .sum()
    }

    /// Reads everything: every shard has its hash, every token is in the vocabulary, every document ends with the end of text and
    /// has it nowhere else. `advance` is told of the bytes done.
    ///
    /// # Errors
    /// The first shard that is damaged, and whatever `advance` returns.
    pub fn verify(&self, advance: &mut dyn FnMut(u64) -> Result<(), CorpusError>) -> Result<(), CorpusError> {
        for split in Split::ALL {
            let records = &self.inner.manifest.split(split).shards;
            for (placed, record) in self.placed(split).iter().zip(records) {
                let (sha256, body_is_right) = placed.shard.hash(advance)?;
                if sha256 != record.sha256 || !body_is_right {
                    let what = format!("SHA-256 {sha256}, the manifest says {}", record.sha256);
                    return Err(placed.shard.wrong(what));
                }
                self.verify_documents(placed, record.bytes)?;
            }
        }
        Ok(())
    }

    fn verify_documents(&self, placed: &Placed, bytes: u64) -> Result<(), CorpusError> {
        let shard = &placed.shard;
        let end_of_text = self.inner.manifest.tokenizer.end_of_text;
        let (mut at, mut found_bytes) = (0, 0);
        let mut tokens = Vec::new();
        for (document, entry) in entries(placed).enumerate() {
            let entry = entry?;
            if u64::from(entry.tokens) > shard.header().n_tokens - at {
                return Err(shard.wrong(format!("document {document} reaches beyond its end")));
            }
            tokens.resize(entry.tokens as usize, 0);
            shard.read(at, &mut tokens)?;
            if tokens.iter().position(|&token| token == end_of_text) != tokens.len().checked_sub(1) {
                return Err(shard.wrong(format!(
                    "document {document} does not end with the end of text alone"
                )));
            }
            at += u64::from(entry.tokens);
            found_bytes += u64::from(entry.bytes);
        }
        if at != shard.header().n_tokens || found_bytes != bytes {
            return Err(shard.wrong("its documents are not all of its tokens and bytes"));
        }
        Ok(())
    }
}

fn entries(placed: &Placed) -> impl Iterator<Item = Result<Entry, CorpusError>> {
    let shard = &placed.shard;
    (0..shard.header().n_documents).map(|document| shard.entry(document))
}

fn shards(folder: &Path, manifest: &Manifest, split: Split) -> Result<Vec<Placed>, CorpusError> {
    let mut start = 0;
    let place = |record: &manifest::ShardRecord| {
        let shard = Shard::open(&folder.join(&record.file))?;
        let header = shard.header();
        let found = (header.n_tokens, header.n_documents, header.vocab_size);
        let expected = (record.tokens, record.documents, manifest.vocab_size);
        if found != expected {
            let said = |(tokens, documents, vocab_size)| {
                format!("{tokens} tokens in {documents} documents of a vocabulary of {vocab_size}")
            };
            let what = format!("has {}, the manifest says {}", said(found), said(expected));
            return Err(shard.wrong(what));
        }
        let placed = Placed { start, shard };
        start += record.tokens;
        Ok(placed)
    };
    manifest.split(split).shards.iter().map(place).collect()
}
