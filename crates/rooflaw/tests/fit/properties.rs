//! What must hold of any fit.

use rooflaw::law::fit::{
    Coefficient, Exponent, ExponentParameter, FitError, Form, FormTerm, Objective, Observations, Start,
    Starts, fit, predict,
};

/// Values spread over `[low, high]` without pattern: a Weyl sequence on a logarithmic axis.
fn spread(n: usize, low: f64, high: f64, step: f64) -> Vec<f64> {
    (0..n)
        .map(|i| low * (high / low).powf((i as f64 * step).fract()))
        .collect()
}

fn exact(form: &Form, irreducible: f64, coefficients: &[f64], exponents: &[f64]) -> Observations {
    let names = [
        "n_layers",
        "activation_rate",
        "ffn_ratio",
        "hidden_size",
        "kv_dim",
    ];
    let columns = [
        spread(200, 4.0, 32.0, 0.618_034),
        spread(200, 0.0625, 1.0, 0.414_214),
        spread(200, 0.5, 8.0, 0.732_051),
        spread(200, 768.0, 3072.0, 0.236_068),
        spread(200, 64.0, 3072.0, 0.141_593),
    ];
    let add = |observations: Observations| {
        names
            .iter()
            .zip(&columns)
            .fold(observations, |o, (name, column)| {
                o.with_variable(name, column).unwrap()
            })
    };
    let blank = add(Observations::new(vec![1.0; 200]).unwrap());
    add(Observations::new(predict(form, irreducible, coefficients, exponents, &blank).unwrap()).unwrap())
}

const OBJECTIVES: [Objective; 3] = [
    Objective::LeastSquares,
    Objective::LogLeastSquares,
    Objective::LogHuber { delta: 1e-3 },
];

/// Without noise every objective recovers the co-design law, exponents shared between terms included.
#[test]
fn recovers_the_codesign_law() {
    let form = Form::codesign();
    let truth = [1.63, 1.09, 0.17, -0.33, 0.97, 0.35];
    let data = exact(&form, 2.0, &[9.96, 0.031, 500.0, 3.0], &truth);
    for objective in OBJECTIVES {
        let found = fit(&form, &data, objective, &Starts::Random { count: 48, seed: 3 }).unwrap();
        println!(
            "{objective:?} {:e} {:?} {:?}",
            found.value, found.exponents, found.convergence
        );
        assert!(found.quality.r_squared > 1.0 - 1e-9);
        for (ours, theirs) in found.exponents.iter().zip(truth) {
            assert!(
                (ours - theirs).abs() < 1e-3,
                "{objective:?}: {ours} is not {theirs}"
            );
        }
    }
}

#[test]
fn bounds_and_fixed_values_hold() {
    let free = Form::additive(&["n_layers", "hidden_size"]);
    let data = exact(&free, 2.0, &[5.0, 300.0], &[1.2, 0.8]);
    let mut form = free.clone();
    form.exponents[0] = ExponentParameter::new("alpha").within(0.1, 1.0);
    form.exponents[1] = ExponentParameter::new("beta").fixed(0.7);
    form.irreducible_loss = Coefficient::Fixed(1.9);
    assert_eq!(form.n_free(), 3);
    for objective in OBJECTIVES {
        let found = fit(&form, &data, objective, &Starts::Random { count: 16, seed: 3 }).unwrap();
        println!("{objective:?} {found:?}");
        assert!((0.1..=1.0).contains(&found.exponents[0]));
        assert_eq!(found.exponents[1], 0.7);
        assert!((found.irreducible_loss - 1.9).abs() < 1e-12);
        assert!(found.convergence.best_converged);
    }
    // Fixing every number at the truth leaves nothing to do but agree with it.
    let mut form = free;
    form.exponents[0] = ExponentParameter::new("alpha").fixed(1.2);
    form.exponents[1] = ExponentParameter::new("beta").fixed(0.8);
    form.terms[0].coefficient = Coefficient::Fixed(5.0);
    for objective in OBJECTIVES {
        let found = fit(&form, &data, objective, &Starts::Random { count: 4, seed: 3 }).unwrap();
        assert!(
            (found.irreducible_loss - 2.0).abs() < 1e-5,
            "{objective:?} {found:?}"
        );
        assert!(
            (found.coefficients[1] - 300.0).abs() < 1e-2,
            "{objective:?} {found:?}"
        );
    }
}

