//! Errors on runs that were left out, laws compared, prediction intervals, and independence of threads.

use super::clark::{rows, runs};
use super::{data, huber};
use rooflaw::law::fit::{
    Candidate, Comparison, FitError, Folds, Form, LawFit, LawForm, Objective, Observations, Starts,
    bootstrap, compare, cross_validate, extrapolate, fit, prediction_interval, profile, routed,
};

const fn random(count: usize) -> Starts {
    Starts::Random { count, seed: 1 }
}

fn routed_law() -> LawForm {
    LawForm::Routed {
        dense_parameters: "active".to_owned(),
        experts: "experts".to_owned(),
    }
}

fn clark() -> Observations {
    let table = rows("S-Base");
    Observations::new(table.numbers("loss_validation"))
        .and_then(|o| o.with_variable("active", &table.numbers("dense_parameter_count")))
        .and_then(|o| o.with_variable("total", &table.numbers("total_parameter_count")))
        .and_then(|o| o.with_variable("experts", &table.numbers("num_experts")))
        .unwrap()
}

/// The same numbers whichever way the routed law is called; its resamples are seeded and scatter.
#[test]
fn the_routed_law_is_a_law_like_any() {
    let observations = clark();
    let direct = routed::fit(&runs(&rows("S-Base")), 20, 1).unwrap();
    let law = routed_law().fit(&observations, huber(1e-3), &random(20)).unwrap();
    assert_eq!(law.objective(), Objective::LogLeastSquares);
    assert!((law.quality().rmsle - direct.quality.rmsle).abs() < 1e-12);
    let refits = law.bootstrap(&observations, 40, 3);
    assert_eq!(refits[..5], law.bootstrap(&observations, 5, 3));
    let slope = |law: &Result<LawFit, FitError>| match law {
        Ok(LawFit::Routed { fit, .. }) => fit.law.a,
        _ => f64::NAN,
    };
    let slopes: Vec<f64> = refits.iter().map(slope).collect();
    let (low, high) = (
        slopes.iter().copied().fold(f64::INFINITY, f64::min),
        slopes.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    );
    println!("a in {low} .. {high}");
    assert!(low < direct.law.a && direct.law.a < high && high - low < 0.05);
}

/// Clark's runs: the routed law against sums of power terms, a law that cannot be fitted in its place.
#[test]
fn laws_side_by_side() {
    let observations = clark();
    let law = |name: &str, form: LawForm| Candidate {
        name: name.to_owned(),
        form,
        objective: Objective::LogLeastSquares,
    };
    let candidates = [
        law("routed", routed_law()),
        law(
            "active and total",
            LawForm::Power(Form::additive(&["active", "total"])),
        ),
        law("active", LawForm::Power(Form::additive(&["active"]))),
        law("tokens", LawForm::Power(Form::additive(&["tokens"]))),
    ];
    let how = Comparison {
        starts: random(16),
        refit_starts: random(2),
        folds: Folds::of_groups(&observations, 10, 1),
        extrapolation: Some(("active".to_owned(), 0.6)),
    };
    let found = compare(&candidates, &observations, &how);
    for row in &found {
        let errors = row.cross_validation.as_ref().map(|found| {
            (
                found.quality.mae,
                found.mae_error,
                found.quality.rmse,
                found.rmse_error,
            )
        });
        let beyond = row
            .extrapolation
            .as_ref()
            .map(|found| found.as_ref().map(|found| found.quality.mae));
        println!(
            "{}: {} parameters, {errors:?}, beyond {beyond:?}, AICc {:?}",
            row.name, row.n_parameters, row.aicc
        );
    }
    assert!(matches!(found[3].fit, Err(FitError::UnknownVariable { .. })));
    assert!(found[3].cross_validation.is_err() && found[3].aicc.is_none());
    let mae = |row: usize| found[row].cross_validation.as_ref().unwrap().quality.mae;
    assert!(mae(1) < mae(2) && mae(0) < mae(2));
    assert!(found[1].aicc.unwrap() < found[2].aicc.unwrap());
    // Left out, a row is predicted worse than when it was fitted.
    for row in &found[..3] {
        assert!(row.cross_validation.as_ref().unwrap().quality.mae > row.fit.as_ref().unwrap().quality().mae);
        assert!(row.cross_validation.as_ref().unwrap().mae_error > 0.0);
    }
}

#[test]
fn folds_keep_groups_together() {
    let labels: Vec<String> = (0..50).map(|row| format!("{}", row % 10)).collect();
    let observations = Observations::new(vec![1.0; 50])
        .unwrap()
        .with_groups(&labels)
        .unwrap();
    assert_eq!(Folds::leave_one_group_out(&observations).len(), 10);
    let folds = Folds::of_groups(&observations, 4, 1);
    assert_eq!(folds.len(), 4);
    assert_eq!(folds, Folds::of_groups(&observations, 4, 1));
    assert_ne!(folds, Folds::of_groups(&observations, 4, 2));
    assert_eq!(Folds::of_groups(&observations, 99, 1).len(), 10);
}

