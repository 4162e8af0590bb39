//! `rooflaw design`: the main job, from a device and budgets to the best architecture.

mod args;
pub mod effort;
mod found;
mod nothing;
pub mod print;
pub mod several;
mod trust;
pub mod uncertainty;

pub use args::Args;
pub use found::{Chosen, Design, Reference};

use crate::input;
use crate::interrupt::Interrupt;
use crate::output::{self, Folder, Progress};
use crate::report;
use anyhow::{Result, anyhow, bail};
use rooflaw::format::Formats;
use rooflaw::law::{COVERAGE, LossInterval, LossLaw, NATS_PER_TOKEN};
use rooflaw::models;
use rooflaw::roofline::Evaluator;
use rooflaw::search::{Candidate, FormatOutcome, Method, Objective, Outcome, Query, Watch};
use rooflaw_report::figure::NamedPoint;
use std::time::{Duration, Instant};
use trust::Truster;
use uncertainty::Asked;

/// Largest space enumerated unless a time is given.
const MAX_ENUMERATED: u64 = 100_000_000_000;

/// Dots of the space in the figure.
const CLOUD: u64 = 4000;

/// Runs the command.
pub fn run(args: &Args) -> Result<()> {
    if args.several.are_several(args.device.n_named()) {
        return several::run(args);
    }
    args.several.check_alone()?;
    let law = args.law.law()?;
    let space = input::space(&args.space)?;
    let workload = args.workload.workload();
    let assumptions = args.formats.assumptions();
    let formats = args.formats.formats()?;
    let (device, latencies) = args.device.latencies(&formats, args.formats.is_paper())?;
    let quantisation = args.quantisation.of(&formats, &law)?;
    let (objective, asked) = args.budgets.objective_and_budgets()?;
    let mut budgets = asked;
    // What would fail at the end had better fail before a search of minutes.
    if let Some(out) = &args.out {
        Folder::check(out)?;
    }
    args.uncertainty.check(&law, &latencies)?;
    let capacity = device.memory_capacity_bytes;
    budgets.memory_bytes = Some(budgets.memory_bytes.map_or(capacity, |asked| asked.min(capacity)));
    let evaluators: Vec<Evaluator> = latencies
        .iter()
        .enumerate()
        .map(|(position, latency)| {
            Evaluator::new(law.clone(), latency.roofline(&device, &assumptions), workload)
                .with_quantisation(quantisation.penalty(position))
        })
        .collect();
    let first = evaluators
        .first()
        .ok_or_else(|| anyhow!("--weights: expected at least one format"))?;

    let reference_model = input::model(&args.reference)?;
    let reference = first.evaluate(&reference_model.architecture);
    if budgets.latency(objective).is_none() {
        *budgets.latency_mut(objective) = Some(objective.latency_s(&reference));
    }

    let query = Query {
        space: &space,
        evaluators: &evaluators,
        objective,
        budgets,
        minimize_memory: args.minimize_memory,
    };
    let (outcome, elapsed) = args.searched(&query)?;
    let (chosen_formats, candidate) =
        choose(&outcome).ok_or_else(|| args.nothing_fits(&outcome, &budgets, &space.id, &device, &law))?;
    let is_reference_budget = asked.latency(objective).is_none();
    let decision = args.uncertainty.decide(&Asked {
        device: &device,
        assumptions: &assumptions,
        law: &law,
        space: &space,
        latencies: &latencies,
        evaluators: &evaluators,
        objective,
        budgets,
        reference: is_reference_budget.then_some(&reference_model.architecture),
    })?;
    let truster = Truster {
        device: &device,
        latencies: &latencies,
        evaluators: &evaluators,
        reference: (&reference_model.architecture, &reference),
        objective,
        budgets,
        asked,
    };
    let trust = truster.frontier(&outcome);
    let chosen_features = law.features(&candidate.architecture);
    let penalty = evaluators
        .iter()
        .find(|evaluator| *evaluator.roofline().formats() == chosen_formats)
        .map_or(0.0, |found| {
            found.quantisation_loss(&candidate.evaluation.parameters)
        });
    let chosen = Chosen {
        formats: chosen_formats,
        loss_interval: law
            .interval(&chosen_features)
            .map(|interval| interval.above(penalty)),
        latency_intervals: truster.intervals(&chosen_formats, &candidate),
        probabilities: truster.probabilities(&chosen_formats, &candidate),
        likely: truster.likely(&outcome, &trust),
        extrapolations: law.extrapolations(&chosen_features),
        candidate,
    };
    let at_its_latency = outcome
        .by_format
        .first()
        .and_then(|found| best_within(found, objective, objective.latency_s(&reference)));
    // Of losses in other units no ratio of perplexities follows.
    let in_nats = at_its_latency.filter(|_| law.unit() == NATS_PER_TOKEN);
    let reference_features = law.features(&reference_model.architecture);
    let design = Design {
        device: &device,
        unseen_experts: report::expert_warning(&law, &chosen.candidate.architecture),
        law: &law.id,
        loss_unit: law.unit(),
        training_tokens: law.training_tokens,
        frontier_loss_intervals: frontier_loss_intervals(&outcome, &law, &evaluators),
        coverage: COVERAGE,
        space: &space.id,
        workload,
        objective,
        budgets,
        latency_budget_s: budgets.latency(objective),
        reference: Reference {
            name: reference_model.name,
            evaluation: reference,
            latency_intervals: truster.reference_intervals(),
            perplexity_ratio: in_nats.map(|found| (found.evaluation.loss - reference.loss).exp()),
            perplexity_ratio_interval: in_nats.and_then(|found| {
                law.perplexity_ratio_interval(&law.features(&found.architecture), &reference_features)
            }),
            at_its_latency,
            loss_interval: law
                .interval(&reference_features)
                .map(|interval| interval.above(first.quantisation_loss(&reference.parameters))),
            extrapolations: law.extrapolations(&reference_features),
        },
        fallbacks: latencies
            .iter()
            .zip(&evaluators)
            .flat_map(|(latency, evaluator)| latency.fallbacks(evaluator.roofline()))
            .copied()
            .collect(),
        trust,
        cloud: cloud(&query, first),
        known_models: known_models(first, objective, capacity),
        quantisation: quantisation.sentence(&formats),
        quantisation_warning: quantisation.warning(chosen.candidate.evaluation.parameters.total),
        chosen,
        outcome,
        decision,
        latencies: latencies.clone(),
    };
    if let Some(out) = &args.out {
        let mut folder = Folder::new(out)?;
        let budgets = print::budget_text(&design, args);
        report::design::write(&design, &law, &assumptions, &budgets, &mut folder)?;
        folder.commit()?;
    }
    if args.json {
        output::json(&design)
    } else {
        print::print(args, &design, &law, elapsed)
    }
}

