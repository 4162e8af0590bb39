//! Files of text, read document by document: memory holds one document at a time.

mod jsonl;
mod parquet;
mod stream;
mod text;

pub use text::articles;

use crate::{CorpusError, digest};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// The longest document, bytes: it has to be in memory as a whole.
pub const MAX_DOCUMENT_BYTES: u64 = 256 << 20;

/// What a document is in a file of plain text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextDocuments {
    /// The file.
    #[default]
    File,
    /// Each line that is not blank.
    Lines,
    /// From a title to the next, as in WikiText: lines ` = Title = `.
    Articles,
}

/// How documents are found in files.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// In plain text.
    pub text: TextDocuments,
    /// The field or column that is the text, in JSON Lines and Parquet.
    pub field: String,
}

impl Default for ReadOptions {
    fn default() -> ReadOptions {
        ReadOptions {
            text: TextDocuments::default(),
            field: "text".to_owned(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Text,
    JsonLines,
    Parquet,
}

/// A file of text: `.txt`, `.md`, `.raw` and `.tokens` (plain), `.jsonl` and `.ndjson`, each also `.zst`; `.parquet`.
#[derive(Clone, Debug)]
pub struct SourceFile {
    path: PathBuf,
    format: Format,
    is_compressed: bool,
    bytes: u64,
    options: ReadOptions,
}

/// A file that was read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceDigest {
    /// SHA-256 of the file as it lies on the disk.
    pub sha256: String,
    /// Its bytes.
    pub bytes: u64,
}

/// Told of each document, and of the bytes of the file read so far.
type Each<'a> = &'a mut dyn FnMut(String, u64) -> Result<ControlFlow<()>, CorpusError>;

impl SourceFile {
    /// A file, its format known from its name.
    ///
    /// # Errors
    /// No such file, or a name with another ending.
    pub fn new(path: &Path, options: &ReadOptions) -> Result<SourceFile, CorpusError> {
        let metadata = fs::metadata(path).map_err(CorpusError::io(path, "read"))?;
        if metadata.is_dir() {
            let what = format!("is a folder: expected files, as in {}/*", path.display());
            return Err(CorpusError::source(path, what));
        }
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        let (stem, is_compressed) = match name.strip_suffix(".zst") {
            Some(stem) => (stem, true),
            None => (name.as_str(), false),
        };
        let format = match Path::new(stem)
            .extension()
            .and_then(|extension| extension.to_str())
        {
            Some("txt" | "md" | "raw" | "tokens") => Format::Text,
            Some("jsonl" | "ndjson") => Format::JsonLines,
            Some("parquet") if !is_compressed => Format::Parquet,
            _ => {
                let what = "expected a name that ends with .txt, .md, .raw, .tokens, .jsonl or .ndjson \
                            (each also .zst), or .parquet";
                return Err(CorpusError::source(path, what));
            }
        };
        Ok(SourceFile {
            path: path.to_path_buf(),
            format,
            is_compressed,
            bytes: metadata.len(),
            options: options.clone(),
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes on the disk.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Reads it document by document, until `each` has had enough.
    ///
    /// # Errors
    /// A file that is not what its name says, and whatever `each` returns.
    pub fn documents(&self, each: Each<'_>) -> Result<(), CorpusError> {
        self.read(each).map(drop)
    }

    /// Reads it document by document to its end, and hashes it.
    ///
    /// # Errors
    /// As [`SourceFile::documents`].
    pub fn documents_hashed(
        &self,
        each: &mut dyn FnMut(String, u64) -> Result<(), CorpusError>,
    ) -> Result<SourceDigest, CorpusError> {
        let digest = self.read(&mut |text, bytes| each(text, bytes).map(ControlFlow::Continue))?;
        match digest {
            Some(digest) => Ok(digest),
            None => Ok(SourceDigest {
                sha256: digest::sha256_file(&self.path, &mut |_| Ok(()))?,
                bytes: self.bytes,
            }),
        }
    }

    /// The digest where the file was read from end to end in one go.
    fn read(&self, each: Each<'_>) -> Result<Option<SourceDigest>, CorpusError> {
        if self.format == Format::Parquet {
            parquet::read(self, each)?;
            return Ok(None);
        }
        let mut stream = stream::Stream::open(self)?;
        let flow = match self.format {
            Format::JsonLines => jsonl::read(self, &mut stream, each)?,
            _ => text::read(self, &mut stream, each)?,
        };
        match flow {
            ControlFlow::Continue(()) => stream.finish().map(Some),
            ControlFlow::Break(()) => Ok(None),
        }
    }

    fn wrong(&self, what: impl Into<String>) -> CorpusError {
        CorpusError::source(&self.path, what)
    }

    fn too_long(&self, line: u64) -> CorpusError {
        self.wrong(format!(
            "the document at line {line} is longer than {} MiB: expected shorter ones; split it",
            MAX_DOCUMENT_BYTES >> 20
        ))
    }
}
