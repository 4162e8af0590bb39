//! The continuous problem of the arguments, solved every way there is.

use super::found::{Answer, ClosedForm, Elasticities, Placed, RefinedAnswer, Theory, Whole};
use anyhow::{Result, anyhow};
use rooflaw::architecture::Architecture;
use rooflaw::roofline::Evaluator;
use rooflaw::search::Budgets;
use rooflaw::theory::closed_form::{ClosedForms, Regime};
use rooflaw::theory::integers::Lattice;
use rooflaw::theory::{Bounds, CoDesign, CostModel, Infeasible, Optimum, Prices, Problem, Quantity, Shape};
use rooflaw::theory::{RefineError, Refined, ShapeVariable, Sweep, paper};

/// Factors on the budgets over which the optimum is followed.
const FACTORS: [f64; 9] = [0.5, 0.595, 0.707, 0.841, 1.0, 1.189, 1.414, 1.682, 2.0];
/// Hidden sizes at which the optimum is followed.
const N_WIDTHS: u32 = 13;

/// Solves the problem; `Ok(Err(reason))` for a law that the theory does not know.
pub fn theory(
    evaluator: &Evaluator,
    budgets: &Budgets,
    lattice: &Lattice,
    hidden_size: Option<u32>,
) -> Result<std::result::Result<(Theory, Problem), String>> {
    let law = evaluator.law();
    let costs = CostModel::new(evaluator.roofline(), evaluator.workload());
    let problem = match Problem::new(law, &costs, budgets, lattice.bounds) {
        Ok(problem) => problem,
        Err(unsupported) => return Ok(Err(unsupported.to_string())),
    };
    let optimum = problem.solve().map_err(|infeasible| out_of_reach(&infeasible))?;
    // Every quantity that people know, budgeted or not.
    let everything = Budgets {
        ttft_s: Some(1.0),
        tpot_s: Some(1.0),
        total_s: Some(1.0),
        memory_bytes: Some(1.0),
        ..Budgets::default()
    };
    let units = match Problem::new(law, &costs, &everything, lattice.bounds) {
        Ok(units) => units,
        Err(unsupported) => return Ok(Err(unsupported.to_string())),
    };
    let whole = |architecture: Architecture| whole(evaluator, budgets, [&problem, &units], architecture);
    let admits =
        |architecture: &Architecture| Shape::of(architecture).is_some_and(|shape| problem.admits(&shape));
    let integers = lattice.best_near(&optimum.shape, law, admits).and_then(whole);
    // Full costs out of reach: the search says so, with what is least.
    let refined = match Refined::solve(evaluator, budgets, lattice) {
        Ok(refined) => Some(refined),
        Err(RefineError::Law(unsupported)) => return Ok(Err(unsupported.to_string())),
        Err(RefineError::Infeasible(_)) => None,
    };
    let refined = refined.map(|refined| RefinedAnswer {
        factors: refined.factors,
        answer: answer(&refined.problem, refined.optimum),
        integers: refined.best.and_then(|(architecture, _)| whole(architecture)),
    });
    let (closed_form, no_closed_form, paper) = match closed_form(evaluator, &problem, &optimum, hidden_size) {
        Ok((form, paper)) => (Some(form), None, paper),
        Err(reason) => (None, Some(reason), Vec::new()),
    };
    let theory = Theory {
        flop_per_s: costs.flop_per_s,
        bytes_per_s: costs.bytes_per_s,
        bounds: lattice.bounds,
        closed_form,
        no_closed_form,
        integers,
        refined,
        paper,
        elasticities: elasticities(&problem, &optimum),
        simplified: answer(&problem, optimum),
    };
    Ok(Ok((theory, problem)))
}

fn out_of_reach(infeasible: &Infeasible) -> anyhow::Error {
    let reasons = infeasible.budgets.iter().map(|(quantity, budget, least)| {
        format!(
            "{} at most {}, where the least within the bounds is {} times as much",
            quantity.name(),
            crate::input::budgeted(*quantity as usize, *budget),
            crate::output::short(least / budget, 3)
        )
    });
    let reasons: Vec<String> = reasons.collect();
    anyhow!(
        "no shape within the space's bounds meets the budgets: {}",
        reasons.join("; ")
    )
}

fn answer(problem: &Problem, optimum: Optimum) -> Answer {
    Answer {
        regime: problem.regime(&optimum),
        at_bounds: problem.at_bounds(&optimum),
        prices: Prices::at(problem, &optimum),
        optimum,
    }
}

fn placed(problem: &Problem, shape: Shape) -> Placed {
    Placed {
        loss: problem.loss(&shape),
        shares: problem
            .limits
            .iter()
            .map(|limit| (limit.quantity, limit.share(&shape)))
            .collect(),
        shape,
    }
}

