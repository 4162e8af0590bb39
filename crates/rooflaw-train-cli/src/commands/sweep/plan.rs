//! `rooflaw-train sweep plan`: what a sweep takes, and its plan file.

use super::models::{self, Wanted};
use super::plan_print;
use crate::input;
use anyhow::{Context as _, Result, anyhow, bail};
use rooflaw::device::{self, Device};
use rooflaw_corpus::Corpus;
use rooflaw_sweep::external;
use rooflaw_sweep::plan::price::{Basis, DEFAULT_MFU};
use rooflaw_sweep::plan::{Data, Engine, Plan, Recipe, Training};
use rooflaw_terminal as output;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Architectures × recipes × seeds × data: what it takes, and a plan file.
#[derive(clap::Args)]
#[command(
    after_help = "Arithmetic is three forward passes for each token, attention and head counted. Time is that over --mfu of \
the device's peak rate in the engine's precision (cpu: fp32, cuda: bf16), or over what --measured achieved. Memory is \
weights, gradients, AdamW's moments, and an estimate of what the forward pass keeps.

Examples:
  rooflaw-train sweep plan qwen3-0.6b smollm2-135m-instruct --recipe paper --engine cuda --device h100-sxm-80gb
  rooflaw-train sweep plan --space paper --sample 170 --recipe paper --engine cuda --device h200 --published-hours 13600
  rooflaw-train sweep plan plan/runs.csv --data corpus --recipe small --seeds 1,2 --measured run-001=2400 --out sweep
  rooflaw-train sweep plan small/ --data corpus --recipe small --vary peak_learning_rate=1e-3,3e-3,1e-2 --out rates
  rooflaw-train sweep plan models/ --data corpus --recipe small --external to-train"
)]
pub struct Args {
    /// Built-in models, config.json files, folders of them, tables (runs.csv) or folders of `rooflaw plan-runs --out`
    #[arg(value_name = "MODELS", required_unless_present = "space")]
    models: Vec<String>,
    /// Models drawn from a design space: its name, or a TOML file
    #[arg(long, requires = "sample")]
    space: Option<String>,
    /// How many
    #[arg(long, value_name = "N", requires = "space", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    sample: Option<u32>,
    /// Seed of the draw
    #[arg(long, value_name = "N", default_value_t = 1)]
    sample_seed: u32,
    /// The data set, as `rooflaw data prepare` makes it; may be left out to see prices only
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Recipes, by name or TOML file, separated by commas
    #[arg(long, value_name = "RECIPE", value_delimiter = ',', default_value = "paper")]
    recipe: Vec<String>,
    /// Replace a recipe's value, such as --set training_tokens=1e9; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Every recipe with each of these values, such as --vary peak_learning_rate=1e-3,3e-3
    #[arg(long, value_name = "KEY=VALUE,...")]
    vary: Option<String>,
    /// Seeds of weights and data order, separated by commas
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1")]
    seeds: Vec<u64>,
    /// What trains: cpu (f32), or cuda (bf16, experimental)
    #[arg(long, default_value = "cpu", value_parser = engine)]
    engine: Engine,
    /// Predict times for this device: its name, or a TOML file
    #[arg(long, conflicts_with = "measured")]
    device: Option<String>,
    /// The share of the device's peak rate that training achieves
    #[arg(long, value_name = "SHARE", requires = "device", default_value_t = DEFAULT_MFU)]
    mfu: f64,
    /// Predict times from a measured speed, such as --measured qwen3-0.6b=2400 (tokens/s of one worker)
    #[arg(long, value_name = "MODEL=TOKENS/S")]
    measured: Option<String>,
    /// Device-hours that others report for these runs: prints what share of the device's peak rate they are
    #[arg(long, value_name = "HOURS", requires = "device")]
    published_hours: Option<f64>,
    /// Write the plan to this folder, which will hold the runs too
    #[arg(long, value_name = "DIR", help_heading = "Output", requires = "data")]
    out: Option<PathBuf>,
    /// Write a config.json and a recipe for each run, and a table to fill: for other trainers
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    external: Option<PathBuf>,
    /// Print JSON
    #[arg(long, help_heading = "Output")]
    json: bool,
}

