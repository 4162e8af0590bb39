//! Shards written.

use super::{Entry, Header};
use crate::CorpusError;
use crate::digest;
use crate::manifest::ShardRecord;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// Bytes written at a time.
const BUFFER: usize = 1 << 20;

/// When a shard is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Tokens; the document that reaches them is the last.
    pub tokens: u64,
    /// Documents, whose entries are in memory until the shard is closed.
    pub documents: usize,
}

/// A shard being written.
pub(crate) struct ShardWriter {
    path: PathBuf,
    file: BufWriter<File>,
    hasher: Sha256,
    header: Header,
    entries: Vec<Entry>,
    bytes: u64,
    buffer: Vec<u8>,
}

impl ShardWriter {
    pub(crate) fn create(path: &Path, vocab_size: u32) -> Result<ShardWriter, CorpusError> {
        let cannot = CorpusError::io(path, "write");
        let mut file = BufWriter::with_capacity(BUFFER, File::create_new(path).map_err(&cannot)?);
        // The counts are not known yet.
        file.write_all(&[0; Header::BYTES]).map_err(&cannot)?;
        Ok(ShardWriter {
            path: path.to_path_buf(),
            file,
            hasher: Sha256::new(),
            header: Header {
                token_bytes: Header::token_bytes_of(vocab_size),
                vocab_size,
                n_tokens: 0,
                n_documents: 0,
                sha256: [0; 32],
            },
            entries: Vec::new(),
            bytes: 0,
            buffer: Vec::new(),
        })
    }

    /// Adds a document: its tokens, the end of text among them, and the bytes of its text.
    pub(crate) fn push(&mut self, tokens: &[u32], bytes: usize) -> Result<(), CorpusError> {
        let entry = match (u32::try_from(tokens.len()), u32::try_from(bytes)) {
            (Ok(tokens), Ok(bytes)) => Entry { tokens, bytes },
            _ => return Err(self.wrong("a document of more than 4 GiB")),
        };
        self.buffer.clear();
        for &token in tokens {
            if token >= self.header.vocab_size {
                return Err(CorpusError::TokenOutOfRange {
                    path: self.path.clone(),
                    position: self.header.n_tokens,
                    token,
                    vocab_size: self.header.vocab_size,
                });
            }
            let bytes = token.to_le_bytes();
            self.buffer
                .extend_from_slice(&bytes[..self.header.token_bytes as usize]);
        }
        self.write()?;
        self.header.n_tokens += u64::from(entry.tokens);
        self.header.n_documents += 1;
        self.entries.push(entry);
        self.bytes += bytes as u64;
        Ok(())
    }

    fn write(&mut self) -> Result<(), CorpusError> {
        self.hasher.update(&self.buffer);
        self.file
            .write_all(&self.buffer)
            .map_err(CorpusError::io(&self.path, "write"))
    }

    fn wrong(&self, what: &str) -> CorpusError {
        CorpusError::Shard {
            path: self.path.clone(),
            what: what.to_owned(),
        }
    }

    pub(crate) fn is_full(&self, limits: &Limits) -> bool {
        self.header.n_tokens >= limits.tokens || self.entries.len() >= limits.documents
    }

    /// Completes the file, which is then on the disk.
    pub(crate) fn close(mut self) -> Result<ShardRecord, CorpusError> {
        let cannot = CorpusError::io(&self.path, "write");
        self.buffer = self.entries.iter().flat_map(|entry| entry.to_bytes()).collect();
        self.write()?;
        self.header.sha256 = std::mem::take(&mut self.hasher).finalize().into();
        self.file.flush().map_err(&cannot)?;
        let file = self.file.get_mut();
        file.seek(SeekFrom::Start(0)).map_err(&cannot)?;
        file.write_all(&self.header.to_bytes()).map_err(&cannot)?;
        file.sync_all().map_err(&cannot)?;
        let name = self.path.file_name().unwrap_or_default();
        Ok(ShardRecord {
            file: name.to_string_lossy().into_owned(),
            // Of the whole file, as `sha256sum` has it: read again, which also shows that it can be.
            sha256: digest::sha256_file(&self.path, &mut |_| Ok(()))?,
            tokens: self.header.n_tokens,
            documents: self.header.n_documents,
            bytes: self.bytes,
        })
    }
}
