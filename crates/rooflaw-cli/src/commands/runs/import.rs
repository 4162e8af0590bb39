//! `rooflaw runs import`: from the logs of trainers to a table.

use super::Warning;
use crate::input::{self, Logs};
use crate::output;
use anyhow::{Result, bail};
use rooflaw::runs::import::{Imported, Options, TokenSource, table};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// A table from the logs of trainers.
#[derive(clap::Args)]
#[command(after_help = "Logs:
  trainer_state.json        Hugging Face Trainer, with include_num_input_tokens_seen
  events.out.tfevents.*     TensorBoard scalars
  *.csv                     Weights & Biases: the runs table, or a chart against steps or tokens
  a folder                  all of the first two kinds in it; a run is called after its folder

Examples:
  rooflaw runs import out/ --out runs.csv --unit nats/token --tokenizer gpt2
  rooflaw runs import out/small/trainer_state.json --last
  rooflaw runs import wandb_export.csv --loss eval/loss --tokens-per-step 524288 --out runs.jsonl
  rooflaw runs import logs/ --config config.json --out runs.csv")]
pub struct ImportArgs {
    /// Logs, and folders that hold some
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The scalar that is the loss [default: eval_loss, eval/loss, val_loss, …, loss]
    #[arg(long, value_name = "TAG")]
    loss: Option<String>,
    /// Tokens of an optimiser step, where no scalar counts them: 524288, 0.5M
    #[arg(long, value_name = "N", value_parser = input::count, allow_negative_numbers = true)]
    tokens_per_step: Option<f64>,
    /// The architecture of all runs: a config.json or a built-in model's name [default: the config.json beside each log]
    #[arg(long, value_name = "PATH")]
    config: Option<String>,
    /// Leave aside any config.json beside a log
    #[arg(long, conflicts_with = "config")]
    no_config: bool,
    /// What the loss is measured in: nats/token, bits/byte, …
    #[arg(long)]
    unit: Option<String>,
    /// The tokenizer that the loss is counted in
    #[arg(long, value_name = "NAME")]
    tokenizer: Option<String>,
    /// Only the last checkpoint of each run
    #[arg(long)]
    last: bool,
    /// Write the table here, as CSV or JSON Lines (.jsonl), instead of CSV to standard output
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    out: Option<PathBuf>,
    /// Print what was done as JSON
    #[arg(long, requires = "out", help_heading = "Output")]
    json: bool,
}

/// What was done.
#[derive(Serialize)]
struct Summary<'a> {
    out: String,
    rows: usize,
    runs: usize,
    loss: &'a [String],
    tokens: &'a TokenSource,
    digest: String,
    warnings: &'a [Warning],
}

/// Runs the command.
pub fn run(args: &ImportArgs) -> Result<()> {
    let out = match &args.out {
        Some(path) => Some((output::File::new(path)?, format_of(path)?)),
        None => None,
    };
    let config = args.config.as_deref().map(input::model).transpose()?;
    let beside = config.is_none() && !args.no_config;
    let Logs { mut runs, warnings } = input::find_logs(&args.paths, beside)?;
    if let Some(config) = config {
        for run in &mut runs {
            run.architecture = Some(config.architecture);
        }
    }
    let options = Options {
        loss: args.loss.clone(),
        tokens_per_step: args.tokens_per_step,
        last: args.last,
        unit: args.unit.clone(),
        tokenizer: args.tokenizer.clone(),
    };
    let imported = table(&runs, &options)?;
    let mut warnings: Vec<Warning> = warnings.iter().map(|text| Warning::new("copies", text)).collect();
    warnings.extend(
        imported
            .warnings
            .iter()
            .map(|warning| Warning::new(warning.name(), warning)),
    );
    let Some((file, format)) = out else {
        output::raw(&imported.table.to_csv()?)?;
        output::note(&decided(&imported))?;
        return super::warn(&warnings);
    };
    file.write(&match format {
        Format::Csv => imported.table.to_csv()?,
        Format::JsonLines => imported.table.to_jsonl()?,
    })?;
    let path = args.out.as_deref().unwrap_or(Path::new("")).display();
    if args.json {
        return output::json(&Summary {
            out: path.to_string(),
            rows: imported.table.n_rows(),
            runs: imported.table.n_runs(),
            loss: &imported.loss,
            tokens: &imported.tokens,
            digest: imported.table.digest(),
            warnings: &warnings,
        });
    }
    output::line(&format!("Written to {path}: {}", super::size(&imported.table)))?;
    output::line(&decided(&imported))?;
    super::warn(&warnings)
}

/// How a table is written.
enum Format {
    Csv,
    JsonLines,
}

fn format_of(path: &Path) -> Result<Format> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    match extension {
        Some("csv") => Ok(Format::Csv),
        Some("jsonl" | "ndjson") => Ok(Format::JsonLines),
        _ => bail!(
            "--out {}: expected a name that ends with .csv or .jsonl",
            path.display()
        ),
    }
}

/// Which scalars became loss and tokens.
fn decided(imported: &Imported) -> String {
    let quoted = |names: &[String]| {
        let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        quoted.join(", ")
    };
    let tokens = match &imported.tokens {
        TokenSource::Scalars(names) => quoted(names),
        TokenSource::PerStep(tokens) => format!("{tokens} a step"),
    };
    format!("loss: {}; tokens: {tokens}", quoted(&imported.loss))
}
