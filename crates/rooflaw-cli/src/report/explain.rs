//! The folder of `rooflaw explain --out`.

use super::add_figure;
use crate::commands::explain::Explanation;
use crate::input;
use crate::output::Folder;
use anyhow::Result;
use rooflaw::theory::region::{Region, boundary};
use rooflaw::theory::{Problem, Quantity, Shape, ShapeVariable};
use rooflaw_report::figure::Scale;
use rooflaw_report::figure::profiles::{ProfilePanel, ProfilesFigure};
use rooflaw_report::figure::region::{RegionCell, RegionFigure, RegionPanel};

/// Writes every file.
pub fn write(explanation: &Explanation<'_>, problem: Option<&Problem>, folder: &mut Folder) -> Result<()> {
    folder.add("explanation.json", serde_json::to_vec_pretty(explanation)?)?;
    if let Some(figure) = scaling_figure(explanation) {
        add_figure(folder, "scaling", &figure)?;
    }
    if let Some(regions) = &explanation.region {
        add_figure(folder, "region", &region_figure(explanation, regions, problem))?;
    }
    Ok(())
}

/// How a variable is written on an axis.
fn label(variable: ShapeVariable) -> &'static str {
    match variable {
        ShapeVariable::NLayers => "layers l",
        ShapeVariable::HiddenSize => "hidden size d",
        ShapeVariable::FfnRatio => "FFN ratio r",
        ShapeVariable::ActivationRate => "activation rate ρ",
        ShapeVariable::Gqa => "query heads per KV head",
    }
}

fn budgets_text(explanation: &Explanation<'_>) -> String {
    let entries = explanation.budgets.entries().into_iter().enumerate();
    let shown = entries.filter_map(|(position, (name, budget))| {
        Some(format!("{name} ≤ {}", input::budgeted(position, budget?)))
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// The optimum's variables as the budgets that bind change.
fn scaling_figure(explanation: &Explanation<'_>) -> Option<ProfilesFigure> {
    let theory = explanation.theory.as_ref()?;
    let sweep = &theory.elasticities.budget_sweep;
    if theory.elasticities.of_budget.is_empty() || sweep.len() < 2 {
        return None;
    }
    let panel = |variable: ShapeVariable| ProfilePanel {
        label: label(variable).to_owned(),
        scale: Scale::Log2,
        points: sweep
            .iter()
            .map(|(factor, shape, _)| {
                let at_budget = theory.simplified.optimum.shape.get(variable);
                (*factor, shape.get(variable) / at_budget)
            })
            .collect(),
        optimum: Some(1.0),
        note: String::new(),
    };
    Some(ProfilesFigure {
        title: format!(
            "How the best design scales with its budgets on {}",
            explanation.device.name
        ),
        subtitle: format!(
            "Each variable of the numeric optimum as the budgets that bind are multiplied by a factor (horizontal): {}",
            budgets_text(explanation)
        ),
        y_label: "variable over its value at a factor of 1".to_owned(),
        threshold: None,
        threshold_label: String::new(),
        panels: ShapeVariable::ALL.into_iter().map(panel).collect(),
    })
}

/// The feasible region in three slices.
pub fn region_figure(
    explanation: &Explanation<'_>,
    regions: &[Region],
    problem: Option<&Problem>,
) -> RegionFigure {
    let limited = explanation.budgets.entries();
    let reasons: Vec<Quantity> = Quantity::ALL
        .into_iter()
        .filter(|quantity| limited[*quantity as usize].1.is_some())
        .collect();
    let at = explanation
        .recommended()
        .and_then(|architecture| Shape::of(&architecture));
    RegionFigure {
        title: format!("Designs within the budgets on {}", explanation.device.name),
        subtitle: format!(
            "{}; each cell is an architecture evaluated by the full model, its other variables as the chosen one's",
            budgets_text(explanation)
        ),
        reasons: reasons
            .iter()
            .map(|quantity| quantity.name().to_owned())
            .collect(),
        boundary_label: "theory, refined at the chosen one".to_owned(),
        chosen_label: "chosen".to_owned(),
        panels: regions
            .iter()
            .map(|region| panel(region, &reasons, problem, at.as_ref()))
            .collect(),
    }
}

fn panel(
    region: &Region,
    reasons: &[Quantity],
    problem: Option<&Problem>,
    at: Option<&Shape>,
) -> RegionPanel {
    let scale = |variable: ShapeVariable| match variable {
        ShapeVariable::NLayers | ShapeVariable::HiddenSize => Scale::Linear,
        _ => Scale::Log2,
    };
    let cells = region
        .cells
        .iter()
        .map(|cell| match (&cell.evaluation, cell.broken.first()) {
            (None, _) => RegionCell::Missing,
            (Some(evaluation), None) => RegionCell::Within(evaluation.loss),
            (Some(_), Some(broken)) => {
                let reason = reasons.iter().position(|quantity| quantity == broken);
                RegionCell::Breaks(reason.unwrap_or(reasons.len()))
            }
        });
    let boundary = problem.zip(at).map(|(problem, at)| boundary(problem, at, region));
    RegionPanel {
        title: format!("{} against {}", label(region.y), label(region.x)),
        x_label: label(region.x).to_owned(),
        x_scale: scale(region.x),
        x_values: region.x_values.clone(),
        y_label: label(region.y).to_owned(),
        y_scale: scale(region.y),
        y_values: region.y_values.clone(),
        cells: cells.collect(),
        boundary: boundary.unwrap_or_default(),
        chosen: at.map(|at| (at.get(region.x), at.get(region.y))),
    }
}
