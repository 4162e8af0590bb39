//! `rooflaw-train data tokenizer`: byte-level BPE trained.

use super::read::ReadArgs;
use crate::output;
use anyhow::{Result, bail};
use rooflaw_corpus::Tokenizer;
use serde::Serialize;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// Train a tokenizer: byte-level BPE.
#[derive(clap::Args)]
#[command(
    after_help = "The same documents give the same tokenizer. It keeps every text as it is: no prefix space, no
normalisation; token 0 is <|endoftext|>.

Examples:
  rooflaw data tokenizer prose.jsonl.zst --vocab-size 4096 --out tokenizer.json
  rooflaw data tokenizer *.parquet --vocab-size 32000 --sample-mb 200 --out tokenizer.json"
)]
pub struct TokenizerArgs {
    /// Files of text
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Words of the vocabulary, 256 bytes and <|endoftext|> among them
    #[arg(long, value_name = "N")]
    vocab_size: u32,
    /// Text to learn from, MB: documents from the start of the files on until there are as many
    #[arg(long, value_name = "MB", default_value_t = 40, value_parser = clap::value_parser!(u64).range(1..=16_000))]
    sample_mb: u64,
    #[command(flatten)]
    read: ReadArgs,
    /// The tokenizer.json to write
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    out: PathBuf,
    /// Print what was done as JSON
    #[arg(long, help_heading = "Output")]
    json: bool,
}

/// What was done.
#[derive(Serialize)]
struct Summary {
    out: String,
    vocab_size: u32,
    documents: usize,
    bytes: usize,
    sha256: String,
}

/// Runs the command.
pub fn run(args: &TokenizerArgs) -> Result<()> {
    let file = output::File::new(&args.out)?;
    let limit = usize::try_from(args.sample_mb.saturating_mul(1_000_000))?;
    let (mut documents, mut bytes) = (Vec::new(), 0);
    let progress = output::Progress::bytes(limit as u64);
    for source in args.read.files(&args.files)? {
        source.documents(&mut |text, _| {
            if bytes >= limit {
                return Ok(ControlFlow::Break(()));
            }
            bytes += text.len();
            progress.advance(text.len() as u64);
            documents.push(text);
            Ok(ControlFlow::Continue(()))
        })?;
    }
    progress.finish();
    if documents.is_empty() {
        bail!("the files have no document: expected text");
    }
    let tokenizer = Tokenizer::train(&documents, args.vocab_size)?;
    file.write(std::str::from_utf8(tokenizer.json())?)?;
    let summary = Summary {
        out: args.out.display().to_string(),
        vocab_size: tokenizer.vocab_size(),
        documents: documents.len(),
        bytes,
        sha256: tokenizer.sha256().to_owned(),
    };
    if args.json {
        return output::json(&summary);
    }
    let thousands = output::thousands;
    output::line(&format!(
        "Written to {}: {} words, learnt from {} documents of {} bytes",
        summary.out,
        thousands(u64::from(summary.vocab_size)),
        thousands(documents.len() as u64),
        thousands(bytes as u64)
    ))?;
    output::remark("SHA-256", &summary.sha256)
}
