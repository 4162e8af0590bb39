//! Plans over design spaces.

use rooflaw::law;
use rooflaw::law::fit::{Form, Values};
use rooflaw::plan::{
    Candidates, Criterion, Limit, Noise, Options, Problem, Sampling, Training, expect, fill, optimal, random,
};
use rooflaw::runs::RunTable;
use rooflaw::space;

fn candidates(count: usize, tokens: &[f64]) -> Candidates {
    let training = Training {
        sequence_length: 2048,
        tokens: tokens.to_vec(),
    };
    let sampling = Sampling {
        count,
        ..Sampling::candidates(1)
    };
    Candidates::of_space(&space::find("default").unwrap(), &training, &sampling).unwrap()
}

/// The same bytes twice; better than any of 20 draws in what it was chosen by; D near its bound.
#[test]
fn plans_for_the_codesign_law() {
    let candidates = candidates(800, &[1e10]);
    let law = law::find("co-design").unwrap();
    let (form, values) = law.family.form_and_values(&law.numbers).unwrap();
    let sets = [values];
    let problem = Problem {
        form,
        values: &sets,
        candidates: &candidates,
        targets: None,
        existing: None,
        noise: Noise::Absolute(0.01),
    };
    let plan = |criterion| {
        let options = Options {
            criterion,
            ..Options::new(Limit::runs(24))
        };
        optimal(&problem, &options).unwrap()
    };
    let (d, i) = (plan(Criterion::D), plan(Criterion::I));
    assert_eq!(d, plan(Criterion::D));
    // Exchanges from 20 draws at random find no more than 1 % on it: most of the rest is the bound.
    assert!(d.d_efficiency > 0.8, "{}", d.d_efficiency);
    assert!(
        d.chosen
            .windows(2)
            .all(|pair| pair[0].log_det_gain < pair[1].log_det_gain)
    );
    let rms = i.expectation.after.unwrap().rms;
    for seed in 0..20 {
        let drawn = random(&candidates, Limit::runs(24), seed).unwrap();
        let drawn = expect(&problem, &drawn).unwrap().after.map(|after| after.rms);
        assert!(drawn.is_none_or(|drawn| drawn > rms), "{drawn:?} {rms}");
    }
}

/// One number of tokens says nothing about how the loss falls with tokens; what it is confused with is not determined.
#[test]
fn what_candidates_cannot_tell_is_not_reported() {
    let form = Form::additive(&["parameters", "tokens"]);
    let sets = [Values {
        irreducible_loss: 1.8,
        coefficients: vec![400.0, 2000.0],
        exponents: vec![0.34, 0.37],
    }];
    for (tokens, determined) in [
        (&[1e10][..], [false, true, false, true, false]),
        (&[1e9, 1e10, 1e11], [true; 5]),
    ] {
        let candidates = candidates(200, tokens);
        let problem = Problem {
            form: &form,
            values: &sets,
            candidates: &candidates,
            targets: None,
            existing: None,
            noise: Noise::Relative(0.01),
        };
        let plan = optimal(&problem, &Options::new(Limit::runs(12))).unwrap();
        let found: Vec<bool> = plan
            .expectation
            .parameters
            .iter()
            .map(|parameter| parameter.after.is_some())
            .collect();
        assert_eq!(found, determined, "{tokens:?}");
        assert!(plan.expectation.after.is_some());
    }
}

/// Several sets of values: the plan is no worse on their average than one made for the first alone.
#[test]
fn several_values_are_averaged_over() {
    let candidates = candidates(400, &[1e10]);
    let form = Form::additive(&["n_layers", "hidden_size"]);
    let with = |exponents: [f64; 2], coefficients: [f64; 2]| Values {
        irreducible_loss: 2.5,
        coefficients: coefficients.to_vec(),
        exponents: exponents.to_vec(),
    };
    let sets = [with([1.6, 0.9], [10.0, 400.0]), with([0.4, 0.3], [1.0, 5.0])];
    let problem = |values| Problem {
        form: &form,
        values,
        candidates: &candidates,
        targets: None,
        existing: None,
        noise: Noise::Absolute(0.01),
    };
    let options = Options::new(Limit::runs(10));
    let both = optimal(&problem(&sets), &options).unwrap();
    let first = optimal(&problem(&sets[..1]), &options).unwrap();
    // Relative to each other, the errors under either set.
    let volume = |chosen: &[usize], set: usize| -> f64 {
        let found = expect(&problem(&sets[set..=set]), chosen).unwrap();
        found
            .parameters
            .iter()
            .map(|parameter| parameter.after.unwrap().ln())
            .sum()
    };
    let indices =
        |plan: &rooflaw::plan::Plan| -> Vec<usize> { plan.chosen.iter().map(|run| run.candidate).collect() };
    let (both, first) = (indices(&both), indices(&first));
    assert_ne!(both, first);
    assert!(volume(&both, 1) < volume(&first, 1));
}

/// Farther apart than a draw, away from the runs that are in, and the same every time.
#[test]
fn fillings_spread() {
    let candidates = candidates(1000, &[1e9, 1e10]);
    let filling = fill(&candidates, None, None, Limit::runs(30)).unwrap();
    assert_eq!(filling, fill(&candidates, None, None, Limit::runs(30)).unwrap());
    assert_eq!(filling.variables.len(), 6);
    let rows = |chosen: &[usize]| RunTable {
        variables: candidates
            .variables()
            .iter()
            .map(|(name, values)| {
                let picked = chosen.iter().map(|&index| values[index]).collect();
                (name.clone(), picked)
            })
            .collect(),
        loss: vec![3.0; chosen.len()],
        standard_error: None,
        weight: None,
        group: None,
        unit: None,
        tokenizer: None,
    };
    // The distance to a draw is what one run more leaves of it.
    let cover = |chosen: &[usize]| {
        let more = fill(&candidates, Some(&rows(chosen)), None, Limit::runs(1)).unwrap();
        (more.chosen[0], more.max_distance)
    };
    for seed in 0..10 {
        let drawn = random(&candidates, Limit::runs(30), seed).unwrap();
        assert!(cover(&drawn).1 > filling.max_distance);
    }
    // One more is what thirty-one begin with.
    let longer = fill(&candidates, None, None, Limit::runs(31)).unwrap();
    assert_eq!(longer.chosen[..30], filling.chosen[..]);
    assert_eq!(cover(&filling.chosen).0, longer.chosen[30]);
}
