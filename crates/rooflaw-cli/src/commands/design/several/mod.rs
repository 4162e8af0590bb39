//! `rooflaw design` for several devices, or several workloads on one: one architecture for all.

pub mod print;

use super::{Args, choose};
use crate::input;
use crate::latency::Latency;
use crate::output::{self, Folder, Progress};
use crate::report;
use anyhow::{Result, bail};
use rooflaw::architecture::Architecture;
use rooflaw::calibration::LatencyIntervals;
use rooflaw::device::Device;
use rooflaw::format::Formats;
use rooflaw::law::{Extrapolation, LossInterval, LossLaw};
use rooflaw::operators::Assumptions;
use rooflaw::roofline::{Evaluation, Evaluator, Workload};
use rooflaw::search::{Budgets, Candidate, Objective, Query};
use rooflaw::several::{Across, SeveralCandidate, SeveralOutcome, SeveralQuery, Target};
use rooflaw::space::DesignSpace;
use serde::Serialize;

/// One architecture for several targets.
#[derive(clap::Args, Clone)]
#[command(next_help_heading = "Several devices or workloads")]
pub struct SeveralArgs {
    /// With several devices or workloads: keep the largest share of a latency budget small, or the mean of the shares
    #[arg(long, value_name = "worst|mean", value_parser = across, default_value = "worst")]
    across: Across,
    /// How much each device counts in the mean, such as 3,1 [default: alike]
    #[arg(long, value_name = "WEIGHT", value_delimiter = ',', value_parser = input::positive, allow_hyphen_values = true)]
    device_weights: Vec<f64>,
    /// A workload as BATCH:TOKENS_IN:TOKENS_OUT, with a weight as 1:1024:16@0.7; several make one architecture for all.
    /// Instead of --batch, --prompt-tokens and --generated-tokens
    #[arg(long, value_name = "WORKLOAD", value_parser = input::weighted_workload, conflicts_with_all = ["batch", "prompt_tokens", "generated_tokens"])]
    workload: Vec<input::WeightedWorkload>,
}

fn across(text: &str) -> Result<Across, String> {
    [Across::Worst, Across::Mean]
        .into_iter()
        .find(|across| across.name() == text)
        .ok_or_else(|| "expected worst or mean".to_owned())
}

impl SeveralArgs {
    /// Whether there is more than one target.
    pub fn are_several(&self, n_devices: usize) -> bool {
        n_devices > 1 || !self.workload.is_empty()
    }

    /// Refuses what one device with one workload has no use for.
    ///
    /// # Errors
    /// Weights of devices.
    pub fn check_alone(&self) -> Result<()> {
        if !self.device_weights.is_empty() {
            bail!(
                "--device-weights: expected several devices, such as --device jetson-agx-orin-64gb,raspberry-pi-5"
            );
        }
        Ok(())
    }
}

/// What was found.
#[derive(Serialize)]
pub struct SeveralDesign<'a> {
    /// The law's id.
    pub law: &'a str,
    /// What the losses are measured in.
    pub loss_unit: &'a str,
    /// The space's id.
    pub space: &'a str,
    /// The latency that counts.
    pub objective: Objective,
    /// How the targets' latencies become one number.
    pub across: Across,
    /// The targets with the chosen architecture on each.
    pub targets: Vec<OnTarget>,
    /// The formats of the chosen architecture.
    pub formats: Formats,
    /// The chosen architecture.
    pub chosen: SeveralCandidate,
    /// The interval of its loss, if the law states one.
    pub loss_interval: Option<LossInterval>,
    /// Where the law extrapolates for it.
    pub extrapolations: Vec<Extrapolation>,
    /// What weight formats cost in loss, if that is counted.
    pub quantisation: Option<String>,
    /// The frontier of each set of formats.
    pub by_format: Vec<SeveralOfFormat>,
}

/// One set of formats.
#[derive(Serialize)]
pub struct SeveralOfFormat {
    /// The formats.
    pub formats: Formats,
    /// What was found.
    #[serde(flatten)]
    pub outcome: SeveralOutcome,
}

