//! A split, written shard by shard.

use crate::manifest::SplitRecord;
use crate::shard::{Limits, ShardWriter};
use crate::{CorpusError, Split};
use std::path::{Path, PathBuf};

/// A split being written.
pub(super) struct SplitWriter {
    folder: PathBuf,
    split: Split,
    vocab_size: u32,
    limits: Limits,
    open: Option<ShardWriter>,
    record: SplitRecord,
    tokens: u64,
}

impl SplitWriter {
    pub(super) fn new(folder: &Path, split: Split, vocab_size: u32, limits: Limits) -> SplitWriter {
        SplitWriter {
            folder: folder.to_path_buf(),
            split,
            vocab_size,
            limits,
            open: None,
            record: SplitRecord::default(),
            tokens: 0,
        }
    }

    /// Tokens so far.
    pub(super) const fn tokens(&self) -> u64 {
        self.tokens
    }

    /// Adds a document: its tokens, the end of text among them, and the bytes of its text.
    pub(super) fn push(&mut self, tokens: &[u32], bytes: usize) -> Result<(), CorpusError> {
        let shard = match self.open.take() {
            Some(shard) => shard,
            None => {
                let name = format!("{}-{:05}.tokens", self.split, self.record.shards.len());
                ShardWriter::create(&self.folder.join(name), self.vocab_size)?
            }
        };
        let shard = self.open.insert(shard);
        shard.push(tokens, bytes)?;
        self.tokens += tokens.len() as u64;
        if shard.is_full(&self.limits) {
            self.close_shard()?;
        }
        Ok(())
    }

    fn close_shard(&mut self) -> Result<(), CorpusError> {
        if let Some(shard) = self.open.take() {
            let shard = shard.close()?;
            self.record.tokens += shard.tokens;
            self.record.documents += shard.documents;
            self.record.bytes += shard.bytes;
            self.record.shards.push(shard);
        }
        Ok(())
    }

    pub(super) fn close(mut self) -> Result<SplitRecord, CorpusError> {
        self.close_shard()?;
        Ok(self.record)
    }
}
