//! The embedded laws that were fitted here are what their runs give: `studies/laws/run.sh`.

use rooflaw::law::fit::{Fit, LawFit, Objective, Observations, Starts};
use rooflaw::law::{self, Ensemble, LossLaw};
use rooflaw::runs::RunTable;
use std::path::Path;

const STARTS: Starts = Starts::Random { count: 32, seed: 1 };
/// Refits that `studies/laws/run.sh` asks for.
const REFITS: usize = 100;

/// A law, its table, its filter, how many of the largest losses are dropped, and whether the runs determine its numbers.
const FITTED: [(&str, &str, &str, usize, bool); 7] = [
    ("chinchilla", "chinchilla_epoch/runs.csv", "", 5, true),
    ("width-depth", "gemstones/hot.csv", "tokens>99e9", 0, true),
    ("width-depth-tokens", "gemstones/hot_100b_plus.csv", "", 0, true),
    (
        "width-depth-parameters-tokens",
        "gemstones/hot_100b_plus.csv",
        "",
        0,
        false,
    ),
    ("aspect-ratio", "gemstones/hot_100b_plus.csv", "", 0, true),
    ("active-total", "clark_routed/s_base.csv", "", 0, true),
    ("routed", "clark_routed/s_base.csv", "", 0, true),
];

fn table(path: &str, filter: &str, drop_largest: usize) -> RunTable {
    let runs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/runs");
    let table = RunTable::from_csv(&std::fs::read(runs.join(path)).unwrap()).unwrap();
    let table = if filter.is_empty() {
        table
    } else {
        table.filter(&filter.parse().unwrap()).unwrap()
    };
    match drop_largest {
        0 => table,
        count => table.drop_largest(count).unwrap(),
    }
}

fn near(what: &str, found: &[f64], expected: &[f64], relative: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() <= relative * expected.abs(),
            "{what}: {found} is not {expected}"
        );
    }
}

/// The same law with other numbers.
fn with_numbers(fit: &LawFit, numbers: &[f64]) -> LawFit {
    match fit {
        LawFit::Power(fit) => {
            let (coefficients, exponents) = numbers[1..].split_at(fit.coefficients.len());
            LawFit::Power(Fit {
                irreducible_loss: numbers[0],
                coefficients: coefficients.to_vec(),
                exponents: exponents.to_vec(),
                ..fit.clone()
            })
        }
        LawFit::Routed {
            fit,
            dense_parameters,
            experts,
        } => {
            let mut fit = *fit;
            let &[a, b, c, d, expert_start, expert_max] = numbers else {
                unreachable!("six numbers");
            };
            (fit.law.a, fit.law.b, fit.law.c, fit.law.d) = (a, b, c, d);
            (fit.law.expert_start, fit.law.expert_max) = (expert_start, expert_max);
            LawFit::Routed {
                fit,
                dense_parameters: dense_parameters.clone(),
                experts: experts.clone(),
            }
        }
    }
}

fn numbers(fit: &LawFit) -> Vec<f64> {
    match fit {
        LawFit::Power(fit) => fit.values().numbers(),
        LawFit::Routed { fit, .. } => {
            let law = fit.law;
            vec![law.a, law.b, law.c, law.d, law.expert_start, law.expert_max]
        }
    }
}

/// Members are written with seven digits, and coefficients stand before large powers.
fn ensemble_is_refits(law: &LossLaw, ensemble: &Ensemble, fit: &LawFit, observations: &Observations) {
    assert_eq!(ensemble.members.len(), REFITS, "{}", law.id);
    let scatter = fit.scatter(observations).unwrap();
    near(&law.id, &[ensemble.residual_sd], &[scatter], 1e-5);
    let refits = fit.bootstrap(observations, REFITS, 1);
    for (member, refit) in ensemble.members.iter().zip(refits) {
        let written = with_numbers(fit, member).predict(observations).unwrap();
        near(
            &law.id,
            &written,
            &refit.unwrap().predict(observations).unwrap(),
            1e-5,
        );
    }
}

#[test]
fn embedded_laws_are_what_their_runs_give() {
    for (id, path, filter, drop_largest, determined) in FITTED {
        let law = law::find(id).unwrap();
        let table = table(path, filter, drop_largest);
        let record = law.runs.clone().unwrap();
        assert_eq!(record.digest, table.digest(), "{id}");
        assert_eq!(
            (record.rows, record.groups),
            (table.n_rows(), table.n_runs()),
            "{id}"
        );
        let objective = match record.objective.as_str() {
            "log" => Objective::LogLeastSquares,
            "huber:0.001" => super::huber(1e-3),
            other => unreachable!("{other}"),
        };
        let observations = table.observations().unwrap();
        let fit = law
            .family
            .to_fit()
            .fit(&observations, objective, &STARTS)
            .unwrap();
        let embedded = with_numbers(&fit, &law.numbers);
        let predicted = embedded.predict(&observations).unwrap();
        near(id, &fit.predict(&observations).unwrap(), &predicted, 1e-6);
        if determined {
            near(id, &numbers(&fit), &law.numbers, 1e-5);
        }
        ensemble_is_refits(&law, law.ensemble.as_ref().unwrap(), &fit, &observations);
    }
}

/// Whoever fits another law adds it here.
#[test]
fn every_fitted_law_is_checked() {
    let fitted: Vec<String> = law::presets()
        .into_iter()
        .filter(|law| law.runs.is_some() || law.ensemble.is_some())
        .map(|law| law.id)
        .collect();
    let mut checked: Vec<&str> = FITTED.iter().map(|(id, ..)| *id).collect();
    checked.sort_unstable();
    let mut fitted: Vec<&str> = fitted.iter().map(String::as_str).collect();
    fitted.sort_unstable();
    assert_eq!(fitted, checked);
}
