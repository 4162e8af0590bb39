//! The arguments of `rooflaw train`.

use crate::input;
use clap::ValueEnum;
use std::path::PathBuf;

/// Train a model and record the run.
#[derive(clap::Args)]
#[command(
    after_help = "Started again on the same folder with the same settings, it goes on from the last checkpoint, and the
result is that of a run which was never stopped, bit for bit. Ctrl-C, SIGTERM and SIGUSR1 write a
checkpoint first.

Exit codes: 0 done, also if it was done already; 1 the training failed (failure.json tells why);
2 bad input; 75 another process trains this run; 130 interrupted.

Examples:
  rooflaw train config.json --data corpus --recipe small --out runs/first
  rooflaw train qwen3-0.6b --data corpus --out run --dry-run      what it would take
  rooflaw train small/ --data corpus --recipe small --training-tokens 50M --out run
  rooflaw train small/ --data corpus --recipe my.toml --set weight_decay=0.1 --seed 2 --out run2

Recipes and run folders: docs/training.md"
)]
pub struct Args {
    /// A published model's name, a config.json, or a folder with one
    #[arg(value_name = "ARCH")]
    pub architecture: String,
    /// The data set: a folder that `rooflaw data prepare` made
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// How to train: paper, small, or a TOML file
    #[arg(long, value_name = "RECIPE", default_value = "paper")]
    pub recipe: String,
    /// Tokens to train on, instead of the recipe's: 20M, 1e10
    #[arg(long, value_name = "N", value_parser = input::count, allow_negative_numbers = true)]
    pub training_tokens: Option<f64>,
    /// The highest learning rate, instead of the recipe's
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    pub peak_learning_rate: Option<f64>,
    /// Another value of the recipe, as in its file; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Seed of the initial weights and the order of sequences
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The run's folder; one that is there is gone on with
    #[arg(long, value_name = "DIR", required_unless_present = "dry_run")]
    pub out: Option<PathBuf>,
    /// Only say what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// What computes
    #[arg(long, value_enum, default_value_t = EngineKind::Cpu, help_heading = "Machine")]
    pub engine: EngineKind,
    /// Threads [default: as many as the machine runs at once]; they do not change the result
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024), help_heading = "Machine")]
    pub threads: Option<u32>,
    /// Steps from one evaluation to the next [default: a 20th of all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Evaluation")]
    pub evaluation_interval_steps: Option<u64>,
    /// Held-out sequences of an evaluation; at the end it is all of them
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..), help_heading = "Evaluation")]
    pub evaluation_sequences: u64,
    /// Time from one checkpoint to the next, seconds
    #[arg(long, value_name = "S", default_value_t = 300, help_heading = "Checkpoints")]
    pub checkpoint_interval_s: u64,
    /// Steps from one checkpoint to the next, besides
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Checkpoints")]
    pub checkpoint_interval_steps: Option<u64>,
    /// Keep the last N, also when the run is done [default: the last one until it is done]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Checkpoints")]
    pub keep_checkpoints: Option<u16>,
    /// Print JSON
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

/// What computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineKind {
    /// This machine's processor, in f32
    Cpu,
    /// The first GPU by CUDA, products in bfloat16: experimental, never run on a GPU
    #[cfg(feature = "cuda")]
    Cuda,
}

impl EngineKind {
    /// As a run's record has it.
    pub const fn name(self) -> &'static str {
        match self {
            EngineKind::Cpu => "cpu",
            #[cfg(feature = "cuda")]
            EngineKind::Cuda => "cuda (experimental, never run on a GPU)",
        }
    }
}
