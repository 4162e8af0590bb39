//! `rooflaw measure models`: models through llama-bench, into a table of measurements.

use super::show;
use crate::input::{self, ModelsArgs};
use crate::interrupt;
use crate::output::{self, Folder, Progress};
use anyhow::{Context as _, Result, bail};
use rooflaw::format::{UnknownFormat, WeightFormat};
use rooflaw_measure::{
    CpuTimes, Event, LlamaBench, LoadLimit, Measured, MeasurementFolder, Session, StoppingRule, TABLE, Work,
    default_threads, is_in_memory,
};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Prefill and decode of models, through llama-bench.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rooflaw measure models qwen3-0.6b --llama-bench ./llama-bench
  rooflaw measure models design --weights Q4_0   ten models of its frontier
  rooflaw measure models configs --threads 1     all config.json of a folder
  rooflaw measure models space.toml --sample 20  twenty of a space

Each model is exported with random weights (speed does not depend on them), run
in processes of its own until its medians are known to --spread, and removed.
Rows go to measurements.csv, samples to raw.jsonl, in --out. The same command
goes on from where it was stopped: rows that are there are not measured again.")]
pub struct ModelsCommand {
    #[command(flatten)]
    models: ModelsArgs,
    /// The program llama-bench: a path, or a name in PATH
    #[arg(long, value_name = "PATH", default_value = "llama-bench")]
    llama_bench: PathBuf,
    /// Weight formats: F16, Q8_0, Q4_0
    #[arg(long, value_name = "FORMATS", default_value = "F16,Q8_0,Q4_0", value_delimiter = ',', value_parser = weights)]
    weights: Vec<WeightFormat>,
    /// Folder of the results; goes on with what is there
    #[arg(long, value_name = "DIR", default_value = "measurements")]
    out: PathBuf,
    /// What to call the device in the table [default: what llama-bench calls it]
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    #[command(flatten)]
    lengths: LengthArgs,
    #[command(flatten)]
    repeats: RepeatArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is timed.
#[derive(clap::Args)]
#[command(next_help_heading = "Lengths")]
pub struct LengthArgs {
    /// Tokens of prompts to prefill; 0 for none
    #[arg(long, alias = "prompt", value_name = "TOKENS", default_value = "128", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(0..=MOST_TOKENS))]
    prompt_tokens: Vec<u32>,
    /// Tokens to generate; 0 for none
    #[arg(long, alias = "generate", value_name = "TOKENS", default_value = "32", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(0..=MOST_TOKENS))]
    generated_tokens: Vec<u32>,
    /// Tokens in the KV cache beforehand
    #[arg(long, alias = "depth", value_name = "TOKENS", default_value = "0", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(0..=MOST_TOKENS))]
    context_tokens: Vec<u32>,
    /// CPU threads [default: one for each core; of a plan: llama-bench's own]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub threads: Option<u32>,
}

/// How often.
#[derive(clap::Args)]
#[command(next_help_heading = "Repeats")]
struct RepeatArgs {
    /// Largest standard error of a median, as a share of it
    #[arg(long, value_name = "SHARE", default_value = "2%", value_parser = input::share)]
    spread: f64,
    /// Processes of each model at least
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=1000))]
    min_repeats: u32,
    /// Processes of each model at most
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=1000))]
    max_repeats: u32,
    /// Samples in each process
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    samples: u32,
    /// Longest time of one process
    #[arg(long, value_name = "TIME", default_value = "900s", value_parser = input::seconds)]
    timeout: f64,
    /// Work of other programs from which on the machine counts as busy, as a share of all processors;
    /// 100% for never
    #[arg(long, value_name = "SHARE", default_value = "5%", value_parser = input::share)]
    busy: f64,
    /// How long to wait for a busy machine before each process
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = input::seconds)]
    patience: f64,
}

impl LengthArgs {
    /// Tokens of prompts and to generate, those of 0 left out.
    pub fn lengths(&self) -> Result<(Vec<u32>, Vec<u32>)> {
        let lengths = |tokens: &[u32]| -> Vec<u32> {
            let mut lengths: Vec<u32> = Vec::new();
            for &n in tokens {
                if n > 0 && !lengths.contains(&n) {
                    lengths.push(n);
                }
            }
            lengths
        };
        let (prompt, generate) = (lengths(&self.prompt_tokens), lengths(&self.generated_tokens));
        if prompt.is_empty() && generate.is_empty() {
            bail!(
                "--prompt-tokens 0 --generated-tokens 0 leaves nothing to measure: expected tokens of one of them"
            );
        }
        Ok((prompt, generate))
    }

    /// Depths, each once.
    pub fn depths(&self) -> Vec<u32> {
        let mut depths: Vec<u32> = Vec::new();
        for &depth in &self.context_tokens {
            if !depths.contains(&depth) {
                depths.push(depth);
            }
        }
        depths
    }
}

/// Formats, if none is named twice.
pub fn distinct(formats: &[WeightFormat]) -> Result<Vec<WeightFormat>> {
    let mut distinct: Vec<WeightFormat> = Vec::new();
    for &format in formats {
        if distinct.contains(&format) {
            bail!("--weights names {format} twice");
        }
        distinct.push(format);
    }
    Ok(distinct)
}

/// More than any model's context.
const MOST_TOKENS: i64 = 1 << 20;

/// The formats that are exported.
const FORMATS: [WeightFormat; 3] = [WeightFormat::GgufF16, WeightFormat::Q8_0, WeightFormat::Q4_0];

