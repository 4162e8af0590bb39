//! The arguments of `rooflaw fit`.

use crate::input::SelectArgs;
use rooflaw::law::fit::Objective;
use std::path::PathBuf;

/// Fit loss laws to training runs, and say how far each can be trusted.
#[derive(clap::Args)]
#[command(
    after_help = "Without --law, every law that the table has the variables of is fitted, and they are compared by \
cross-validation: runs (groups of rows) are left out in turn and predicted by a fit to the others.

Examples:
  rooflaw fit runs.csv                       which law suits these runs?
  rooflaw fit sweep/                         which suits a sweep's runs?
  rooflaw fit runs.csv --law width-depth-tokens --out fit
  rooflaw fit runs.csv --law my-terms.toml --objective huber:1e-3
  rooflaw fit runs.csv --law chinchilla --fix alpha=0.34 --where 'tokens>=1e9'
  rooflaw design --law fit/width-depth-tokens.toml   with what was fitted"
)]
pub struct Args {
    /// A table of runs: CSV, or JSON Lines if its name ends so (`rooflaw runs --help` tells the columns); or a folder of
    /// trainings (`rooflaw train`, `rooflaw sweep`)
    pub runs: PathBuf,
    /// A law's name (`rooflaw laws` lists them) or a TOML file; may be given several times
    #[arg(long, short, value_name = "LAW", conflicts_with = "all")]
    pub law: Vec<String>,
    /// Every law that the table has the variables of: the default without --law
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub select: SelectArgs,
    /// What is minimised: log (squares of ln loss), loss (squares of the loss), huber:DELTA (Huber's loss of ln loss)
    #[arg(long, value_name = "WHAT", default_value = "log", value_parser = objective, help_heading = "Fit")]
    pub objective: Objective,
    /// Random starts of each fit
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=100_000), help_heading = "Fit")]
    pub starts: u32,
    /// Seed of starts and resamples: equal seeds, equal results
    #[arg(long, default_value_t = 1, help_heading = "Fit")]
    pub seed: u64,
    /// Hold a number: irreducible_loss, an exponent, or a term's coefficient by the term's name
    #[arg(long, value_name = "NAME=VALUE", value_parser = fixed, allow_hyphen_values = true, help_heading = "Fit")]
    pub fix: Vec<(String, f64)>,
    /// Keep an exponent within limits, such as alpha=0.1:0.9
    #[arg(long, value_name = "NAME=LOW:HIGH", value_parser = bounded, allow_hyphen_values = true, help_heading = "Fit")]
    pub bound: Vec<(String, (f64, f64))>,
    /// Refits to resampled runs: the law's ensemble, which its intervals come from
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(2..=10_000), help_heading = "Trust")]
    pub refits: u32,
    /// Confidence of the parameters' intervals
    #[arg(long, value_name = "SHARE", default_value_t = 0.95, value_parser = share, help_heading = "Trust")]
    pub confidence: f64,
    /// The variable that says which runs are small and which large [default: training_flop, tokens and parameters, …]
    #[arg(long, value_name = "VARIABLE", help_heading = "Trust")]
    pub size: Option<String>,
    /// Write LAW.toml, report.html, figures, predictions.csv and fit.json into this folder
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub out: Option<PathBuf>,
    /// Print JSON
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

fn objective(text: &str) -> Result<Objective, String> {
    let expected = "expected log, loss or huber:DELTA, such as huber:0.001";
    match text.split_once(':') {
        None if text == "log" => Ok(Objective::LogLeastSquares),
        None if text == "loss" => Ok(Objective::LeastSquares),
        Some(("huber", delta)) => delta
            .parse()
            .ok()
            .filter(|&delta: &f64| (1e-9..=1.0).contains(&delta))
            .map(|delta| Objective::LogHuber { delta })
            .ok_or_else(|| format!("{expected}, DELTA from 1e-9 to 1")),
        _ => Err(expected.to_owned()),
    }
}

fn number(text: &str) -> Result<f64, String> {
    text.trim()
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
        .ok_or_else(|| format!("`{text}` is not a number"))
}

fn fixed(text: &str) -> Result<(String, f64), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("expected NAME=VALUE, such as alpha=0.34")?;
    Ok((name.trim().to_owned(), number(value)?))
}

fn bounded(text: &str) -> Result<(String, (f64, f64)), String> {
    let expected = "expected NAME=LOW:HIGH, such as alpha=0.1:0.9";
    let (name, limits) = text.split_once('=').ok_or(expected)?;
    let (low, high) = limits.split_once(':').ok_or(expected)?;
    let (low, high) = (number(low)?, number(high)?);
    if low >= high {
        return Err(format!("{expected}: {low} is not below {high}"));
    }
    Ok((name.trim().to_owned(), (low, high)))
}

fn share(text: &str) -> Result<f64, String> {
    let share = number(text)?;
    if share > 0.0 && share < 1.0 {
        return Ok(share);
    }
    Err("expected a number between 0 and 1, such as 0.95".to_owned())
}
