//! What a run's `config.json` says in the columns of a table.

use super::RunError;
use crate::architecture::Architecture;
use crate::law::{Feature, Features};
use std::collections::BTreeMap;

/// Finds the architecture that a cell of the column `config` names; says why it cannot. The library reads no files:
/// whoever calls it knows what paths mean, and [`crate::models::find`] knows the names of published models.
pub type Resolve<'a> = dyn Fn(&str) -> Result<Architecture, String> + 'a;

/// How far a given column may be from what its `config` says, as a share: published sizes have three digits.
const ROUNDING: f64 = 0.005;

/// Columns that an architecture determines.
pub(super) const DERIVED: [Feature; Feature::OF_ARCHITECTURE.len()] = Feature::OF_ARCHITECTURE;

/// A value for each of [`DERIVED`].
pub(super) type Derived = [f64; DERIVED.len()];

/// What an architecture says in the columns [`DERIVED`].
pub(super) fn derived(architecture: &Architecture) -> Derived {
    let features = Features::of(architecture);
    DERIVED.map(|feature| features.get(feature))
}

/// Whether a given value is the derived one: counts exactly, sizes and shares to three digits.
pub(super) fn agrees(column: &str, given: f64, derived: f64) -> bool {
    match column {
        "n_layers" | "hidden_size" | "kv_dim" | "n_experts" => given == derived,
        _ => (given - derived).abs() <= ROUNDING * derived,
    }
}

/// Configurations already found: checkpoints of one run name the same one.
pub(super) struct Configs<'a> {
    resolve: Option<&'a Resolve<'a>>,
    found: BTreeMap<String, Derived>,
}

impl<'a> Configs<'a> {
    pub(super) const fn new(resolve: Option<&'a Resolve<'a>>) -> Self {
        Configs {
            resolve,
            found: BTreeMap::new(),
        }
    }

    pub(super) const fn can_resolve(&self) -> bool {
        self.resolve.is_some()
    }

    /// What the configuration of this name says.
    pub(super) fn find(&mut self, line: usize, name: &str) -> Result<Derived, RunError> {
        if let Some(&found) = self.found.get(name) {
            return Ok(found);
        }
        let resolve = self.resolve.ok_or(RunError::ConfigsNotRead)?;
        let architecture = resolve(name).map_err(|message| RunError::Config {
            line,
            value: name.to_owned(),
            message,
        })?;
        let values = derived(&architecture);
        self.found.insert(name.to_owned(), values);
        Ok(values)
    }
}
