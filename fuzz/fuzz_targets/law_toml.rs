//! Any text as a law file: no panic, neither when it is read nor when the law is evaluated.
//!
//! `mkdir -p fuzz/corpus/law_toml; RUSTC_BOOTSTRAP=1 cargo fuzz run law_toml fuzz/corpus/law_toml \
//! fuzz/seeds/law_toml -- -dict=fuzz/law_toml.dict`

#![no_main]

#[path = "../edits.rs"]
mod edits;

use libfuzzer_sys::fuzz_target;
use rooflaw::law::{Feature, Features, Formula, LawFile};

/// A small model, a large one, and the ends of what an architecture can have.
const POINTS: [Features; 4] = [
    point([24.0, 896.0, 5.43, 1.0, 128.0, 1.0, 4.9e8, 4.9e8, 3.6e8, 1e10]),
    point([
        61.0, 7168.0, 2.57, 0.035, 288.0, 256.0, 6.7e11, 3.7e10, 6.7e11, 1.5e13,
    ]),
    point([1.0, 1.0, 1e-6, 1e-6, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
    point([
        4096.0,
        1_048_576.0,
        1e6,
        1.0,
        1_048_576.0,
        65536.0,
        9e15,
        9e15,
        9e15,
        1e15,
    ]),
];

const fn point(values: [f64; Feature::COUNT]) -> Features {
    let [
        n_layers,
        hidden_size,
        ffn_ratio,
        activation_rate,
        kv_dim,
        experts,
        total,
        active,
        inner,
        tokens,
    ] = values;
    Features::new(n_layers, hidden_size, ffn_ratio, activation_rate, kv_dim)
        .with(Feature::NExperts, experts)
        .with(Feature::Parameters, total)
        .with(Feature::ActiveParameters, active)
        .with(Feature::NonEmbeddingParameters, inner)
        .with(Feature::Tokens, tokens)
}

/// What edits begin with, and what they put into it.
const TEMPLATE: &str = include_str!("../seeds/law_toml/minimal.toml");
const REPLACEMENTS: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "4",
    "8",
    "64",
    "-1",
    "0.5",
    "1e-300",
    "5e-324",
    "1e7",
    "1e12",
    "1e15",
    "1e308",
    "inf",
    "nan",
    "65535",
    "65536",
    "16777216",
    "4294967296",
    "-1e12",
    "-0.0",
    "n_layers",
    "hidden_size",
    "ffn_ratio",
    "activation_rate",
    "kv_dim",
    "tokens",
    "parameters",
    "x_mine",
    "\"-alpha\"",
    "\"2*alpha\"",
];

fuzz_target!(|input: &[u8]| {
    let Some(text) = edits::text(input, TEMPLATE, REPLACEMENTS) else {
        return;
    };
    let Ok(file) = LawFile::from_toml("fuzz", &text) else {
        return;
    };
    // What was read can be written, and reads back equal.
    let written = file.to_toml().expect("what was read can be written");
    assert_eq!(
        LawFile::from_toml("fuzz", &written).as_ref(),
        Ok(&file),
        "{written}"
    );
    let Ok(law) = file.into_law() else {
        return;
    };
    for features in &POINTS {
        let loss = law.evaluate(features);
        let members = law.member_losses(features);
        assert!(members.len() <= law.ensemble.as_ref().map_or(0, |ensemble| ensemble.members.len()));
        for extrapolation in law.extrapolations(features) {
            assert!(!extrapolation.to_string().is_empty());
        }
        let Formula::AdditivePower {
            irreducible_loss,
            terms,
        } = &law.form
        else {
            continue;
        };
        // The inner loop's logarithms and the plain sum agree where the terms are of ordinary size.
        let contributions = law.contributions(features);
        let sum = irreducible_loss + contributions.iter().map(|(_, share)| share).sum::<f64>();
        let size = irreducible_loss.abs() + contributions.iter().map(|(_, share)| share.abs()).sum::<f64>();
        let ordinary = |exponent: f64| exponent.abs() < 10.0;
        if terms
            .iter()
            .flat_map(|term| &term.exponents)
            .all(|(_, exponent)| ordinary(*exponent))
            && size < 1e100
        {
            assert!((loss - sum).abs() <= 1e-9 * (1.0 + size), "{loss} {sum}");
        }
    }
});
