//! What stays the same whatever the device: the question.

use super::Args;
use crate::input::{self, NamedArchitecture, Quantisation};
use crate::latency::Latency;
use crate::output::{self, Folder, Progress};
use anyhow::{Result, anyhow, bail};
use rooflaw::device::Device;
use rooflaw::format::Formats;
use rooflaw::law::LossLaw;
use rooflaw::operators::Assumptions;
use rooflaw::roofline::{Evaluator, Workload};
use rooflaw::search::{Budgets, Objective, Outcome, Query};
use rooflaw::space::DesignSpace;
use rooflaw::whatif::{Changes, Figure};

/// Most evaluations of one command: minutes on a laptop.
const MOST_COMBINATIONS: u64 = 20_000_000_000;

/// The question, and the device that it is asked of first.
pub struct Setup {
    pub law: LossLaw,
    pub space: DesignSpace,
    pub workload: Workload,
    pub assumptions: Assumptions,
    pub device: Device,
    pub latencies: Vec<Latency>,
    pub objective: Objective,
    /// The budgets that were asked for.
    pub asked: Budgets,
    /// The same with the reference's latency on the device where no budget on the objective's was asked for.
    pub budgets: Budgets,
    pub reference: NamedArchitecture,
    /// The formats to choose from.
    pub formats: Vec<Formats>,
    pub quantisation: Quantisation,
}

impl Setup {
    /// Reads everything that the arguments name.
    pub fn new(args: &Args) -> Result<Setup> {
        let (objective, asked) = args.budgets.objective_and_budgets()?;
        if let Some(out) = &args.out {
            Folder::check(out)?;
        }
        let law = args.law.law()?;
        let space = input::space(&args.space)?;
        let formats = args.formats.formats()?;
        let (device, latencies) = args.device.latencies(&formats, args.formats.is_paper())?;
        let quantisation = args.quantisation.of(&formats, &law)?;
        let reference = input::model(&args.reference)?;
        let mut setup = Setup {
            law,
            space,
            workload: args.workload.workload(),
            assumptions: args.formats.assumptions(),
            device,
            latencies,
            objective,
            asked,
            budgets: asked,
            reference,
            formats,
            quantisation,
        };
        if asked.latency(objective).is_none() {
            let evaluators = setup.evaluators(&setup.device, &setup.latencies);
            let first = evaluators
                .first()
                .ok_or_else(|| anyhow!("--weights: expected at least one format"))?;
            let evaluation = first.evaluate(&setup.reference.architecture);
            *setup.budgets.latency_mut(objective) = Some(objective.latency_s(&evaluation));
        }
        Ok(setup)
    }

    /// Refuses what would take hours.
    pub fn check_size(&self, searches: u64) -> Result<()> {
        let combinations = self.space.len().saturating_mul(searches);
        if combinations > MOST_COMBINATIONS {
            bail!(
                "{} searches of the {} combinations of the space `{}`: expected at most {} in all",
                output::thousands(searches),
                output::thousands(self.space.len()),
                self.space.id,
                output::thousands(MOST_COMBINATIONS)
            );
        }
        Ok(())
    }

    /// A bar over so many searches.
    pub fn progress(&self, searches: u64) -> Progress {
        Progress::new(self.space.len().saturating_mul(searches))
    }

    /// The changed device, and what its latencies rest on: the same achieved shares of the device's figures.
    pub fn changed(&self, changes: &Changes) -> (Device, Vec<Latency>) {
        let overhead = changes.of(Figure::Overhead);
        let latencies = self.latencies.iter().cloned();
        let of = |latency: Latency| {
            if overhead == 1.0 {
                latency
            } else {
                latency.with_overheads_times(overhead)
            }
        };
        (changes.apply(&self.device), latencies.map(of).collect())
    }

    pub fn evaluators(&self, device: &Device, latencies: &[Latency]) -> Vec<Evaluator> {
        let of = |(position, latency): (usize, &Latency)| {
            let roofline = latency.roofline(device, &self.assumptions);
            // Without the refits, which no search needs and which may be many.
            Evaluator::new(self.law.without_ensemble(), roofline, self.workload)
                .with_quantisation(self.quantisation.penalty(position))
        };
        latencies.iter().enumerate().map(of).collect()
    }

    /// The budgets on a device: its memory is one.
    pub fn budgets_on(&self, device: &Device) -> Budgets {
        let capacity = device.memory_capacity_bytes;
        let asked = self.asked.memory_bytes;
        Budgets {
            memory_bytes: Some(asked.map_or(capacity, |asked| asked.min(capacity))),
            ..self.budgets
        }
    }

    /// Searches the space on a device.
    pub fn search(&self, device: &Device, latencies: &[Latency], progress: &Progress) -> Outcome {
        let evaluators = self.evaluators(device, latencies);
        let query = Query {
            space: &self.space,
            evaluators: &evaluators,
            objective: self.objective,
            budgets: self.budgets_on(device),
            minimize_memory: false,
        };
        query.run(&|done| progress.advance(done))
    }
}
