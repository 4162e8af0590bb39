//! The recipes of `data/recipes/`, embedded.

use super::Recipe;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Id and file of each.
const FILES: [(&str, &str); 2] = [
    ("paper", include_str!("../../../../data/recipes/paper.toml")),
    ("small", include_str!("../../../../data/recipes/small.toml")),
];

static RECIPES: LazyLock<BTreeMap<&str, Recipe>> = LazyLock::new(|| {
    let read = |(id, text): &(&'static str, &str)| Some((*id, Recipe::from_toml(text).ok()?));
    FILES.iter().filter_map(read).collect()
});

/// A name that no embedded recipe has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no recipe `{name}`: expected {}, or a TOML file", ids().collect::<Vec<_>>().join(", "))]
pub struct UnknownRecipe {
    /// The name.
    pub name: String,
}

/// The ids of the embedded recipes.
pub fn ids() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(id, _)| *id)
}

/// An embedded recipe.
///
/// # Errors
/// A name that none has.
pub fn find(name: &str) -> Result<Recipe, UnknownRecipe> {
    RECIPES.get(name).cloned().ok_or_else(|| UnknownRecipe {
        name: name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_read() {
        for (id, text) in FILES {
            Recipe::from_toml(text).unwrap_or_else(|error| panic!("{id}: {error}"));
            find(id).unwrap();
        }
        let message = find("papper").unwrap_err().to_string();
        assert_eq!(
            message,
            "no recipe `papper`: expected paper, small, or a TOML file"
        );
    }

    /// What arXiv 2602.10377 publishes.
    #[test]
    fn the_papers_recipe_is_the_papers() {
        let paper = find("paper").unwrap();
        assert_eq!(paper.batch_sequences, 256);
        assert_eq!((paper.beta1, paper.beta2, paper.weight_decay), (0.9, 0.95, 0.01));
        assert_eq!(
            (paper.peak_learning_rate, paper.final_learning_rate),
            (1e-4, 1e-6)
        );
        assert_eq!((paper.warm_up_fraction, paper.training_tokens), (0.002, 1e10));
        // 10^10 / (256 · 2048) = 19073.49 steps, of which 0.2 % are 38.15.
        assert_eq!((paper.n_steps(), paper.warm_up_steps()), (19_074, 39));
    }
}
