//! `rooflaw-train data`: text to tokens.

mod prepare;
mod read;
mod show;
mod tokenizer;
mod verify;

pub use read::ReadArgs;

use anyhow::Result;
use clap::Subcommand;

/// Text to tokens: tokenizers trained, data sets prepared, shown, verified.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rooflaw data tokenizer prose.jsonl.zst --vocab-size 4096 --out tokenizer.json
  rooflaw data prepare prose-*.jsonl.zst --tokenizer tokenizer.json --out corpus
  rooflaw data show corpus
  rooflaw data verify corpus

The formats: docs/data.md")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Files of text to a data set of tokens, a part of it held out
    Prepare(prepare::PrepareArgs),
    /// Train a tokenizer: byte-level BPE
    Tokenizer(tokenizer::TokenizerArgs),
    /// What is in a data set
    Show(show::ShowArgs),
    /// Whether a data set is whole: all of it is read
    Verify(verify::VerifyArgs),
}

/// Runs the command.
pub fn run(args: &Args) -> Result<()> {
    match &args.command {
        Command::Prepare(args) => prepare::run(args),
        Command::Tokenizer(args) => tokenizer::run(args),
        Command::Show(args) => show::run(args),
        Command::Verify(args) => verify::run(args),
    }
}
