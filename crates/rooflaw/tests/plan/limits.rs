//! Budgets, numbers of runs, and problems that cannot be planned for.

use crate::{grid, line, polynomial};
use rooflaw::law::fit::{Form, Values};
use rooflaw::plan::{
    Candidates, Criterion, Limit, Noise, Options, PlanError, Problem, fill, optimal, random,
};

fn candidates() -> Candidates {
    let x = grid(60);
    let costs: Vec<f64> = x.iter().map(|x| x.powi(4)).collect();
    line(&x, &costs)
}

fn problem<'a>(form: &'a Form, values: &'a [Values], candidates: &'a Candidates) -> Problem<'a> {
    Problem {
        form,
        values,
        candidates,
        targets: None,
        existing: None,
        noise: Noise::Relative(0.01),
    }
}

/// Whatever chooses, no budget is exceeded, no number missed, and no candidate taken twice.
#[test]
fn limits_hold() {
    let candidates = candidates();
    let (form, values) = polynomial(&[1.0, 2.0]);
    let values = [values];
    let problem = problem(&form, &values, &candidates);
    for budget in [30.0, 100.0, 400.0] {
        for runs in [None, Some(3), Some(8), Some(20)] {
            let limit = Limit {
                runs,
                training_flop: Some(budget),
            };
            let plan = |criterion| {
                let options = Options {
                    criterion,
                    ..Options::new(limit)
                };
                let plan = optimal(&problem, &options)?;
                Ok(plan.chosen.iter().map(|run| run.candidate).collect())
            };
            let choices: [Result<Vec<usize>, PlanError>; 4] = [
                plan(Criterion::D),
                plan(Criterion::I),
                fill(&candidates, None, Some(&["x"]), limit).map(|found| found.chosen),
                random(&candidates, limit, 3),
            ];
            for choice in choices {
                let mut chosen = match choice {
                    Ok(chosen) => chosen,
                    Err(error) => {
                        assert!(
                            matches!(error, PlanError::BudgetTooSmall { runs: 20, .. }),
                            "{error}"
                        );
                        continue;
                    }
                };
                assert!(candidates.total_flop(&chosen) <= budget * (1.0 + 1e-11));
                assert!(runs.is_none_or(|runs| runs == chosen.len()), "{limit:?}");
                chosen.sort_unstable();
                assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]));
                // Without a number, nothing is left that a run could be paid from.
                if runs.is_none() {
                    let left = budget - candidates.total_flop(&chosen);
                    let rest = (0..60).filter(|index| !chosen.contains(index));
                    assert!(
                        rest.map(|index| candidates.list()[index].training_flop)
                            .all(|cost| cost > left)
                    );
                }
            }
        }
    }
}

#[test]
fn impossible_plans_are_errors() {
    let candidates = candidates();
    let (form, values) = polynomial(&[1.0]);
    let sets = [values.clone()];
    let problem = problem(&form, &sets, &candidates);
    let error = |problem: &Problem<'_>, limit| optimal(problem, &Options::new(limit)).unwrap_err();
    assert_eq!(
        error(&problem, Limit::runs(61)),
        PlanError::TooFewCandidates {
            wanted: 61,
            available: 60
        }
    );
    assert_eq!(error(&problem, Limit::default()), PlanError::NoLimit);
    let found = error(&problem, Limit::budget(0.5));
    assert!(
        matches!(found, PlanError::BudgetTooSmall { runs: 1, .. }),
        "{found}"
    );
    let mut wrong = values.clone();
    wrong.coefficients.push(1.0);
    for sets in [vec![], vec![wrong]] {
        let found = error(
            &Problem {
                values: &sets,
                ..problem
            },
            Limit::runs(3),
        );
        assert!(matches!(found, PlanError::Values { .. }), "{found}");
    }
    let (other, values) = (
        Form::additive(&["tokens"]),
        Values {
            irreducible_loss: 1.0,
            coefficients: vec![1.0],
            exponents: vec![0.3],
        },
    );
    let sets = [values];
    let found = error(
        &Problem {
            form: &other,
            values: &sets,
            ..problem
        },
        Limit::runs(3),
    );
    assert!(found.to_string().contains("tokens"), "{found}");
    let noise = Noise::Absolute(0.0);
    let found = error(&Problem { noise, ..problem }, Limit::runs(3));
    assert!(matches!(found, PlanError::Number { .. }));
    assert!(fill(&candidates, None, Some(&["y"]), Limit::runs(3)).is_err());
}
