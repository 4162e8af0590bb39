use super::*;

fn parameters(total: u64) -> Parameters {
    Parameters {
        total,
        active: total,
        embedding: 0,
    }
}

#[test]
fn every_file_is_read_and_its_losses_fall_with_bits() {
    let order = [
        WeightFormat::Q8_0,
        WeightFormat::Q6K,
        WeightFormat::Q5KM,
        WeightFormat::Q4KM,
        WeightFormat::Q4_0,
    ];
    assert!(embedded::QUANTISATION.len() >= 4);
    for (id, text) in embedded::QUANTISATION {
        let model = QuantisationLoss::from_toml(id, text).unwrap_or_else(|error| panic!("{id}: {error}"));
        let cost = |weights| {
            let penalty = model.penalty(weights, None).ok()??;
            Some(penalty.of(&parameters(1_000_000_000)))
        };
        let costs: Vec<f64> = order.into_iter().filter_map(cost).collect();
        assert!(costs.len() >= 2, "{id}");
        assert!(costs.windows(2).all(|pair| pair[0] < pair[1]), "{id}: {costs:?}");
        assert_eq!(model.penalty(WeightFormat::Bf16, None), Ok(None));
    }
}

/// The published perplexities, from which the losses were computed elsewhere.
#[test]
fn losses_are_logarithms_of_published_ratios() {
    let cost = |id: &str, weights| {
        let penalty = find(id).unwrap().penalty(weights, None).unwrap();
        penalty.map_or(0.0, |penalty| penalty.loss)
    };
    for (id, weights, ratio) in [
        ("llama-3-8b", WeightFormat::Q8_0, 1.000_425),
        ("llama-3-8b", WeightFormat::Q4KM, 1.028_160),
        ("llama-3-8b", WeightFormat::Q6K, 1.003_490),
        ("llama-2-7b", WeightFormat::Q4KM, 1.014_242),
        ("llama-2-70b", WeightFormat::Q4_0, 3.5550 / 3.4313),
        ("open-llama-3b", WeightFormat::Q4_0, 8.0962 / 7.7861),
    ] {
        assert!((cost(id, weights).exp() - ratio).abs() < 2e-6, "{id} {weights}");
    }
}

const LAW: &str = r#"
    name = "law"
    source = "test"
    parameters = 1e9
    tokens = 1e11
    loss = { Q4_0 = 0.04, "w4a16" = 0.02 }
    scaling = { parameters = -0.5, tokens = 0.25, range = { parameters = [1e8, 1e10] } }
"#;

#[test]
fn laws_scale_with_parameters_and_tokens() {
    let law = QuantisationLoss::from_toml("law", LAW).unwrap();
    let penalty = law.penalty(WeightFormat::Q4_0, Some(1.6e12)).unwrap().unwrap();
    // 16 times the tokens: twice; four times the parameters: half.
    assert!((penalty.of(&parameters(1_000_000_000)) - 0.08).abs() < 1e-12);
    assert!((penalty.of(&parameters(4_000_000_000)) - 0.04).abs() < 1e-12);
    assert!(matches!(
        law.penalty(WeightFormat::Q4_0, None),
        Err(UnknownCost::Tokens(_))
    ));
    let error = law
        .penalty(WeightFormat::Q8_0, Some(1e11))
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "law knows no cost of Q8_0: expected Q4_0, w4a16, or formats in 16 bits or more"
    );
}

#[test]
fn mistakes_name_the_key() {
    for (from, to, part) in [
        ("0.04", "-1.0", "loss.Q4_0 = -1: expected nats/token"),
        ("0.04", "nan", "loss.Q4_0 = NaN"),
        ("Q4_0", "Q3", "loss = Q3: expected weight formats"),
        ("Q4_0", "bf16", "loss = bf16: expected quantised"),
        ("Q4_0", "int4", "each format once"),
        ("1e9", "0.0", "parameters = 0"),
        ("-0.5", "99.0", "scaling.parameters = 99"),
        ("[1e8, 1e10]", "[1e8, inf]", "scaling.range.parameters"),
        ("tokens = 1e11", "token = 1e11", "token"),
    ] {
        let error = QuantisationLoss::from_toml("law", &LAW.replace(from, to)).unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
    }
    let error = find("llama-3-8").unwrap_err();
    assert_eq!(error.near_miss.as_deref(), Some("llama-3-8b"));
}
