//! Any text as a recipe: no panic, and what is read has steps, a learning rate at each, and reads back as it was.
//!
//! `mkdir -p fuzz/corpus/recipe_toml; RUSTC_BOOTSTRAP=1 cargo fuzz run recipe_toml fuzz/corpus/recipe_toml \
//! fuzz/seeds/recipe_toml -- -dict=fuzz/recipe_toml.dict`

#![no_main]

#[path = "../edits.rs"]
mod edits;

use libfuzzer_sys::fuzz_target;
use rooflaw_train::recipe::{self, Recipe};

/// What edits begin with, and what they put into it.
const TEMPLATE: &str = include_str!("../seeds/recipe_toml/small.toml");
const REPLACEMENTS: &[&str] = &[
    "0",
    "1",
    "2",
    "16",
    "-1",
    "0.5",
    "1e-300",
    "5e-324",
    "1e-12",
    "1e7",
    "1e15",
    "1e308",
    "inf",
    "nan",
    "1048576",
    "1048577",
    "4294967296",
    "true",
    "cosine",
    "constant",
    "warm_up_stable_decay",
    "decay_fraction",
    "bias",
    "rate",
    "none",
    "micro_batch_sequences",
    "max_gradient_norm",
];

fuzz_target!(|input: &[u8]| {
    let Some(text) = edits::text(input, TEMPLATE, REPLACEMENTS) else {
        return;
    };
    if let Ok(paper) = recipe::find("paper")
        && let Ok(changed) = paper.with([text.as_str()])
    {
        check(&changed);
    }
    match Recipe::from_toml(&text) {
        Ok(recipe) => check(&recipe),
        Err(error) => drop(error.to_string()),
    }
});

fn check(recipe: &Recipe) {
    let steps = recipe.n_steps();
    assert!(steps >= 1 && recipe.tokens() as f64 >= recipe.training_tokens * 0.999_999);
    assert!(recipe.warm_up_steps() <= steps);
    assert!((1..=recipe.batch_sequences).contains(&recipe.micro_batch()));
    for step in [0, recipe.warm_up_steps(), steps / 2, steps - 1, steps, u64::MAX] {
        let update = recipe.update(step);
        let most = recipe.peak_learning_rate * (1.0 + 1e-9);
        assert!((0.0..=most).contains(&update.learning_rate), "{step}: {update:?}");
    }
    let json = serde_json::to_string(recipe).expect("numbers that are finite");
    assert_eq!(serde_json::from_str::<Recipe>(&json).expect("what was written"), *recipe);
}
