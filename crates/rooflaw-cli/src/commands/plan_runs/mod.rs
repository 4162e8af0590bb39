//! `rooflaw plan-runs`: which architectures to train next.

mod args;
pub mod print;

pub use args::Args;

use crate::input::{self, DEFAULT_NOISE};
use crate::output::{self, Folder};
use crate::report;
use anyhow::{Context as _, Result, anyhow, bail};
use rooflaw::architecture::Architecture;
use rooflaw::law::fit::{Form, Values};
use rooflaw::law::{Feature, LawFile, LossLaw};
use rooflaw::plan::{
    self, Candidates, Criterion, Expectation, Filling, Limit, Noise, Options, Plan, Problem, Sampling,
    Training,
};
use rooflaw::runs::RunTable;
use serde::Serialize;
use std::collections::BTreeMap;

/// Runs without a number of them or a budget.
const DEFAULT_RUNS: u32 = 12;
/// Members of a law's ensemble that a plan averages over.
const MEMBERS: usize = 16;
/// More tokens than there is text.
const MOST_TOKENS: f64 = 1e18;
/// Random draws that a plan is compared with.
const DRAWS: u64 = 20;

/// What was planned.
#[derive(Serialize)]
pub struct Planned {
    /// The space's id.
    pub space: String,
    /// The law's id, where there is one.
    pub law: Option<String>,
    /// How the runs were chosen.
    pub method: Method,
    /// The runs, the most telling first.
    pub runs: Vec<PlannedRun>,
    /// What training them costs, FLOP; without training tokens, per token.
    pub training_flop: f64,
    /// Architectures and tokens that were looked at.
    pub n_candidates: usize,
    /// Runs that are in.
    pub n_existing: usize,
    /// What is to be known of runs with experts, for a law that knows nothing of them.
    pub unseen_experts: Option<String>,
    /// Where candidates, runs that are in and planned runs lie, for the figure.
    #[serde(skip)]
    pub picture: Picture,
}

/// How runs were chosen, and what is to be expected of them.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// For a law.
    Optimal {
        /// The plan.
        plan: Plan,
        /// Draws at random within the same limits: root of the mean variance of predictions over the space.
        random_rms: Vec<Option<f64>>,
        /// Runs that are in and law: sets of values averaged over.
        value_sets: usize,
    },
    /// Spread over the space.
    Filling {
        /// The choice.
        filling: Filling,
    },
}

/// A run to do.
#[derive(Clone, Copy, Serialize)]
pub struct PlannedRun {
    /// The architecture.
    pub architecture: Architecture,
    /// Training tokens.
    pub tokens: Option<f64>,
    /// What training costs, FLOP; without training tokens, per token.
    pub training_flop: f64,
}