/// The lowest loss among the formats' best; of equals the fastest format named first.
fn choose(outcome: &Outcome) -> Option<(Formats, Candidate)> {
    let best = |found: &FormatOutcome| found.best.map(|candidate| (found.formats, candidate));
    outcome
        .by_format
        .iter()
        .filter_map(best)
        .filter(|(_, candidate)| candidate.evaluation.loss.is_finite())
        .min_by(|a, b| a.1.evaluation.loss.total_cmp(&b.1.evaluation.loss))
}

fn frontier_loss_intervals(
    outcome: &Outcome,
    law: &LossLaw,
    evaluators: &[Evaluator],
) -> Vec<Vec<LossInterval>> {
    if law.ensemble.is_none() {
        return Vec::new();
    }
    let of_format = |(found, evaluator): (&FormatOutcome, &Evaluator)| {
        let of_point = |candidate: &Candidate| {
            let penalty = evaluator.quantisation_loss(&candidate.evaluation.parameters);
            let interval = law.interval(&law.features(&candidate.architecture))?;
            Some(interval.above(penalty))
        };
        found.frontier.iter().filter_map(of_point).collect()
    };
    outcome.by_format.iter().zip(evaluators).map(of_format).collect()
}

/// The frontier's lowest loss at no more than a latency.
fn best_within(found: &FormatOutcome, objective: Objective, latency_s: f64) -> Option<Candidate> {
    let within = |candidate: &&Candidate| objective.latency_s(&candidate.evaluation) <= latency_s;
    found
        .frontier
        .iter()
        .filter(within)
        .min_by(|a, b| a.evaluation.loss.total_cmp(&b.evaluation.loss))
        .copied()
}

