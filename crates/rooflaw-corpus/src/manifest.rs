//! `manifest.json`: what a data set holds, and from what it was made.

use crate::shard::Header;
use crate::{Split, digest};
use serde::{Deserialize, Serialize};

/// Its name in the folder.
pub const MANIFEST: &str = "manifest.json";

/// The tokenizer's name in the folder.
pub const TOKENIZER: &str = "tokenizer.json";

/// The largest manifest, bytes: some 200,000 shards and sources.
pub(crate) const MAX_BYTES: u64 = 64 << 20;

/// The version of manifest and shards.
const VERSION: u32 = 1;

/// What a data set holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Of the format.
    pub version: u32,
    /// SHA-256 of all else that is in here, and so of the whole data set: of this manifest as compact JSON, this field empty.
    pub hash: String,
    /// Words of the vocabulary: every token is below.
    pub vocab_size: u32,
    /// Bytes of a token in the shards: 2 or 4.
    pub token_bytes: u32,
    /// The tokenizer.
    pub tokenizer: TokenizerRecord,
    /// What is trained on.
    pub train: SplitRecord,
    /// What is held out.
    pub validation: SplitRecord,
    /// How the held-out documents were chosen.
    pub held_out: HeldOut,
    /// The files that it was made from, in order.
    pub sources: Vec<SourceRecord>,
    /// Evaluation texts whose documents were kept out of training.
    pub excluded: Vec<SourceRecord>,
    /// Documents that are in no split.
    pub dropped: Dropped,
}

/// A tokenizer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenizerRecord {
    /// SHA-256 of the `tokenizer.json`.
    pub sha256: String,
    /// The token that ends a document.
    pub end_of_text: u32,
    /// How it is written.
    pub end_of_text_token: String,
}

/// A split.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitRecord {
    /// Tokens, the end of each document among them.
    pub tokens: u64,
    /// Documents.
    pub documents: u64,
    /// Bytes of their text, UTF-8.
    pub bytes: u64,
    /// Its files, in order.
    pub shards: Vec<ShardRecord>,
}

/// A shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardRecord {
    /// Its name in the folder.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Tokens.
    pub tokens: u64,
    /// Documents.
    pub documents: u64,
    /// Bytes of their text.
    pub bytes: u64,
}

/// How held-out documents were chosen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by", deny_unknown_fields)]
pub enum HeldOut {
    /// Files of their own.
    Files,
    /// A share of all documents, by the hash of the text: copies of a document are on the same side.
    Hash {
        /// The share, 0 to 1.
        share: f64,
    },
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceRecord {
    /// Its name, without folders.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Bytes of the file.
    pub bytes: u64,
    /// Documents in it, blank ones not counted.
    pub documents: u64,
    /// What it was given for; `None` of an excluded text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub split: Option<Split>,
}

/// Documents that are in no split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropped {
    /// Without any text.
    pub blank: u64,
    /// Copies of held-out documents in the files to train on.
    pub copies_of_validation: u64,
    /// Documents of the excluded texts in the files to train on.
    pub copies_of_excluded: u64,
}

/// Why a manifest is refused.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// No JSON, or other fields.
    #[error("{0}: expected the manifest of a data set that `rooflaw data prepare` made")]
    Json(#[from] serde_json::Error),
    /// Another version.
    #[error("version {0}: expected {VERSION}; prepare the data set again")]
    Version(u32),
    /// It was changed since it was written.
    #[error("its hash is {found}, it says {said}: it was changed; prepare the data set again")]
    Hash {
        /// What it says.
        said: String,
        /// What it is.
        found: String,
    },
    /// It contradicts itself.
    #[error("{field}: {what}")]
    Field {
        /// Where.
        field: String,
        /// What is wrong.
        what: String,
    },
}

impl Manifest {
    /// Reads a manifest, whose hash and counts are checked.
    ///
    /// # Errors
    /// Anything else than what [`Manifest::to_json`] wrote.
    pub fn from_json(json: &[u8]) -> Result<Manifest, ManifestError> {
        let manifest: Manifest = serde_json::from_slice(json)?;
        if manifest.version != VERSION {
            return Err(ManifestError::Version(manifest.version));
        }
        let found = manifest.digest()?;
        if found != manifest.hash {
            let said = manifest.hash;
            return Err(ManifestError::Hash { said, found });
        }
        manifest.check()?;
        Ok(manifest)
    }

    /// The manifest as it is written.
    ///
    /// # Errors
    /// A share that is no number.
    pub fn to_json(&self) -> Result<String, ManifestError> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// The same with its hash.
    ///
    /// # Errors
    /// As [`Manifest::to_json`].
    pub fn sealed(mut self) -> Result<Manifest, ManifestError> {
        self.version = VERSION;
        self.hash = self.digest()?;
        self.check()?;
        Ok(self)
    }

    /// A split.
    #[must_use]
    pub const fn split(&self, split: Split) -> &SplitRecord {
        match split {
            Split::Train => &self.train,
            Split::Validation => &self.validation,
        }
    }

    fn digest(&self) -> Result<String, ManifestError> {
        let plain = Manifest {
            hash: String::new(),
            ..self.clone()
        };
        Ok(digest::sha256(&serde_json::to_vec(&plain)?))
    }

    fn check(&self) -> Result<(), ManifestError> {
        let wrong = |field: &str, what: String| {
            let field = field.to_owned();
            Err(ManifestError::Field { field, what })
        };
        if self.vocab_size == 0 || self.token_bytes != Header::token_bytes_of(self.vocab_size) {
            let what = format!("{} with a vocabulary of {}", self.token_bytes, self.vocab_size);
            return wrong("token_bytes", what);
        }
        let end = self.tokenizer.end_of_text;
        if end >= self.vocab_size {
            let what = format!("{end} is outside of the vocabulary of {}", self.vocab_size);
            return wrong("tokenizer.end_of_text", what);
        }
        for split in Split::ALL {
            let record = self.split(split);
            for shard in &record.shards {
                // Names come from a file that anybody may have written: none leads out of the folder.
                let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
                if !shard.file.chars().all(is_plain) || !shard.file.starts_with(split.name()) {
                    let what = format!("`{}`: expected {split}-00000.tokens and so on", shard.file);
                    return wrong(&format!("{split}.shards"), what);
                }
            }
            let sum = |of: fn(&ShardRecord) -> u64| {
                record
                    .shards
                    .iter()
                    .try_fold(0_u64, |sum, shard| sum.checked_add(of(shard)))
            };
            let counts = [
                ("tokens", record.tokens, sum(|shard| shard.tokens)),
                ("documents", record.documents, sum(|shard| shard.documents)),
                ("bytes", record.bytes, sum(|shard| shard.bytes)),
            ];
            for (name, said, sum) in counts {
                if sum != Some(said) {
                    let what = format!("{said}, which is not the sum over its shards");
                    return wrong(&format!("{split}.{name}"), what);
                }
            }
        }
        Ok(())
    }
}
