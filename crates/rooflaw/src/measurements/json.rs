//! JSON to records: an array of objects, an object, or several of either after one another, as in JSON Lines and in files
//! that were appended to.

use super::record::{Field, Record};
use super::{MeasurementError, Skipped};
use crate::runs::{digits, text};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// The keys that are kept: results with the text of every answer may be long.
const KEYS: [&str; 86] = [
    // llama-bench
    "avg_ns",
    "avg_ts",
    "backends",
    "blas",
    "build_commit",
    "build_number",
    "cpu_info",
    "cuda",
    "devices",
    "embeddings",
    "gpu_blas",
    "gpu_info",
    "kompute",
    "main_gpu",
    "metal",
    "model_filename",
    "model_n_params",
    "model_size",
    "model_type",
    "n_cpu_moe",
    "n_depth",
    "n_gen",
    "n_gpu_layers",
    "n_prompt",
    "n_threads",
    "no_kv_offload",
    "no_op_offload",
    "opencl",
    "rpc",
    "samples_ns",
    "split_mode",
    "stddev_ns",
    "stddev_ts",
    "sycl",
    "tensor_buft_overrides",
    "type_k",
    "type_v",
    "vulkan",
    // vLLM
    "args",
    "avg_latency",
    "batch_size",
    "benchmark",
    "benchmark_values",
    "completed",
    "endpoint_type",
    "extra_info",
    "input_len",
    "input_lens",
    "kv_cache_dtype",
    "latencies",
    "max_concurrency",
    "max_concurrent_requests",
    "mean_tpot_ms",
    "mean_ttft_ms",
    "median_tpot_ms",
    "median_ttft_ms",
    "metric",
    "model",
    "model_id",
    "n",
    "name",
    "num_prompts",
    "output_len",
    "pipeline_parallel_size",
    "quantization",
    "spec_decode_num_drafts",
    "diffusion_denoising_steps",
    "speculative_config",
    "std_latency",
    "std_tpot_ms",
    "std_ttft_ms",
    "tensor_parallel_size",
    "total_input_tokens",
    "total_output_tokens",
    "use_beam_search",
    // Ours, which whoever ran a benchmark may add.
    "backend",
    "config",
    "device",
    "kv",
    "model_bytes",
    "n_parameters",
    "runtime",
    "runtime_version",
    "source",
    "threads",
    "weights",
];

/// Most numbers of one list.
const MAX_SAMPLES: usize = 1_000_000;

/// The objects of a text in their order. A file that ends within one, because whatever wrote it was stopped, has those
/// before it, and a remark.
pub(super) fn records(bytes: &[u8]) -> Result<(Vec<Record>, Option<Skipped>), MeasurementError> {
    let mut reader = serde_json::Deserializer::from_str(text(bytes)?);
    let mut records = Vec::new();
    while reader.end().is_err() {
        let Err(error) = (Top {
            records: &mut records,
        })
        .deserialize(&mut reader) else {
            continue;
        };
        if error.is_eof() && !records.is_empty() {
            let cut =
                format!("the file ends within an entry ({error}): the run was stopped, or the file cut");
            return Ok((records, Some(Skipped::new("end of the file", cut))));
        }
        return Err(MeasurementError::Json(error.to_string()));
    }
    Ok((records, None))
}

/// An object or an array of objects, which go where the others are.
struct Top<'a> {
    records: &'a mut Vec<Record>,
}

impl<'de> DeserializeSeed<'de> for Top<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object, or an array of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let mut record = visit_record(map)?;
        record.place = format!("entry {}", self.records.len() + 1);
        for (_, field) in &mut record.fields {
            place(field, &record.place);
        }
        self.records.push(record);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        let records = self.records;
        while sequence
            .next_element_seed(Top {
                records: &mut *records,
            })?
            .is_some()
        {}
        Ok(())
    }
}

/// Objects within an object are where it is.
fn place(field: &mut Field, name: &str) {
    if let Field::Record(record) = field {
        name.clone_into(&mut record.place);
        for (_, field) in &mut record.fields {
            place(field, name);
        }
    }
}

fn visit_record<'de, A: MapAccess<'de>>(mut map: A) -> Result<Record, A::Error> {
    let mut record = Record::default();
    while let Some(key) = map.next_key::<String>()? {
        if !KEYS.contains(&key.as_str()) {
            map.next_value::<IgnoredAny>()?;
            continue;
        }
        if record.has(&key) {
            return Err(A::Error::custom(format!("`{key}` appears twice")));
        }
        match map.next_value()? {
            Field::Text(text) if text.is_empty() => {}
            field => record.fields.push((key, field)),
        }
    }
    Ok(record)
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Field, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Field, E> {
        Ok(Field::Text(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Field, E> {
        Ok(Field::Text(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Field, E> {
        Ok(Field::Text(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Field, E> {
        Ok(Field::Text(digits(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Field, E> {
        Ok(Field::Text(value.trim().to_owned()))
    }

    /// An empty text: it counts as not there.
    fn visit_unit<E>(self) -> Result<Field, E> {
        Ok(Field::Text(String::new()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Field, A::Error> {
        let mut numbers = Vec::new();
        let mut others = false;
        while let Some(item) = sequence.next_element()? {
            if numbers.len() == MAX_SAMPLES {
                return Err(A::Error::custom("expected at most a million numbers in a list"));
            }
            match item {
                Item::Number(number) => numbers.push(number),
                Item::Other(IgnoredAny) => others = true,
            }
        }
        Ok(if others {
            Field::Other("a list that is not of numbers")
        } else {
            Field::Numbers(numbers)
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Field, A::Error> {
        visit_record(map).map(Field::Record)
    }
}

/// An element of a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Item {
    Number(f64),
    Other(IgnoredAny),
}
