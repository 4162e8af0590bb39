//! A recipe's TOML, read, checked and changed by hand.

use super::{Recipe, Schedule};
use crate::engine::LoadBalancing;
use rooflaw::{MAX_TOML_BYTES, TomlError};

/// A value that no recipe can have.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{field} = {value}: expected {accepted}")]
pub struct RecipeError {
    /// The key.
    pub field: &'static str,
    /// What it holds.
    pub value: String,
    /// What would be accepted.
    pub accepted: String,
}

/// A recipe's file that cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RecipeFileError {
    /// Not TOML, or not the keys of a recipe.
    #[error(transparent)]
    Toml(#[from] TomlError),
    /// A value that no recipe can have.
    #[error(transparent)]
    Value(#[from] RecipeError),
}

/// A change that cannot be made to a recipe.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SetError {
    /// No `key=value`, or none of a recipe's.
    #[error("{assignment}: {message}")]
    Assignment {
        /// What was given.
        assignment: String,
        /// What is wrong with it.
        message: String,
    },
    /// A value that no recipe can have.
    #[error(transparent)]
    Value(#[from] RecipeError),
}

fn one_line(message: &str) -> String {
    message.lines().collect::<Vec<_>>().join(" ")
}

/// Most tokens of a sequence or sequences of a batch; published recipes have a thousandth of it.
const MAX_COUNT: u32 = 1 << 20;
/// Most tokens of a step: batches are held in memory.
const MAX_STEP_TOKENS: u64 = 1 << 28;
/// Most tokens of a training: the largest published ones have a fiftieth.
const MAX_TOKENS: f64 = 1e15;

impl Recipe {
    /// Reads a recipe.
    ///
    /// # Errors
    /// Anything of [`RecipeFileError`].
    pub fn from_toml(text: &str) -> Result<Recipe, RecipeFileError> {
        if text.len() > MAX_TOML_BYTES {
            return Err(TomlError::TooLong(text.len()).into());
        }
        let recipe: Recipe = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = text.bytes().take(start).filter(|&byte| byte == b'\n').count() + 1;
            TomlError::Invalid {
                line,
                message: one_line(error.message()),
            }
        })?;
        recipe.validate()?;
        Ok(recipe)
    }

    /// The recipe with values replaced: `key = value` as in its file, one after another, checked once all are.
    ///
    /// # Errors
    /// Text that is no such assignment, a key that recipes do not have, a value that none can have.
    pub fn with<'a>(&self, assignments: impl IntoIterator<Item = &'a str>) -> Result<Recipe, SetError> {
        let failed = |assignment: &str, message: &str| SetError::Assignment {
            assignment: assignment.chars().take(200).collect(),
            message: one_line(message),
        };
        let mut recipe = self.clone();
        for assignment in assignments {
            if assignment.len() > MAX_TOML_BYTES {
                return Err(failed(assignment, "expected key=value"));
            }
            let given: toml::Table =
                toml::from_str(assignment).map_err(|error| failed(assignment, error.message()))?;
            if given.len() != 1 || assignment.contains('\n') {
                return Err(failed(assignment, "expected one key=value"));
            }
            let mut table =
                toml::Table::try_from(&recipe).map_err(|error| failed(assignment, &error.to_string()))?;
            table.extend(given);
            recipe = table
                .try_into()
                .map_err(|error: toml::de::Error| failed(assignment, error.message()))?;
        }
        recipe.validate()?;
        Ok(recipe)
    }

    /// Whether its values can be trained with.
    ///
    /// # Errors
    /// The first one that cannot.
    pub fn validate(&self) -> Result<(), RecipeError> {
        count("sequence_length", self.sequence_length)?;
        count("batch_sequences", self.batch_sequences)?;
        if let Some(sequences) = self.micro_batch_sequences {
            count("micro_batch_sequences", sequences)?;
            if sequences > self.batch_sequences {
                let accepted = format!("at most batch_sequences, which is {}", self.batch_sequences);
                return Err(wrong("micro_batch_sequences", sequences, accepted));
            }
        }
        if self.tokens_per_step() > MAX_STEP_TOKENS {
            let accepted = format!("at most {MAX_STEP_TOKENS} tokens of a step, sequence_length times it");
            return Err(wrong("batch_sequences", self.batch_sequences, accepted));
        }
        within("training_tokens", self.training_tokens, (1.0, MAX_TOKENS))?;
        within("peak_learning_rate", self.peak_learning_rate, (1e-12, 10.0))?;
        let rates = (0.0, self.peak_learning_rate);
        within("final_learning_rate", self.final_learning_rate, rates)?;
        within("warm_up_fraction", self.warm_up_fraction, (0.0, 1.0))?;
        match self.schedule {
            Schedule::Cosine {} => {}
            Schedule::Constant {} => {
                if self.final_learning_rate != self.peak_learning_rate {
                    let accepted = format!(
                        "peak_learning_rate, which is {}, where the schedule is constant",
                        self.peak_learning_rate
                    );
                    return Err(wrong("final_learning_rate", self.final_learning_rate, accepted));
                }
            }
            Schedule::WarmUpStableDecay { decay_fraction } => {
                within("schedule.decay_fraction", decay_fraction, (0.0, 1.0))?;
            }
        }
        below_one("beta1", self.beta1)?;
        below_one("beta2", self.beta2)?;
        within("epsilon", self.epsilon, (1e-30, 1.0))?;
        within("weight_decay", self.weight_decay, (0.0, 100.0))?;
        if let Some(norm) = self.max_gradient_norm {
            within("max_gradient_norm", norm, (1e-12, 1e12))?;
        }
        within("initializer_range", self.initializer_range, (1e-12, 10.0))?;
        match self.load_balancing {
            LoadBalancing::None => Ok(()),
            LoadBalancing::AuxiliaryLoss { coefficient } => {
                within("load_balancing.coefficient", coefficient, (0.0, 1e3))
            }
            LoadBalancing::Bias { rate } => within("load_balancing.rate", rate, (0.0, 1.0)),
        }
    }
}

