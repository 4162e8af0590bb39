//! What `rooflaw-train sweep plan` says.

use super::status::{duration, speed};
use anyhow::Result;
use rooflaw::device::Device;
use rooflaw_sweep::plan::price::{Basis, implied_mfu};
use rooflaw_sweep::plan::{Plan, PlannedRun};
use rooflaw_terminal::{self as output, MeasuredTable};
use serde::Serialize;

/// A plan and its price.
#[derive(Serialize)]
pub struct Priced<'a> {
    /// Runs.
    n_runs: usize,
    /// Training tokens of all.
    tokens: u64,
    /// Arithmetic of all, FLOP.
    training_flop: f64,
    /// The most memory that a run takes, bytes.
    most_memory_bytes: f64,
    /// Hours of one device for all; `None` without a basis.
    device_hours: Option<f64>,
    /// What they rest on.
    basis: Option<&'a Basis>,
    /// What others report.
    published: Option<Published>,
    /// Runs that do not fit into the device's memory.
    too_large: Vec<&'a str>,
    /// The runs.
    runs: &'a [PlannedRun],
}

/// Hours that others report.
#[derive(Serialize)]
struct Published {
    device_hours: f64,
    /// The share of the device's peak rate that they are.
    implied_mfu: f64,
}

/// Rows shown of a long plan.
const ROWS: usize = 20;

impl Priced<'_> {
    /// What a plan takes.
    pub fn of<'a>(plan: &'a Plan, device: Option<&Device>, published_hours: Option<f64>) -> Priced<'a> {
        let runs = &plan.runs;
        let training_flop: f64 = runs.iter().map(|run| run.predicted.training_flop).sum();
        let memory = |run: &PlannedRun| run.predicted.memory.total_bytes();
        let seconds: Option<f64> = runs.iter().map(|run| run.predicted.seconds).sum();
        let published = published_hours.zip(plan.basis.as_ref());
        let published = published.and_then(|(device_hours, basis)| match basis {
            Basis::Device { peak_flop_per_s, .. } => Some(Published {
                device_hours,
                implied_mfu: implied_mfu(training_flop, *peak_flop_per_s, device_hours),
            }),
            Basis::Measured { .. } => None,
        });
        let capacity = device.map_or(f64::INFINITY, |device| device.memory_capacity_bytes);
        Priced {
            n_runs: runs.len(),
            tokens: runs.iter().map(|run| run.predicted.tokens).sum(),
            training_flop,
            most_memory_bytes: runs.iter().map(memory).fold(0.0, f64::max),
            device_hours: seconds.map(|seconds| seconds / 3600.0),
            basis: plan.basis.as_ref(),
            published,
            too_large: runs
                .iter()
                .filter(|run| memory(run) > capacity)
                .map(|run| run.name.as_str())
                .collect(),
            runs,
        }
    }

    /// Prints it.
    pub fn print(&self) -> Result<()> {
        let plural = if self.n_runs == 1 { "run" } else { "runs" };
        output::heading(&format!("{} {plural}", output::thousands(self.n_runs as u64)))?;
        output::table(&self.table())?;
        if self.n_runs > ROWS {
            output::line(&format!("… and {} more (--json has all)", self.n_runs - ROWS))?;
        }
        output::line("")?;
        output::line(&format!(
            "Together {} tokens, {:.2e} FLOP; the largest run takes {}.",
            output::parameters(self.tokens),
            self.training_flop,
            output::gigabytes(self.most_memory_bytes)
        ))?;
        for line in self.hours() {
            output::line(&line)?;
        }
        if let Some(first) = self.too_large.first() {
            output::warning(&format!(
                "{} of the runs do not fit into the memory of one device, {first} among them; trainings over several are not modelled",
                self.too_large.len()
            ))?;
        }
        Ok(())
    }

    fn hours(&self) -> Vec<String> {
        let (Some(hours), Some(basis)) = (self.device_hours, self.basis) else {
            return vec!["--device or --measured predicts how long that takes.".to_owned()];
        };
        let hours = duration(3600.0 * hours);
        let mut lines = match basis {
            Basis::Device {
                device,
                peak_flop_per_s,
                mfu,
            } => {
                let (all, peak) = (
                    self.device_hours.unwrap_or_default(),
                    output::tera(*peak_flop_per_s),
                );
                vec![format!(
                    "On {device} at {:.0} % of {peak} TFLOP/s: {} device-hours ({hours} on one).",
                    100.0 * mfu,
                    output::thousands(all.ceil() as u64)
                )]
            }
            Basis::Measured {
                model,
                tokens_per_s,
                flop_per_s,
            } => vec![format!(
                "At what {model} achieves, {tokens_per_s} tokens/s or {}: {hours} of one worker.",
                speed(*flop_per_s)
            )],
        };
        if let Some(published) = &self.published {
            lines.push(format!(
                "Reported: {} device-hours, which is {:.1} % of the peak rate.",
                output::thousands(published.device_hours as u64),
                100.0 * published.implied_mfu
            ));
        }
        lines
    }

    fn table(&self) -> MeasuredTable {
        let headers = ["run", "total", "active", "tokens", "FLOP", "memory", "time"];
        let mut table = MeasuredTable::new(&headers, &[0]);
        for run in self.runs.iter().take(ROWS) {
            let predicted = &run.predicted;
            table.push(vec![
                run.name.clone(),
                output::parameters(predicted.parameters),
                output::parameters(predicted.active_parameters),
                output::parameters(predicted.tokens),
                format!("{:.1e}", predicted.training_flop),
                output::gigabytes(predicted.memory.total_bytes()),
                predicted.seconds.map_or_else(|| "–".to_owned(), duration),
            ]);
        }
        table
    }
}