/// Values of the variables by candidate, and which are chosen.
#[derive(Default)]
pub struct Picture {
    /// Candidates.
    pub candidates: Vec<(String, Vec<f64>)>,
    /// Indices of those chosen.
    pub chosen: Vec<usize>,
    /// Runs that are in.
    pub existing: Vec<(String, Vec<f64>)>,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<()> {
    let space = input::space(&args.space)?;
    let law = args.law.as_deref().map(planning_law).transpose()?;
    let existing = existing(args, law.as_ref())?;
    if let Some(out) = &args.out {
        Folder::check(out)?;
    }
    let training = Training {
        sequence_length: args.sequence_length,
        tokens: tokens(args, law.as_ref())?,
    };
    if args.budget.is_some() && training.tokens.is_empty() {
        bail!("--budget is in FLOP of whole trainings: give --tokens, such as 10B");
    }
    let candidates = Candidates::of_space(&space, &training, &Sampling::candidates(args.seed))
        .with_context(|| format!("space `{}`", space.id))?;
    let limit = limit(args);
    let (method, chosen) = match &law {
        Some(law) => {
            let targets = Candidates::of_space(&space, &training, &Sampling::targets(args.seed))?;
            optimal(args, law, &candidates, &targets, existing.as_ref(), limit)?
        }
        None => {
            let filling = plan::fill(&candidates, existing.as_ref(), None, limit)?;
            let chosen = filling.chosen.clone();
            (Method::Filling { filling }, chosen)
        }
    };
    let runs = planned_runs(&candidates, &chosen);
    let planned = Planned {
        space: space.id.clone(),
        unseen_experts: law.as_ref().and_then(|law| unseen_experts(law, &runs)),
        law: law.map(|law| law.id),
        runs,
        training_flop: candidates.total_flop(&chosen),
        n_candidates: candidates.len(),
        n_existing: existing.as_ref().map_or(0, RunTable::n_runs),
        picture: Picture {
            candidates: candidates.variables().to_vec(),
            chosen,
            existing: existing.map(|table| table.variables).unwrap_or_default(),
        },
        method,
    };
    if let Some(out) = &args.out {
        let mut folder = Folder::new(out)?;
        report::plan::write(&planned, &mut folder)?;
        folder.commit()?;
    }
    if args.json {
        output::json(&planned)
    } else {
        print::print(args, &planned)
    }
}

/// The runs that are in, those selected.
fn existing(args: &Args, law: Option<&LossLaw>) -> Result<Option<RunTable>> {
    let Some(path) = &args.existing else {
        if !args.select.words().is_empty() {
            bail!(
                "{}: these are rows of --existing, which is not given",
                args.select.words().trim()
            );
        }
        return Ok(None);
    };
    let table = args.select.select(input::runs(path)?.told()?)?;
    let has = |name: &&str| table.variables.iter().any(|(found, _)| found == name);
    let wanted = law.map(|law| law.family.variables()).unwrap_or_default();
    let missing: Vec<&str> = wanted.into_iter().filter(|name| !has(name)).collect();
    if let (Some(law), [_, ..]) = (law, &missing[..]) {
        let known: Vec<&str> = table.variables.iter().map(|(name, _)| name.as_str()).collect();
        bail!(
            "{}: the law {} needs {}, but the table has {}",
            path.display(),
            law.id,
            missing.join(", "),
            known.join(", ")
        );
    }
    Ok(Some(runs_as_units(table)))
}

/// The same with the rows of a run weighing as one: checkpoints of one run err together.
fn runs_as_units(mut table: RunTable) -> RunTable {
    if let Some(weights) = &mut table.weight {
        // Weights have no unit: a run counts as one on average.
        let mean = weights.iter().sum::<f64>() / weights.len() as f64;
        weights.iter_mut().for_each(|weight| *weight /= mean);
    }
    if let Some(groups) = &table.group {
        let mut sizes: BTreeMap<&str, f64> = BTreeMap::new();
        for group in groups {
            *sizes.entry(group).or_default() += 1.0;
        }
        let given = table.weight.take().unwrap_or_else(|| vec![1.0; groups.len()]);
        let weigh =
            |(weight, group): (f64, &String)| weight / sizes.get(group.as_str()).copied().unwrap_or(1.0);
        table.weight = Some(given.into_iter().zip(groups).map(weigh).collect());
    }
    table
}

/// A law that plans can be made for: with numbers, and with terms.
fn planning_law(name: &str) -> Result<LossLaw> {
    let file: LawFile = input::law_file(name)?;
    let law = file.into_law()?;
    if law.family.form_and_values(&law.numbers).is_none() {
        bail!(
            "--law {}: plans are made for laws that are sums of terms; leave it out to spread runs over the space",
            law.id
        );
    }
    Ok(law)
}

fn tokens(args: &Args, law: Option<&LossLaw>) -> Result<Vec<f64>> {
    let wanted = law.filter(|law| law.needs_tokens());
    for (index, tokens) in args.tokens.iter().enumerate() {
        if *tokens > MOST_TOKENS {
            bail!("--tokens {tokens:e}: expected at most {MOST_TOKENS:e}");
        }
        if args.tokens[..index].contains(tokens) {
            bail!("--tokens names {} twice", output::parameters(*tokens as u64));
        }
    }
    if !args.tokens.is_empty() {
        return Ok(args.tokens.clone());
    }
    let Some(law) = wanted else {
        return Ok(Vec::new());
    };
    let most = law.fitted_range.get(Feature::Tokens).map(|(_, most)| most);
    most.map(|most| vec![most]).ok_or_else(|| {
        anyhow!(
            "the law {} depends on tokens: give --tokens, such as 10B,100B",
            law.id
        )
    })
}

fn limit(args: &Args) -> Limit {
    match (args.runs, args.budget) {
        (Some(runs), Some(budget)) => Limit::runs(runs as usize).within(budget),
        (None, Some(budget)) => Limit::budget(budget),
        (runs, None) => Limit::runs(runs.unwrap_or(DEFAULT_RUNS) as usize),
    }
}

fn optimal(
    args: &Args,
    law: &LossLaw,
    candidates: &Candidates,
    targets: &Candidates,
    existing: Option<&RunTable>,
    limit: Limit,
) -> Result<(Method, Vec<usize>)> {
    let (form, values) = values(law).ok_or_else(|| anyhow!("the law {} has no terms", law.id))?;
    let own = law
        .ensemble
        .as_ref()
        .map(|ensemble| ensemble.residual_sd)
        .filter(|sd| *sd > 0.0);
    let problem = Problem {
        form,
        values: &values,
        candidates,
        targets: Some(targets),
        existing,
        noise: Noise::Relative(args.noise.or(own).unwrap_or(DEFAULT_NOISE)),
    };
    let options = Options {
        criterion: args.criterion,
        limit,
        repeats: args.repeats as usize,
    };
    let plan = plan::optimal(&problem, &options)?;
    let draw = |index: u64| plan::random(candidates, limit, u64::from(args.seed) * DRAWS + index);
    // Draws repeat no architecture: with --repeats there may be too few of them.
    let draws: Vec<Vec<usize>> = (0..DRAWS).filter_map(|index| draw(index).ok()).collect();
    let rms = |expectation: Expectation| expectation.after.map(|after| after.rms);
    let random_rms = plan::expect_each(&problem, &draws)?
        .into_iter()
        .map(rms)
        .collect();
    let chosen = plan.chosen.iter().map(|chosen| chosen.candidate).collect();
    let method = Method::Optimal {
        plan,
        random_rms,
        value_sets: values.len(),
    };
    Ok((method, chosen))
}

fn unseen_experts(law: &LossLaw, runs: &[PlannedRun]) -> Option<String> {
    let with = runs.iter().filter(|run| run.architecture.ffn.moe.is_some());
    let count = with.count();
    (count > 0 && !law.sees_experts()).then(|| {
        format!(
            "{count} of {} runs have experts, and the law {} takes mixtures of experts for dense models: plan in a --space \
             of dense models",
            runs.len(),
            law.id
        )
    })
}

/// The law's numbers, then some of its refits: a plan does well on average over them.
fn values(law: &LossLaw) -> Option<(&Form, Vec<Values>)> {
    let (form, best) = law.family.form_and_values(&law.numbers)?;
    let members = law.ensemble.iter().flat_map(|ensemble| &ensemble.members);
    let refits = members.filter_map(|member| Some(law.family.form_and_values(member)?.1));
    Some((form, std::iter::once(best).chain(refits.take(MEMBERS)).collect()))
}

fn planned_runs(candidates: &Candidates, chosen: &[usize]) -> Vec<PlannedRun> {
    let planned = |&index: &usize| {
        let candidate = candidates.list().get(index)?;
        Some(PlannedRun {
            architecture: candidate.architecture?,
            tokens: candidate.tokens,
            training_flop: candidate.training_flop,
        })
    };
    chosen.iter().filter_map(planned).collect()
}

impl Method {
    /// How the runs were chosen, in words.
    pub fn text(&self) -> String {
        match self {
            Method::Optimal { plan, value_sets, .. } => {
                let what = match plan.criterion {
                    Criterion::D => "D-optimal: they determine the law's numbers best",
                    Criterion::I => "I-optimal: they determine the law's predictions over the space best",
                };
                if *value_sets > 1 {
                    format!("{what}, on average over {value_sets} sets of its numbers")
                } else {
                    what.to_owned()
                }
            }
            Method::Filling { filling } => format!("spread over {}", filling.variables.join(", ")),
        }
    }
}
