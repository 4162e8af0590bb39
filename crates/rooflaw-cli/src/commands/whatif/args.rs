//! The arguments of `rooflaw whatif`.

use crate::input::{self, BudgetArgs, FormatArgs, LawArgs, QuantisationArgs, WorkloadArgs};
use crate::latency::DeviceArgs;
use rooflaw::device::DeviceClass;
use rooflaw::whatif::{Change, Figure};
use std::path::PathBuf;

/// What another device would buy: the optimum before and after, maps of it, the cheapest device that reaches a loss.
#[derive(clap::Args)]
#[command(
    after_help = "A change is a factor (x1.5) or a value (300GB/s). Without a budget on the objective's
latency, the budget is the reference's latency on the device as it is.

Examples:
  rooflaw whatif --bandwidth x1.5
  rooflaw whatif --device jetson-orin-nano-super-8gb --memory 16GB --compute x2
  rooflaw whatif --device raspberry-pi-5 --weights Q4_K_M --overhead x0.5
  rooflaw whatif --application driving --map compute,bandwidth --out map
  rooflaw whatif --max-tpot 20ms --weights Q4_0,Q8_0 --map memory,bandwidth
  rooflaw whatif --target-loss 3.2 --max-total 100ms --class jetson,sbc
  rooflaw whatif --target-loss 3.2 --application driving --prices prices.csv"
)]
pub struct Args {
    /// Memory bandwidth: a factor such as x1.5, or a value such as 300GB/s
    #[arg(long, value_name = "CHANGE", value_parser = bandwidth, allow_hyphen_values = true, help_heading = "Changes")]
    pub bandwidth: Option<Change>,
    /// Arithmetic, all precisions alike: a factor such as x2, or the fp16 rate such as 80TFLOP/s
    #[arg(long, value_name = "CHANGE", value_parser = compute, allow_hyphen_values = true, help_heading = "Changes")]
    pub compute: Option<Change>,
    /// Memory: a factor such as x2, or a size such as 8GB
    #[arg(long, value_name = "CHANGE", value_parser = memory, allow_hyphen_values = true, help_heading = "Changes")]
    pub memory: Option<Change>,
    /// Time to launch operators and steps: a factor such as x0.5; a figure of the runtime more than of the device
    #[arg(long, value_name = "FACTOR", value_parser = overhead, allow_hyphen_values = true, help_heading = "Changes")]
    pub overhead: Option<Change>,
    /// Map the optimum over two figures, such as compute,bandwidth or memory,bandwidth
    #[arg(long, value_name = "X,Y", value_parser = plane, help_heading = "Map")]
    pub map: Option<[Figure; 2]>,
    /// The map reaches from the device's figures divided by this to times it
    #[arg(long, value_name = "FACTOR", default_value_t = 8.0, value_parser = span, allow_hyphen_values = true, requires = "map", help_heading = "Map")]
    pub map_span: f64,
    /// Cells of the map on each side of the device's: 6 make it 13 by 13
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=50), allow_negative_numbers = true, requires = "map", help_heading = "Map")]
    pub map_steps: u32,
    /// Find the cheapest device of the catalogue that reaches this loss within the budgets
    #[arg(long, value_name = "LOSS", value_parser = loss, allow_hyphen_values = true, conflicts_with_all = ["map", "bandwidth", "compute", "memory", "overhead"], help_heading = "Target")]
    pub target_loss: Option<f64>,
    /// A table of prices with the columns device and price: rank by it. The catalogue has no prices
    #[arg(long, value_name = "CSV", requires = "target_loss", help_heading = "Target")]
    pub prices: Option<PathBuf>,
    /// What counts as cheap: price, power, bandwidth or memory [default: price with --prices, else power]
    #[arg(long, value_name = "WHAT", value_parser = rank, requires = "target_loss", help_heading = "Target")]
    pub rank_by: Option<Rank>,
    /// Only devices of these classes, such as jetson,sbc
    #[arg(long, value_name = "CLASS", value_delimiter = ',', value_parser = class, requires = "target_loss", help_heading = "Target")]
    pub class: Vec<DeviceClass>,
    #[command(flatten)]
    pub device: DeviceArgs,
    /// A design space's name, or a TOML file
    #[arg(long, default_value = "default", help_heading = "Question")]
    pub space: String,
    #[command(flatten)]
    pub law: LawArgs,
    /// The model whose latency is the budget where none is given: a name, a config.json, or a folder that holds one
    #[arg(long, default_value = "qwen2.5-0.5b", help_heading = "Question")]
    pub reference: String,
    #[command(flatten)]
    pub workload: WorkloadArgs,
    #[command(flatten)]
    pub budgets: BudgetArgs,
    #[command(flatten)]
    pub formats: FormatArgs,
    #[command(flatten)]
    pub quantisation: QuantisationArgs,
    /// Write report.html, whatif.json, tables, figures and best/config.json into this folder
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub out: Option<PathBuf>,
    /// Print JSON
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

