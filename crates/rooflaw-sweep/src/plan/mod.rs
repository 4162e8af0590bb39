//! A plan: every run of a sweep, with all that it takes to start it anywhere.

mod identity;
pub mod price;

use crate::error::SweepError;
use crate::files;
use price::{Basis, Prediction};
use rooflaw::architecture::{Architecture, hf};
use rooflaw::plan::TrainingPrecision;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What the first line of a plan file says; another number means another layout.
pub const FORMAT: &str = "rooflaw-sweep-plan-1";
/// Largest plan file read, bytes: some ten thousand runs.
const MAX_PLAN_BYTES: u64 = 256 << 20;
/// Most runs of a plan.
pub const MAX_RUNS: usize = 100_000;

/// A sweep before it runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`FORMAT`].
    pub format: String,
    /// What all runs are trained on.
    pub data: Data,
    /// Recipes by name: their TOML.
    pub recipes: BTreeMap<String, String>,
    /// What trains them.
    pub engine: Engine,
    /// What predicted times rest on; `None` where there are none.
    pub basis: Option<Basis>,
    /// The runs, in the order they were asked for.
    pub runs: Vec<PlannedRun>,
}

/// A prepared data set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Its folder, absolute: workers start elsewhere.
    pub path: PathBuf,
    /// The hash of all of it.
    pub hash: String,
}

/// Which engine trains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// On the processor, in f32.
    #[default]
    Cpu,
    /// On one NVIDIA GPU, in bf16.
    Cuda,
}

impl Engine {
    /// What `--engine` calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Engine::Cpu => "cpu",
            Engine::Cuda => "cuda",
        }
    }

    /// The formats it trains in.
    #[must_use]
    pub const fn precision(self) -> TrainingPrecision {
        match self {
            Engine::Cpu => TrainingPrecision::Fp32,
            Engine::Cuda => TrainingPrecision::Bf16,
        }
    }
}

/// One training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedRun {
    /// Hash of what it is: config, recipe, seed, data. The name of its folder.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The name of its recipe.
    pub recipe: String,
    /// The seed of weights and data order.
    pub seed: u64,
    /// What it will take.
    pub predicted: Prediction,
    /// Its `config.json`.
    pub config: Value,
}

/// A model to train.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// What people call it.
    pub name: String,
    /// Its `config.json`.
    pub config: Value,
    /// What that describes.
    pub architecture: Architecture,
}

/// A model and how to train it.
#[derive(Clone, Debug)]
pub struct Training {
    /// The model.
    pub candidate: Candidate,
    /// How.
    pub recipe: Recipe,
}

/// How to train, and what of it costs depend on.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Its name.
    pub name: String,
    /// Its TOML.
    pub text: String,
    /// Training tokens.
    pub tokens: u64,
    /// Tokens of a sequence.
    pub sequence_length: u32,
    /// Sequences in memory at once.
    pub sequences: u32,
}

impl Candidate {
    /// A model from the bytes of its `config.json`.
    ///
    /// # Errors
    /// What [`hf::read`] refuses.
    pub fn from_config(name: &str, bytes: &[u8]) -> Result<Candidate, SweepError> {
        let of = |source| SweepError::Architecture {
            name: name.to_owned(),
            source,
        };
        let architecture = hf::read(bytes).map_err(of)?.architecture;
        let config = serde_json::from_slice(bytes)
            .map_err(|error| SweepError::Plan(format!("{name}: config.json: {error}")))?;
        Ok(Candidate {
            name: name.to_owned(),
            config,
            architecture,
        })
    }

    /// A model that is an architecture only, with the `config.json` that `rooflaw` writes for it.
    ///
    /// # Errors
    /// An architecture that no `config.json` describes.
    pub fn from_architecture(name: &str, architecture: &Architecture) -> Result<Candidate, SweepError> {
        let text = hf::write(architecture, &hf::WriteOptions::default()).map_err(|source| {
            SweepError::Architecture {
                name: name.to_owned(),
                source,
            }
        })?;
        Candidate::from_config(name, text.as_bytes())
    }
}

