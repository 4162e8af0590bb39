//! SHA-256 of files and texts.

use crate::CorpusError;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// Bytes read at a time.
const CHUNK: usize = 1 << 20;

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 of a whole file, `advance` told of each part read.
pub(crate) fn sha256_file(
    path: &Path,
    advance: &mut dyn FnMut(u64) -> Result<(), CorpusError>,
) -> Result<String, CorpusError> {
    let mut file = File::open(path).map_err(CorpusError::io(path, "read"))?;
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = file.read(&mut chunk).map_err(CorpusError::io(path, "read"))?;
        if read == 0 {
            return Ok(hex(&hasher.finalize()));
        }
        hasher.update(&chunk[..read]);
        advance(read as u64)?;
    }
}

/// What tells documents apart: 128 bits of the SHA-256 of their words, each run of white space one space, so that copies
/// laid out otherwise are still known.
pub(crate) fn document(text: &str) -> u128 {
    let mut hasher = Sha256::new();
    for (index, word) in text.split_whitespace().enumerate() {
        if index > 0 {
            hasher.update(b" ");
        }
        hasher.update(word.as_bytes());
    }
    let mut first = [0; 16];
    first.copy_from_slice(&hasher.finalize()[..16]);
    u128::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_digests() {
        // FIPS 180-4, the example of one block.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(b"abc"), expected);
        assert_eq!(
            document(" abc\n"),
            u128::from_str_radix(&expected[..32], 16).unwrap()
        );
        assert_eq!(document("a  b\n\nc"), document(" a b c "));
        assert_ne!(document("a b"), document("ab"));
    }
}