/// What counts as cheap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Rank {
    Price,
    Power,
    Bandwidth,
    Memory,
}

impl Rank {
    const ALL: [Rank; 4] = [Rank::Price, Rank::Power, Rank::Bandwidth, Rank::Memory];

    pub const fn name(self) -> &'static str {
        match self {
            Rank::Price => "price",
            Rank::Power => "power",
            Rank::Bandwidth => "bandwidth",
            Rank::Memory => "memory",
        }
    }
}

fn change(text: &str, value: impl Fn(&str) -> Result<f64, String>) -> Result<Change, String> {
    match input::factor(text) {
        Some(factor) => factor.map(Change::Times),
        None => value(text)
            .map(Change::To)
            .map_err(|error| format!("{error}, or a factor such as x1.5")),
    }
}

fn bandwidth(text: &str) -> Result<Change, String> {
    change(text, input::bandwidth)
}

fn compute(text: &str) -> Result<Change, String> {
    change(text, input::rate)
}

fn memory(text: &str) -> Result<Change, String> {
    change(text, input::bytes)
}

fn overhead(text: &str) -> Result<Change, String> {
    input::factor(text).map_or_else(
        || Err(format!("`{text}`: expected a factor such as x0.5")),
        |factor| factor.map(Change::Times),
    )
}

fn plane(text: &str) -> Result<[Figure; 2], String> {
    let figure = |name: &str| {
        Figure::ALL
            .into_iter()
            .find(|figure| figure.name() == name.trim())
    };
    match text.split_once(',').map(|(x, y)| (figure(x), figure(y))) {
        Some((Some(x), Some(y))) if x != y => Ok([x, y]),
        _ => Err(format!(
            "`{text}`: expected two of {}, such as compute,bandwidth",
            Figure::ALL.map(Figure::name).join(", ")
        )),
    }
}

fn span(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_start_matches(['x', '×']);
    match number.parse::<f64>() {
        Ok(value) if (1.01..=1000.0).contains(&value) => Ok(value),
        _ => Err(format!("`{text}`: expected a factor from 1.01 to 1000")),
    }
}

fn loss(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(value) if value.is_finite() && value > 0.0 => Ok(value),
        _ => Err(format!("`{text}`: expected a loss such as 3.2")),
    }
}

fn rank(text: &str) -> Result<Rank, String> {
    Rank::ALL
        .into_iter()
        .find(|rank| rank.name() == text)
        .ok_or_else(|| format!("expected {}", Rank::ALL.map(Rank::name).join(", ")))
}

fn class(text: &str) -> Result<DeviceClass, String> {
    DeviceClass::ALL
        .into_iter()
        .find(|class| class.name() == text)
        .ok_or_else(|| {
            let names = DeviceClass::ALL.map(DeviceClass::name);
            format!("expected some of {}", names.join(", "))
        })
}
