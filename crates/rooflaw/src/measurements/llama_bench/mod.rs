//! What llama-bench prints (`tools/llama-bench/llama-bench.cpp` of ggml-org/llama.cpp, MIT).
//!
//! All its formats come down to one record for each test, under the keys of its JSON; keys that only some builds write may be
//! missing. `n_prompt` alone is a prefill, `n_gen` alone a decode; both begin with `n_depth` tokens in the KV cache.

mod model;
mod placement;
mod tables;

pub(super) use tables::{from_csv, from_markdown, is_csv, is_markdown};

use super::given::clean;
use super::names::kv_precision;
use super::read::Outcome;
use super::record::Record;
use super::samples::Time;
use super::{Given, Measurement, MeasurementError, Skipped};
use crate::device::Phase;
use placement::Placement;
use std::collections::BTreeMap;

/// Whether an object is a test.
pub(super) fn is_test(record: &Record) -> bool {
    record.has("model_type") && record.has("n_prompt") && record.has("n_gen")
}

/// The tests of one file.
pub(super) fn from_records(records: &[Record], given: &Given) -> Result<Vec<Outcome>, MeasurementError> {
    // Layers on the GPU, by model: whether they are all of them shows only beside a test with more.
    let mut most_layers: BTreeMap<[&str; 3], i64> = BTreeMap::new();
    for record in records {
        let most = most_layers.entry(model_key(record)?).or_default();
        *most = (*most).max(layers(record)?);
    }
    let outcome = |record: &Record| -> Result<Outcome, MeasurementError> {
        let most = most_layers.get(&model_key(record)?).copied().unwrap_or_default();
        Ok(match test(record, most, given)? {
            Ok(measurement) => Ok((record.place.clone(), measurement)),
            Err(reason) => Err(Skipped::new(&record.place, reason)),
        })
    };
    records.iter().map(outcome).collect()
}

/// What tells models of a file apart.
fn model_key(record: &Record) -> Result<[&str; 3], MeasurementError> {
    Ok([
        record.first(&["model_filename"])?,
        record.first(&["model_type"])?,
        record.first(&["model_size"])?,
    ])
}

/// Layers that were asked to be on the GPU; all, where nothing or -1 says so.
fn layers(record: &Record) -> Result<i64, MeasurementError> {
    let layers = record.integer("n_gpu_layers")?;
    Ok(layers.filter(|layers| *layers >= 0).unwrap_or(i64::MAX))
}

/// A test as a measurement, or why it is none.
fn test(
    record: &Record,
    most_layers: i64,
    given: &Given,
) -> Result<Result<Measurement, String>, MeasurementError> {
    let (prompt, generated) = (tokens(record, "n_prompt")?, tokens(record, "n_gen")?);
    let (phase, tokens) = match (prompt, generated) {
        (0, 0) => return Ok(Err("a test of no tokens".to_owned())),
        (tokens, 0) => (Phase::Prefill, tokens),
        (0, tokens) => (Phase::Decode, tokens),
        _ => {
            return Ok(Err(format!(
                "pp{prompt}+tg{generated}: prompt and generation are timed as one"
            )));
        }
    };
    let context_tokens = record.count("n_depth", 0)?.unwrap_or(0);
    let Some(time) = time(record, tokens)? else {
        return Ok(Err("no time: the test failed".to_owned()));
    };
    if record.is_on("embeddings")? {
        return Ok(Err("run for embeddings".to_owned()));
    }
    let placement = match Placement::of(record, phase, layers(record)?, most_layers)? {
        Ok(placement) => placement,
        Err(reason) => return Ok(Err(reason)),
    };
    let description = record.first(&["model_type"])?;
    let Some(weights) = model::weights(description).or(given.weights) else {
        return Ok(Err(format!(
            "`{}`: a weight format that is not known; --weights would name one",
            clean(description)
        )));
    };
    let types = (record.first(&["type_k"])?, record.first(&["type_v"])?);
    let kv = match types {
        ("", "") => kv_precision("f16", weights),
        (keys, values) if keys == values => kv_precision(keys, weights),
        (keys, values) => {
            return Ok(Err(format!("keys are cached as {keys}, but values as {values}")));
        }
    };
    let Ok(kv) = kv else {
        return Ok(Err(format!("a KV cache of {}, which is not known", types.0)));
    };
    // A file may be called `.gguf`, and a description be a format alone.
    let described = model::name(description);
    let named = given.model.as_ref().filter(|name| !clean(name).is_empty());
    let stem = model::stem(record.first(&["model_filename"])?);
    let model = Given::text(stem, named.or(Some(&described)));
    let config = given.config.as_deref().map(clean).filter(|path| !path.is_empty());
    if model.is_empty() && config.is_none() {
        return Ok(Err("a model without a name; --model would give one".to_owned()));
    }
    let steps = match phase {
        Phase::Prefill => 1.0,
        Phase::Decode => f64::from(tokens),
    };
    let seconds = time.value / steps;
    if seconds <= 0.0 {
        return Ok(Err("no time: the test failed".to_owned()));
    }
    Ok(Ok(Measurement {
        device: Given::text(&placement.device, given.device.as_ref()),
        runtime: "llama.cpp".to_owned(),
        runtime_version: Given::text(&version(record)?, given.runtime_version.as_ref()),
        backend: Given::lower(&placement.backend, given.backend.as_ref()),
        threads: placement.threads.or(given.threads),
        model,
        config,
        weights,
        kv,
        phase,
        batch: 1,
        context_tokens,
        tokens,
        seconds,
        spread: time.spread,
        repeats: time.repeats,
        n_parameters: record.whole("model_n_params", 0)?.filter(|number| *number > 0),
        model_bytes: record.whole("model_size", 0)?.filter(|number| *number > 0),
        source: Given::text("", given.source.as_ref()),
    }))
}

fn tokens(record: &Record, key: &str) -> Result<u32, MeasurementError> {
    record
        .count(key, 0)?
        .ok_or_else(|| record.wrong(key, "", "a whole number"))
}

/// Seconds of the whole test: the median of its repeats, else their mean.
fn time(record: &Record, tokens: u32) -> Result<Option<Time>, MeasurementError> {
    if let Some(samples) = record
        .numbers("samples_ns")?
        .filter(|samples| !samples.is_empty())
    {
        let samples: Vec<f64> = samples.iter().map(|nanoseconds| nanoseconds / 1e9).collect();
        return Ok(Time::of_samples(&samples));
    }
    if let Some(mean) = record.number("avg_ns")? {
        let deviation = record.number("stddev_ns")?.map(|nanoseconds| nanoseconds / 1e9);
        return Ok(Time::of_mean(mean / 1e9, deviation, None));
    }
    let rate = record.number("avg_ts")?;
    let time = rate.and_then(|rate| Time::of_mean(rate, record.number("stddev_ts").ok().flatten(), None));
    Ok(time.and_then(|time| {
        let value = f64::from(tokens) / time.value;
        (value > 0.0 && value.is_finite()).then_some(Time { value, ..time })
    }))
}

/// `11669 (Debian)`: the build's number and commit.
fn version(record: &Record) -> Result<String, MeasurementError> {
    let (number, commit) = (record.first(&["build_number"])?, record.first(&["build_commit"])?);
    Ok(match (number, commit) {
        (number, "") => number.to_owned(),
        ("", commit) => commit.to_owned(),
        (number, commit) => format!("{number} ({commit})"),
    })
}

#[cfg(test)]
mod tests;
