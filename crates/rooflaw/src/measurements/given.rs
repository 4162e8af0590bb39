//! What a caller knows and a file does not say.

use crate::format::{Precision, WeightFormat};

/// What a file of measurements does not say. Where the file says it, the file counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    /// The device (`--device`).
    pub device: Option<String>,
    /// The program that ran the model (`--runtime`).
    pub runtime: Option<String>,
    /// Its version (`--runtime-version`).
    pub runtime_version: Option<String>,
    /// What it ran on, such as `cuda` (`--backend`).
    pub backend: Option<String>,
    /// CPU threads (`--threads`).
    pub threads: Option<u32>,
    /// The model (`--model`).
    pub model: Option<String>,
    /// The model's config.json (`--config`).
    pub config: Option<String>,
    /// How its weights are stored (`--weights`).
    pub weights: Option<WeightFormat>,
    /// The precision of the KV cache (`--kv`).
    pub kv: Option<Precision>,
    /// Sequences at once (`--batch`).
    pub batch: Option<u32>,
    /// Tokens of each prompt (`--prompt-tokens`).
    pub prompt_tokens: Option<u32>,
    /// Tokens generated after each prompt (`--generated-tokens`).
    pub generated_tokens: Option<u32>,
    /// Where the file was found (`--source`).
    pub source: Option<String>,
}

impl Given {
    /// `found` where the file says something, else what is given, without control characters or blanks around it.
    pub(super) fn text(found: &str, given: Option<&String>) -> String {
        match clean(found) {
            empty if empty.is_empty() => given.map(|given| clean(given)).unwrap_or_default(),
            text => text,
        }
    }

    /// As [`Given::text`], in lower case.
    pub(super) fn lower(found: &str, given: Option<&String>) -> String {
        Given::text(found, given).to_ascii_lowercase()
    }
}

/// Text as a table can hold it: in one line, no blanks around it.
pub(super) fn clean(text: &str) -> String {
    text.replace(char::is_control, " ").trim().to_owned()
}
