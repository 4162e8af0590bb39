//! `vllm bench latency --output-json`: the time of a whole batch, prompts and generation together.
//!
//! One generated token is a prefill. Two results that differ in the number of tokens only are a decode: their difference over
//! the tokens that the longer one generates more. One result alone is neither.

use super::{common, several_devices};
use crate::device::Phase;
use crate::measurements::read::Outcome;
use crate::measurements::record::Record;
use crate::measurements::samples::Time;
use crate::measurements::{Given, Measurement, MeasurementError, Skipped};
use std::collections::BTreeMap;

/// Whether an object is a result; with `SAVE_TO_PYTORCH_BENCHMARK_FORMAT` vLLM writes one with its arguments besides.
pub(in super::super) fn is_latency(record: &Record) -> bool {
    record.has("avg_latency") || record.has("benchmark") && record.has("metric")
}

/// A result: a batch from its prompts to its last token.
struct Total {
    place: String,
    /// A prefill of the prompts, but for its time.
    prefill: Measurement,
    generated: u32,
    time: Time,
}

/// The results of one file.
pub(in super::super) fn from_latencies(
    records: &[Record],
    given: &Given,
) -> Result<Vec<Outcome>, MeasurementError> {
    let mut outcomes = Vec::new();
    let mut totals = Vec::new();
    for record in records {
        match total(record, given)? {
            Ok(total) => totals.push(total),
            Err(reason) => outcomes.push(Err(Skipped::new(&record.place, reason))),
        }
    }
    // By what was run, the first of the shortest results: repeats are compared with the same one.
    let mut shortest: BTreeMap<String, &Total> = BTreeMap::new();
    let key = |total: &Total| format!("{:?}", total.prefill);
    for total in &totals {
        let least = shortest.entry(key(total)).or_insert(total);
        if total.generated < least.generated {
            *least = total;
        }
    }
    for total in &totals {
        let shortest = shortest[&key(total)];
        outcomes.push(if total.generated == 1 {
            Ok((total.place.clone(), measured(total.prefill.clone(), total.time)))
        } else if total.generated > shortest.generated {
            match decode(shortest, total) {
                Some(decode) => Ok((total.place.clone(), decode)),
                None => {
                    let than = &shortest.place;
                    let reason = format!("generating more tokens took no longer than in {than}");
                    Err(Skipped::new(&total.place, reason))
                }
            }
        } else {
            let reason = format!(
                "prefill and decode are timed as one: expected --output-len 1 beside --output-len {}, both results in one \
                 file, each with its input_len, output_len and batch_size",
                total.generated
            );
            Err(Skipped::new(&total.place, reason))
        });
    }
    Ok(outcomes)
}

fn measured(measurement: Measurement, time: Time) -> Measurement {
    Measurement {
        seconds: time.value,
        spread: time.spread,
        repeats: time.repeats,
        ..measurement
    }
}

/// The steps by which the longer result is longer. The token that a prefill ends with is generated, but not yet in the cache.
fn decode(short: &Total, long: &Total) -> Option<Measurement> {
    let steps = long.generated - short.generated;
    let difference = long.time.value - short.time.value;
    let deviation = |total: &Total| total.time.spread.map(|spread| spread * total.time.value);
    let deviation = deviation(short).zip(deviation(long)).map(|(a, b)| a.hypot(b));
    let steps_f64 = f64::from(steps);
    let repeats = short.time.repeats.min(long.time.repeats);
    let time = Time::of_mean(
        difference / steps_f64,
        deviation.map(|deviation| deviation / steps_f64),
        repeats,
    )?;
    let context = short.prefill.tokens.checked_add(short.generated - 1)?;
    Some(measured(
        Measurement {
            phase: Phase::Decode,
            context_tokens: context,
            tokens: steps,
            ..short.prefill.clone()
        },
        time,
    ))
}

fn total(record: &Record, given: &Given) -> Result<Result<Total, String>, MeasurementError> {
    let extra = record
        .record("benchmark")
        .and_then(|benchmark| benchmark.record("extra_info"));
    let facts = extra.and_then(|extra| extra.record("args")).unwrap_or(record);
    let metric = record.record("metric");
    if let Some(metric) = metric
        && metric.first(&["name"])? != "latency"
    {
        let name = metric.first(&["name"])?;
        return Ok(Err(format!("the metric `{name}` is not read: expected latency")));
    }
    let samples = match metric {
        Some(metric) => metric.numbers("benchmark_values")?,
        None => record.numbers("latencies")?,
    };
    let time = match samples.filter(|samples| !samples.is_empty()) {
        Some(samples) => Time::of_samples(samples),
        None => record
            .number("avg_latency")?
            .and_then(|mean| Time::of_mean(mean, record.number("std_latency").ok().flatten(), None)),
    };
    let Some(time) = time else {
        return Ok(Err("no time: the run failed".to_owned()));
    };
    if let Some(reason) = several_devices(facts)? {
        return Ok(Err(reason));
    }
    if facts.is_on("use_beam_search")? {
        return Ok(Err("run with a beam search".to_owned()));
    }
    if facts.has("speculative_config") {
        return Ok(Err("run with speculative decoding".to_owned()));
    }
    let fact = |key, given: Option<u32>, fact, flag| {
        facts
            .count(key, 1)?
            .or(given)
            .ok_or_else(|| MeasurementError::Missing {
                place: record.place.clone(),
                fact,
                flag,
            })
    };
    let tokens = fact(
        "input_len",
        given.prompt_tokens,
        "the prompts' length (input_len)",
        "--prompt-tokens",
    )?;
    let generated = fact(
        "output_len",
        given.generated_tokens,
        "how many tokens are generated (output_len)",
        "--generated-tokens",
    )?;
    let batch = fact("batch_size", given.batch, "the batch (batch_size)", "--batch")?;
    if facts.count("n", 1)?.is_some_and(|n| n > 1) {
        return Ok(Err("run with several answers to each prompt (--n)".to_owned()));
    }
    Ok(Ok(Total {
        place: record.place.clone(),
        prefill: Measurement {
            batch,
            tokens,
            ..common(record, facts, "vllm", given)?
        },
        generated,
        time,
    }))
}