/// A target with the chosen architecture on it.
#[derive(Serialize)]
pub struct OnTarget {
    /// The device.
    pub device: Device,
    /// The workload.
    pub workload: Workload,
    /// How much it counts.
    pub weight: f64,
    /// The budgets on it.
    pub budgets: Budgets,
    /// Whether the budget on the objective's latency is the reference's latency on it.
    pub is_reference_budget: bool,
    /// What is predicted of the chosen architecture.
    pub evaluation: Evaluation,
    /// The intervals of its latencies.
    pub latency_intervals: LatencyIntervals,
    /// What would be the best for this target alone, in any of the formats.
    pub alone: Option<Candidate>,
    /// What its latencies rest on, by format.
    pub latencies: Vec<Latency>,
}

/// A target before the search.
struct Place {
    device: Device,
    latencies: Vec<Latency>,
    workload: Workload,
    weight: f64,
    budgets: Budgets,
}

/// The question, the same for all targets.
struct Question<'a> {
    args: &'a Args,
    law: LossLaw,
    space: DesignSpace,
    formats: Vec<Formats>,
    quantisation: input::Quantisation,
    assumptions: Assumptions,
    objective: Objective,
    asked: Budgets,
}

/// Runs the command for several targets.
pub fn run(args: &Args) -> Result<()> {
    if args.minimize_memory || args.uncertainty.is_asked() {
        let flag = if args.minimize_memory {
            "--minimize-memory"
        } else {
            "--uncertainty"
        };
        bail!("{flag} is for one device and one workload");
    }
    let law = args.law.law()?;
    let (objective, asked) = args.budgets.objective_and_budgets()?;
    let formats = args.formats.formats()?;
    let question = Question {
        args,
        space: input::space(&args.space)?,
        quantisation: args.quantisation.of(&formats, &law)?,
        assumptions: args.formats.assumptions(),
        formats,
        law,
        objective,
        asked,
    };
    if let Some(out) = &args.out {
        Folder::check(out)?;
    }
    let places = question.places()?;
    let searches = question.formats.len() * (1 + places.len());
    question.check_size(searches as u64)?;
    let progress = Progress::new(question.space.len().saturating_mul(searches as u64));
    let mut by_format: Vec<SeveralOfFormat> = Vec::new();
    for (position, &formats) in question.formats.iter().enumerate() {
        let targets: Vec<Target> = places
            .iter()
            .map(|place| question.target(place, position))
            .collect();
        let query = SeveralQuery {
            space: &question.space,
            targets: &targets,
            objective,
            across: args.several.across,
        };
        let outcome = query.run(&|done| progress.advance(done));
        by_format.push(SeveralOfFormat { formats, outcome });
    }
    let best = by_format
        .iter()
        .enumerate()
        .filter_map(|(position, found)| Some((position, found.outcome.best.clone()?)))
        .min_by(|a, b| a.1.loss().total_cmp(&b.1.loss()));
    let Some((position, chosen)) = best else {
        return Err(question.nothing_fits(&places, &by_format));
    };
    let mut targets = Vec::new();
    for (place, evaluation) in places.iter().zip(&chosen.evaluations) {
        let alone = question.alone(place, &progress);
        targets.push(question.on_target(place, position, &chosen.architecture, *evaluation, alone));
    }
    progress.finish();
    let features = question.law.features(&chosen.architecture);
    let penalty = question.quantisation.penalty(position).map_or(0.0, |penalty| {
        let counted = chosen.evaluations.first();
        counted.map_or(0.0, |evaluation| penalty.of(&evaluation.parameters))
    });
    let found = SeveralDesign {
        law: &question.law.id,
        loss_unit: question.law.unit(),
        space: &question.space.id,
        objective,
        across: args.several.across,
        targets,
        formats: question.formats[position],
        loss_interval: question
            .law
            .interval(&features)
            .map(|interval| interval.above(penalty)),
        extrapolations: question.law.extrapolations(&features),
        quantisation: question.quantisation.sentence(&question.formats),
        chosen,
        by_format,
    };
    if let Some(out) = &args.out {
        let mut folder = Folder::new(out)?;
        report::several::write(&found, &question.law, &mut folder)?;
        folder.commit()?;
    }
    if args.json {
        output::json(&found)
    } else {
        print::print(args, &found, &question.law)
    }
}

