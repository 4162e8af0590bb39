//! `rooflaw-train data verify`: whether a data set is whole.

use crate::{interrupt, output};
use anyhow::Result;
use rooflaw_corpus::{Corpus, CorpusError};
use serde::Serialize;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

/// Whether a data set is whole: all of it is read.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rooflaw data verify corpus
  rooflaw data verify corpus --json")]
pub struct VerifyArgs {
    /// A folder that `rooflaw data prepare` made
    folder: PathBuf,
    /// Print JSON
    #[arg(long, help_heading = "Output")]
    json: bool,
}

/// What was found of a data set that is whole.
#[derive(Serialize)]
struct Summary<'a> {
    folder: String,
    hash: &'a str,
    shards: usize,
    bytes: u64,
}

/// Runs the command.
pub fn run(args: &VerifyArgs) -> Result<()> {
    let corpus = Corpus::open(&args.folder)?;
    let interrupted = interrupt::watched()?;
    let progress = output::Progress::bytes(corpus.bytes());
    let verified = corpus.verify(&mut |bytes| {
        progress.advance(bytes);
        if interrupted.load(Ordering::Relaxed) {
            return Err(CorpusError::Interrupted);
        }
        Ok(())
    });
    progress.finish();
    verified?;
    let manifest = corpus.manifest();
    let summary = Summary {
        folder: args.folder.display().to_string(),
        hash: &manifest.hash,
        shards: manifest.train.shards.len() + manifest.validation.shards.len(),
        bytes: corpus.bytes(),
    };
    if args.json {
        return output::json(&summary);
    }
    output::line(&format!(
        "{} is whole: {} shards of {} bytes, every hash, token and document",
        summary.folder,
        output::thousands(summary.shards as u64),
        output::thousands(summary.bytes)
    ))?;
    output::remark("hash", summary.hash)
}
