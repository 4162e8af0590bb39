//! The arguments of `rooflaw explain`.

use crate::input::{BudgetArgs, FormatArgs, LawArgs, WorkloadArgs};
use crate::latency::DeviceArgs;
use std::path::PathBuf;

/// Why the best design is what it is: which budget binds, the optimum in closed form and in numbers, what budgets and
/// hardware are worth.
#[derive(clap::Args)]
#[command(
    after_help = "Without a budget on a latency, the reference's total latency is one, as for `design`.

Examples:
  rooflaw explain --application driving
  rooflaw explain --max-tpot 20ms --max-memory 4GB --device raspberry-pi-5
  rooflaw explain --max-ttft 200ms --weights w8a8 --json
  rooflaw explain --application driving --region --out driving
  rooflaw explain --max-tpot 5ms --max-memory 3GB --paper-assumptions
  rooflaw explain --max-tpot 20ms --hidden-size 2048    closed forms there"
)]
pub struct Args {
    #[command(flatten)]
    pub device: DeviceArgs,
    /// The design space that sets the bounds: a name, or a TOML file
    #[arg(long, default_value = "default")]
    pub space: String,
    #[command(flatten)]
    pub law: LawArgs,
    /// The model whose latency is the budget when there is none: a name, a config.json, or a folder that holds one
    #[arg(long, default_value = "qwen2.5-0.5b")]
    pub reference: String,
    #[command(flatten)]
    pub workload: WorkloadArgs,
    #[command(flatten)]
    pub budgets: BudgetArgs,
    /// Hidden size at which the closed forms are evaluated [default: the numeric optimum's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1 << 20), allow_negative_numbers = true, help_heading = "Theory")]
    pub hidden_size: Option<u32>,
    #[command(flatten)]
    pub formats: FormatArgs,
    /// Draw the feasible region in (l, d), (r, ρ) and (d, gqa), each cell an architecture that the full model evaluates
    #[arg(long, help_heading = "Output")]
    pub region: bool,
    /// Write explanation.json and the figures into this folder
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub out: Option<PathBuf>,
    /// Print JSON
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}