impl Question<'_> {
    /// Every device with every workload.
    fn places(&self) -> Result<Vec<Place>> {
        let devices = self
            .args
            .device
            .all_latencies(&self.formats, self.args.formats.is_paper())?;
        let weights = input::weights(&self.args.several.device_weights, devices.len())?;
        let mut workloads = self.args.several.workload.clone();
        if workloads.is_empty() {
            workloads.push(input::WeightedWorkload {
                workload: self.args.workload.workload(),
                weight: 1.0,
            });
        }
        let reference = input::model(&self.args.reference)?;
        let mut places = Vec::new();
        for ((device, latencies), of_device) in devices.into_iter().zip(weights) {
            for &input::WeightedWorkload { workload, weight } in &workloads {
                let capacity = device.memory_capacity_bytes;
                let mut place = Place {
                    budgets: Budgets {
                        memory_bytes: Some(
                            self.asked
                                .memory_bytes
                                .map_or(capacity, |asked| asked.min(capacity)),
                        ),
                        ..self.asked
                    },
                    device: device.clone(),
                    latencies: latencies.clone(),
                    workload,
                    weight: of_device * weight,
                };
                let budget = place.budgets.latency_mut(self.objective);
                if budget.is_none() {
                    let evaluation = self.evaluator(&place, 0).evaluate(&reference.architecture);
                    *place.budgets.latency_mut(self.objective) = Some(self.objective.latency_s(&evaluation));
                }
                places.push(place);
            }
        }
        Ok(places)
    }

    fn evaluator(&self, place: &Place, position: usize) -> Evaluator {
        let roofline = place.latencies[position].roofline(&place.device, &self.assumptions);
        Evaluator::new(self.law.without_ensemble(), roofline, place.workload)
            .with_quantisation(self.quantisation.penalty(position))
    }

    fn target(&self, place: &Place, position: usize) -> Target {
        Target {
            evaluator: self.evaluator(place, position),
            budgets: place.budgets,
            // Every place has one.
            scale_s: place.budgets.latency(self.objective).unwrap_or(1.0),
            weight: place.weight,
        }
    }

    /// The best for one target.
    fn alone(&self, place: &Place, progress: &Progress) -> Option<Candidate> {
        let evaluators: Vec<Evaluator> = (0..self.formats.len())
            .map(|position| self.evaluator(place, position))
            .collect();
        let query = Query {
            space: &self.space,
            evaluators: &evaluators,
            objective: self.objective,
            budgets: place.budgets,
            minimize_memory: false,
        };
        let outcome = query.run(&|done| progress.advance(done));
        choose(&outcome).map(|(_, candidate)| candidate)
    }

    fn on_target(
        &self,
        place: &Place,
        position: usize,
        architecture: &Architecture,
        evaluation: Evaluation,
        alone: Option<Candidate>,
    ) -> OnTarget {
        let latency = &place.latencies[position];
        let roofline = latency.roofline(&place.device, &self.assumptions);
        OnTarget {
            latency_intervals: latency.intervals(
                &place.device,
                &roofline,
                &place.workload,
                architecture,
                &evaluation,
            ),
            device: place.device.clone(),
            workload: place.workload,
            weight: place.weight,
            budgets: place.budgets,
            is_reference_budget: self.asked.latency(self.objective).is_none(),
            evaluation,
            alone,
            latencies: place.latencies.clone(),
        }
    }

    fn check_size(&self, searches: u64) -> Result<()> {
        let combinations = self.space.len().saturating_mul(searches);
        if combinations > super::MAX_ENUMERATED {
            bail!(
                "{searches} searches of the {} combinations of the space `{}`: expected at most {} in all",
                output::thousands(self.space.len()),
                self.space.id,
                output::thousands(super::MAX_ENUMERATED)
            );
        }
        Ok(())
    }

    /// On which target which budget is out of reach.
    fn nothing_fits(&self, places: &[Place], by_format: &[SeveralOfFormat]) -> anyhow::Error {
        let mut reasons = Vec::new();
        for (number, place) in places.iter().enumerate() {
            for (position, (name, budget)) in place.budgets.entries().into_iter().enumerate() {
                let least = by_format
                    .iter()
                    .filter_map(|found| found.outcome.least.get(number)?.entries()[position].1)
                    .fold(f64::INFINITY, f64::min);
                if let Some(budget) = budget.filter(|&budget| least > budget) {
                    reasons.push(format!(
                        "{name} at most {} on {}, where the least possible is {}",
                        input::budgeted(position, budget),
                        place.device.name,
                        input::budgeted(position, least)
                    ));
                }
            }
        }
        if reasons.is_empty() {
            reasons.push("each of them can be met, but not all together".to_owned());
        }
        anyhow::anyhow!(
            "no architecture of the space `{}` meets the budgets on all of them: {}",
            self.space.id,
            reasons.join("; ")
        )
    }
}
