//! The tables of `docs/theory.md`, computed again.

use crate::problems::{free, worked_at};
use rooflaw::law;
use rooflaw::search::Budgets;
use rooflaw::theory::closed_form::{ClosedForms, Regime};
use rooflaw::theory::paper::{Claim, consequences, eta, quoted_activation_rate};
use rooflaw::theory::{Bounds, CoDesign, Problem, Quantity, ShapeVariable, Sweep};

fn co_design() -> CoDesign {
    CoDesign::of(&law::find("co-design").unwrap()).unwrap()
}

fn budgets(decode: Option<f64>, memory: Option<f64>) -> Budgets {
    Budgets {
        tpot_s: decode,
        memory_bytes: memory,
        ..Budgets::default()
    }
}

/// Worked values beside METHOD's, that is brute force by others: `(regime, budgets, published)`.
fn worked_rows() -> Vec<String> {
    let dual = Regime::WithMemory(Quantity::Tpot);
    [
        (
            "D1",
            Regime::One(Quantity::Tpot),
            budgets(Some(1.28e9), None),
            "24.347 | 1.2479 | 0.0625 | 5.746 | 3.0474",
        ),
        (
            "D2 = P2",
            Regime::One(Quantity::Memory),
            budgets(None, Some(4e9)),
            "26.187 | 0.8433 | 0.17303 | 1.2597 | 3.0911",
        ),
        (
            "D3",
            dual,
            budgets(Some(1.28e9), Some(4e9)),
            "25.656 | 0.8146 | 0.1568 | 2.0006 | 3.09221",
        ),
    ]
    .into_iter()
    .flat_map(|(name, regime, budgets, brute)| {
        let problem = worked_at(1024, budgets, free(2048.0));
        let shape = ClosedForms::new(co_design(), &problem, 2048.0)
            .free(regime)
            .unwrap();
        [
            format!(
                "| {name}, closed form | {:.3} | {:.4} | {:.5} | {:.4} | {:.5} |",
                shape.n_layers,
                shape.ffn_ratio,
                shape.activation_rate,
                shape.gqa,
                problem.loss(&shape)
            ),
            format!("| {name}, brute force | {brute} |"),
        ]
    })
    .collect()
}

/// What Theorem 5.3b and the regime rule do to the decode budget, by the tokens of the prompt.
fn dual_rows() -> Vec<String> {
    let row = |prompt_tokens: u32| {
        let problem = worked_at(prompt_tokens, budgets(Some(1.28e9), Some(4e9)), free(2048.0));
        let optimum = problem.solve().unwrap();
        let regime = problem.regime(&optimum).unwrap();
        let all = consequences(co_design(), &problem, regime, 2048.0, 1.0);
        let over = |claim: Claim| {
            let found = all.iter().find(|found| found.claim == claim).unwrap();
            let (_, share) = found.shares[0];
            format!("{:.1} %", 100.0 * (share - 1.0))
        };
        format!(
            "| {prompt_tokens} | {:.3} | {:.2} | {} | {} |",
            eta(&problem, 1.0).unwrap(),
            optimum.shape.gqa,
            over(Claim::DualActivationRate),
            over(Claim::RegimeRule)
        )
    };
    [1024, 4096, 16_384].map(row).to_vec()
}

/// The quoted activation rates where memory binds.
fn quoted_rows() -> Vec<String> {
    let row = |(d, quoted): (f64, f64)| {
        let problem = worked_at(1024, budgets(None, Some(4e9)), free(d));
        let forms = ClosedForms::new(co_design(), &problem, d);
        let best = forms.free(Regime::One(Quantity::Memory)).unwrap();
        let shape = forms.one(Quantity::Memory, quoted).unwrap();
        format!(
            "| {d:.0} | {:.3} | {quoted:.2} | +{:.4} |",
            best.activation_rate,
            problem.loss(&shape) - problem.loss(&best)
        )
    };
    assert_eq!(quoted_activation_rate(1024.0).1, 0.25);
    [(1024.0, 0.25), (1024.0, 0.20), (2048.0, 0.15)].map(row).to_vec()
}

/// Powers of the hidden size in each regime, all else optimal and no bounds.
fn power_rows() -> Vec<String> {
    let row = |(name, budgets): (&str, Budgets)| {
        let problem: Problem = worked_at(1024, budgets, free(2048.0));
        let widths = [1024.0, 1218.0, 1448.0, 1722.0, 2048.0];
        let fits = Sweep::of_variable(&problem, ShapeVariable::HiddenSize, &widths).power_fits();
        let power = |fit: &rooflaw::theory::PowerFit| format!("{:.2}", fit.exponent);
        let of = |variable: ShapeVariable| power(&fits[variable as usize]);
        format!(
            "| {name} | {} | {} | {} | {} |",
            of(ShapeVariable::NLayers),
            of(ShapeVariable::FfnRatio),
            of(ShapeVariable::ActivationRate),
            of(ShapeVariable::Gqa)
        )
    };
    [
        ("decode (D1)", budgets(Some(1.28e9), None)),
        ("memory (D2)", budgets(None, Some(4e9))),
        ("both (D3)", budgets(Some(1.28e9), Some(4e9))),
    ]
    .map(row)
    .to_vec()
}

/// The optimum without any bound but the least activation rate.
fn free_rows() -> Vec<String> {
    let bounds = free(1.0);
    let bounds = Bounds {
        max: bounds.max.with(ShapeVariable::HiddenSize, 1e6),
        ..bounds
    };
    let row = |(name, budgets): (&str, Budgets)| {
        let optimum = worked_at(1024, budgets, bounds).solve().unwrap();
        let shape = optimum.shape;
        format!(
            "| {name} | {:.1} | {:.0} | {:.3} | {:.3} | {:.2} | {:.4} |",
            shape.n_layers,
            shape.hidden_size,
            shape.ffn_ratio,
            shape.activation_rate,
            shape.gqa,
            optimum.loss
        )
    };
    [
        ("decode", budgets(Some(1.28e9), None)),
        ("memory", budgets(None, Some(4e9))),
        ("both", budgets(Some(1.28e9), Some(4e9))),
    ]
    .map(row)
    .to_vec()
}

#[test]
fn the_page_has_what_comes_out() {
    let page = include_str!("../../../../docs/theory.md");
    let rows = [
        worked_rows(),
        dual_rows(),
        quoted_rows(),
        power_rows(),
        free_rows(),
    ]
    .concat();
    let missing: Vec<&String> = rows.iter().filter(|row| !page.contains(row.as_str())).collect();
    assert!(missing.is_empty(), "docs/theory.md lacks:\n{missing:#?}");
}
