//! What vLLM's benchmarks save (`vllm/benchmarks/latency.py`, `serve.py` and `lib/utils.py` of vllm-project/vllm, Apache-2.0).
//!
//! Neither says what device it ran on or how the weights are stored. What is missing may be given by the caller, or be added
//! to the object: `bench serve` has `--metadata KEY=VALUE` for it. Added keys have the names of our columns, or of vLLM's
//! arguments: `input_len`, `output_len`, `batch_size`.

mod latency;
mod serve;

pub(super) use latency::{from_latencies, is_latency};
pub(super) use serve::{from_serve, is_serve};

use super::cells::{kv, weights};
use super::given::clean;
use super::names::weight_format;
use super::record::Record;
use super::{Given, Measurement, MeasurementError};
use crate::device::Phase;
use crate::format::Formats;

/// What the measurements of an entry have in common. `facts` is where the arguments are, `record` itself or an object in it.
fn common(
    record: &Record,
    facts: &Record,
    runtime: &str,
    given: &Given,
) -> Result<Measurement, MeasurementError> {
    let place = &record.place;
    let missing = |fact, flag| MeasurementError::Missing {
        place: place.clone(),
        fact,
        flag,
    };
    let first = |keys: &[&str]| match record.first(keys) {
        Ok("") => facts.first(keys),
        found => found,
    };
    let quantization = first(&["quantization"])?;
    let weights = match first(&["weights"])? {
        // Formats that the checkpoint decides, such as `compressed-tensors`, have no name of ours.
        "" => weight_format(quantization)
            .ok()
            .filter(|_| !quantization.is_empty())
            .or(given.weights),
        name => Some(weights(place, "weights", name)?),
    };
    let weights = weights.ok_or_else(|| missing("the weight format", "--weights"))?;
    let kv = match first(&["kv", "kv_cache_dtype"])? {
        "" => given.kv.unwrap_or(Formats::of_weights(weights).kv),
        name => kv(place, "kv_cache_dtype", name, weights)?,
    };
    let model = match record.record("model") {
        Some(model) => model.first(&["name"])?,
        None => first(&["model", "model_id"])?,
    };
    let model = Given::text(model, given.model.as_ref());
    let config =
        Some(Given::text(first(&["config"])?, given.config.as_ref())).filter(|path| !path.is_empty());
    if model.is_empty() && config.is_none() {
        return Err(missing("the model", "--model"));
    }
    Ok(Measurement {
        device: Given::text(first(&["device"])?, given.device.as_ref()),
        runtime: clean(runtime).to_ascii_lowercase(),
        runtime_version: Given::text(first(&["runtime_version"])?, given.runtime_version.as_ref()),
        backend: Given::lower("", given.backend.as_ref()),
        threads: record.count("threads", 1)?.or(given.threads),
        model,
        config,
        weights,
        kv,
        phase: Phase::Prefill,
        batch: 1,
        context_tokens: 0,
        tokens: 1,
        seconds: 0.0,
        spread: None,
        repeats: None,
        n_parameters: record.whole("n_parameters", 1)?,
        model_bytes: record.whole("model_bytes", 1)?,
        source: Given::text(first(&["source"])?, given.source.as_ref()),
    })
}

/// Why an entry is not of one device.
fn several_devices(facts: &Record) -> Result<Option<String>, MeasurementError> {
    for key in ["tensor_parallel_size", "pipeline_parallel_size"] {
        if let Some(devices) = facts.whole(key, 1)?.filter(|devices| *devices > 1) {
            return Ok(Some(format!("run on several devices ({key} {devices})")));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
