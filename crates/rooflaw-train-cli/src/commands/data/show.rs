//! `rooflaw-train data show`: what is in a data set.

use crate::output::{self, MeasuredTable, thousands};
use anyhow::Result;
use rooflaw_corpus::{Corpus, HeldOut, Manifest, Split};
use serde::Serialize;
use std::path::PathBuf;

/// Most tokens that are shown.
const MAX_SAMPLE: u16 = 10_000;

/// What is in a data set.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rooflaw data show corpus
  rooflaw data show corpus --sample 200 --split validation
  rooflaw data show corpus --json")]
pub struct ShowArgs {
    /// A folder that `rooflaw data prepare` made
    folder: PathBuf,
    /// Tokens of the first documents to show as text
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u16).range(0..=i64::from(MAX_SAMPLE)))]
    sample: u16,
    /// Of which split
    #[arg(long, value_name = "SPLIT", default_value = "train", value_parser = ["train", "validation"])]
    split: String,
    /// Print JSON
    #[arg(long, help_heading = "Output")]
    json: bool,
}

/// What is said of a data set.
#[derive(Serialize)]
struct Summary<'a> {
    manifest: &'a Manifest,
    sample_tokens: &'a [u32],
    sample: &'a str,
}

/// Runs the command.
pub fn run(args: &ShowArgs) -> Result<()> {
    let corpus = Corpus::open(&args.folder)?;
    let manifest = corpus.manifest();
    let split = match args.split.as_str() {
        "validation" => Split::Validation,
        _ => Split::Train,
    };
    let there = usize::try_from(manifest.split(split).tokens).unwrap_or(usize::MAX);
    let mut tokens = vec![0; usize::from(args.sample).min(there)];
    corpus.read(split, 0, &mut tokens)?;
    let sample = corpus.tokenizer()?.decode(&tokens)?;
    if args.json {
        return output::json(&Summary {
            manifest,
            sample_tokens: &tokens,
            sample: &sample,
        });
    }
    output::heading(&format!("{}", args.folder.display()))?;
    splits(manifest)?;
    dropped(manifest)?;
    output::line("")?;
    output::line(&held_out(manifest))?;
    output::remark("excluded", &names(manifest))?;
    output::line(&format!(
        "{} source files; vocabulary of {}, {} bytes a token, documents end with {}",
        manifest.sources.len(),
        thousands(u64::from(manifest.vocab_size)),
        manifest.token_bytes,
        manifest.tokenizer.end_of_text_token
    ))?;
    output::remark("tokenizer", &manifest.tokenizer.sha256)?;
    output::remark("hash", &manifest.hash)?;
    if tokens.is_empty() {
        return Ok(());
    }
    output::line("")?;
    output::heading(&format!("the first {} tokens of {split}", tokens.len()))?;
    output::line(&sample)
}

/// The table of splits.
pub fn splits(manifest: &Manifest) -> Result<()> {
    let headers = ["split", "documents", "tokens", "bytes", "tokens/byte", "shards"];
    let mut table = MeasuredTable::new(&headers, &[0]);
    for split in Split::ALL {
        let record = manifest.split(split);
        let rate = if record.bytes == 0 {
            "–".to_owned()
        } else {
            format!("{:.4}", record.tokens as f64 / record.bytes as f64)
        };
        table.push(vec![
            split.to_string(),
            thousands(record.documents),
            thousands(record.tokens),
            thousands(record.bytes),
            rate,
            thousands(record.shards.len() as u64),
        ]);
    }
    output::table(&table)
}

/// What is in no split, if anything.
pub fn dropped(manifest: &Manifest) -> Result<()> {
    let dropped = &manifest.dropped;
    let all = [
        (dropped.blank, "blank"),
        (
            dropped.copies_of_validation,
            "copies of held-out ones, not to be trained on",
        ),
        (
            dropped.copies_of_excluded,
            "of the excluded texts, not to be trained on",
        ),
    ];
    let said: Vec<String> = all
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", thousands(*count)))
        .collect();
    output::remark("documents left out", &said.join("; "))
}

fn held_out(manifest: &Manifest) -> String {
    match manifest.held_out {
        HeldOut::Files => "held out: files of their own".to_owned(),
        HeldOut::Hash { share } => {
            format!("held out: a share of {share} of the documents, by the hash of their text")
        }
    }
}

fn names(manifest: &Manifest) -> String {
    let files = manifest.excluded.iter();
    let names: Vec<String> = files
        .map(|source| format!("{} ({} documents)", source.file, thousands(source.documents)))
        .collect();
    names.join(", ")
}
