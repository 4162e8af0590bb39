//! `rooflaw explain`: its numbers against each other, against the full model, and what is drawn of them.

use crate::tool::{answer, answer_in, refusal};
use rooflaw::architecture::Architecture;
use rooflaw::device;
use rooflaw::format::{Formats, WeightFormat};
use rooflaw::operators::Assumptions;
use rooflaw::roofline::{Roofline, Workload};
use serde_json::Value;

fn parsed(line: &str) -> Value {
    serde_json::from_str(&answer(&format!("{line} --json"))).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// The share of each budget, by name.
fn shares(value: &Value) -> Vec<(String, f64)> {
    let pairs = value.as_array().unwrap();
    let pair = |pair: &Value| (pair[0].as_str().unwrap().to_owned(), number(&pair[1]));
    pairs.iter().map(pair).collect()
}

const COMMANDS: [&str; 4] = [
    "explain --space paper --application driving",
    "explain --space paper --max-tpot 5ms --max-memory 3GB --paper-assumptions",
    "explain --space paper --device raspberry-pi-5 --weights Q4_K_M --max-tpot 100ms",
    "explain --space paper --law width-depth --max-ttft 80ms --max-total 1s",
];

#[test]
fn answers_are_in_order() {
    for command in COMMANDS {
        let found = parsed(command);
        let theory = &found["theory"];
        let optimum = &theory["simplified"]["optimum"];
        let least = number(&optimum["loss"]);
        assert!(number(&optimum["gap"]) < 1e-8, "{command}");
        let whole = &theory["integers"];
        assert!(number(&whole["loss"]) >= least - 1e-9, "{command}");
        assert!(
            shares(&whole["shares"])
                .iter()
                .all(|(_, share)| *share <= 1.0 + 1e-9)
        );
        let refined = &theory["refined"]["integers"];
        assert!(
            shares(&refined["full_shares"])
                .iter()
                .all(|(_, share)| *share <= 1.0),
            "{command}"
        );
        let exact = &found["searched"];
        assert!(
            shares(&exact["full_shares"])
                .iter()
                .all(|(_, share)| *share <= 1.0),
            "{command}"
        );
        // The theory's architecture is as good as the exact best of a coarse space.
        let difference = number(&refined["loss"]) - number(&exact["best"]["evaluation"]["loss"]);
        assert!(difference < 0.01, "{command}: {difference}");
        let form = &theory["closed_form"];
        if form.is_object() {
            assert!(number(&form["clipped"]["loss"]) >= least - 1e-9, "{command}");
        }
        for (_, change) in shares(&exact["tenth_more"]) {
            assert!(change <= 0.0);
        }
    }
}

#[test]
fn tables_fit_and_name_what_binds() {
    for command in COMMANDS {
        let text = answer(command);
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{command}: {line}");
        }
        assert!(text.contains("binds"), "{text}");
        assert!(text.contains("Build: "), "{text}");
    }
    let dual = answer(COMMANDS[1]);
    assert!(dual.contains("Regime: TPOT and memory (D3)."), "{dual}");
    assert!(dual.contains("Theorem 5.3b"), "{dual}");
}

/// A law that is no sum of powers of the shape: said, and answered by search.
#[test]
fn other_laws_are_searched() {
    for (law, reason) in [
        ("chinchilla --training-tokens 100B", "is written in parameters"),
        ("routed", "is the law of routed models"),
    ] {
        let text = answer(&format!("explain --space paper --law {law} --max-total 200ms"));
        assert!(text.contains("No theory") && text.contains("Build: "), "{text}");
        let unwrapped = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(unwrapped.contains(reason), "{text}");
    }
}

/// Each cell of the region by the roofline called apart, and each drawn as that.
#[test]
fn the_region_is_drawn_as_the_roofline_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let line =
        "explain --space paper --application driving --max-memory 3GB --calibration bare --region --out out";
    answer_in(folder.path(), line);
    let read = |name: &str| std::fs::read_to_string(folder.path().join("out").join(name)).unwrap();
    let found: Value = serde_json::from_str(&read("explanation.json")).unwrap();
    let device = device::find("jetson-agx-orin-64gb").unwrap();
    let roofline = Roofline::new(
        device,
        &Formats::of_weights(WeightFormat::Bf16),
        &Assumptions::default(),
    );
    let workload = Workload::default();
    let (mut within, mut beyond) = (0, 0);
    for region in found["region"].as_array().unwrap() {
        for cell in region["cells"].as_array().unwrap() {
            if cell["architecture"].is_null() {
                continue;
            }
            let architecture: Architecture = serde_json::from_value(cell["architecture"].clone()).unwrap();
            let total =
                roofline.ttft(&architecture, &workload) + roofline.generation(&architecture, &workload);
            let memory = roofline.memory(&architecture, &workload).total_bytes();
            let is_within = total <= 0.1 && memory <= 3e9;
            assert_eq!(
                cell["broken"].as_array().unwrap().is_empty(),
                is_within,
                "{architecture:?}"
            );
            if is_within {
                within += 1;
            } else {
                beyond += 1;
            }
        }
    }
    assert!(within > 50 && beyond > 50, "{within} {beyond}");
    // Blue is within; the colours after it are the budgets'. Each once more in the legend.
    let svg = read("region.svg");
    let rectangles = |color: &str| svg.matches(&format!("fill=\"{color}\"")).count();
    assert_eq!(rectangles("#0072B2"), within + 1);
    let broken: usize = ["#D55E00", "#009E73"]
        .into_iter()
        .map(|color| rectangles(color).saturating_sub(1))
        .sum();
    assert_eq!(broken, beyond);
    for file in ["region.png", "scaling.svg", "scaling.png"] {
        assert!(folder.path().join("out").join(file).exists(), "{file}");
    }
}

#[test]
fn mistakes_are_told() {
    for (line, expected) in [
        ("explain --weights bf16,w8a8", "expected one for `explain`"),
        ("explain --region", "give --out DIR"),
        ("explain --hidden-size 0", "0 is not in 1..=1048576"),
        ("explain --max-tpot 1us", "TPOT at most 1 µs"),
        ("explain --law nonsense", "unknown law"),
    ] {
        refusal(line, &[expected]);
    }
}
