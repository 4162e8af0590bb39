//! The same question by exact search, which knows no theory.

use super::found::Searched;
use super::theory::full_shares;
use crate::output::Progress;
use rooflaw::roofline::Evaluator;
use rooflaw::search::{Budgets, Candidate, Objective, Outcome, Query};
use rooflaw::space::DesignSpace;
use rooflaw::theory::{Quantity, Shape, power_fits};

/// Largest space that is searched: some seconds.
const MAX_COMBINATIONS: u64 = 20_000_000;

/// The best of the space, what a tenth more of each budget buys, and how the frontier scales; `None` for a space too
/// large, or where nothing meets the budgets.
pub fn searched(
    space: &DesignSpace,
    evaluator: &Evaluator,
    objective: Objective,
    budgets: &Budgets,
) -> Option<Searched> {
    if space.len() > MAX_COMBINATIONS {
        return None;
    }
    let n_budgets = budgets
        .entries()
        .iter()
        .filter(|(_, budget)| budget.is_some())
        .count() as u64;
    let progress = Progress::new(space.len() * (1 + n_budgets));
    let run = |budgets: Budgets| {
        let query = Query {
            space,
            evaluators: std::slice::from_ref(evaluator),
            objective,
            budgets,
            minimize_memory: false,
        };
        query.run(&|done| progress.advance(done))
    };
    let outcome = run(*budgets);
    let best = best_of(&outcome)?;
    let more = |quantity: Quantity| {
        let mut budgets = *budgets;
        let budget = match quantity {
            Quantity::Ttft => &mut budgets.ttft_s,
            Quantity::Tpot => &mut budgets.tpot_s,
            Quantity::Total => &mut budgets.total_s,
            Quantity::Memory => &mut budgets.memory_bytes,
            Quantity::TotalParameters => &mut budgets.total_parameters,
            Quantity::ActiveParameters => &mut budgets.active_parameters,
        };
        *budget = Some(1.1 * (*budget)?);
        let found = best_of(&run(budgets))?;
        Some((quantity, found.evaluation.loss - best.evaluation.loss))
    };
    let tenth_more = Quantity::ALL.into_iter().filter_map(more).collect();
    progress.finish();
    let frontier: Vec<(f64, Shape)> = outcome
        .by_format
        .iter()
        .flat_map(|found| &found.frontier)
        .filter_map(|candidate| {
            let latency = objective.latency_s(&candidate.evaluation);
            Some((latency, Shape::of(&candidate.architecture)?))
        })
        .collect();
    Some(Searched {
        shape: Shape::of(&best.architecture),
        full_shares: full_shares(budgets, &best.evaluation),
        along_frontier: power_fits(&frontier),
        tenth_more,
        frontier,
        best,
    })
}

fn best_of(outcome: &Outcome) -> Option<Candidate> {
    outcome.by_format.iter().find_map(|found| found.best)
}
