//! Models in any number: by name, from files, from folders, from a design's frontier, from a space.

use super::files::{is_path, model_name, read_at_most, space};
use anyhow::{Context as _, Result, bail};
use clap::Args;
use rooflaw::architecture::{Architecture, hf};
use rooflaw::models;
use rooflaw::plan::{Candidates, Sampling, Training};
use rooflaw_measure::Model;
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};

/// Which models.
#[derive(Args, Clone, Debug)]
pub struct ModelsArgs {
    /// Built-in models, config.json files, folders of them, folders of `rooflaw design --out` (their frontier), or
    /// spaces (TOML)
    #[arg(required = true, value_name = "MODELS")]
    models: Vec<String>,
    /// Models of each frontier (spread evenly) and of each space (drawn)
    #[arg(long, value_name = "N", default_value_t = 10, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    sample: u32,
    /// Seed of what is drawn, and of random weights
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    pub seed: u32,
}

/// Largest design.json read, bytes: a frontier of some hundred thousand points.
const MAX_DESIGN_BYTES: u64 = 256 << 20;
/// Largest config.json read, bytes.
const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// What of a design's design.json is wanted.
#[derive(Deserialize)]
struct DesignFile {
    outcome: OutcomeFile,
}

#[derive(Deserialize)]
struct OutcomeFile {
    by_format: Vec<FormatFile>,
}

#[derive(Deserialize)]
struct FormatFile {
    frontier: Vec<CandidateFile>,
}

#[derive(Deserialize)]
struct CandidateFile {
    index: u64,
    architecture: Architecture,
}

impl ModelsArgs {
    /// The models, each once.
    ///
    /// # Errors
    /// A name that is not known, a file that cannot be read, and two models of one name.
    pub fn models(&self) -> Result<Vec<Model>> {
        let mut all: Vec<Model> = Vec::new();
        for argument in &self.models {
            for model in self.of(argument)? {
                match all.iter().find(|other| other.name == model.name) {
                    Some(other) if other.architecture != model.architecture => {
                        bail!(
                            "two models are called `{}`: expected files of different names",
                            model.name
                        )
                    }
                    Some(_) => {}
                    None => all.push(model),
                }
            }
        }
        Ok(all)
    }

    fn of(&self, argument: &str) -> Result<Vec<Model>> {
        let path = Path::new(argument);
        let is_table = path.extension().is_some_and(|extension| extension == "csv");
        if !is_path(argument) && !is_table {
            match models::find(argument) {
                Ok(known) => {
                    let config = known.config.to_owned();
                    return Ok(vec![Model::with_config(
                        &known.entry.id,
                        known.architecture,
                        config,
                    )]);
                }
                Err(unknown) if !path.is_dir() => return Err(unknown.into()),
                Err(_) => {}
            }
        }
        if path.is_dir() {
            return self.of_folder(path);
        }
        let name = path.file_name().unwrap_or_default();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("toml") => self.of_space(argument),
            Some("csv") => self.of_design(&path.with_file_name("design.json")),
            _ if name == "design.json" => self.of_design(path),
            _ => Ok(vec![config_file(path)?]),
        }
    }

    /// A design's frontier, a model's config.json, or whatever models are in it.
    fn of_folder(&self, folder: &Path) -> Result<Vec<Model>> {
        let design = folder.join("design.json");
        if design.is_file() {
            return self.of_design(&design);
        }
        let config = folder.join("config.json");
        if config.is_file() {
            return Ok(vec![config_file(&config)?]);
        }
        let shown = folder.display();
        let entries = fs::read_dir(folder).with_context(|| format!("cannot read {shown}"))?;
        let mut paths: Vec<PathBuf> = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()
            .with_context(|| format!("cannot read {shown}"))?;
        paths.sort();
        let mut found = Vec::new();
        for path in paths {
            if path.join("config.json").is_file() {
                found.push(config_file(&path.join("config.json"))?);
            } else if path.is_file() && path.extension().is_some_and(|extension| extension == "json") {
                found.push(config_file(&path)?);
            }
        }
        if found.is_empty() {
            bail!(
                "the folder {shown} holds no models: expected config.json files, or what `rooflaw design --out` writes"
            );
        }
        Ok(found)
    }

    /// Points of the frontier, evenly spread along it, whatever the formats.
    fn of_design(&self, path: &Path) -> Result<Vec<Model>> {
        let shown = path.display();
        let bytes = read_at_most(
            path,
            MAX_DESIGN_BYTES,
            "the design.json of `rooflaw design --out`",
        )
        .context("a frontier is read from the design.json beside it")?;
        let design: DesignFile = serde_json::from_slice(&bytes)
            .with_context(|| format!("{shown}: expected the design.json of `rooflaw design --out`"))?;
        let name = model_name(&path.with_file_name("config.json"));
        let mut chosen: Vec<&CandidateFile> = Vec::new();
        for found in &design.outcome.by_format {
            for candidate in spread(&found.frontier, self.sample as usize) {
                if chosen.iter().all(|other| other.index != candidate.index) {
                    chosen.push(candidate);
                }
            }
        }
        let model = |candidate: &CandidateFile| {
            let name = format!("{name}-{}", candidate.index);
            Ok(Model::new(&name, candidate.architecture)?)
        };
        chosen.into_iter().map(model).collect()
    }

    /// Architectures of a space, evenly drawn.
    fn of_space(&self, argument: &str) -> Result<Vec<Model>> {
        let space = space(argument)?;
        let training = Training {
            sequence_length: 1,
            tokens: Vec::new(),
        };
        let sampling = Sampling {
            count: self.sample as usize,
            seed: self.seed,
            ends: 0.0,
        };
        let candidates = Candidates::of_space(&space, &training, &sampling).context(argument.to_owned())?;
        let of_space = candidates
            .list()
            .iter()
            .filter_map(|found| Some((found.index?, found.architecture?)));
        let model = |(index, architecture)| Ok(Model::new(&format!("{}-{index}", space.id), architecture)?);
        of_space.map(model).collect()
    }
}

/// A model from its config.json.
fn config_file(path: &Path) -> Result<Model> {
    let bytes = read_at_most(path, MAX_CONFIG_BYTES, "a configuration of a few kB")?;
    let read = hf::read(&bytes).with_context(|| path.display().to_string())?;
    // JSON is UTF-8.
    let config = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Model::with_config(&model_name(path), read.architecture, config))
}

/// At most `n` of them, the first and the last among them.
fn spread<T>(all: &[T], n: usize) -> Vec<&T> {
    if all.len() <= n {
        return all.iter().collect();
    }
    let last = all.len() - 1;
    let at = |position: usize| all.get((position * last).checked_div(n.saturating_sub(1)).unwrap_or(0));
    (0..n).filter_map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_spread() {
        let all: Vec<usize> = (0..101).collect();
        assert_eq!(spread(&all, 5), [&0, &25, &50, &75, &100]);
        assert_eq!(spread(&all, 1), [&0]);
        assert_eq!(spread(&all[..3], 5), [&0, &1, &2]);
        assert!(spread(&all[..0], 5).is_empty());
    }
}
