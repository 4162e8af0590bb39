//! `rooflaw measure plan`: a folder with which another machine measures models.

use super::models::{LengthArgs, weights};
use crate::input::ModelsArgs;
use crate::interrupt;
use crate::output::{self, Folder, MeasuredTable, Progress};
use anyhow::{Context as _, Result, anyhow, bail};
use rooflaw::format::WeightFormat;
use rooflaw_export::{StagedFile, Weights};
use rooflaw_measure::{Bundle, BundleModel};
use serde::Serialize;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// A folder with which another machine measures models by itself.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rooflaw measure plan design --out pi                  its frontier
  rooflaw measure plan qwen3-0.6b --weights Q4_0 --with-models --out phone
  rooflaw calibrate pi/results --device raspberry-pi-5  with what came back

The folder holds configurations, a script with the commands of llama-bench and
vLLM, and a README that says what to run there and what to bring back. The
script writes models with `rooflaw export`, unless --with-models puts them into
the folder.")]
pub struct PlanArgs {
    #[command(flatten)]
    models: ModelsArgs,
    /// Weight formats for llama-bench: F16, Q8_0, Q4_0
    #[arg(long, value_name = "FORMATS", default_value = "F16,Q8_0,Q4_0", value_delimiter = ',', value_parser = weights)]
    weights: Vec<WeightFormat>,
    /// The folder to write
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Write the GGUF files too, for a device without rooflaw
    #[arg(long)]
    with_models: bool,
    #[command(flatten)]
    lengths: LengthArgs,
    /// Samples in each process of llama-bench
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    samples: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was written.
#[derive(Serialize)]
struct Report<'a> {
    folder: &'a Path,
    files: Vec<String>,
    gguf: &'a [BundleModel],
    with_models: bool,
}

/// Runs the command.
pub fn run(args: &PlanArgs) -> Result<()> {
    let (prompt, generate) = args.lengths.lengths()?;
    let bundle = Bundle {
        models: args.models.models()?,
        weights: super::models::distinct(&args.weights)?,
        prompt,
        generate,
        depth: args.lengths.depths(),
        threads: args.lengths.threads,
        samples: args.samples,
        seed: args.models.seed,
    };
    let gguf = bundle.gguf_files()?;
    let files = bundle.files(args.with_models)?;
    Folder::check(&args.out)?;
    let mut folder = Folder::new(&args.out)?;
    for (name, contents) in &files {
        folder.add(name, contents)?;
    }
    folder.commit()?;
    if args.with_models {
        write_models(args, &bundle, &gguf)?;
    }
    if args.json {
        return output::json(&Report {
            folder: &args.out,
            files: files.into_iter().map(|(name, _)| name).collect(),
            gguf: &gguf,
            with_models: args.with_models,
        });
    }
    print(args, &gguf)
}

/// Writes the models that are not there yet, whole or not at all.
fn write_models(args: &PlanArgs, bundle: &Bundle, gguf: &[BundleModel]) -> Result<()> {
    let interrupted = interrupt::watched()?;
    let models = args.out.join("models");
    fs::create_dir_all(&models).with_context(|| format!("cannot create {}", models.display()))?;
    let path = |file: &BundleModel| models.join(format!("{}.{}.gguf", file.model, file.weights));
    let is_there =
        |file: &&BundleModel| fs::metadata(path(file)).is_ok_and(|there| there.len() == file.file_bytes);
    let missing: Vec<&BundleModel> = gguf.iter().filter(|file| !is_there(file)).collect();
    let needed: u64 = missing.iter().map(|file| file.file_bytes).sum();
    // Where the system does not say, the writing will.
    if let Ok(room) = fs4::available_space(&args.out)
        && room < needed
    {
        bail!(
            "--out {}: its disk has {} left, --with-models takes {}",
            args.out.display(),
            output::gigabytes(room as f64),
            output::gigabytes(needed as f64)
        );
    }
    let progress = Progress::bytes(needed);
    for file in missing {
        let model = bundle.models.iter().find(|model| model.name == file.model);
        let model = model.ok_or_else(|| anyhow!("no model {}", file.model))?;
        let path = path(file);
        let shown = || path.display().to_string();
        let mut staged = StagedFile::new(&path).with_context(shown)?;
        let mut tell = |more| {
            progress.advance(more);
            if interrupted.load(Ordering::Relaxed) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let mut weights = Weights::Random {
            seed: u64::from(bundle.seed),
        };
        let plan = bundle.plan(model, file.weights)?;
        plan.write(staged.file(), &mut weights, &mut tell)
            .with_context(|| {
                format!(
                    "{}; the same command goes on with the models that are left",
                    shown()
                )
            })?;
        staged.commit().with_context(shown)?;
    }
    progress.finish();
    Ok(())
}

fn print(args: &PlanArgs, gguf: &[BundleModel]) -> Result<()> {
    let mut table = MeasuredTable::new(&["model", "weights", "parameters", "file"], &[0, 1]);
    for file in gguf {
        table.push(vec![
            file.model.clone(),
            file.weights.to_string(),
            output::parameters(file.parameters),
            output::gigabytes(file.file_bytes as f64),
        ]);
    }
    output::table(&table)?;
    output::line("")?;
    let all: u64 = gguf.iter().map(|file| file.file_bytes).sum();
    let largest = gguf.iter().map(|file| file.file_bytes).max().unwrap_or(0);
    let shown = args.out.display();
    if args.with_models {
        output::line(&format!(
            "Written to {shown}, models of {} in it.",
            output::gigabytes(all as f64)
        ))?;
    } else {
        output::line(&format!(
            "Written to {shown}; there, rooflaw will write models of at most {} one after another.",
            output::gigabytes(largest as f64)
        ))?;
    }
    output::line(&format!(
        "Copy it to the device, run `bash run.sh` (README.md says with what), and bring back {shown}/results."
    ))
}
