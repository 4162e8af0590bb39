//! Published measurements as they were collected: one metric per line.

use serde::Deserialize;

/// A line of the measurements file. Text fields are empty, numbers are `None` where the
/// source does not say or gives a range.
#[derive(Clone, Debug, Deserialize)]
pub struct Measurement {
    /// The device as the collection names it.
    pub device: String,
    /// Bin, memory option, power mode, engine.
    pub device_variant: String,
    /// The program that ran the model.
    pub runtime: String,
    /// CUDA, Metal, CPU, ….
    pub backend: String,
    /// Repository of the model.
    pub model: String,
    /// Weight format as the source names it.
    pub quant: String,
    /// Sequences at once.
    #[serde(deserialize_with = "csv::invalid_option")]
    pub batch: Option<u32>,
    /// Tokens of the prompt; 0 for a decode from an empty cache.
    #[serde(deserialize_with = "csv::invalid_option")]
    pub prompt_len: Option<u32>,
    /// Tokens generated.
    #[serde(deserialize_with = "csv::invalid_option")]
    pub gen_len: Option<u32>,
    /// Tokens in the KV cache when the timed phase starts: for decode the prompt is among them.
    #[serde(deserialize_with = "csv::invalid_option")]
    pub context_depth: Option<u32>,
    /// `decode_tok_s` or `prefill_tok_s`; others are not used.
    pub metric: String,
    /// Tokens per second.
    pub value: f64,
    /// Where it was read.
    pub source: String,
    /// Remarks of the collection.
    pub note: String,
    /// Size of the model file that the source states, bytes.
    #[serde(deserialize_with = "csv::invalid_option")]
    pub weight_bytes_reported: Option<f64>,
    /// `A`: format, lengths and device are all stated.
    pub quality: String,
}
