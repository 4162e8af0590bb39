//! The arguments of `rooflaw design`.

use crate::input::{self, FormatArgs, LawArgs, WorkloadArgs};
use crate::latency::DeviceArgs;
use crate::output;
use rooflaw::search::{Application, Method, Objective};
use std::path::PathBuf;

/// The frontier of loss against latency on a device, and the best architecture within budgets.
#[derive(clap::Args)]
#[command(
    after_help = "Without a budget on the objective's latency, the reference's latency is the
budget: what is the best to be had in the time that Qwen2.5-0.5B takes?

Examples:
  rooflaw design
  rooflaw design --device raspberry-pi-5 --weights Q4_K_M --max-tpot 50ms
  rooflaw design --application driving --weights fp16,w8a8 --out driving
  rooflaw design --objective decode --prompt-tokens 4096 --json
  rooflaw design --weights Q4_0,Q8_0 --calibration pi.toml
  rooflaw design --device apple-m4 --weights Q4_K_M --runtime llama.cpp
  rooflaw design --calibration bare      the roofline's lower bound
  rooflaw design --device board.toml --law law.toml --space space.toml
  rooflaw design --space vast                 10^12 architectures, by bounds
  rooflaw design --space vast --time-limit 2s what is found by then, and how far
                                              from exact it can be"
)]
pub struct Args {
    #[command(flatten)]
    pub device: DeviceArgs,
    /// A design space's name, or a TOML file
    #[arg(long, default_value = "default")]
    pub space: String,
    #[command(flatten)]
    pub law: LawArgs,
    /// The model to compare with: a name, a config.json, or a folder that holds one
    #[arg(long, default_value = "qwen2.5-0.5b")]
    pub reference: String,
    #[command(flatten)]
    pub workload: WorkloadArgs,
    /// The latency to minimise together with the loss: prefill (TTFT), decode (TPOT) or total [default: the one with a
    /// budget, else total]
    #[arg(long, value_parser = objective, help_heading = "Objective and budgets")]
    pub objective: Option<Objective>,
    /// Budget on the time to first token, such as 200ms
    #[arg(long, value_name = "TIME", value_parser = input::seconds, allow_hyphen_values = true, help_heading = "Objective and budgets")]
    pub max_ttft: Option<f64>,
    /// Budget on the time per output token, such as 20ms
    #[arg(long, value_name = "TIME", value_parser = input::seconds, allow_hyphen_values = true, help_heading = "Objective and budgets")]
    pub max_tpot: Option<f64>,
    /// Budget on the total latency, such as 0.5s
    #[arg(long, value_name = "TIME", value_parser = input::seconds, allow_hyphen_values = true, help_heading = "Objective and budgets")]
    pub max_total: Option<f64>,
    /// Budget on memory, such as 4GB or 4GiB [default: the device's]
    #[arg(long, value_name = "SIZE", value_parser = input::bytes, allow_hyphen_values = true, help_heading = "Objective and budgets")]
    pub max_memory: Option<f64>,
    /// Budget on parameters, such as 3B
    #[arg(long, value_name = "COUNT", value_parser = input::count, allow_hyphen_values = true, help_heading = "Objective and budgets")]
    pub max_parameters: Option<f64>,
    /// Budget on the parameters a token uses, such as 500M
    #[arg(long, value_name = "COUNT", value_parser = input::count, allow_hyphen_values = true, help_heading = "Objective and budgets")]
    pub max_active_parameters: Option<f64>,
    /// A target of arXiv 2602.10377: embodied-ai (TPOT 20 ms), driving (total 100 ms), smart-home (total 500 ms),
    /// private-serving (total 2 s)
    #[arg(long, value_name = "NAME", help_heading = "Objective and budgets")]
    pub application: Option<Application>,
    /// Minimise memory as well: the frontier in loss, latency and memory
    #[arg(long, help_heading = "Objective and budgets")]
    pub minimize_memory: bool,
    #[command(flatten)]
    pub formats: FormatArgs,
    /// How to search the space: small ones are enumerated and large ones searched by bounds, which finds the same
    /// frontier without visiting what cannot be on it
    #[arg(long, value_enum, default_value = "auto", help_heading = "Search")]
    pub search: SearchMethod,
    /// Stop searching after this time, such as 10s: what was found by then is returned, by bounds with a proof of how far
    /// from exact it can be (so does Ctrl-C)
    #[arg(long, value_name = "TIME", value_parser = input::seconds, allow_hyphen_values = true, help_heading = "Search")]
    pub time_limit: Option<f64>,
    /// Write report.html, figures, frontier.csv, best/config.json and design.json into this folder
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub out: Option<PathBuf>,
    /// Print JSON
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

/// [`Method`], as the command line names it.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum SearchMethod {
    /// What suits the size of the space
    Auto,
    /// By bounds, whatever the size
    Bounds,
    /// Every architecture is evaluated
    Enumerate,
}

impl From<SearchMethod> for Method {
    fn from(method: SearchMethod) -> Method {
        match method {
            SearchMethod::Auto => Method::Auto,
            SearchMethod::Bounds => Method::Bounds,
            SearchMethod::Enumerate => Method::Enumeration,
        }
    }
}

fn objective(text: &str) -> Result<Objective, String> {
    Objective::ALL
        .into_iter()
        .find(|objective| objective.name() == text)
        .ok_or_else(|| "expected prefill, decode or total".to_owned())
}

/// A budgeted quantity, by its position in `Budgets::entries`, with its unit.
pub fn shown(position: usize, value: f64) -> String {
    match position {
        0..=2 => output::seconds(value),
        3 => output::gigabytes(value),
        _ => output::parameters(value as u64),
    }
}
