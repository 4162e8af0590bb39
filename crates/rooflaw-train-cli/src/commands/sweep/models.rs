//! Models to train: by name, from files and folders, from the tables of `rooflaw plan-runs`, from a space.

use crate::input;
use anyhow::{Context as _, Result, anyhow, bail};
use rooflaw::models;
use rooflaw::plan::{Candidates, Sampling, Training};
use rooflaw::space::{self, DesignSpace};
use rooflaw_sweep::plan::Candidate;
use std::fs;
use std::path::{Path, PathBuf};

/// A model, and how many tokens a table wants it trained on.
pub struct Wanted {
    /// The model.
    pub candidate: Candidate,
    /// Its training tokens, where they are its own.
    pub tokens: Option<f64>,
}

/// Largest table read, bytes.
const MAX_TABLE_BYTES: u64 = 64 << 20;

/// What an argument names.
pub fn of(argument: &str) -> Result<Vec<Wanted>> {
    let path = Path::new(argument);
    if path.is_dir() {
        return of_folder(path);
    }
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => of_table(path),
        Some("json") => Ok(vec![of_config(path)?]),
        _ if path.is_file() => bail!("{argument}: expected a config.json or a table (.csv)"),
        _ => Ok(vec![of_name(argument)?]),
    }
}

/// Architectures drawn from a space: the same for the same seed.
pub fn of_space(name: &str, count: usize, seed: u32) -> Result<Vec<Wanted>> {
    let path = Path::new(name);
    let space = if path.extension().is_some_and(|extension| extension == "toml") {
        let text = String::from_utf8(input::read(path)?).with_context(|| name.to_owned())?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        DesignSpace::from_toml(&stem, &text).with_context(|| name.to_owned())?
    } else {
        space::find(name)?
    };
    let training = Training {
        sequence_length: 1,
        tokens: Vec::new(),
    };
    let sampling = Sampling {
        count,
        seed,
        ends: 0.0,
    };
    let candidates = Candidates::of_space(&space, &training, &sampling).context(name.to_owned())?;
    let drawn = candidates
        .list()
        .iter()
        .filter_map(|found| Some((found.index?, found.architecture?)));
    let wanted = |(index, architecture)| {
        let name = format!("{}-{index}", space.id);
        Ok(Wanted {
            candidate: Candidate::from_architecture(&name, &architecture)?,
            tokens: None,
        })
    };
    drawn.map(wanted).collect()
}

fn of_name(name: &str) -> Result<Wanted> {
    let known = models::find(name)?;
    Ok(Wanted {
        candidate: Candidate::from_config(&known.entry.id, known.config.as_bytes())?,
        tokens: None,
    })
}

fn of_config(path: &Path) -> Result<Wanted> {
    let bytes = input::read(path)?;
    let candidate =
        Candidate::from_config(&input::name(path), &bytes).with_context(|| path.display().to_string())?;
    Ok(Wanted {
        candidate,
        tokens: None,
    })
}

/// A table of runs to do, a model's folder, or whatever models are in it.
fn of_folder(folder: &Path) -> Result<Vec<Wanted>> {
    let table = folder.join("runs.csv");
    if table.is_file() {
        return of_table(&table);
    }
    let config = folder.join("config.json");
    if config.is_file() {
        return Ok(vec![of_config(&config)?]);
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
            found.push(of_config(&path.join("config.json"))?);
        } else if path.is_file() && path.extension().is_some_and(|extension| extension == "json") {
            found.push(of_config(&path)?);
        }
    }
    if found.is_empty() {
        bail!(
            "the folder {shown} holds no models: expected config.json files, or what `rooflaw plan-runs --out` writes"
        );
    }
    Ok(found)
}

/// The rows of a table: `config` names the model, `group` the run, `tokens` how long; other columns are passed over.
fn of_table(path: &Path) -> Result<Vec<Wanted>> {
    let shown = path.display();
    let bytes = input::read_at_most(path, MAX_TABLE_BYTES)?;
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .from_reader(&bytes[..]);
    let headers = reader.headers().with_context(|| shown.to_string())?.clone();
    let column = |name: &str| headers.iter().position(|header| header == name);
    let config = column("config").ok_or_else(|| {
        anyhow!("{shown}: no column `config`: expected a table as `rooflaw plan-runs --out` writes it")
    })?;
    let (group, tokens) = (column("group"), column("tokens"));
    let mut found = Vec::new();
    for row in reader.records() {
        let row = row.with_context(|| shown.to_string())?;
        let line = row.position().map_or(0, csv::Position::line);
        let cell = |column: Option<usize>| {
            column
                .and_then(|column| row.get(column))
                .filter(|cell| !cell.is_empty())
        };
        let place = || format!("{shown}, line {line}");
        let name = cell(Some(config)).ok_or_else(|| anyhow!("{}: config is empty", place()))?;
        let mut wanted = row_model(path, name).with_context(place)?;
        if let Some(group) = cell(group) {
            wanted.candidate.name = group.to_owned();
        }
        if let Some(text) = cell(tokens) {
            let value = text
                .parse()
                .ok()
                .filter(|&tokens: &f64| (1.0..=1e15).contains(&tokens));
            wanted.tokens =
                Some(value.ok_or_else(|| {
                    anyhow!("{}: tokens = {text}: expected a number from 1 to 1e15", place())
                })?);
        }
        found.push(wanted);
    }
    if found.is_empty() {
        bail!("{shown}: no rows: expected a run in each");
    }
    Ok(found)
}

/// A published model, or a config.json relative to the table.
fn row_model(table: &Path, name: &str) -> Result<Wanted> {
    if models::find(name).is_ok() {
        return of_name(name);
    }
    let mut path = table.parent().unwrap_or(Path::new("")).join(name);
    if path.is_dir() {
        path.push("config.json");
    }
    of_config(&path)
}