fn cloud(query: &Query<'_>, evaluator: &Evaluator) -> Vec<(f64, f64)> {
    let point = |c: &Candidate| (1e3 * query.objective.latency_s(&c.evaluation), c.evaluation.loss);
    query.sample(CLOUD, evaluator).iter().map(point).collect()
}

/// Published models in the figure: enough to know where one is, few enough to read.
const KNOWN_MODELS: [&str; 8] = [
    "smollm2-135m-instruct",
    "smollm2-360m-instruct",
    "qwen2.5-0.5b",
    "llama-3.2-1b-instruct",
    "qwen3-1.7b",
    "qwen3-4b",
    "olmoe-1b-7b-0125-instruct",
    "granite-3.1-1b-a400m-instruct",
];

/// The shapes of some published models, those that fit.
fn known_models(evaluator: &Evaluator, objective: Objective, capacity: f64) -> Vec<NamedPoint> {
    let point = |name: &&str| {
        let model = models::find(name).ok()?;
        let evaluation = evaluator.evaluate(&model.architecture);
        (evaluation.memory.total_bytes() <= capacity).then(|| NamedPoint {
            name: model.entry.name.trim_end_matches("-Instruct").to_owned(),
            x: 1e3 * objective.latency_s(&evaluation),
            y: evaluation.loss,
        })
    };
    KNOWN_MODELS.iter().filter_map(point).collect()
}

/// Of losses in quantised formats, where their cost is not counted.
pub const UNCOUNTED_QUANTISATION: &str =
    "the law knows nothing of quantisation: the loss it costs is not counted (--quantisation-loss)";

/// What to know before trusting the answer.
pub fn warnings(design: &Design<'_>) -> Vec<String> {
    let mut warnings = effort::gaps(design);
    warnings.extend(design.unseen_experts.iter().cloned());
    for extrapolation in &design.chosen.extrapolations {
        warnings.push(format!(
            "the law {} extrapolates for the chosen architecture: {extrapolation}",
            design.law
        ));
    }
    for extrapolation in &design.reference.extrapolations {
        warnings.push(format!(
            "the law {} extrapolates for {}: {extrapolation}",
            design.law, design.reference.name
        ));
    }
    let formats: Vec<String> = design
        .outcome
        .by_format
        .iter()
        .map(|found| found.formats.weights.to_string())
        .collect();
    warnings.extend(design.quantisation_warning.iter().cloned());
    let quantised = |name: &String| !["fp32", "fp16", "bf16", "F16"].contains(&name.as_str());
    if design.quantisation.is_none() && formats.iter().any(quantised) {
        warnings.push(UNCOUNTED_QUANTISATION.to_owned());
    }
    // Several formats may lack the same rate.
    for fallback in report::fallback_warnings(design.device, &design.fallbacks) {
        if !warnings.contains(&fallback) {
            warnings.push(fallback);
        }
    }
    warnings
}

impl Args {
    /// What is found, by the method asked for, until the time is over or the user interrupts.
    fn searched(&self, query: &Query<'_>) -> Result<(Outcome, Duration)> {
        let method = Method::from(self.search);
        let size = query.space.len();
        if size > MAX_ENUMERATED && self.time_limit.is_none() && query.enumerates(method).is_some() {
            bail!(
                "the space `{}` has {} combinations, and {}: expected at most {}, which take hours, or a --time-limit",
                query.space.id,
                output::thousands(size),
                match method {
                    Method::Enumeration => "--search enumerate visits them all",
                    _ => "this law has no valid bounds, so that all have to be visited",
                },
                output::thousands(MAX_ENUMERATED)
            );
        }
        let progress = Progress::new(size);
        let interrupt = Interrupt::watched()?;
        let started = Instant::now();
        let is_over = || {
            self.time_limit
                .is_some_and(|limit| started.elapsed().as_secs_f64() >= limit)
        };
        let outcome = query.search(
            method,
            &Watch {
                advance: &|done| progress.advance(done),
                stop: &|| interrupt.is_told() || is_over(),
            },
        );
        interrupt.over();
        Ok((outcome, progress.finish()))
    }
}
