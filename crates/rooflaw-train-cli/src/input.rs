//! What people give on the command line: names or files.

use anyhow::{Context as _, Result, bail};
use rooflaw::models;
use rooflaw_terminal as output;
use rooflaw_train::model::Model;
use rooflaw_train::recipe;
pub use rooflaw_train::recipe::Recipe;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Largest file read, bytes: far above any configuration, far below what hurts.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// A model and what to call it.
pub struct NamedModel {
    pub name: String,
    pub model: Model,
}

/// Whether an argument means a file rather than an embedded name.
fn is_path(argument: &str) -> bool {
    let extension = Path::new(argument)
        .extension()
        .and_then(|extension| extension.to_str());
    argument.contains(['/', '\\'])
        || matches!(extension, Some("toml" | "json"))
        || matches!(argument, "." | "..")
}

/// The bytes of a configuration.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    read_at_most(path, MAX_FILE_BYTES).context("expected a configuration of a few kB")
}

/// The bytes of a file, of which there may be a number of MiB.
pub fn read_at_most(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("cannot open {shown}"))?;
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read {shown}"))?;
    if bytes.len() as u64 > limit {
        bail!("{shown} is larger than {} MiB", limit >> 20);
    }
    Ok(bytes)
}

/// A model by name, from a config.json, or from a folder that holds one.
pub fn model(argument: &str) -> Result<NamedModel> {
    if !is_path(argument) {
        match models::find(argument) {
            Ok(known) => {
                let model = Model::from_config(known.config.as_bytes()).or_else(|reason| {
                    let name = &known.entry.name;
                    let text = format!("{name} with rooflaw's details, not those published: {reason}");
                    output::note(&text).map(|()| Model::of(known.architecture))
                })?;
                let name = known.entry.name.clone();
                return Ok(NamedModel { name, model });
            }
            Err(unknown) if !Path::new(argument).join("config.json").exists() => return Err(unknown.into()),
            Err(_) => {}
        }
    }
    let mut path = PathBuf::from(argument);
    if path.is_dir() {
        path.push("config.json");
        if !path.exists() {
            bail!("the folder {argument} holds no config.json");
        }
    }
    let model = Model::from_config(&read(&path)?).with_context(|| path.display().to_string())?;
    let name = name(&path);
    Ok(NamedModel { name, model })
}

/// Every model's file is a config.json: its folder is the better name, even where it is given as `.`.
pub fn name(path: &Path) -> String {
    let folder = path
        .parent()
        .and_then(|folder| Path::new(".").join(folder).canonicalize().ok())
        .and_then(|folder| Some(folder.file_name()?.to_string_lossy().into_owned()));
    match folder {
        Some(folder) if path.file_name().is_some_and(|name| name == "config.json") => folder,
        _ => path
            .file_stem()
            .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned()),
    }
}

/// A recipe by name, or from a TOML file.
pub fn recipe(argument: &str) -> Result<Recipe> {
    if !is_path(argument) {
        return Ok(recipe::find(argument)?);
    }
    let path = Path::new(argument);
    let text = String::from_utf8(read(path)?).with_context(|| format!("{argument} is not UTF-8 text"))?;
    Recipe::from_toml(&text).with_context(|| argument.to_owned())
}

/// A count with a suffix: 500, 20M, 1e10, 0.5B.
pub fn count(text: &str) -> Result<f64, String> {
    let expected = || format!("`{text}`: expected a positive count, such as 20M, 1e10 or 0.5B");
    let (number, factor) = match text.char_indices().next_back() {
        Some((at, 'k' | 'K')) => (&text[..at], 1e3),
        Some((at, 'M')) => (&text[..at], 1e6),
        Some((at, 'B' | 'G')) => (&text[..at], 1e9),
        Some((at, 'T')) => (&text[..at], 1e12),
        _ => (text, 1.0),
    };
    let number: f64 = number.replace('_', "").parse().map_err(|_| expected())?;
    let count = number * factor;
    if count > 0.0 && count.is_finite() {
        return Ok(count);
    }
    Err(expected())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_suffixes() {
        assert_eq!(count("20M"), Ok(2e7));
        assert_eq!(count("1e10"), Ok(1e10));
        assert_eq!(count("1_000"), Ok(1000.0));
        for wrong in ["", "M", "-1", "nan", "1e400", "2 M", "5é"] {
            assert!(count(wrong).is_err(), "{wrong}");
        }
    }
}
