//! `rooflaw whatif --target-loss`: which devices of the catalogue reach a loss within the budgets, the cheapest first.

use super::prices::Prices;
use super::setup::Setup;
use super::{Args, Found, Rank, print, words};
use crate::commands::design::print::shape;
use crate::latency;
use crate::output::{self, Folder, MeasuredTable};
use crate::report;
use anyhow::{Result, bail};
use rooflaw::device::{self, Device};
use rooflaw::roofline::Workload;
use rooflaw::search::{Budgets, Objective};
use rooflaw::whatif::{Figure, best};
use serde::Serialize;

/// What was asked of the catalogue, and its answer.
#[derive(Serialize)]
pub struct Cheapest<'a> {
    /// The loss to reach.
    pub target_loss: f64,
    /// What the losses are measured in.
    pub loss_unit: &'a str,
    /// The law's id.
    pub law: &'a str,
    /// The space's id.
    pub space: &'a str,
    /// The workload.
    pub workload: Workload,
    /// The latency minimised.
    pub objective: Objective,
    /// The budgets, without the memory of each device.
    pub budgets: Budgets,
    /// What counts as cheap.
    pub ranked_by: Rank,
    /// Devices that were searched.
    pub n_devices: usize,
    /// Those that reach it, the cheapest first; those of which nothing is known to rank by last.
    pub reached: Vec<Reached>,
    /// The one that comes nearest, where none reaches it.
    pub nearest: Option<Reached>,
}

