//! `rooflaw export`: a model as files that llama.cpp or `transformers` loads.

use crate::input::{self, ArchitectureFlags, NamedArchitecture};
use crate::output::{self, MeasuredTable, Progress};
use anyhow::{Context as _, Result, bail};
use rooflaw::format::WeightFormat;
use rooflaw_export::{
    ExportError, GgufPlan, GivenWeights, HfPlan, MAX_SHARD_BYTES, Settings, StagedFile, StagedFolder, Weights,
};
use serde::Serialize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A model as a GGUF file or a Hugging Face directory, with random weights or given ones.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rooflaw export qwen3-0.6b --weights Q4_0 --out random.gguf
  rooflaw export design/config.json --format hf --out start
  rooflaw export --from trained --weights Q8_0 --out trained.gguf")]
pub struct Args {
    /// A built-in model's name, a config.json, or a folder that holds one [default: that of --from]
    model: Option<String>,
    /// What to write
    #[arg(long, value_enum, default_value = "gguf")]
    format: Format,
    /// How weights are stored: F16, Q8_0, Q4_0 for gguf; bf16, f32 for hf [default: F16, bf16]
    #[arg(long, value_name = "FORMAT", value_parser = weights)]
    weights: Option<WeightFormat>,
    /// A folder with config.json and safetensors, or one safetensors file, for gguf [default: random weights]
    #[arg(long, value_name = "PATH", conflicts_with_all = ["n_layers", "seed"])]
    from: Option<PathBuf>,
    /// Seed of random weights
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    seed: u64,
    /// The file (gguf) or new folder (hf) to write
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
    #[command(flatten)]
    architecture: ArchitectureFlags,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is written.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// One GGUF file, for llama.cpp
    Gguf,
    /// A folder of config.json and safetensors, for `transformers`
    Hf,
}

/// The name of a weight format, and `f32` as safetensors has it.
fn weights(text: &str) -> Result<WeightFormat, String> {
    if text.eq_ignore_ascii_case("f32") {
        return Ok(WeightFormat::Fp32);
    }
    text.parse()
        .map_err(|error: rooflaw::format::UnknownFormat| error.to_string())
}

/// What will be written, known before it is.
#[derive(Serialize)]
struct Forecast<'a> {
    model: &'a str,
    out: &'a Path,
    format: &'static str,
    /// llama.cpp's architecture, or the model type.
    kind: &'a str,
    weights: WeightFormat,
    parameters: u64,
    tensor_bytes: u64,
    file_bytes: u64,
    files: Vec<(&'a str, u64)>,
    from: Option<&'a Path>,
    seed: Option<u64>,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<()> {
    let mut given = match &args.from {
        Some(_) if args.format == Format::Hf => {
            bail!("--from with --format hf: given weights are exported as gguf only")
        }
        Some(path) => Some(GivenWeights::open(path).context("--from")?),
        None => None,
    };
    let model = model(args, given.as_ref())?;
    let settings = Settings::named(&model.name);
    match args.format {
        Format::Gguf => {
            let weights = args.weights.unwrap_or(WeightFormat::GgufF16);
            let plan = match &given {
                Some(given) => GgufPlan::of_given(given, weights),
                None => GgufPlan::new(&model.architecture, weights, &settings),
            };
            let plan = plan.map_err(|error| named(error, &model.name))?;
            let forecast = Forecast {
                kind: plan.target().name(),
                parameters: plan.parameters(),
                tensor_bytes: plan.tensor_bytes(),
                file_bytes: plan.file_bytes(),
                ..forecast(args, &model, "gguf", weights)
            };
            let mut weights = match &mut given {
                Some(given) => Weights::Given(given),
                None => Weights::Random { seed: args.seed },
            };
            gguf(args, &plan, &mut weights, &forecast)
        }
        Format::Hf => {
            let weights = args.weights.unwrap_or(WeightFormat::Bf16);
            let plan = HfPlan::new(&model.architecture, weights, &settings, MAX_SHARD_BYTES)
                .map_err(|error| named(error, &model.name))?;
            let files = plan.files().iter().map(|file| (file.name.as_str(), file.bytes));
            let forecast = Forecast {
                kind: plan.model_type(),
                parameters: plan.parameters(),
                tensor_bytes: plan.tensor_bytes(),
                file_bytes: plan.file_bytes(),
                files: files.collect(),
                ..forecast(args, &model, "hf", weights)
            };
            hf(args, &plan, &forecast)
        }
    }
}

/// The architecture to export; that of given weights where there are some.
fn model(args: &Args, given: Option<&GivenWeights>) -> Result<NamedArchitecture> {
    let model = match (&args.model, args.architecture.architecture()?) {
        (Some(name), None) => Some(input::model(name)?),
        // clap has refused MODEL together with an architecture's flags.
        (_, Some(architecture)) => Some(NamedArchitecture {
            name: "this architecture".to_owned(),
            architecture,
        }),
        (None, None) => None,
    };
    match (model, given) {
        (Some(model), Some(given)) if model.architecture != *given.architecture() => bail!(
            "--from {} is another architecture than {}: expected its weights, or no MODEL",
            given.folder().display(),
            model.name
        ),
        (Some(model), _) => Ok(model),
        (None, Some(given)) => Ok(NamedArchitecture {
            name: given.settings().name.clone(),
            architecture: *given.architecture(),
        }),
        (None, None) => {
            bail!("which model? Give a name (`rooflaw models` lists them), a config.json, --from, or flags")
        }
    }
}

/// The error with the flag or the model it is about.
fn named(error: ExportError, model: &str) -> anyhow::Error {
    let about = match error {
        ExportError::Format { .. } => "--weights".to_owned(),
        _ => model.to_owned(),
    };
    anyhow::Error::new(error).context(about)
}

fn forecast<'a>(
    args: &'a Args,
    model: &'a NamedArchitecture,
    format: &'static str,
    weights: WeightFormat,
) -> Forecast<'a> {
    Forecast {
        model: &model.name,
        out: &args.out,
        format,
        kind: "",
        weights,
        parameters: 0,
        tensor_bytes: 0,
        file_bytes: 0,
        files: Vec::new(),
        from: args.from.as_deref(),
        seed: args.from.is_none().then_some(args.seed),
    }
}

