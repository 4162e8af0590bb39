//! `rooflaw-train data prepare`: files of text to a data set.

use super::read::{Documents, ReadArgs};
use super::show;
use crate::{interrupt, output};
use anyhow::{Context as _, Result};
use rooflaw_corpus::{CorpusError, Manifest, Plan, Tokenizer, prepare};
use serde::Serialize;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

/// Files of text to a data set of tokens, a part of it held out.
#[derive(clap::Args)]
#[command(
    after_help = "Files: .txt .md .raw .tokens (plain), .jsonl .ndjson, each also .zst; .parquet

Copies of held-out documents, and of documents of --exclude, are left out of what is trained on.

Examples:
  rooflaw data prepare prose-*.jsonl.zst --tokenizer tokenizer.json --out corpus
  rooflaw data prepare train.parquet --validation valid.parquet --tokenizer tokenizer.json --out corpus
  rooflaw data prepare prose.jsonl --exclude wiki.test.raw --tokenizer tokenizer.json --out corpus
  rooflaw data prepare wiki.train.raw --text-documents articles --held-out 0.05 \\
      --tokenizer tokenizer.json --out corpus"
)]
pub struct PrepareArgs {
    /// Files to train on
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The tokenizer, a tokenizer.json of Hugging Face
    #[arg(long, value_name = "FILE")]
    tokenizer: PathBuf,
    /// Files to hold out
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "held_out")]
    validation: Vec<PathBuf>,
    /// The share of documents to hold out where no files are, chosen by the hash of their text; 0 for none
    #[arg(
        long,
        value_name = "SHARE",
        default_value_t = 0.01,
        allow_negative_numbers = true
    )]
    held_out: f64,
    /// Evaluation texts, whose documents (articles in plain text) must not be trained on
    #[arg(long, value_name = "FILE", num_args = 1..)]
    exclude: Vec<PathBuf>,
    /// The token that ends a document [default: <|endoftext|> or another usual one]
    #[arg(long, value_name = "TOKEN")]
    end_of_text: Option<String>,
    /// Tokens of a shard
    #[arg(long, value_name = "N", default_value_t = Plan::SHARD_TOKENS, value_parser = clap::value_parser!(u64).range(1..))]
    shard_tokens: u64,
    /// Threads [default: one for each processor]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    #[command(flatten)]
    read: ReadArgs,
    /// The folder to make
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    out: PathBuf,
    /// Print the manifest as JSON
    #[arg(long, help_heading = "Output")]
    json: bool,
}

/// What was made.
#[derive(Serialize)]
struct Summary<'a> {
    out: String,
    seconds: f64,
    manifest: &'a Manifest,
}

/// Runs the command.
pub fn run(args: &PrepareArgs) -> Result<()> {
    if let Some(threads) = args.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads.get())
            .build_global()
            .context("--threads")?;
    }
    let tokenizer = Tokenizer::open(&args.tokenizer, args.end_of_text.as_deref())?;
    let plan = Plan {
        train: args.read.files(&args.files)?,
        validation: args.read.files(&args.validation)?,
        held_out_share: args.held_out,
        excluded: args.read.files_of(&args.exclude, Documents::Articles)?,
        tokenizer: &tokenizer,
        shard_tokens: args.shard_tokens,
    };
    let interrupted = interrupt::watched()?;
    let progress = output::Progress::bytes(plan.bytes());
    let mut done = 0;
    let manifest = prepare(&plan, &args.out, &mut |state| {
        progress.advance(state.bytes.saturating_sub(done));
        done = done.max(state.bytes);
        if interrupted.load(Ordering::Relaxed) {
            return Err(CorpusError::Interrupted);
        }
        Ok(())
    });
    let seconds = progress.finish().as_secs_f64();
    let manifest = manifest?;
    let out = args.out.display().to_string();
    if args.json {
        return output::json(&Summary {
            out,
            seconds,
            manifest: &manifest,
        });
    }
    output::heading(&format!("{out} in {}", output::seconds(seconds)))?;
    show::splits(&manifest)?;
    show::dropped(&manifest)?;
    output::line("")?;
    output::remark("hash", &manifest.hash)
}