/// A device and the lowest loss on it.
#[derive(Serialize)]
pub struct Reached {
    /// Its id.
    pub device: String,
    /// Its price, from the user's table.
    pub price: Option<f64>,
    /// Its power, watts.
    pub power_w: Option<f64>,
    /// Memory bandwidth, bytes/s.
    pub bandwidth_bytes_per_s: f64,
    /// Memory capacity, bytes.
    pub memory_bytes: f64,
    /// fp16 rate, or the nearest one known, FLOP/s.
    pub flops_per_s: f64,
    /// The probability to meet the budget on the objective's latency; `None` for the bare roofline, and without one.
    pub probability: Option<f64>,
    /// The lowest loss within the budgets.
    pub best: Found,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<()> {
    let Some(target_loss) = args.target_loss else {
        bail!("--target-loss: expected a loss");
    };
    let setup = Setup::new(args)?;
    let prices = args
        .prices
        .as_deref()
        .map(Prices::read)
        .transpose()?
        .unwrap_or_default();
    let ranked_by = match (args.rank_by, &args.prices) {
        (Some(Rank::Price), None) => {
            bail!("--rank-by price: the catalogue has no prices: give a table of them with --prices")
        }
        (Some(rank), _) => rank,
        (None, Some(_)) => Rank::Price,
        (None, None) => Rank::Power,
    };
    let devices: Vec<&Device> = device::catalogue()
        .iter()
        .filter(|device| args.class.is_empty() || args.class.contains(&device.class))
        .filter(|device| ranked_by != Rank::Price || prices.of(device).is_some())
        .collect();
    setup.check_size(devices.len() as u64)?;
    let progress = setup.progress(devices.len() as u64);
    let mut all: Vec<Reached> = Vec::new();
    for &device in &devices {
        let latencies = args
            .device
            .latencies_of(device, &setup.formats, args.formats.is_paper())?;
        let outcome = setup.search(device, &latencies, &progress);
        let Some(optimum) = best(&outcome) else { continue };
        let is_calibrated = latencies
            .get(optimum.position)
            .is_some_and(crate::latency::Latency::is_calibrated);
        let Some(found) = setup.found(device, &latencies, optimum) else {
            continue;
        };
        let own = latency::of_objective(&found.latency_intervals, setup.objective);
        let budget = setup.budgets.latency(setup.objective);
        all.push(Reached {
            device: device.id.clone(),
            price: prices.of(device),
            power_w: device.power_w,
            bandwidth_bytes_per_s: device.memory_bandwidth_bytes_per_s,
            memory_bytes: device.memory_capacity_bytes,
            flops_per_s: Figure::Compute.value(device),
            probability: budget
                .filter(|_| is_calibrated)
                .map(|budget| own.probability_within(budget)),
            best: found,
        });
    }
    progress.finish();
    let loss = |reached: &Reached| reached.best.candidate.evaluation.loss;
    let (mut reached, mut missed): (Vec<Reached>, Vec<Reached>) =
        all.into_iter().partition(|reached| loss(reached) <= target_loss);
    // Stable: of equals the catalogue's order stays.
    reached.sort_by(|a, b| a.rank(ranked_by).total_cmp(&b.rank(ranked_by)));
    missed.sort_by(|a, b| loss(a).total_cmp(&loss(b)));
    let found = Cheapest {
        target_loss,
        loss_unit: setup.law.unit(),
        law: &setup.law.id,
        space: &setup.space.id,
        workload: setup.workload,
        objective: setup.objective,
        budgets: setup.budgets,
        ranked_by,
        n_devices: devices.len(),
        nearest: missed.into_iter().next().filter(|_| reached.is_empty()),
        reached,
    };
    if let Some(out) = &args.out {
        let mut folder = Folder::new(out)?;
        report::whatif::write_cheapest(&found, &mut folder)?;
        folder.commit()?;
    }
    if args.json {
        return output::json(&found);
    }
    say(args, &found, &setup)
}

impl Reached {
    /// What it is ranked by: infinite where that is not known.
    pub fn rank(&self, by: Rank) -> f64 {
        match by {
            Rank::Price => self.price.unwrap_or(f64::INFINITY),
            Rank::Power => self.power_w.unwrap_or(f64::INFINITY),
            Rank::Bandwidth => self.bandwidth_bytes_per_s,
            Rank::Memory => self.memory_bytes,
        }
    }
}

/// Rows shown on the terminal.
const ROWS: usize = 20;

fn say(args: &Args, found: &Cheapest<'_>, setup: &Setup) -> Result<()> {
    output::heading(&format!(
        "Devices that reach a loss of {} ({})",
        found.target_loss, found.loss_unit
    ))?;
    output::line(&format!(
        "batch {}, {} tokens in, {} out; law {}; space {}",
        found.workload.batch,
        output::thousands(u64::from(found.workload.prompt_tokens)),
        found.workload.generated_tokens,
        report::law_text(&setup.law),
        found.space,
    ))?;
    output::line(&print::budget_words(
        &found.budgets,
        found.objective,
        setup
            .asked
            .latency(found.objective)
            .is_none()
            .then(|| format!("{}'s on {}", setup.reference.name, setup.device.name)),
    ))?;
    output::line("")?;
    let Some(first) = found.reached.first() else {
        let nearest = found.nearest.as_ref().map_or_else(
            || "and nothing of the space meets the budgets on any".to_owned(),
            |nearest| {
                format!(
                    "the nearest is {} with {}",
                    nearest.device,
                    output::loss(nearest.best.candidate.evaluation.loss)
                )
            },
        );
        return output::line(&format!("None of {} devices: {nearest}.", found.n_devices));
    };
    output::line(&headline(found, first))?;
    output::line(&format!("Build: {}.", shape(&first.best.candidate.architecture)))?;
    output::line("")?;
    output::table(&reached_table(found, ROWS))?;
    output::line("")?;
    if found.reached.len() > ROWS {
        output::line(&format!(
            "{} of {}; all of them in --json and --out.",
            ROWS,
            found.reached.len()
        ))?;
    }
    output::line(&ranking(found.ranked_by))?;
    output::line(words::OF_EACH)?;
    if let Some(sentence) = setup.quantisation.sentence(&setup.formats) {
        output::line(&sentence)?;
    }
    match &args.out {
        Some(out) => output::line(&format!("Written to {}.", out.display())),
        None => Ok(()),
    }
}

/// The answer in a sentence.
pub fn headline(found: &Cheapest<'_>, first: &Reached) -> String {
    let amount = match found.ranked_by {
        Rank::Price => first.price.map(|price| format!("at {}", output::short(price, 2))),
        Rank::Power => first.power_w.map(|power| format!("with {power:.0} W")),
        Rank::Bandwidth => Some(format!(
            "with {}",
            words::value(Figure::Bandwidth, first.bandwidth_bytes_per_s)
        )),
        Rank::Memory => Some(format!(
            "with {}",
            words::value(Figure::Memory, first.memory_bytes)
        )),
    };
    format!(
        "{} of {} devices reach it; the least by {} is {} {}: loss {}.",
        found.reached.len(),
        found.n_devices,
        found.ranked_by.name(),
        first.device,
        amount.unwrap_or_else(|| format!("(its {} is not known)", found.ranked_by.name())),
        output::loss(first.best.candidate.evaluation.loss)
    )
}

/// How the devices are ranked, and what that leaves out.
pub fn ranking(by: Rank) -> String {
    match by {
        Rank::Price => {
            "Ranked by the prices given; devices without one were left out; a power mode or bin without a \
                        price of its own has its device's."
                .to_owned()
        }
        _ => format!(
            "The catalogue has no prices: ranked by {}{}. A table of prices does better: --prices.",
            by.name(),
            if by == Rank::Power {
                ", which is the vendor's limit of a board, module or package, not alike everywhere; unknown last"
            } else {
                ""
            }
        ),
    }
}

/// The devices, a row each.
pub fn reached_table(found: &Cheapest<'_>, rows: usize) -> MeasuredTable {
    let latency = found.objective.latency_name();
    let ms = format!("{} ms", latency.split(' ').next().unwrap_or_default());
    let has_prices = found.ranked_by == Rank::Price;
    let mut headers = vec!["device", if has_prices { "price" } else { "W" }];
    headers.extend(["GB/s", "TFLOP/s", "GB", "loss", &ms, "within", "weights"]);
    let mut table = MeasuredTable::new(&headers, &[0, 8]);
    for reached in found.reached.iter().take(rows) {
        let evaluation = &reached.best.candidate.evaluation;
        let number =
            |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| output::short(value, 0));
        table.push(vec![
            reached.device.clone(),
            number(if has_prices {
                reached.price
            } else {
                reached.power_w
            }),
            output::short(reached.bandwidth_bytes_per_s / 1e9, 0),
            output::tera(reached.flops_per_s),
            output::short(reached.memory_bytes / 1e9, 0),
            output::loss(evaluation.loss),
            output::milliseconds(found.objective.latency_s(evaluation)),
            reached
                .probability
                .map_or_else(|| "–".to_owned(), |p| format!("{:.0} %", 100.0 * p)),
            reached.best.formats.weights.to_string(),
        ]);
    }
    table
}
