//! The tables of an explanation.

use super::found::{Explanation, Theory, Whole};
use crate::input;
use crate::output::{self, MeasuredTable};
use rooflaw::search::Budgets;
use rooflaw::theory::{Optimum, PowerFit, Quantity, Shape, ShapeVariable};

/// A change of the loss for people: `−0.00123`, `0`.
pub fn change(nats: f64) -> String {
    if nats.abs() < 5e-7 {
        return "0".to_owned();
    }
    let sign = if nats < 0.0 { "−" } else { "+" };
    format!("{sign}{}", significant(nats.abs()))
}

/// Three significant digits of a number below 10.
fn significant(value: f64) -> String {
    let decimals = (2 - value.log10().floor() as i32).clamp(0, 6) as usize;
    format!("{value:.decimals$}")
}

/// A share in percent: `98.7 %`.
pub fn percent(share: f64) -> String {
    match 100.0 * share {
        of if of < 0.95 => format!("{} %", significant(of)),
        of if of < 1000.0 => format!("{of:.1} %"),
        of => format!("{of:.0} %"),
    }
}

/// The budgets, and what the optimum takes of each; without a theory the best architecture, where a budget binds if a
/// tenth more of it lowers the loss.
pub fn budgets(explanation: &Explanation<'_>) -> MeasuredTable {
    let searched = explanation.theory.is_none();
    let takes = if searched { "best takes" } else { "optimum takes" };
    let mut table = MeasuredTable::new(&["budget", "limit", takes, "left", ""], &[0, 4]);
    let mut row = |quantity: Quantity, budget: f64, share: f64, binds: bool| {
        let mut assumed = explanation.assumed.iter();
        let from = assumed.find(|(which, _)| *which == quantity);
        let from = from.map_or_else(String::new, |(_, source)| format!(" ({source})"));
        let shown = |value: f64| input::budgeted(quantity as usize, value);
        table.push(vec![
            format!("{}{from}", quantity.name()),
            shown(budget),
            shown(share * budget),
            if binds && !searched {
                "0 %".to_owned()
            } else {
                percent((1.0 - share).max(0.0))
            },
            if binds { "binds" } else { "slack" }.to_owned(),
        ]);
    };
    if let Some(theory) = &explanation.theory {
        for state in &theory.simplified.optimum.limits {
            row(
                state.quantity,
                state.budget,
                state.usage / state.budget,
                state.binds(),
            );
        }
    } else if let Some(found) = &explanation.searched {
        for (quantity, share) in &found.full_shares {
            let budget = explanation.budgets.entries()[*quantity as usize]
                .1
                .unwrap_or(f64::NAN);
            let more = found.tenth_more.iter().find(|(which, _)| which == quantity);
            row(
                *quantity,
                budget,
                *share,
                more.is_some_and(|(_, change)| *change < 0.0),
            );
        }
    }
    table
}

/// Numbers of a shape as cells.
fn shape_cells(shape: &Shape) -> Vec<String> {
    let whole = |value: f64, decimals: usize| {
        if value.fract() == 0.0 {
            format!("{value:.0}")
        } else {
            output::short(value, decimals)
        }
    };
    vec![
        whole(shape.n_layers, 2),
        whole(shape.hidden_size, 0),
        output::short(shape.ffn_ratio, 3),
        output::short(shape.activation_rate, 4),
        whole(shape.gqa, 2),
    ]
}

/// The largest share, in percent.
fn largest(shares: &[(Quantity, f64)]) -> String {
    percent(shares.iter().map(|(_, share)| *share).fold(0.0, f64::max))
}

fn shares_of(optimum: &Optimum) -> Vec<(Quantity, f64)> {
    let states = optimum.limits.iter();
    states
        .map(|state| (state.quantity, state.usage / state.budget))
        .collect()
}

/// Every answer, from the closed form to what was searched.
pub fn answers(explanation: &Explanation<'_>) -> MeasuredTable {
    let headers = ["answer", "l", "d", "r", "ρ", "gqa", "loss", "simple", "full"];
    let mut table = MeasuredTable::new(&headers, &[0]);
    let mut row = |name: &str, shape: &Shape, loss: f64, simple: String, full: String| {
        let mut cells = vec![name.to_owned()];
        cells.extend(shape_cells(shape));
        cells.extend([output::loss(loss), simple, full]);
        table.push(cells);
    };
    let none = || "–".to_owned();
    if let Some(theory) = &explanation.theory {
        if let Some(form) = &theory.closed_form {
            for (name, placed) in [("closed form", &form.free), ("  within bounds", &form.clipped)] {
                row(name, &placed.shape, placed.loss, largest(&placed.shares), none());
            }
        }
        let optimum = &theory.simplified.optimum;
        row(
            "numeric optimum",
            &optimum.shape,
            optimum.loss,
            largest(&shares_of(optimum)),
            none(),
        );
        if let Some(whole) = &theory.integers {
            let placed = &whole.placed;
            let (simple, full) = (largest(&placed.shares), largest(&whole.full_shares));
            row("  whole numbers", &placed.shape, placed.loss, simple, full);
        }
        if let Some(refined) = &theory.refined {
            let optimum = &refined.answer.optimum;
            row("refined optimum", &optimum.shape, optimum.loss, none(), none());
            if let Some(whole) = &refined.integers {
                let placed = &whole.placed;
                let (simple, full) = (largest(&placed.shares), largest(&whole.full_shares));
                row("  whole numbers", &placed.shape, placed.loss, simple, full);
            }
        }
    }
    if let Some(found) = &explanation.searched
        && let Some(shape) = &found.shape
    {
        let loss = found.best.evaluation.loss;
        row("exact search", shape, loss, none(), largest(&found.full_shares));
    }
    table
}

