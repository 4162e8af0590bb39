//! The arguments of `rooflaw plan-runs`.

use crate::input::{self, DEFAULT_NOISE, SelectArgs};
use rooflaw::plan::Criterion;
use std::path::PathBuf;

/// Which architectures of a space to train next.
#[derive(clap::Args)]
#[command(
    after_help = "With --law, the runs are those that determine the law's predictions over the space best (criterion i: \
safer where the law is not quite true), or its numbers (criterion d: cheaper runs); without a law they are spread over \
the space. --existing takes the runs that are in into account, so that planning one run at a time is `--runs 1` again \
and again.

Examples:
  rooflaw plan-runs --runs 12 --tokens 10B     spread over the default space
  rooflaw plan-runs --runs 24 --law co-design --out plan
  rooflaw plan-runs --budget 1e21 --law co-design --tokens 10B
  rooflaw plan-runs --runs 1 --law fit/chinchilla.toml --existing runs.csv"
)]
pub struct Args {
    /// How many runs [default: 12, or as many as --budget allows]
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub runs: Option<u32>,
    /// The most that training all of them may cost, FLOP, such as 1e21; needs --tokens
    #[arg(long, value_name = "FLOP", value_parser = input::count, allow_hyphen_values = true)]
    pub budget: Option<f64>,
    /// A design space's name, or a TOML file
    #[arg(long, default_value = "default")]
    pub space: String,
    /// A law's name, or a TOML file: plan for it, at its numbers
    #[arg(long)]
    pub law: Option<String>,
    /// The runs that are in: a table as `rooflaw runs` reads it
    #[arg(long, value_name = "RUNS")]
    pub existing: Option<PathBuf>,
    #[command(flatten)]
    pub select: SelectArgs,
    /// Tokens to train on, several separated by commas to choose from [default: the most of the law's runs]
    #[arg(long, value_name = "COUNT", value_delimiter = ',', value_parser = input::count, allow_hyphen_values = true)]
    pub tokens: Vec<f64>,
    /// Tokens of a training sequence: attention's share of the cost depends on it
    #[arg(long, value_name = "N", default_value_t = 2048, value_parser = clap::value_parser!(u32).range(1..=1 << 24))]
    pub sequence_length: u32,
    /// What to choose by: i (the law's predictions over the space, which designs hang on) or d (its numbers)
    #[arg(long, default_value = "i", value_parser = criterion, requires = "law")]
    pub criterion: Criterion,
    /// Standard deviation of a run's loss about the law, as a share of it [default: the law's, or 0.005]
    #[arg(long, value_name = "SHARE", value_parser = share, allow_hyphen_values = true, requires = "law")]
    pub noise: Option<f64>,
    /// How often one architecture may be run, for a law
    #[arg(long, value_name = "N", default_value_t = 1, requires = "law", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub repeats: u32,
    /// Seed of the sample of the space, and of the random draws to compare with
    #[arg(long, default_value_t = 1)]
    pub seed: u32,
    /// Write runs.csv (to be filled with losses), a config.json for each run, figure, report.html and plan.json
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub out: Option<PathBuf>,
    /// Print JSON
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

fn criterion(text: &str) -> Result<Criterion, String> {
    match text {
        "d" | "D" => Ok(Criterion::D),
        "i" | "I" => Ok(Criterion::I),
        _ => Err("expected d or i".to_owned()),
    }
}

fn share(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|&share: &f64| share > 0.0 && share < 1.0)
        .ok_or_else(|| format!("expected a number between 0 and 1, such as {DEFAULT_NOISE}"))
}