fn wrong(field: &'static str, value: impl ToString, accepted: impl Into<String>) -> RecipeError {
    RecipeError {
        field,
        value: value.to_string(),
        accepted: accepted.into(),
    }
}

fn count(field: &'static str, value: u32) -> Result<(), RecipeError> {
    if (1..=MAX_COUNT).contains(&value) {
        return Ok(());
    }
    Err(wrong(
        field,
        value,
        format!("a whole number from 1 to {MAX_COUNT}"),
    ))
}

fn within(field: &'static str, value: f64, (low, high): (f64, f64)) -> Result<(), RecipeError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(wrong(field, value, format!("a number from {low} to {high}")))
}

fn below_one(field: &'static str, value: f64) -> Result<(), RecipeError> {
    if (0.0..1.0).contains(&value) {
        return Ok(());
    }
    Err(wrong(field, value, "a number from 0 to below 1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = include_str!("../../../../data/recipes/small.toml");

    fn message(from: &str, to: &str) -> String {
        assert!(SMALL.contains(from), "{from}");
        Recipe::from_toml(&SMALL.replace(from, to))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn errors_name_field_value_and_what_is_accepted() {
        assert_eq!(
            message("batch_sequences = 16", "batch_sequences = 0"),
            "batch_sequences = 0: expected a whole number from 1 to 1048576"
        );
        assert_eq!(
            message("final_learning_rate = 3e-4", "final_learning_rate = 1"),
            "final_learning_rate = 1: expected a number from 0 to 0.003"
        );
        assert_eq!(
            message("beta2 = 0.95", "beta2 = nan"),
            "beta2 = NaN: expected a number from 0 to below 1"
        );
        assert_eq!(
            message(
                "schedule = { kind = \"cosine\" }",
                "schedule = { kind = \"constant\" }"
            ),
            "final_learning_rate = 0.0003: expected peak_learning_rate, which is 0.003, where the schedule is constant"
        );
        let unknown = message("beta1 = 0.9", "beta_1 = 0.9");
        assert!(
            unknown.starts_with("line 18: unknown field `beta_1`"),
            "{unknown}"
        );
        let kind = message("\"cosine\"", "\"linear\"");
        assert!(
            kind.contains("unknown variant `linear`, expected one of `cosine`, `constant`"),
            "{kind}"
        );
    }

    #[test]
    fn values_are_replaced_by_hand() {
        let recipe = Recipe::from_toml(SMALL).unwrap();
        let changed = recipe.with([
            "training_tokens=1_000_000",
            "schedule={kind='constant'}",
            "final_learning_rate=3e-3",
        ]);
        let changed = changed.unwrap();
        assert_eq!(
            (changed.training_tokens, changed.schedule),
            (1e6, Schedule::Constant {})
        );
        assert_eq!(changed.n_steps(), 245);
        assert_eq!(recipe.with([]).unwrap(), recipe);
        let message = |assignment| recipe.with([assignment]).unwrap_err().to_string();
        assert_eq!(
            message("weight_decay=-1"),
            "weight_decay = -1: expected a number from 0 to 100"
        );
        assert!(message("weigth_decay=1").starts_with("weigth_decay=1: unknown field `weigth_decay`"));
        assert!(message("weight_decay").starts_with("weight_decay: "));
        assert!(message("beta1='a'").contains("invalid type: string \"a\", expected f64"));
        assert_eq!(
            message("beta1=0.1\nbeta2=0.2"),
            "beta1=0.1\nbeta2=0.2: expected one key=value"
        );
    }

    #[test]
    fn what_is_written_is_read_alike() {
        for id in crate::recipe::ids() {
            let recipe = crate::recipe::find(id).unwrap();
            let json = serde_json::to_string(&recipe).unwrap();
            assert_eq!(serde_json::from_str::<Recipe>(&json).unwrap(), recipe);
            let toml = toml::to_string(&recipe).unwrap();
            assert_eq!(Recipe::from_toml(&toml).unwrap(), recipe);
        }
    }
}
