//! `run.json` and `result.json`.

use super::Machine;
use crate::model::{Details, Model};
use crate::recipe::Recipe;
use rooflaw::architecture::Architecture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Version of the folder's format.
pub const FORMAT: u32 = 1;

/// What a run is: everything that its result depends on, then where it was started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRecord {
    /// [`FORMAT`].
    pub format: u32,
    /// What the architecture is called; only for people.
    pub architecture_name: String,
    /// What is trained.
    pub architecture: Architecture,
    /// What the architecture leaves open.
    pub details: Details,
    /// How it is trained; nothing is left to a default.
    pub recipe: Recipe,
    /// On what.
    pub data: DataRecord,
    /// Of initial weights and the order of sequences.
    pub seed: u64,
    /// What computes: `cpu`, or `cuda` and that it is experimental.
    pub engine: String,
    /// How it is evaluated.
    pub evaluation: EvaluationRecord,
    /// Optimiser steps.
    pub steps: u64,
    /// Tokens trained on.
    pub tokens: u64,
    /// Parameters, a tied LM head counted once.
    pub parameters: u64,
    /// Predicted compute of the training ([`rooflaw::plan::training_flop_per_token`]), FLOP.
    pub training_flop: f64,
    /// The program that wrote this.
    pub code_version: String,
    /// Threads it was started with.
    pub threads: usize,
    /// On what it was started.
    pub machine: Machine,
}

/// The data set of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataRecord {
    /// SHA-256 over all of it.
    pub sha256: String,
    /// SHA-256 of its `tokenizer.json`.
    pub tokenizer_sha256: String,
    /// Tokens of the training split.
    pub training_tokens: u64,
    /// Tokens of the held-out split.
    pub validation_tokens: u64,
    /// Bytes of text that the held-out split was made from.
    pub validation_bytes: u64,
}

/// When and on what a run is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluationRecord {
    /// Steps from one evaluation to the next.
    pub interval_steps: u64,
    /// The first so many held-out sequences, then; all of them at the end.
    pub sequences: u64,
}

/// What may differ between the process that started a run and one that goes on with it: none of it changes the result on one
/// machine.
const MAY_DIFFER: [&str; 4] = ["architecture_name", "code_version", "threads", "machine"];

impl RunRecord {
    /// What is trained.
    #[must_use]
    pub fn model(&self) -> Model {
        Model {
            architecture: self.architecture,
            details: self.details.clone(),
        }
    }

    /// The first setting that differs from another record's and matters: its path, its value here, its value there.
    #[must_use]
    pub fn difference(&self, other: &RunRecord) -> Option<(String, String, String)> {
        let (Ok(mut here), Ok(mut there)) = (serde_json::to_value(self), serde_json::to_value(other)) else {
            return Some((
                "a number".to_owned(),
                "not finite".to_owned(),
                "not finite".to_owned(),
            ));
        };
        for value in [&mut here, &mut there] {
            if let Some(object) = value.as_object_mut() {
                object.retain(|key, _| !MAY_DIFFER.contains(&key.as_str()));
            }
        }
        difference("", &here, &there)
    }
}

fn difference(path: &str, here: &Value, there: &Value) -> Option<(String, String, String)> {
    if here == there {
        return None;
    }
    if let (Value::Object(here), Value::Object(there)) = (here, there) {
        let keys = here
            .keys()
            .chain(there.keys().filter(|key| !here.contains_key(*key)));
        for key in keys {
            let below = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}.{key}")
            };
            let value =
                |object: &serde_json::Map<String, Value>| object.get(key).cloned().unwrap_or_default();
            if let Some(found) = difference(&below, &value(here), &value(there)) {
                return Some(found);
            }
        }
        return None;
    }
    let shown = |value: &Value| match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string().chars().take(200).collect(),
    };
    Some((path.to_owned(), shown(here), shown(there)))
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunResult {
    /// [`FORMAT`].
    pub format: u32,
    /// Loss on the whole held-out split, nats per token.
    pub validation_loss: f64,
    /// Held-out tokens that were predicted.
    pub validation_tokens: u64,
    /// The same loss in bits per byte of text.
    pub validation_bits_per_byte: f64,
    /// Loss of the last training step, nats per token.
    pub training_loss: f64,
    /// Optimiser steps.
    pub steps: u64,
    /// Tokens trained on.
    pub tokens: u64,
    /// Predicted compute of the training, FLOP.
    pub training_flop: f64,
    /// Training and evaluation over all tries, without work that was lost, seconds.
    pub wall_seconds: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_difference_is_named() {
        let here = json!({"recipe": {"beta1": 0.9, "beta2": 0.95}, "seed": 1});
        let there = json!({"recipe": {"beta1": 0.9, "beta2": 0.9, "clip": 1.0}, "seed": 2});
        let found = difference("", &here, &there).unwrap();
        assert_eq!(
            found,
            ("recipe.beta2".to_owned(), "0.95".to_owned(), "0.9".to_owned())
        );
        let there = json!({"recipe": {"beta1": 0.9, "beta2": 0.95, "clip": 1.0}, "seed": 1});
        let found = difference("", &here, &there).unwrap();
        assert_eq!(found.0, "recipe.clip");
        assert_eq!(found.1, "none");
        assert_eq!(difference("", &here, &here), None);
    }
}