/// Small runs of Hoffmann et al. predict the large ones, those far away worse.
#[test]
fn extrapolation_by_size() {
    let observations = data::chinchilla().observations(&["parameters", "tokens"], "loss");
    let form = LawForm::Power(Form::additive(&["parameters", "tokens"]));
    let law = form.fit(&observations, huber(1e-3), &random(16)).unwrap();
    let found = extrapolate(&law, &observations, "parameters", 0.6, &random(8)).unwrap();
    println!("up to {:.3e}: {:?}", found.fitted_up_to, found.quality);
    println!(
        "{:?} {:?}",
        found.between(1.0, 3.0),
        found.between(3.0, f64::INFINITY)
    );
    let beyond = found.rows.len();
    assert!((90..=96).contains(&beyond) && found.fitted_groups + beyond == 240);
    assert!(found.rows.windows(2).all(|pair| pair[0].factor <= pair[1].factor));
    assert!(found.rows[0].factor > 1.0 && found.quality.mae > law.quality().mae);
    assert!(extrapolate(&law, &observations, "parameters", 1.0, &random(8)).is_err());
    assert!(extrapolate(&law, &observations, "parameters", 0.0, &random(8)).is_err());
    assert!(extrapolate(&law, &observations, "depth", 0.6, &random(8)).is_err());
}

/// Prediction intervals at the 22 shapes of Gemstones at 100B tokens, each by the fit and the refits to the
/// other 21: of nominal 90 %, the share that holds the loss.
#[test]
fn coverage_of_prediction_intervals() {
    let table = data::Table::read("gemstones/hot.csv");
    let tokens = table.numbers("tokens");
    let all = [
        (
            "22 shapes",
            table
                .filter(|row| tokens[row] > 99e9)
                .observations(&["n_layers", "hidden_size"], "loss"),
        ),
        (
            "all checkpoints",
            data::Table::read("gemstones/hot.csv")
                .observations(&["n_layers", "hidden_size", "tokens"], "loss"),
        ),
    ];
    for (what, rows) in all {
        let variables: &[&str] = if what == "22 shapes" {
            &["n_layers", "hidden_size"]
        } else {
            &["n_layers", "hidden_size", "tokens"]
        };
        let form = LawForm::Power(Form::additive(variables));
        let (mut inside, mut of_mean, mut total) = (0, 0, 0);
        for group in 0..rows.n_groups() {
            let rest = rows.filter(|row| rows.groups()[row] != group);
            let left_out = rows.filter(|row| rows.groups()[row] == group);
            let law = form.fit(&rest, Objective::LogLeastSquares, &random(8)).unwrap();
            let sigma = law.scatter(&rest).unwrap();
            let members: Vec<Vec<f64>> = law
                .bootstrap(&rest, 200, 1)
                .iter()
                .flatten()
                .map(|refit| refit.predict(&left_out).unwrap())
                .collect();
            for (row, loss) in left_out.losses().iter().enumerate() {
                let here: Vec<f64> = members.iter().map(|member| member[row]).collect();
                let within = |sigma: f64| {
                    let (low, high) = prediction_interval(&here, sigma, 0.9).unwrap();
                    i32::from(low <= *loss && *loss <= high)
                };
                inside += within(sigma);
                of_mean += within(0.0);
                total += 1;
            }
        }
        println!("{what}: {inside} of {total} inside 90 %; the mean's interval holds {of_mean}");
        let share = f64::from(inside) / f64::from(total);
        assert!((0.8..=1.0).contains(&share), "{what}: {share}");
        assert!(of_mean < inside);
    }
}

/// Fits, profiles, refits and cross-validation give the same bits on one thread and on two.
#[test]
fn threads_do_not_matter() {
    let observations = data::chinchilla().observations(&["parameters", "tokens"], "loss");
    let form = Form::additive(&["parameters", "tokens"]);
    let all = || {
        let squares = fit(&form, &observations, Objective::LogLeastSquares, &random(8)).unwrap();
        let profiles = profile(&squares, &observations, 0.95).unwrap();
        let refits = bootstrap(&squares, &observations, 20, 1);
        let folds = Folds::of_groups(&observations, 6, 1);
        let law = LawFit::Power(squares);
        (
            profiles,
            refits,
            cross_validate(&law, &observations, &folds, &random(2)).unwrap(),
        )
    };
    let on = |threads: usize| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
            .install(all)
    };
    let (one, two) = (on(1), on(2));
    assert_eq!(one, two);
    assert_eq!(one, all());
}
