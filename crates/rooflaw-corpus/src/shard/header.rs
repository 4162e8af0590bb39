//! What a shard begins with.

use super::ENTRY_BYTES;

/// What every shard begins with.
const MAGIC: [u8; 8] = *b"rooflaw\x01";

/// The layout's version.
const VERSION: u32 = 1;

/// The first 72 bytes of a shard: magic (8), version (4), bytes of a token (4), vocabulary (8), tokens (8), documents (8),
/// SHA-256 of all that follows (32).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// 2 or 4.
    pub token_bytes: u32,
    /// Words of the vocabulary: every token is below.
    pub vocab_size: u32,
    /// Tokens.
    pub n_tokens: u64,
    /// Documents.
    pub n_documents: u64,
    /// SHA-256 of all that follows the header.
    pub sha256: [u8; 32],
}

/// Why bytes are not the header of a shard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// A file that is too short to have one.
    #[error("{0} bytes: expected {HEADER} at least", HEADER = Header::BYTES)]
    Short(usize),
    /// Another kind of file.
    #[error("does not begin as a shard does")]
    Magic,
    /// Another version.
    #[error("version {0} of the format: expected {VERSION}")]
    Version(u32),
    /// A size of tokens that there is not.
    #[error("tokens of {0} bytes: expected 2 or 4")]
    TokenBytes(u32),
    /// A vocabulary that tokens of this size cannot number.
    #[error("a vocabulary of {0} with tokens of {1} bytes")]
    VocabSize(u64, u32),
    /// Counts that no file has room for.
    #[error("{0} tokens in {1} documents")]
    Counts(u64, u64),
}

impl Header {
    /// Bytes of a header.
    pub const BYTES: usize = 72;

    /// Reads a header from the beginning of a shard.
    ///
    /// # Errors
    /// Bytes that are not one.
    pub fn parse(bytes: &[u8]) -> Result<Header, HeaderError> {
        let Some((bytes, _)) = bytes.split_first_chunk::<{ Header::BYTES }>() else {
            return Err(HeaderError::Short(bytes.len()));
        };
        let mut fields = Fields(bytes);
        if fields.next::<8>() != MAGIC {
            return Err(HeaderError::Magic);
        }
        let version = u32::from_le_bytes(fields.next());
        if version != VERSION {
            return Err(HeaderError::Version(version));
        }
        let token_bytes = u32::from_le_bytes(fields.next());
        if !matches!(token_bytes, 2 | 4) {
            return Err(HeaderError::TokenBytes(token_bytes));
        }
        let vocab_size = u64::from_le_bytes(fields.next());
        let (n_tokens, n_documents) = (
            u64::from_le_bytes(fields.next()),
            u64::from_le_bytes(fields.next()),
        );
        let header = Header {
            token_bytes,
            vocab_size: match u32::try_from(vocab_size) {
                Ok(size) if size > 0 && Header::token_bytes_of(size) <= token_bytes => size,
                _ => return Err(HeaderError::VocabSize(vocab_size, token_bytes)),
            },
            n_tokens,
            n_documents,
            sha256: fields.next(),
        };
        // Every document has its end of text.
        if n_tokens == 0 || n_documents == 0 || n_documents > n_tokens || header.file_bytes().is_none() {
            return Err(HeaderError::Counts(n_tokens, n_documents));
        }
        Ok(header)
    }

    /// The header as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Header::BYTES] {
        let mut bytes = [0; Header::BYTES];
        let fields: [&[u8]; 7] = [
            &MAGIC,
            &VERSION.to_le_bytes(),
            &self.token_bytes.to_le_bytes(),
            &u64::from(self.vocab_size).to_le_bytes(),
            &self.n_tokens.to_le_bytes(),
            &self.n_documents.to_le_bytes(),
            &self.sha256,
        ];
        let mut at = 0;
        for field in fields {
            bytes[at..at + field.len()].copy_from_slice(field);
            at += field.len();
        }
        bytes
    }

    /// Bytes of a token, by the words of the vocabulary.
    #[must_use]
    pub const fn token_bytes_of(vocab_size: u32) -> u32 {
        if vocab_size <= 1 << 16 { 2 } else { 4 }
    }

    /// Bytes of the whole shard; `None` where no file can be so long.
    #[must_use]
    pub fn file_bytes(&self) -> Option<u64> {
        let tokens = self.n_tokens.checked_mul(u64::from(self.token_bytes))?;
        let entries = self.n_documents.checked_mul(ENTRY_BYTES)?;
        tokens.checked_add(entries)?.checked_add(Header::BYTES as u64)
    }

    /// Where the documents' entries begin, bytes from the file's start; of a header that was parsed.
    #[must_use]
    pub fn entries_start(&self) -> u64 {
        Header::BYTES as u64 + self.n_tokens * u64::from(self.token_bytes)
    }
}

/// Takes fields from the front.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn next<const N: usize>(&mut self) -> [u8; N] {
        let mut field = [0; N];
        let (first, rest) = self.0.split_at(N.min(self.0.len()));
        field[..first.len()].copy_from_slice(first);
        self.0 = rest;
        field
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            token_bytes: 2,
            vocab_size: 4096,
            n_tokens: 1000,
            n_documents: 3,
            sha256: [7; 32],
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let header = header();
        assert_eq!(Header::parse(&header.to_bytes()), Ok(header));
        assert_eq!(header.file_bytes(), Some(72 + 2000 + 24));
        assert_eq!(Header::token_bytes_of(65536), 2);
        assert_eq!(Header::token_bytes_of(65537), 4);
    }

    #[test]
    fn what_is_not_a_header_is_refused() {
        let broken = |change: fn(&mut Header)| {
            let mut header = header();
            change(&mut header);
            Header::parse(&header.to_bytes())
        };
        assert_eq!(Header::parse(&[0; 71]), Err(HeaderError::Short(71)));
        assert_eq!(Header::parse(&[0; 72]), Err(HeaderError::Magic));
        let mut other = header().to_bytes();
        other[8] = 2;
        assert_eq!(Header::parse(&other), Err(HeaderError::Version(2)));
        assert_eq!(
            broken(|header| header.token_bytes = 3),
            Err(HeaderError::TokenBytes(3))
        );
        assert_eq!(
            broken(|header| header.vocab_size = 65537),
            Err(HeaderError::VocabSize(65537, 2))
        );
        assert_eq!(
            broken(|header| header.vocab_size = 0),
            Err(HeaderError::VocabSize(0, 2))
        );
        assert_eq!(
            broken(|header| header.n_documents = 1001),
            Err(HeaderError::Counts(1000, 1001))
        );
        assert_eq!(
            broken(|header| header.n_tokens = u64::MAX / 2),
            Err(HeaderError::Counts(u64::MAX / 2, 3))
        );
    }
}
