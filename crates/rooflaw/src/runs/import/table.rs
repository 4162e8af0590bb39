//! Logs to a table: which scalar is the loss, where the tokens are, which checkpoints are kept.

use super::tags::{FIRST_TRAINING_LOSS, LOSSES, STEPS, TOKENS};
use super::variables::{Variables, variables};
use super::{ImportError, ImportWarning, ImportedRun};
use crate::near_miss::near_miss;
use crate::runs::RunTable;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What to make of logs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// The scalar that is the loss; by default the first known one, evaluation before training.
    pub loss: Option<String>,
    /// Tokens of an optimiser step, where no scalar counts them.
    pub tokens_per_step: Option<f64>,
    /// Whether only the last checkpoint of each run is wanted.
    pub last: bool,
    /// What the loss is measured in.
    pub unit: Option<String>,
    /// The tokenizer it is counted in.
    pub tokenizer: Option<String>,
}

/// A table and how it came about.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The table; each run is a group.
    pub table: RunTable,
    /// Under which names the loss was logged: several where loggers differ.
    pub loss: Vec<String>,
    /// Where the tokens are from.
    pub tokens: TokenSource,
    /// What the table does not show.
    pub warnings: Vec<ImportWarning>,
}

/// Where token counts are from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenSource {
    /// Scalars of these names.
    Scalars(Vec<String>),
    /// A number of tokens for each step.
    PerStep(f64),
}

/// A loss and when it was measured.
struct Row {
    at: String,
    tokens: f64,
    loss: f64,
}

/// The table of some runs, each a group.
///
/// # Errors
/// No loss or no tokens among the scalars, two runs of one name, or nothing usable.
pub fn table(runs: &[ImportedRun], options: &Options) -> Result<Imported, ImportError> {
    let mut names = BTreeSet::new();
    if let Some(run) = runs.iter().find(|run| !names.insert(called(run))) {
        return Err(ImportError::SameName(called(run).to_owned()));
    }
    let mut warnings: Vec<ImportWarning> = runs.iter().flat_map(|run| run.warnings.iter().cloned()).collect();
    let candidates = loss_tags(runs, options)?;
    let training = LOSSES[FIRST_TRAINING_LOSS..]
        .iter()
        .any(|tags| *tags == candidates);
    let mut tags = Tags::default();
    let mut kept: Vec<(&ImportedRun, Vec<Row>)> = Vec::new();
    for run in runs {
        let has = |tag: &&&str| run.tags().any(|known| known == **tag);
        let Some(loss) = candidates.iter().find(has) else {
            warnings.push(ImportWarning::NoLoss {
                run: run.name.clone(),
                loss: candidates[0].to_owned(),
            });
            continue;
        };
        let rows = rows(run, loss, options, &mut tags, &mut warnings)?;
        if !rows.is_empty() {
            tags.loss.insert((*loss).to_owned());
            kept.push((run, rows));
        }
    }
    if kept.is_empty() {
        return Err(ImportError::NothingLeft(warnings.last().map(ToString::to_string)));
    }
    if training {
        let loss = tags.loss.iter().next().cloned().unwrap_or_default();
        warnings.push(ImportWarning::TrainingLoss { loss });
    }
    let of_runs: Vec<&ImportedRun> = kept.iter().map(|(run, _)| *run).collect();
    let known = variables(&of_runs, &mut warnings)?;
    Ok(Imported {
        table: assembled(&kept, known, options),
        loss: tags.loss.into_iter().collect(),
        tokens: match options.tokens_per_step {
            Some(tokens) => TokenSource::PerStep(tokens),
            None => TokenSource::Scalars(tags.tokens.into_iter().collect()),
        },
        warnings,
    })
}

/// The names under which what was used was logged.
#[derive(Default)]
struct Tags {
    loss: BTreeSet<String>,
    tokens: BTreeSet<String>,
}

/// What a run is called in the table, where no name is empty.
fn called(run: &ImportedRun) -> &str {
    match run.name.trim() {
        "" => "run",
        name => name,
    }
}

/// The names of the loss: the one asked for, or the first of those known that every run has, or that any has.
fn loss_tags<'a>(runs: &[ImportedRun], options: &'a Options) -> Result<Vec<&'a str>, ImportError> {
    let tags: Vec<BTreeSet<&str>> = runs.iter().map(|run| run.tags().collect()).collect();
    let found: BTreeSet<&str> = tags.iter().flatten().copied().collect();
    if found.is_empty() {
        return Err(ImportError::NoScalars);
    }
    let listed = || found.iter().copied().collect::<Vec<_>>().join(", ");
    if let Some(tag) = &options.loss {
        if !found.contains(tag.as_str()) {
            return Err(ImportError::UnknownLoss {
                tag: tag.clone(),
                near: near_miss(tag, found.iter().copied()).map(str::to_owned),
                found: listed(),
            });
        }
        return Ok(vec![tag]);
    }
    let has = |names: &[&str], tags: &BTreeSet<&str>| names.iter().any(|name| tags.contains(name));
    let common = LOSSES
        .iter()
        .find(|names| tags.iter().all(|tags| has(names, tags)));
    let names = common.or_else(|| LOSSES.iter().find(|names| has(names, &found)));
    let names = names.ok_or_else(|| ImportError::NoLoss { found: listed() })?;
    Ok(names.to_vec())
}