fn engine(text: &str) -> Result<Engine, String> {
    match text {
        "cpu" => Ok(Engine::Cpu),
        "cuda" => Ok(Engine::Cuda),
        _ => Err("expected cpu or cuda".to_owned()),
    }
}

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    let mut wanted = Vec::new();
    for argument in &args.models {
        wanted.extend(models::of(argument)?);
    }
    if let (Some(space), Some(sample)) = (&args.space, args.sample) {
        wanted.extend(models::of_space(space, sample as usize, args.sample_seed)?);
    }
    let (data, vocab_size) = data(args.data.as_deref())?;
    if let Some(vocab_size) = vocab_size {
        check_vocabularies(&wanted, vocab_size)?;
    }
    let trainings = trainings(args, wanted)?;
    let device = args.device.as_deref().map(find_device).transpose()?;
    let basis = basis(args, device.as_ref(), &trainings)?;
    let plan = Plan::of(&trainings, &args.seeds, data, args.engine, basis)?;
    if let Some(folder) = &args.external {
        external::write(&plan, folder)?;
    }
    if let Some(folder) = &args.out {
        write(&plan, folder)?;
    }
    let shown = plan_print::Priced::of(&plan, device.as_ref(), args.published_hours);
    if args.json {
        output::json(&shown)?;
    } else {
        shown.print()?;
        for (folder, what) in [
            (&args.out, "The plan is in {}: `rooflaw-train sweep run {}`."),
            (
                &args.external,
                "{} holds a folder for each run, and README.md says how to bring losses back.",
            ),
        ] {
            if let Some(folder) = folder {
                output::line(&what.replace("{}", &folder.display().to_string()))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A plan that has runs is not replaced by another one.
fn write(plan: &Plan, folder: &Path) -> Result<()> {
    let path = folder.join(super::PLAN);
    if path.exists()
        && folder.join("runs").exists()
        && Plan::read(&path).ok().map(|old| old.id()) != Some(plan.id())
    {
        bail!(
            "--out {}: another plan is there, with runs: expected a new folder",
            folder.display()
        );
    }
    fs::create_dir_all(folder).with_context(|| format!("--out: cannot create {}", folder.display()))?;
    Ok(plan.write(&path)?)
}

fn data(folder: Option<&Path>) -> Result<(Data, Option<u32>)> {
    let Some(folder) = folder else {
        let none = Data {
            path: PathBuf::new(),
            hash: String::new(),
        };
        return Ok((none, None));
    };
    let corpus = Corpus::open(folder).with_context(|| format!("--data {}", folder.display()))?;
    let path = folder
        .canonicalize()
        .with_context(|| format!("--data {}", folder.display()))?;
    let manifest = corpus.manifest();
    let data = Data {
        path,
        hash: manifest.hash.clone(),
    };
    Ok((data, Some(manifest.vocab_size)))
}

fn check_vocabularies(wanted: &[Wanted], vocab_size: u32) -> Result<()> {
    for Wanted { candidate, .. } in wanted {
        let own = candidate.architecture.vocab_size;
        if own < vocab_size {
            bail!(
                "{}: vocab_size = {own}: expected at least {vocab_size}, the words of the data's tokenizer",
                candidate.name
            );
        }
    }
    Ok(())
}

/// Every model with every recipe, or with the tokens that its table says.
fn trainings(args: &Args, wanted: Vec<Wanted>) -> Result<Vec<Training>> {
    let mut recipes = Vec::new();
    for name in &args.recipe {
        let stem = Path::new(name).file_stem().unwrap_or_default();
        let (name, recipe) = (stem.to_string_lossy().into_owned(), input::recipe(name)?);
        let recipe = recipe
            .with(args.set.iter().map(String::as_str))
            .context("--set")?;
        match &args.vary {
            None => recipes.push((name, recipe)),
            Some(vary) => recipes.extend(varied(&name, &recipe, vary)?),
        }
    }
    let mut trainings = Vec::new();
    for Wanted { candidate, tokens } in wanted {
        for (name, recipe) in &recipes {
            let mut name = name.clone();
            let mut recipe = recipe.clone();
            if let Some(tokens) = tokens.filter(|&tokens| tokens != recipe.training_tokens) {
                recipe.training_tokens = tokens;
                recipe.validate().with_context(|| candidate.name.clone())?;
                name = format!("{name}-{}", output::parameters(tokens as u64));
            }
            trainings.push(Training {
                candidate: candidate.clone(),
                recipe: Recipe {
                    name,
                    text: toml::to_string(&recipe).context("a recipe as TOML")?,
                    tokens: recipe.tokens(),
                    sequence_length: recipe.sequence_length,
                    sequences: recipe.micro_batch(),
                },
            });
        }
    }
    Ok(trainings)
}

/// A recipe with each value of a key.
fn varied(name: &str, recipe: &input::Recipe, vary: &str) -> Result<Vec<(String, input::Recipe)>> {
    let wrong = || anyhow!("--vary {vary}: expected a key and values, such as peak_learning_rate=1e-3,3e-3");
    let (key, values) = vary.split_once('=').ok_or_else(wrong)?;
    let one = |value: &str| {
        let assignment = format!("{key}={value}");
        let recipe = recipe.with([assignment.as_str()]).context("--vary")?;
        Ok((format!("{name}-{value}"), recipe))
    };
    values.split(',').map(one).collect()
}

fn find_device(argument: &str) -> Result<Device> {
    let path = Path::new(argument);
    if path.extension().is_none_or(|extension| extension != "toml") {
        return Ok(device::find(argument)?.clone());
    }
    let text = String::from_utf8(input::read(path)?).with_context(|| argument.to_owned())?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    Device::from_toml(&stem, &text).with_context(|| argument.to_owned())
}

fn basis(args: &Args, device: Option<&Device>, trainings: &[Training]) -> Result<Option<Basis>> {
    if let Some(device) = device {
        return Ok(Some(Basis::of_device(device, args.mfu, args.engine.precision())?));
    }
    let Some(measured) = &args.measured else {
        return Ok(None);
    };
    let wrong =
        || anyhow!("--measured {measured}: expected a model of the plan and tokens/s, such as NAME=2400");
    let (name, speed) = measured.rsplit_once('=').ok_or_else(wrong)?;
    let speed = speed.parse().map_err(|_| wrong())?;
    let training = trainings.iter().find(|training| training.candidate.name == name);
    let training = training.ok_or_else(wrong)?;
    let sequence_length = training.recipe.sequence_length;
    let basis = Basis::measured(name, &training.candidate.architecture, sequence_length, speed)?;
    Ok(Some(basis))
}
