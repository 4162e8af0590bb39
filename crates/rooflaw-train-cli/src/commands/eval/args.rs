//! The arguments of `rooflaw eval`.

use crate::commands::data::ReadArgs;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

/// How well a model predicts: the loss of a data set's held-out documents, the perplexity of a text.
#[derive(clap::Args)]
#[command(
    after_help = "CHECKPOINT: a folder with config.json, safetensors and tokenizer.json, as `rooflaw train` and
`save_pretrained` write; or a run's folder, whose finished model it then is.

ON:
  wikitext-2   its test set, given by --text: wiki.test.raw, or wiki.test.tokens
  a folder     a data set of `rooflaw data prepare`: its held-out documents
  a file       any text: .txt .jsonl .parquet and the others of `rooflaw data prepare`

A text is scored document by document by a window that slides half its length at a time; a data set in the
sequences that it is trained in. Intervals are over documents. How, exactly: docs/evaluation.md

Examples:
  rooflaw eval run --on corpus
  rooflaw eval run --on wikitext-2 --text wikitext-2-raw/wiki.test.raw
  rooflaw eval run/checkpoints/step-00001000 --tokenizer corpus/tokenizer.json --on book.txt --json"
)]
pub struct Args {
    /// The model
    pub checkpoint: PathBuf,
    /// What to evaluate it on
    #[arg(long, value_name = "ON")]
    pub on: String,
    /// The text of wikitext-2, or a folder with it
    #[arg(long, value_name = "PATH")]
    pub text: Option<PathBuf>,
    /// The model's tokenizer.json [default: the one beside it, or the data set's]
    #[arg(long, value_name = "FILE")]
    pub tokenizer: Option<PathBuf>,
    /// Tokens of a window [default: of the sequences it was trained on]
    #[arg(long, value_name = "N", help_heading = "Windows")]
    pub window: Option<NonZeroU32>,
    /// Tokens from one window to the next [default: half a window for a text, a whole one for a data set]
    #[arg(long, value_name = "N", help_heading = "Windows")]
    pub stride: Option<NonZeroU32>,
    #[command(flatten)]
    pub read: ReadArgs,
    /// Threads [default: as many as the machine runs at once]
    #[arg(long, value_name = "N", help_heading = "Machine")]
    pub threads: Option<NonZeroUsize>,
    /// Print JSON
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}