/// The whole-number design near the refined optimum by either model.
pub fn either_model(whole: &Whole) -> MeasuredTable {
    let mut table = MeasuredTable::new(&["near the refined optimum", "simplified", "full model"], &[0]);
    let full = Budgets::quantities(&whole.evaluation);
    for (quantity, simplified) in &whole.simplified {
        let shown = |value: f64| input::budgeted(*quantity as usize, value);
        table.push(vec![
            quantity.name().to_owned(),
            shown(*simplified),
            shown(full[*quantity as usize]),
        ]);
    }
    table
}

/// What more of everything is worth.
pub fn prices(explanation: &Explanation<'_>) -> MeasuredTable {
    let headers = ["1 % more", "Δ loss", "Δ loss, refined", "10 % more, searched"];
    let mut table = MeasuredTable::new(&headers, &[0]);
    let theory = explanation.theory.as_ref();
    let simplified = theory.map(|theory| &theory.simplified.prices);
    let refined = theory.and_then(|theory| Some(&theory.refined.as_ref()?.answer.prices));
    let cell = |price: Option<f64>| price.map_or_else(|| "–".to_owned(), |price| change(0.01 * price));
    let mut rate = |name: &str, of: &dyn Fn(&rooflaw::theory::Prices) -> f64| {
        table.push(vec![
            name.to_owned(),
            cell(simplified.map(of)),
            cell(refined.map(of)),
            "–".to_owned(),
        ]);
    };
    if simplified.is_some() {
        rate("bandwidth", &|prices| prices.bandwidth);
        rate("compute", &|prices| prices.compute);
    }
    for (quantity, (_, budget)) in Quantity::ALL.into_iter().zip(explanation.budgets.entries()) {
        if budget.is_none() {
            continue;
        }
        let of = |prices: &rooflaw::theory::Prices| {
            let mut budgets = prices.budgets.iter();
            budgets
                .find(|(which, _)| *which == quantity)
                .map(|(_, price)| *price)
        };
        let searched = explanation.searched.as_ref().and_then(|found| {
            let mut more = found.tenth_more.iter();
            more.find(|(which, _)| *which == quantity)
                .map(|(_, difference)| *difference)
        });
        let name = match quantity {
            Quantity::Memory => "memory".to_owned(),
            other => format!("budget on {}", other.name()),
        };
        table.push(vec![
            name,
            cell(simplified.and_then(of)),
            cell(refined.and_then(of)),
            searched.map_or_else(|| "–".to_owned(), change),
        ]);
    }
    table
}

/// Where the paper's formulas go.
pub fn paper(theory: &Theory) -> MeasuredTable {
    let headers = ["published", "l", "d", "r", "ρ", "gqa", "Δ loss", "breaks"];
    let mut table = MeasuredTable::new(&headers, &[0]);
    for found in &theory.paper {
        let mut cells = vec![found.claim.name().to_owned()];
        cells.extend(shape_cells(&found.shape));
        let worst = found.shares.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        cells.push(change(found.loss - found.corrected_loss));
        cells.push(match worst {
            Some((quantity, share)) if *share > 1.0 + 1e-6 => {
                format!("{} by {}", quantity.name(), percent(share - 1.0))
            }
            _ => "none".to_owned(),
        });
        table.push(cells);
    }
    table
}

/// How the optimum scales: powers of the budget, of the hidden size, of the latency along the exact frontier.
pub fn elasticities(explanation: &Explanation<'_>) -> MeasuredTable {
    let headers = ["∝ power of", "l", "d", "r", "ρ", "gqa"];
    let mut table = MeasuredTable::new(&headers, &[0]);
    let mut row = |name: &str, fits: &[PowerFit]| {
        if fits.is_empty() {
            return;
        }
        let cell = |variable: &ShapeVariable| {
            let fit = fits.iter().find(|fit| fit.variable == *variable);
            fit.map_or_else(String::new, |fit| {
                // A straight line that is none.
                let mark = if fit.r_squared < 0.9 { "~" } else { "" };
                format!("{mark}{}", signed(fit.exponent))
            })
        };
        let mut cells = vec![name.to_owned()];
        cells.extend(ShapeVariable::ALL.iter().map(cell));
        table.push(cells);
    };
    if let Some(theory) = &explanation.theory {
        row("budgets that bind, ½ to 2 times", &theory.elasticities.of_budget);
        row(
            "hidden size, all else optimal",
            &theory.elasticities.of_hidden_size,
        );
        row(
            "hidden size, no bounds but ρ's least",
            &theory.elasticities.of_hidden_size_free,
        );
    }
    if let Some(found) = &explanation.searched {
        row("latency, along the exact frontier", &found.along_frontier);
    }
    let published = ["published, of hidden size", "−2", "", "", "−1.19", ""];
    if explanation.theory.is_some() {
        table.push(published.map(str::to_owned).to_vec());
    }
    table
}

fn signed(value: f64) -> String {
    let sign = if value < -0.005 { "−" } else { "" };
    format!("{sign}{:.2}", value.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(change(-0.001_234_5), "−0.00123");
        assert_eq!(change(0.0), "0");
        assert_eq!(change(0.25), "+0.250");
        assert_eq!(percent(0.987_65), "98.8 %");
        assert_eq!(percent(0.000_123), "0.0123 %");
        assert_eq!(percent(31.0), "3100 %");
        assert_eq!(signed(-1.187), "−1.19");
        assert_eq!(signed(-0.001), "0.00");
    }
}
