//! `rooflaw explain`: why the best design is what it is.

mod args;
pub mod found;
pub mod print;
mod searched;
mod tables;
mod theory;

pub use args::Args;
pub use found::Explanation;

use crate::input;
use crate::output::{self, Folder};
use crate::report;
use anyhow::{Result, anyhow, bail};
use rooflaw::roofline::Evaluator;
use rooflaw::search::{Budgets, Objective};
use rooflaw::theory::Quantity;
use rooflaw::theory::integers::Lattice;
use rooflaw::theory::region::slices;

/// Runs the command.
pub fn run(args: &Args) -> Result<()> {
    if let Some(out) = &args.out {
        Folder::check(out)?;
    } else if args.region && !args.json {
        bail!("--region draws figures: give --out DIR for them, or --json for their cells");
    }
    let law = args.law.law()?;
    let space = input::space(&args.space)?;
    let [formats] = args.formats.formats()?[..] else {
        bail!(
            "--weights names {} formats: expected one for `explain`",
            args.formats.formats()?.len()
        )
    };
    let (device, latencies) = args.device.latencies(&[formats], args.formats.is_paper())?;
    let latency = latencies
        .first()
        .ok_or_else(|| anyhow!("no latency of a format"))?;
    let roofline = latency.roofline(&device, &args.formats.assumptions());
    let evaluator = Evaluator::new(law, roofline, args.workload.workload());
    let (objective, asked) = args.budgets.objective_and_budgets()?;
    let (budgets, assumed) = complete(args, &evaluator, objective, asked, device.memory_capacity_bytes)?;

    let lattice = Lattice::of_space(&space).ok_or_else(|| {
        anyhow!(
            "the space `{}` has no grouped-query attention whose heads are together as wide as the model: the theory \
             is about such architectures",
            space.id
        )
    })?;
    let solved = theory::theory(&evaluator, &budgets, &lattice, args.hidden_size)?;
    let searched = searched::searched(&space, &evaluator, objective, &budgets);
    let (theory, problem, no_theory) = match solved {
        Ok((theory, problem)) => (Some(theory), Some(problem), None),
        Err(reason) => (None, None, Some(reason)),
    };
    let mut explanation = Explanation {
        device: &device,
        formats,
        law: &evaluator.law().id,
        loss_unit: evaluator.law().unit(),
        space: &space.id,
        workload: *evaluator.workload(),
        budgets,
        assumed,
        theory,
        no_theory,
        searched,
        region: None,
        latency,
        fallbacks: latency.fallbacks(evaluator.roofline()).to_vec(),
    };
    if args.region {
        let at = explanation.recommended().ok_or_else(|| {
            anyhow!(
                "--region: no architecture of the space `{}` meets the budgets",
                space.id
            )
        })?;
        explanation.region = Some(slices(&evaluator, &budgets, &lattice, &at));
    }
    if let Some(out) = &args.out {
        let mut folder = Folder::new(out)?;
        let at = explanation.recommended();
        let boundary = problem
            .zip(at)
            .and_then(|(problem, at)| problem.agreeing_at(&evaluator, &at));
        report::explain::write(&explanation, boundary.as_ref(), &mut folder)?;
        folder.commit()?;
    }
    if args.json {
        output::json(&explanation)
    } else {
        print::print(args, &explanation, evaluator.law())
    }
}

/// The budgets with those that nobody asked for: the reference's latency, the device's memory.
fn complete(
    args: &Args,
    evaluator: &Evaluator,
    objective: Objective,
    mut budgets: Budgets,
    capacity: f64,
) -> Result<(Budgets, Vec<(Quantity, String)>)> {
    let mut assumed = Vec::new();
    let latencies = [budgets.ttft_s, budgets.tpot_s, budgets.total_s];
    if latencies.iter().all(Option::is_none) {
        let reference = input::model(&args.reference)?;
        let evaluation = evaluator.evaluate(&reference.architecture);
        *budgets.latency_mut(objective) = Some(objective.latency_s(&evaluation));
        let quantity = match objective {
            Objective::Prefill => Quantity::Ttft,
            Objective::Decode => Quantity::Tpot,
            Objective::Total => Quantity::Total,
        };
        assumed.push((quantity, format!("{}'s", reference.name)));
    }
    if budgets.memory_bytes.is_none_or(|asked| asked > capacity) {
        budgets.memory_bytes = Some(capacity);
        assumed.push((Quantity::Memory, "the device's".to_owned()));
    }
    Ok((budgets, assumed))
}

impl Explanation<'_> {
    /// The whole-number design near the refined optimum.
    pub fn near_refined(&self) -> Option<&found::Whole> {
        self.theory.as_ref()?.refined.as_ref()?.integers.as_ref()
    }

    /// The architecture that meets every budget by the full model with the lowest loss of those found.
    pub fn recommended(&self) -> Option<rooflaw::architecture::Architecture> {
        let near = self
            .near_refined()
            .map(|whole| (whole.evaluation.loss, whole.architecture));
        let searched = self
            .searched
            .as_ref()
            .map(|found| (found.best.evaluation.loss, found.best.architecture));
        let best = near
            .into_iter()
            .chain(searched)
            .min_by(|a, b| a.0.total_cmp(&b.0));
        best.map(|(_, architecture)| architecture)
    }
}
