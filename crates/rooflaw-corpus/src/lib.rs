//! Text to tokens to memory-mapped shards that models are trained on.
//!
//! [`prepare`] makes a folder of text files: shards of tokens, the tokenizer, and a [`Manifest`] with counts and hashes.
//! [`Corpus`] opens it, [`Sampler`] cuts and shuffles sequences. Nothing here knows a model.

mod corpus;
mod digest;
mod error;
mod manifest;
mod permutation;
mod prepare;
mod sampler;
mod shard;
mod source;
mod split;
mod tokenizer;

pub use corpus::{Corpus, Document};
pub use error::CorpusError;
pub use manifest::{
    Dropped, HeldOut, MANIFEST, Manifest, ManifestError, ShardRecord, SourceRecord, SplitRecord, TOKENIZER,
    TokenizerRecord,
};
pub use prepare::{Plan, Progress, prepare};
pub use sampler::Sampler;
pub use shard::{Entry, Header, HeaderError, Shard};
pub use source::{MAX_DOCUMENT_BYTES, ReadOptions, SourceDigest, SourceFile, TextDocuments, articles};
pub use split::Split;
pub use tokenizer::{END_OF_TEXT, Tokenizer};