fn gguf(args: &Args, plan: &GgufPlan, weights: &mut Weights<'_>, forecast: &Forecast<'_>) -> Result<()> {
    let work = Work::begin(args, forecast)?;
    let mut staged = StagedFile::new(&args.out).context("--out")?;
    print(args, forecast)?;
    plan.write(staged.file(), weights, &mut |more| work.advance(more))
        .with_context(|| args.out.display().to_string())?;
    staged.commit().with_context(|| args.out.display().to_string())?;
    work.finish(args, forecast)
}

fn hf(args: &Args, plan: &HfPlan, forecast: &Forecast<'_>) -> Result<()> {
    let work = Work::begin(args, forecast)?;
    let staged = StagedFolder::new(&args.out).context("--out")?;
    print(args, forecast)?;
    let mut weights = Weights::Random { seed: args.seed };
    for file in plan.files() {
        staged
            .create(&file.name)
            .and_then(|mut out| plan.write(file, &mut out, &mut weights, &mut |more| work.advance(more)))
            .with_context(|| args.out.join(&file.name).display().to_string())?;
    }
    staged.commit().with_context(|| args.out.display().to_string())?;
    work.finish(args, forecast)
}

/// The writing under way.
struct Work {
    progress: Progress,
    interrupted: Arc<AtomicBool>,
}

impl Work {
    /// Watches for interrupts, unless the disk has no room for what will be written.
    fn begin(args: &Args, forecast: &Forecast<'_>) -> Result<Work> {
        let parent = args.out.parent().filter(|parent| !parent.as_os_str().is_empty());
        // Where the system does not say, the writing will.
        if let Ok(room) = fs4::available_space(parent.unwrap_or(Path::new(".")))
            && room < forecast.file_bytes
        {
            bail!(
                "--out {}: its disk has {} left, expected {}",
                args.out.display(),
                output::gigabytes(room as f64),
                output::gigabytes(forecast.file_bytes as f64)
            );
        }
        let interrupted = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&interrupted);
        // Before there are temporary files, which an interrupt must let be removed.
        ctrlc::set_handler(move || told.store(true, Ordering::Relaxed))
            .context("cannot watch for interrupts")?;
        Ok(Work {
            progress: Progress::bytes(forecast.file_bytes),
            interrupted,
        })
    }

    fn advance(&self, more: u64) -> ControlFlow<()> {
        self.progress.advance(more);
        if self.interrupted.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn finish(self, args: &Args, forecast: &Forecast<'_>) -> Result<()> {
        let elapsed = self.progress.finish();
        if args.json {
            return output::json(forecast);
        }
        let rate = forecast.file_bytes as f64 / elapsed.as_secs_f64().max(1e-9) / 1e6;
        output::line(&format!(
            "Written to {} in {} ({rate:.0} MB/s)",
            args.out.display(),
            output::seconds(elapsed.as_secs_f64()),
        ))
    }
}

/// Says what will be written.
fn print(args: &Args, forecast: &Forecast<'_>) -> Result<()> {
    if args.json {
        return Ok(());
    }
    output::heading(&format!(
        "{} as {} ({})",
        forecast.model, forecast.format, forecast.kind
    ))?;
    let mut table = MeasuredTable::new(&["", "predicted"], &[0]);
    let mut row = |name: &str, value: String| table.push(vec![name.to_owned(), value]);
    row("parameters", output::thousands(forecast.parameters));
    row("weights", forecast.weights.to_string());
    row("bytes of tensors", output::thousands(forecast.tensor_bytes));
    row("bytes of files", output::thousands(forecast.file_bytes));
    row(
        "values",
        match (forecast.from, forecast.seed) {
            (Some(from), _) => from.display().to_string(),
            (None, seed) => format!("random, seed {}", seed.unwrap_or_default()),
        },
    );
    output::table(&table)
}