/// Usage over budget by the full model.
pub fn full_shares(budgets: &Budgets, evaluation: &rooflaw::roofline::Evaluation) -> Vec<(Quantity, f64)> {
    let usage = Budgets::quantities(evaluation);
    let entries = Quantity::ALL.into_iter().zip(budgets.entries());
    entries
        .filter_map(|(quantity, (_, budget))| Some((quantity, usage[quantity as usize] / budget?)))
        .collect()
}

fn whole(
    evaluator: &Evaluator,
    budgets: &Budgets,
    [problem, units]: [&Problem; 2],
    architecture: Architecture,
) -> Option<Whole> {
    let evaluation = evaluator.evaluate(&architecture);
    Some(Whole {
        placed: placed(problem, Shape::of(&architecture)?),
        full_shares: full_shares(budgets, &evaluation),
        simplified: placed(units, Shape::of(&architecture)?).shares,
        architecture,
        evaluation,
    })
}

/// The closed forms at a hidden size, and what the paper has in their place; or why there are none.
fn closed_form(
    evaluator: &Evaluator,
    problem: &Problem,
    optimum: &Optimum,
    hidden_size: Option<u32>,
) -> std::result::Result<(ClosedForm, Vec<paper::Consequence>), String> {
    let law = CoDesign::of(evaluator.law()).map_err(|error| error.to_string())?;
    let regime = problem.regime(optimum).ok_or_else(|| none_applies(optimum))?;
    let hidden_size = hidden_size.map_or(optimum.shape.hidden_size, f64::from);
    let forms = ClosedForms::new(law, problem, hidden_size);
    let missing = || {
        format!(
            "the closed form of {} has no solution at this hidden size",
            regime.name()
        )
    };
    let free = forms.free(regime).ok_or_else(missing)?;
    let clipped = forms.clipped(regime).ok_or_else(missing)?;
    let paper = paper::consequences(
        law,
        problem,
        regime,
        hidden_size,
        evaluator.roofline().bandwidth(),
    );
    let form = ClosedForm {
        hidden_size,
        regime,
        paper_name: regime.paper_name(),
        free: placed(problem, free),
        clipped: placed(problem, clipped),
    };
    Ok((form, paper))
}

fn none_applies(optimum: &Optimum) -> String {
    let binding = optimum.limits.iter().filter(|state| state.binds());
    let names: Vec<&str> = binding.map(|state| state.quantity.name()).collect();
    if names.is_empty() {
        "no budget binds: the bounds alone hold the optimum, and the closed forms have none".to_owned()
    } else {
        format!(
            "{} bind together: the closed forms are for one budget, or a latency and memory",
            names.join(" and ")
        )
    }
}

fn elasticities(problem: &Problem, optimum: &Optimum) -> Elasticities {
    let binding: Vec<Quantity> = optimum
        .limits
        .iter()
        .filter(|state| state.binds())
        .map(|state| state.quantity)
        .collect();
    let of_budget = Sweep::of_budgets(problem, &FACTORS, |quantity| binding.contains(&quantity));
    let (least, most) = (problem.bounds.min.hidden_size, problem.bounds.max.hidden_size);
    let width = |n: u32| least * (most / least).powf(f64::from(n) / f64::from(N_WIDTHS - 1));
    let widths: Vec<f64> = (0..N_WIDTHS).map(width).collect();
    let of_width = Sweep::of_variable(problem, ShapeVariable::HiddenSize, &widths);
    let unbounded = Problem {
        bounds: Bounds {
            min: Shape {
                activation_rate: problem.bounds.min.activation_rate,
                ..Shape::from_values([1e-3; ShapeVariable::COUNT])
            },
            max: Shape::from_values([1e5; ShapeVariable::COUNT]),
        },
        ..problem.clone()
    };
    let points = |sweep: &Sweep| {
        let points = sweep.points.iter();
        points.map(|(x, found)| (*x, found.shape, found.loss)).collect()
    };
    Elasticities {
        // Without a budget that binds, nothing is swept.
        of_budget: if binding.is_empty() {
            Vec::new()
        } else {
            of_budget.power_fits()
        },
        budget_sweep: points(&of_budget),
        of_hidden_size: of_width.power_fits(),
        of_hidden_size_free: if binding.is_empty() {
            Vec::new()
        } else {
            Sweep::of_variable(&unbounded, ShapeVariable::HiddenSize, &widths).power_fits()
        },
        hidden_size_sweep: points(&of_width),
    }
}

/// The regime in words.
pub fn regime_words(regime: Regime) -> String {
    let paper = regime
        .paper_name()
        .map_or_else(String::new, |name| format!(" ({name})"));
    format!("{}{paper}", regime.name())
}
