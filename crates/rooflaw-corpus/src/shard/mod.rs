//! A shard: a file of tokens with whole documents.
//!
//! ```text
//! header      72 bytes, see Header
//! tokens      n_tokens × 2 or 4 bytes; each document ends with the end of text
//! documents   n_documents × 8 bytes: its tokens, the end of text among them; bytes of its text
//! ```
//! All numbers are unsigned and little-endian.

mod header;
mod read;
mod write;

pub use header::{Header, HeaderError};
pub use read::Shard;
pub(crate) use write::{Limits, ShardWriter};

/// Bytes of a document's entry.
pub(crate) const ENTRY_BYTES: u64 = 8;

/// A document's entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Tokens, the end of text among them.
    pub tokens: u32,
    /// Bytes of its text, UTF-8.
    pub bytes: u32,
}

impl Entry {
    pub(crate) fn to_bytes(self) -> [u8; ENTRY_BYTES as usize] {
        let mut bytes = [0; ENTRY_BYTES as usize];
        bytes[..4].copy_from_slice(&self.tokens.to_le_bytes());
        bytes[4..].copy_from_slice(&self.bytes.to_le_bytes());
        bytes
    }

    pub(crate) fn from_bytes(bytes: [u8; ENTRY_BYTES as usize]) -> Entry {
        let [a, b, c, d, rest @ ..] = bytes;
        Entry {
            tokens: u32::from_le_bytes([a, b, c, d]),
            bytes: u32::from_le_bytes(rest),
        }
    }
}
