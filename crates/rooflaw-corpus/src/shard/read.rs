//! Shards read, from memory-mapped files.

use super::{ENTRY_BYTES, Entry, Header};
use crate::CorpusError;
use crate::digest::hex;
use mmap_io::MemoryMappedFile;
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};

/// Bytes hashed at a time.
const CHUNK: u64 = 1 << 22;

/// A shard's file, mapped into memory. Whoever changes or cuts it meanwhile changes what is read, or ends the process.
#[derive(Debug)]
pub struct Shard {
    path: PathBuf,
    map: MemoryMappedFile,
    header: Header,
}

impl Shard {
    /// Maps a file, once its header and its length fit each other.
    ///
    /// # Errors
    /// A file that is no shard, or not a whole one.
    pub fn open(path: &Path) -> Result<Shard, CorpusError> {
        let wrong = |what: String| CorpusError::Shard {
            path: path.to_path_buf(),
            what,
        };
        let bytes = std::fs::metadata(path)
            .map_err(CorpusError::io(path, "read"))?
            .len();
        if bytes < Header::BYTES as u64 {
            return Err(wrong(format!(
                "{bytes} bytes: expected {} at least",
                Header::BYTES
            )));
        }
        let map = MemoryMappedFile::open_ro(path).map_err(|error| wrong(error.to_string()))?;
        let start = map
            .as_slice_bytes(0, Header::BYTES as u64)
            .map_err(|error| wrong(error.to_string()))?;
        let header = Header::parse(start).map_err(|error| wrong(error.to_string()))?;
        // Of the mapping, not of the name: the file may have been replaced in between.
        let found = map.len();
        if header.file_bytes() != Some(found) {
            let expected = header.file_bytes().unwrap_or_default();
            return Err(wrong(format!("{found} bytes, its header says {expected}")));
        }
        Ok(Shard {
            path: path.to_path_buf(),
            map,
            header,
        })
    }

    /// What it begins with.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn wrong(&self, what: impl Into<String>) -> CorpusError {
        CorpusError::Shard {
            path: self.path.clone(),
            what: what.into(),
        }
    }

    fn bytes(&self, start: u64, length: u64) -> Result<&[u8], CorpusError> {
        self.map
            .as_slice_bytes(start, length)
            .map_err(|error| self.wrong(error.to_string()))
    }

    /// Copies the tokens from `start` on.
    ///
    /// # Errors
    /// Tokens that the shard does not have, or that its vocabulary does not.
    pub fn read(&self, start: u64, tokens: &mut [u32]) -> Result<(), CorpusError> {
        let size = u64::from(self.header.token_bytes);
        let end = start.checked_add(tokens.len() as u64);
        if end.is_none_or(|end| end > self.header.n_tokens) {
            return Err(self.wrong(format!("{} tokens from {start} on are not in it", tokens.len())));
        }
        let bytes = self.bytes(Header::BYTES as u64 + start * size, tokens.len() as u64 * size)?;
        if size == 2 {
            for (token, &bytes) in tokens.iter_mut().zip(bytes.as_chunks().0) {
                *token = u32::from(u16::from_le_bytes(bytes));
            }
        } else {
            for (token, &bytes) in tokens.iter_mut().zip(bytes.as_chunks().0) {
                *token = u32::from_le_bytes(bytes);
            }
        }
        match tokens.iter().position(|&token| token >= self.header.vocab_size) {
            None => Ok(()),
            Some(index) => Err(CorpusError::TokenOutOfRange {
                path: self.path.clone(),
                position: start + index as u64,
                token: tokens[index],
                vocab_size: self.header.vocab_size,
            }),
        }
    }

    /// The entry of a document, counted from 0.
    ///
    /// # Errors
    /// A document that the shard does not have.
    pub fn entry(&self, document: u64) -> Result<Entry, CorpusError> {
        if document >= self.header.n_documents {
            return Err(self.wrong(format!("document {document} is not in it")));
        }
        let bytes = self.bytes(self.header.entries_start() + document * ENTRY_BYTES, ENTRY_BYTES)?;
        match bytes.first_chunk() {
            Some(&bytes) => Ok(Entry::from_bytes(bytes)),
            None => Err(self.wrong(format!("document {document} is cut off"))),
        }
    }

    /// Hashes the whole file, `advance` told of each part: its SHA-256 in hexadecimal, and whether what follows the header
    /// is what the header says.
    ///
    /// # Errors
    /// Whatever `advance` returns.
    pub fn hash(
        &self,
        advance: &mut dyn FnMut(u64) -> Result<(), CorpusError>,
    ) -> Result<(String, bool), CorpusError> {
        let (mut whole, mut body) = (Sha256::new(), Sha256::new());
        let mut at = Header::BYTES as u64;
        whole.update(self.bytes(0, at)?);
        let end = self.map.len();
        while at < end {
            let length = CHUNK.min(end - at);
            let bytes = self.bytes(at, length)?;
            whole.update(bytes);
            body.update(bytes);
            at += length;
            advance(length)?;
        }
        Ok((hex(&whole.finalize()), body.finalize()[..] == self.header.sha256))
    }
}