/// A term that the data do not want gets the coefficient 0, not a negative one.
#[test]
fn coefficients_are_not_negative() {
    let form = Form {
        irreducible_loss: Coefficient::Free,
        exponents: vec![ExponentParameter::new("alpha")],
        terms: vec![
            FormTerm {
                name: "depth".to_owned(),
                coefficient: Coefficient::Free,
                powers: vec![(
                    "n_layers".to_owned(),
                    Exponent::Parameter {
                        parameter: 0,
                        factor: -1.0,
                    },
                )],
            },
            FormTerm {
                name: "width".to_owned(),
                coefficient: Coefficient::Free,
                powers: vec![("hidden_size".to_owned(), Exponent::Fixed(0.5))],
            },
        ],
    };
    // Loss falls with width here, which the second term cannot express.
    let falling = Form::additive(&["n_layers", "hidden_size"]);
    let data = exact(&falling, 2.0, &[5.0, 300.0], &[1.2, 0.8]);
    for objective in OBJECTIVES {
        let found = fit(&form, &data, objective, &Starts::Random { count: 8, seed: 3 }).unwrap();
        println!("{objective:?} {found:?}");
        assert!(found.coefficients[1] >= 0.0 && found.coefficients[1] < 1e-6);
        assert!(objective != Objective::LeastSquares || found.coefficients[1] == 0.0);
    }
}

/// Equal seeds give equal bits; so does a start given by hand.
#[test]
fn deterministic() {
    let form = Form::additive(&["n_layers", "hidden_size"]);
    let data = exact(&form, 2.0, &[5.0, 300.0], &[1.2, 0.8]);
    for objective in OBJECTIVES {
        let starts = Starts::Random { count: 9, seed: 11 };
        assert_eq!(
            fit(&form, &data, objective, &starts),
            fit(&form, &data, objective, &starts)
        );
        let given = Starts::Given(vec![Start::at(vec![0.5, 0.5])]);
        assert_eq!(
            fit(&form, &data, objective, &given).unwrap().convergence.starts,
            1
        );
    }
}

#[test]
fn mistakes_are_named() {
    let rows = |n: usize| {
        Observations::new(spread(n, 2.0, 4.0, 0.618_034))
            .and_then(|o| o.with_variable("n_layers", &spread(n, 4.0, 32.0, 0.414_214)))
            .unwrap()
    };
    let form = Form::additive(&["n_layers"]);
    let starts = Starts::Random { count: 4, seed: 1 };
    let error = |form: &Form, data: &Observations| {
        fit(form, data, Objective::LeastSquares, &starts)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(error(&form, &rows(2)), "too few runs, 2, for the law's 3 numbers");
    assert!(error(&Form::additive(&["tokens"]), &rows(9)).contains("`tokens`"));
    let constant = rows(9).with_variable("width", &[512.0; 9]).unwrap();
    assert!(error(&Form::additive(&["width"]), &constant).contains("`width` has the same value"));
    assert!(matches!(
        Observations::new(vec![1.0, f64::NAN]),
        Err(FitError::NotPositive { row: 1, .. })
    ));
    assert!(
        rows(9)
            .with_variable("tokens", &[0.0; 9])
            .unwrap_err()
            .to_string()
            .contains("tokens is 0")
    );
    assert!(rows(9).with_variable("tokens", &[1.0; 8]).is_err());
    let objective = Objective::LogHuber { delta: -1.0 };
    assert!(fit(&form, &rows(9), objective, &starts).is_err());
    assert!(
        fit(
            &form,
            &rows(9),
            Objective::LeastSquares,
            &Starts::Given(Vec::new())
        )
        .is_err()
    );
    assert!(
        fit(
            &form,
            &rows(9),
            Objective::LeastSquares,
            &Starts::Given(vec![Start::at(vec![])])
        )
        .is_err()
    );
}

/// A row of weight 2 is two rows.
#[test]
fn weights_count_rows() {
    let form = Form::additive(&["n_layers", "hidden_size"]);
    let noise = spread(40, 0.98, 1.02, 0.302_776);
    let layers = spread(40, 4.0, 32.0, 0.618_034);
    let width = spread(40, 768.0, 3072.0, 0.236_068);
    let loss: Vec<f64> = (0..40)
        .map(|i| noise[i] * (2.0 + 5.0 * layers[i].powf(-1.2) + 300.0 * width[i].powf(-0.8)))
        .collect();
    let table = |rows: &[usize]| {
        let pick = |column: &[f64]| -> Vec<f64> { rows.iter().map(|&row| column[row]).collect() };
        Observations::new(pick(&loss))
            .and_then(|o| o.with_variable("n_layers", &pick(&layers)))
            .and_then(|o| o.with_variable("hidden_size", &pick(&width)))
            .unwrap()
    };
    let once: Vec<usize> = (0..40).collect();
    let twice: Vec<usize> = (0..40).chain(0..10).collect();
    let weights = (0..40).map(|row| if row < 10 { 2.0 } else { 1.0 }).collect();
    let weighted = table(&once).with_weights(weights).unwrap();
    for objective in OBJECTIVES {
        let starts = Starts::Random { count: 16, seed: 2 };
        let one = fit(&form, &weighted, objective, &starts).unwrap();
        let other = fit(&form, &table(&twice), objective, &starts).unwrap();
        assert!((one.value / other.value - 1.0).abs() < 1e-9, "{objective:?}");
        assert!(
            (one.irreducible_loss - other.irreducible_loss).abs() < 1e-3,
            "{objective:?}"
        );
    }
}
