//! Reading TOML that others wrote: bounded in size, with errors that fit on a line.

use serde::de::DeserializeOwned;

/// Longest text accepted, bytes; our own files are a few kilobytes.
pub const MAX_TOML_BYTES: usize = 1 << 20;

/// Text that is not the TOML expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TomlError {
    /// Longer than [`MAX_TOML_BYTES`].
    #[error("{0} bytes: expected at most 1 MiB")]
    TooLong(usize),
    /// Not TOML, or not the keys and types expected.
    #[error("line {line}: {message}")]
    Invalid {
        /// Line of the mistake, from 1.
        line: usize,
        /// What is wrong, naming the key and what would be accepted.
        message: String,
    },
}

/// Parses `text` after checking its length.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, TomlError> {
    if text.len() > MAX_TOML_BYTES {
        return Err(TomlError::TooLong(text.len()));
    }
    toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.bytes().take(start).filter(|&byte| byte == b'\n').count() + 1;
        let message = error.message().lines().collect::<Vec<_>>().join(" ");
        TomlError::Invalid { line, message }
    })
}
