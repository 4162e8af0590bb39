//! The arguments of `rooflaw design`.

use super::several::SeveralArgs;
use super::uncertainty::UncertaintyArgs;
use crate::input::{self, BudgetArgs, FormatArgs, LawArgs, QuantisationArgs, WorkloadArgs};
use crate::latency::DeviceArgs;
use rooflaw::search::Method;
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
  rooflaw design --device raspberry-pi-5 --weights Q4_0 --uncertainty
  rooflaw design --weights Q8_0,Q4_0 --quantisation-loss llama-3-8b
  rooflaw design --device apple-m4,raspberry-pi-5 --weights Q4_0
  rooflaw design --workload 1:1024:16@0.7 --workload 1:64:256@0.3 --across mean
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
    #[command(flatten)]
    pub budgets: BudgetArgs,
    /// Minimise memory as well: the frontier in loss, latency and memory
    #[arg(long, help_heading = "Objective and budgets")]
    pub minimize_memory: bool,
    #[command(flatten)]
    pub uncertainty: UncertaintyArgs,
    #[command(flatten)]
    pub several: SeveralArgs,
    #[command(flatten)]
    pub formats: FormatArgs,
    #[command(flatten)]
    pub quantisation: QuantisationArgs,
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
