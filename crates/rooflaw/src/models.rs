//! Published models: their `config.json`, and the parameter totals that others counted.

use crate::architecture::{Architecture, hf};
use crate::{embedded, near_miss::near_miss, toml_file};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// A published model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KnownModel {
    /// What its index entry says.
    #[serde(flatten)]
    pub entry: IndexEntry,
    /// Its architecture, read from its `config.json`.
    pub architecture: Architecture,
    /// Its `config.json`, as published or reconstructed.
    #[serde(skip)]
    pub config: &'static str,
}

/// A model's entry in `data/models/index.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexEntry {
    /// Kebab-case identifier, the stem of its file.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it is published on Hugging Face.
    pub repository: String,
    /// The model type of its `config.json`.
    pub model_type: String,
    /// Licence of the weights.
    pub licence: String,
    /// `copy`, `transcribed` or `reconstructed`.
    pub config_kind: String,
    /// Where the configuration was read.
    pub config_source: String,
    /// Published total of parameters.
    pub total_parameters: Option<u64>,
    /// Where the total was read.
    pub total_source: Option<String>,
    /// How the total is to be read.
    pub total_note: Option<String>,
    /// Published active parameters, embedding and head included.
    pub active_parameters: Option<u64>,
    /// Where they were read.
    pub active_source: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    model: Vec<IndexEntry>,
}

/// A model name that is not embedded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown model `{name}`{}: `rooflaw models` lists them; a config.json of your own works too",
    .near_miss.as_ref().map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default())]
pub struct UnknownModel {
    /// What was asked for.
    pub name: String,
    /// The most similar name there is.
    pub near_miss: Option<String>,
}

/// Every embedded model, sorted by id.
#[must_use]
pub fn catalogue() -> &'static [KnownModel] {
    static CATALOGUE: LazyLock<Vec<KnownModel>> = LazyLock::new(|| {
        let index: Index = toml_file::parse(embedded::MODEL_INDEX).unwrap_or(Index { model: Vec::new() });
        let known = |(id, json): &(&'static str, &'static str)| {
            let entry = index.model.iter().find(|entry| entry.id == *id)?.clone();
            let architecture = hf::read(json.as_bytes()).ok()?.architecture;
            Some(KnownModel {
                entry,
                architecture,
                config: json,
            })
        };
        embedded::MODELS.iter().filter_map(known).collect()
    });
    &CATALOGUE
}

/// Finds an embedded model by id, name or repository, whatever the case.
///
/// # Errors
/// [`UnknownModel`] with the nearest name.
pub fn find(name: &str) -> Result<&'static KnownModel, UnknownModel> {
    let names = |model: &'static KnownModel| {
        [&model.entry.id, &model.entry.name, &model.entry.repository].map(String::as_str)
    };
    let wanted = name.trim();
    catalogue()
        .iter()
        .find(|model| {
            names(model)
                .iter()
                .any(|known| known.eq_ignore_ascii_case(wanted))
        })
        .ok_or_else(|| UnknownModel {
            name: name.to_owned(),
            near_miss: near_miss(wanted, catalogue().iter().flat_map(names)).map(str::to_owned),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_configuration_is_read_and_listed() {
        for (id, json) in embedded::MODELS {
            hf::read(json.as_bytes()).unwrap_or_else(|error| panic!("{id}: {error}"));
        }
        assert_eq!(catalogue().len(), embedded::MODELS.len());
    }
}