/// The losses of a run, by step.
fn rows(
    run: &ImportedRun,
    loss: &str,
    options: &Options,
    tags: &mut Tags,
    warnings: &mut Vec<ImportWarning>,
) -> Result<Vec<Row>, ImportError> {
    let counts = |tag: &str| TOKENS.contains(&tag);
    if options.tokens_per_step.is_none() && !run.tags().any(counts) {
        return Err(ImportError::NoTokens {
            run: run.name.clone(),
            loss: loss.to_owned(),
        });
    }
    let mut rows: Vec<Row> = Vec::new();
    let (mut not_positive, mut no_tokens) = (Vec::new(), Vec::new());
    let series = run.series.get(loss).into_iter().flatten();
    let logged = series.map(|(step, loss)| (Some(*step), *loss));
    let summary = run.summary.get(loss).map(|loss| (None, *loss));
    for (step, loss) in logged.chain(summary) {
        let at = step.map_or("the end".to_owned(), |step| format!("step {step}"));
        let tokens = match options.tokens_per_step {
            Some(per_step) => Some(per_step * steps(run, step)?),
            None => tokens(run, step, tags),
        };
        let positive = |number: f64| number > 0.0 && number.is_finite();
        match tokens.filter(|&tokens| positive(tokens)) {
            _ if !positive(loss) => not_positive.push(at),
            None => no_tokens.push(at),
            Some(tokens) => rows.push(Row { at, tokens, loss }),
        }
    }
    let name = || run.name.clone();
    if let Some(at) = not_positive.first().cloned() {
        let (run, count) = (name(), not_positive.len());
        warnings.push(ImportWarning::NotPositive { run, count, at });
    }
    if let Some(at) = no_tokens.first().cloned() {
        let (run, count) = (name(), no_tokens.len());
        warnings.push(ImportWarning::NoTokens { run, count, at });
    }
    if let Some(pair) = rows.windows(2).find(|pair| pair[1].tokens < pair[0].tokens) {
        let (run, at) = (name(), pair[1].at.clone());
        warnings.push(ImportWarning::FewerTokens { run, at });
    }
    let before = rows.len();
    let rows = without_repeats(rows);
    if rows.len() < before {
        let (run, count) = (name(), before - rows.len());
        warnings.push(ImportWarning::SameTokens { run, count });
    }
    let first = if options.last {
        rows.len().saturating_sub(1)
    } else {
        0
    };
    Ok(rows.into_iter().skip(first).collect())
}

/// The token count beside a loss.
fn tokens(run: &ImportedRun, step: Option<u64>, tags: &mut Tags) -> Option<f64> {
    let count = |tag: &str| match step {
        Some(step) => run.series.get(tag)?.get(&step),
        None => run.summary.get(tag),
    };
    let (tag, tokens) = TOKENS.iter().find_map(|tag| Some((tag, *count(tag)?)))?;
    tags.tokens.insert((*tag).to_owned());
    Some(tokens)
}

/// The optimiser steps at a row; a summary has them in a column.
fn steps(run: &ImportedRun, step: Option<u64>) -> Result<f64, ImportError> {
    let column = || STEPS.iter().find_map(|tag| run.summary.get(*tag).copied());
    let steps = step.map(|step| step as f64).or_else(column);
    steps.ok_or_else(|| ImportError::NoSteps {
        run: run.name.clone(),
    })
}

/// Of rows with the same token count only the last.
fn without_repeats(rows: Vec<Row>) -> Vec<Row> {
    let last: BTreeMap<u64, usize> = rows.iter().map(|row| row.tokens.to_bits()).zip(0..).collect();
    let indexed = rows.into_iter().enumerate();
    indexed
        .filter(|(index, row)| last.get(&row.tokens.to_bits()) == Some(index))
        .map(|(_, row)| row)
        .collect()
}

fn assembled(kept: &[(&ImportedRun, Vec<Row>)], known: Variables, options: &Options) -> RunTable {
    let rows = || kept.iter().flat_map(|(_, rows)| rows);
    let mut variables: Vec<(String, Vec<f64>)> = known
        .into_iter()
        .map(|(name, of_runs)| {
            let values = kept.iter().zip(of_runs);
            let repeated = values.flat_map(|((_, rows), value)| std::iter::repeat_n(value, rows.len()));
            (name, repeated.collect())
        })
        .collect();
    variables.push(("tokens".to_owned(), rows().map(|row| row.tokens).collect()));
    crate::runs::columns::sort(&mut variables);
    let names = kept
        .iter()
        .flat_map(|(run, rows)| std::iter::repeat_n(called(run), rows.len()));
    let said = |text: &Option<String>| {
        let text = text.as_ref().map(|text| text.trim().to_owned());
        text.filter(|text| !text.is_empty())
    };
    RunTable {
        variables,
        loss: rows().map(|row| row.loss).collect(),
        standard_error: None,
        weight: None,
        group: Some(names.map(str::to_owned).collect()),
        unit: said(&options.unit),
        tokenizer: said(&options.tokenizer),
    }
}
