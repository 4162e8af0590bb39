//! Files of measurements, whoever wrote them.

use super::{Given, Measurement, MeasurementError, MeasurementTable, Skipped, json, llama_bench, vllm};
use crate::runs::text;
use std::collections::BTreeSet;

/// Reads measurements: rooflaw's CSV; llama-bench's `json`, `jsonl`, `csv` and `md`; the JSON of vLLM's `bench latency` and
/// `bench serve`. The bytes say which it is; `extension`, of the file's name and without its dot, only decides which error
/// is shown. `given` says what the file does not.
///
/// Entries that are no measurement of one phase on one device are left out, each with its reason. So is one that repeats
/// an earlier one to the last digit in a foreign file, which was then written twice.
///
/// # Errors
/// Anything of [`MeasurementError`]: a file of another kind, a broken entry, a fact that neither the file nor `given` has, or
/// not one entry that could be used.
pub fn read(
    bytes: &[u8],
    extension: Option<&str>,
    given: &Given,
) -> Result<(Vec<Measurement>, Vec<Skipped>), MeasurementError> {
    let extension = extension.unwrap_or_default().to_ascii_lowercase();
    let text = text(bytes)?;
    let start = text.trim_start();
    let (found, mut skipped) =
        if start.starts_with(['{', '[']) || matches!(extension.as_str(), "json" | "jsonl" | "ndjson") {
            from_json(bytes, given)?
        } else if llama_bench::is_markdown(text) {
            split(llama_bench::from_markdown(text, given)?)
        } else if llama_bench::is_csv(text) {
            split(llama_bench::from_csv(bytes, given)?)
        } else if matches!(extension.as_str(), "md" | "markdown") {
            let what = "a Markdown file without a table of llama-bench";
            return Err(MeasurementError::NotMeasurements(what.to_owned()));
        } else if start.starts_with("CREATE TABLE") || start.starts_with("INSERT INTO") {
            return Err(MeasurementError::NotMeasurements("SQL".to_owned()));
        } else {
            return Ok((MeasurementTable::from_csv_with(bytes, given)?.rows, Vec::new()));
        };
    let mut seen = BTreeSet::new();
    let mut measurements = Vec::new();
    for (place, measurement) in found {
        if seen.insert(format!("{measurement:?}")) {
            measurements.push(measurement);
        } else {
            skipped.push(Skipped::new(
                &place,
                "the same as an earlier entry, to the last digit",
            ));
        }
    }
    match skipped.first() {
        _ if !measurements.is_empty() => Ok((measurements, skipped)),
        None => Err(MeasurementError::Empty),
        Some(first) => Err(MeasurementError::NothingLeft {
            entries: skipped.len(),
            first: first.clone(),
        }),
    }
}

/// Measurements with their places, and what is left out.
pub(super) type Found = (Vec<(String, Measurement)>, Vec<Skipped>);

/// What became of each entry.
pub(super) type Outcome = Result<(String, Measurement), Skipped>;

pub(super) fn split(outcomes: Vec<Outcome>) -> Found {
    let mut found = (Vec::new(), Vec::new());
    for outcome in outcomes {
        match outcome {
            Ok(measurement) => found.0.push(measurement),
            Err(skipped) => found.1.push(skipped),
        }
    }
    found
}

fn from_json(bytes: &[u8], given: &Given) -> Result<Found, MeasurementError> {
    let (records, cut) = json::records(bytes)?;
    let Some(first) = records.first() else {
        return Err(MeasurementError::Empty);
    };
    let outcomes = if llama_bench::is_test(first) {
        llama_bench::from_records(&records, given)?
    } else if vllm::is_latency(first) {
        vllm::from_latencies(&records, given)?
    } else if vllm::is_serve(first) {
        vllm::from_serve(&records, given)?
    } else {
        let keys: Vec<&str> = first.fields.iter().map(|(key, _)| key.as_str()).take(5).collect();
        let what = if keys.is_empty() {
            "JSON without a known key".to_owned()
        } else {
            keys.join(", ")
        };
        return Err(MeasurementError::NotMeasurements(what));
    };
    let (found, mut skipped) = split(outcomes);
    skipped.extend(cut);
    Ok((found, skipped))
}