/// The name of a format that is exported.
pub fn weights(text: &str) -> Result<WeightFormat, String> {
    let format = text.parse().map_err(|error: UnknownFormat| error.to_string())?;
    if FORMATS.contains(&format) {
        return Ok(format);
    }
    Err("expected F16, Q8_0 or Q4_0, which are exported as GGUF".to_owned())
}

/// A model that could not be measured.
#[derive(Debug, Serialize)]
struct Failure {
    model: String,
    weights: WeightFormat,
    error: String,
}

/// What the command did.
#[derive(Serialize)]
struct Report<'a> {
    folder: &'a Path,
    rows: Vec<Measured>,
    failures: Vec<Failure>,
    /// Models and formats that were not come to.
    n_left: usize,
    /// Whether the work of others is seen on this system.
    detects_load: bool,
}

/// Runs the command.
pub fn run(args: &ModelsCommand) -> Result<()> {
    let (prompt, generate) = args.lengths.lengths()?;
    if args.repeats.min_repeats > args.repeats.max_repeats {
        bail!(
            "--min-repeats {} is more than --max-repeats {}",
            args.repeats.min_repeats,
            args.repeats.max_repeats
        );
    }
    let threads = args.lengths.threads.unwrap_or_else(default_threads);
    let bench =
        LlamaBench::find(&args.llama_bench, threads, args.repeats.samples).context("--llama-bench")?;
    let works = works(args)?;
    Folder::check(&args.out)?;
    let interrupted = interrupt::watched()?;
    let session = Session {
        bench,
        prompt,
        generate,
        depth: args.lengths.depths(),
        rule: StoppingRule {
            spread: args.repeats.spread,
            min_repeats: args.repeats.min_repeats as usize,
            max_repeats: args.repeats.max_repeats as usize,
        },
        load_limit: LoadLimit::of(args.repeats.busy),
        patience: Duration::from_secs_f64(args.repeats.patience.min(MOST_SECONDS)),
        time_limit: Duration::from_secs_f64(args.repeats.timeout.min(MOST_SECONDS)),
        device: args.device.clone(),
        seed: u64::from(args.models.seed),
        interrupted: &interrupted,
    };
    let mut folder = MeasurementFolder::open(&args.out)?;
    warn_beforehand(&args.out)?;
    let report = measure(args, &session, &mut folder, &works)?;
    show::warn_of_mixtures(folder.rows())?;
    if args.json {
        output::json(&report)?;
    }
    conclude(args, &report, works.len(), &interrupted)
}

/// A year: longer times are no times.
const MOST_SECONDS: f64 = 3.2e7;

/// Every model in every format.
fn works(args: &ModelsCommand) -> Result<Vec<Work>> {
    let formats = distinct(&args.weights)?;
    let models = args.models.models()?;
    let in_formats = models.into_iter().flat_map(|model| {
        formats.iter().map(move |&weights| Work {
            model: model.clone(),
            weights,
        })
    });
    Ok(in_formats.collect())
}

fn warn_beforehand(out: &Path) -> Result<()> {
    if is_in_memory(out) {
        output::warning(&format!(
            "--out {} is in memory (tmpfs), where models run at another speed than from a disk",
            out.display()
        ))?;
    }
    if CpuTimes::now().is_none() {
        output::warning("whether others use the machine is not seen on this system: keep it quiet")?;
    }
    Ok(())
}

fn measure<'a>(
    args: &'a ModelsCommand,
    session: &Session<'_>,
    folder: &mut MeasurementFolder,
    works: &[Work],
) -> Result<Report<'a>> {
    let mut report = Report {
        folder: &args.out,
        rows: Vec::new(),
        failures: Vec::new(),
        n_left: 0,
        detects_load: CpuTimes::now().is_some(),
    };
    let progress = Progress::work(works.len() as u64);
    for (index, work) in works.iter().enumerate() {
        let name = format!("{} {}", work.model.name, work.weights);
        let mut tell = |event: Event| {
            progress.say(format!("{name}: {}", show::event(event)));
        };
        let found = session.measure(folder, work, &mut tell);
        progress.advance(1);
        match found {
            Ok(outcome) => {
                if !args.json {
                    progress.aside(|| output::line(&show::outcome(&name, &outcome)))?;
                }
                report.rows.extend(outcome.rows);
            }
            Err(error) if error.is_fatal() => {
                report.n_left = works.len() - index;
                if error.is_interrupt() {
                    break;
                }
                return Err(anyhow::Error::new(error).context(name));
            }
            Err(error) => {
                progress.aside(|| output::warning(&format!("{name}: {error}")))?;
                report.failures.push(Failure {
                    model: work.model.name.clone(),
                    weights: work.weights,
                    error: error.to_string(),
                });
            }
        }
    }
    progress.finish();
    Ok(report)
}

/// What came of it, as text and as an exit code.
fn conclude(
    args: &ModelsCommand,
    report: &Report<'_>,
    n_works: usize,
    interrupted: &AtomicBool,
) -> Result<()> {
    let table = args.out.join(TABLE);
    let done = n_works - report.n_left - report.failures.len();
    if interrupted.load(std::sync::atomic::Ordering::Relaxed) {
        bail!(
            "interrupted: {done} of {n_works} are measured, in {}; the same command goes on from there",
            table.display()
        );
    }
    if !report.failures.is_empty() {
        let names: Vec<String> = report
            .failures
            .iter()
            .map(|failure| format!("{} {}", failure.model, failure.weights))
            .collect();
        bail!(
            "{} of {n_works} could not be measured: {} (why is said above, and in raw.jsonl); {done} are in {}; the \
             same command tries the others again",
            report.failures.len(),
            names.join(", "),
            table.display()
        );
    }
    if args.json {
        return Ok(());
    }
    output::line(&format!("{n_works} measured: {}", table.display()))
}
