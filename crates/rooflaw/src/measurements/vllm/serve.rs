//! `vllm bench serve --save-result`: TTFT and TPOT of requests to a server.
//!
//! Only requests one after another (`--max-concurrency 1`) are measurements of a known batch: beside others, a request waits,
//! and the batch changes from step to step.

use super::{common, several_devices};
use crate::device::Phase;
use crate::measurements::read::Outcome;
use crate::measurements::record::Record;
use crate::measurements::samples::Time;
use crate::measurements::{Given, Measurement, MeasurementError, Skipped};

/// How far lengths of prompts may be from their mean to count as one length: tokenizers disagree by a few tokens.
const ONE_LENGTH: f64 = 0.05;

/// Whether an object is a result.
pub(in super::super) fn is_serve(record: &Record) -> bool {
    record.has("total_input_tokens") && record.has("completed")
}

/// The results of one file.
pub(in super::super) fn from_serve(
    records: &[Record],
    given: &Given,
) -> Result<Vec<Outcome>, MeasurementError> {
    let mut outcomes = Vec::new();
    for record in records {
        let left_out = |reason: String| Err(Skipped::new(&record.place, reason));
        match result(record, given)? {
            Ok(phases) => outcomes.extend(phases.into_iter().map(|phase| match phase {
                Ok(measurement) => Ok((record.place.clone(), measurement)),
                Err(reason) => left_out(reason),
            })),
            Err(reason) => outcomes.push(left_out(reason)),
        }
    }
    Ok(outcomes)
}

/// The program behind an endpoint's type; any server may speak OpenAI's protocol.
fn runtime<'a>(endpoint: &'a str, given: &'a Given) -> &'a str {
    match endpoint {
        "tensorrt-llm" | "sglang" | "tgi" | "llama.cpp" | "lmdeploy" | "deepspeed-mii" => endpoint,
        _ => given.runtime.as_deref().unwrap_or("vllm"),
    }
}

/// The two phases of a result, each with what it is or why it is none.
type Phases = [Result<Measurement, String>; 2];

fn result(record: &Record, given: &Given) -> Result<Result<Phases, String>, MeasurementError> {
    let concurrency = record.whole("max_concurrency", 1)?;
    let is_alone = concurrency == Some(1)
        || record.whole("max_concurrent_requests", 0)? == Some(1)
        || record.whole("num_prompts", 0)? == Some(1);
    if !is_alone {
        let most = concurrency.map_or("not limited".to_owned(), |most| most.to_string());
        return Ok(Err(format!(
            "requests ran beside each other (max_concurrency {most}), in batches of unknown size: expected \
             --max-concurrency 1"
        )));
    }
    if let Some(reason) = several_devices(record)? {
        return Ok(Err(reason));
    }
    let completed = record.whole("completed", 0)?.unwrap_or(0);
    if completed == 0 {
        return Ok(Err("no request was completed".to_owned()));
    }
    let prompt = match prompt_tokens(record, completed, given)? {
        Ok(tokens) => tokens,
        Err(reason) => return Ok(Err(reason)),
    };
    let runtime = match record.first(&["runtime"])? {
        "" => runtime(record.first(&["endpoint_type", "backend"])?, given),
        named => named,
    };
    let common = Measurement {
        tokens: prompt,
        ..common(record, record, runtime, given)?
    };
    let timed = |measurement: Measurement,
                 name: &str|
     -> Result<Result<Measurement, String>, MeasurementError> {
        let seconds = |statistic: &str| -> Result<Option<f64>, MeasurementError> {
            Ok(record
                .number(&format!("{statistic}_{name}_ms"))?
                .map(|value| value / 1e3))
        };
        let mean = seconds("mean")?;
        let Some(value) = seconds("median")?.or(mean).filter(|seconds| *seconds > 0.0) else {
            return Ok(Err(format!("no median_{name}_ms")));
        };
        let spread = mean.and_then(|mean| Time::of_mean(mean, seconds("std").ok().flatten(), None)?.spread);
        Ok(Ok(Measurement {
            seconds: value,
            spread,
            repeats: u32::try_from(completed).ok(),
            ..measurement
        }))
    };
    let generated = record.whole("total_output_tokens", 0)?.unwrap_or(0) as f64 / completed as f64;
    let steps = generated.round() - 1.0;
    let decode = if record.has("spec_decode_num_drafts") || record.has("diffusion_denoising_steps") {
        Err("decode: run with speculative decoding or diffusion, not one token a step".to_owned())
    } else if !(1.0..=f64::from(u32::MAX)).contains(&steps) {
        Err("decode: no tokens after the first".to_owned())
    } else {
        let decode = Measurement {
            phase: Phase::Decode,
            context_tokens: prompt,
            tokens: steps as u32,
            ..common.clone()
        };
        timed(decode, "tpot")?
    };
    Ok(Ok([timed(common, "ttft")?, decode]))
}

/// The one length of the prompts, or why there is none.
fn prompt_tokens(
    record: &Record,
    completed: u64,
    given: &Given,
) -> Result<Result<u32, String>, MeasurementError> {
    let total = record.whole("total_input_tokens", 0)?.unwrap_or(0);
    let mean = total as f64 / completed as f64;
    let is_near = |tokens: f64| (tokens - mean).abs() <= ONE_LENGTH * mean;
    let is_one = match record
        .numbers("input_lens")?
        .filter(|lengths| !lengths.is_empty())
    {
        Some(lengths) => lengths.iter().all(|&tokens| is_near(tokens)),
        None => {
            total.is_multiple_of(completed)
                || given.prompt_tokens.is_some_and(|tokens| is_near(tokens.into()))
        }
    };
    let tokens = mean.round();
    if !is_one || !(1.0..=f64::from(u32::MAX)).contains(&tokens) {
        return Ok(Err(format!(
            "prompts are not of one length ({mean:.1} tokens in the mean): expected --dataset-name random with \
             --random-range-ratio 0; if they are, give --prompt-tokens or use --save-detailed"
        )));
    }
    Ok(Ok(tokens as u32))
}