impl Plan {
    /// Every training with every seed.
    ///
    /// # Errors
    /// No run or too many, two runs of one name, two runs that are the same, two recipes of one name.
    pub fn of(
        trainings: &[Training],
        seeds: &[u64],
        data: Data,
        engine: Engine,
        basis: Option<Basis>,
    ) -> Result<Plan, SweepError> {
        let count = trainings.len().saturating_mul(seeds.len());
        if !(1..=MAX_RUNS).contains(&count) {
            return Err(SweepError::Plan(format!(
                "{count} runs: expected 1 to {MAX_RUNS} (trainings × seeds)"
            )));
        }
        let mut recipes = BTreeMap::new();
        for Training { recipe, .. } in trainings {
            let known = recipes.entry(recipe.name.clone()).or_insert(&recipe.text);
            if *known != &recipe.text {
                return Err(SweepError::Plan(format!(
                    "two recipes are called `{}`: expected files of different names",
                    recipe.name
                )));
            }
        }
        let mut runs = Vec::with_capacity(count);
        let (mut names, mut ids) = (BTreeSet::new(), BTreeSet::new());
        for Training { candidate, recipe } in trainings {
            let predicted = price::predict(
                &candidate.architecture,
                recipe,
                engine.precision(),
                basis.as_ref(),
            );
            for &seed in seeds {
                let mut name = candidate.name.clone();
                if recipes.len() > 1 {
                    name = format!("{name}-{}", recipe.name);
                }
                if seeds.len() > 1 {
                    name = format!("{name}-seed{seed}");
                }
                let id = identity::id(&candidate.config, &recipe.text, seed, &data.hash);
                if !names.insert(name.clone()) {
                    return Err(SweepError::Plan(format!(
                        "two runs are called `{name}`: expected models in files or folders of different names"
                    )));
                }
                if !ids.insert(id.clone()) {
                    return Err(SweepError::Plan(format!(
                        "{name}: another run has the same config, recipe, seed and data"
                    )));
                }
                runs.push(PlannedRun {
                    id,
                    name,
                    recipe: recipe.name.clone(),
                    seed,
                    predicted,
                    config: candidate.config.clone(),
                });
            }
        }
        let recipes = recipes
            .into_iter()
            .map(|(name, text)| (name, text.clone()))
            .collect();
        Ok(Plan {
            format: FORMAT.to_owned(),
            data,
            recipes,
            engine,
            basis,
            runs,
        })
    }

    /// Reads a plan file, and checks that every run still is what its id says.
    ///
    /// # Errors
    /// A file that is missing, of another format, or was edited so that ids no longer fit.
    pub fn read(path: &Path) -> Result<Plan, SweepError> {
        let wrong = |message: String| SweepError::File {
            path: path.to_path_buf(),
            message,
        };
        let plan: Plan = files::read_json(path, MAX_PLAN_BYTES)?
            .ok_or_else(|| wrong("no such file: expected what `sweep plan --out` wrote".to_owned()))?;
        if plan.format != FORMAT {
            return Err(wrong(format!(
                "format `{}`: expected `{FORMAT}`; plan again",
                plan.format
            )));
        }
        for run in &plan.runs {
            let recipe = plan.recipe(run).ok_or_else(|| {
                wrong(format!(
                    "run {}: recipe `{}` is not in the plan",
                    run.name, run.recipe
                ))
            })?;
            if run.id != identity::id(&run.config, recipe, run.seed, &plan.data.hash) {
                return Err(wrong(format!(
                    "run {}: its id is not that of its config, recipe, seed and data: plan again instead of editing",
                    run.name
                )));
            }
        }
        Ok(plan)
    }

    /// Writes the plan file.
    ///
    /// # Errors
    /// A disk that is full or not writable.
    pub fn write(&self, path: &Path) -> Result<(), SweepError> {
        files::write_json(path, self)
    }

    /// A run's recipe.
    #[must_use]
    pub fn recipe(&self, run: &PlannedRun) -> Option<&str> {
        self.recipes.get(&run.recipe).map(String::as_str)
    }

    /// Hash of the ids of all runs: two plans of the same runs have the same.
    #[must_use]
    pub fn id(&self) -> String {
        identity::of_ids(self.runs.iter().map(|run| run.id.as_str()))
    }
}

#[cfg(test)]
mod tests;
