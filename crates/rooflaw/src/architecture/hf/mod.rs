//! Hugging Face `config.json`: from a published model to an [`Architecture`], and from a design to a file that
//! `transformers` trains.
//!
//! Defaults are those of the configuration classes of `transformers`, and only where published configurations rely
//! on them; anything else that is missing is an error, since a guess would be a different model. Bytes in, text out:
//! reading and writing files is the caller's.

mod attention;
mod classes;
mod error;
mod ffn;
mod fields;
mod window;
mod write;

#[cfg(test)]
mod error_tests;
#[cfg(test)]
mod tests;

pub use error::HfError;
pub use write::{WriteOptions, write};

use super::{Architecture, ArchitectureError, Attention, validate::MAX_LAYERS};
use crate::format::Precision;
use classes::Class;
use fields::Fields;
use serde_json::Value;

/// The largest configuration that is parsed; published ones have a few KiB.
pub const MAX_BYTES: usize = 1 << 20;

/// What a `config.json` says of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct HfModel {
    /// The language model; of a multimodal model, its text part only.
    pub architecture: Architecture,
    /// `model_type`, as in the file.
    pub model_type: String,
    /// Number format the weights are published in (`dtype`, formerly `torch_dtype`); `None` when it is not given or
    /// not a [`Precision`].
    pub dtype: Option<Precision>,
    /// Method of `quantization_config`, if the weights are published quantised; `unknown` when it names none.
    pub quantization: Option<String>,
    /// Longest context (`max_position_embeddings`), if given.
    pub max_position_embeddings: Option<u32>,
    /// For every layer whether it attends to the sliding window only.
    pub is_local: Vec<bool>,
    /// For every layer whether its FFN is dense.
    pub is_dense: Vec<bool>,
}

/// The model types that [`read`] knows.
pub fn model_types() -> impl Iterator<Item = &'static str> {
    classes::CLASSES.iter().map(|class| class.model_type)
}

/// Reads a `config.json`.
///
/// # Errors
/// What is not JSON or not an object, larger than [`MAX_BYTES`], of a model type that is not known, lacks a field or
/// has one of the wrong type or range, or describes no consistent architecture. The message names the field as it is
/// spelled in the file.
pub fn read(json: &[u8]) -> Result<HfModel, HfError> {
    if json.len() > MAX_BYTES {
        return Err(HfError::TooLarge {
            bytes: json.len(),
            limit: MAX_BYTES,
        });
    }
    let value: Value = serde_json::from_slice(json)?;
    let Value::Object(outer) = &value else {
        return Err(HfError::NotAnObject {
            found: error::shown(&value),
        });
    };
    let class = Class::of(outer)?;
    let fields = Fields::new(outer, class)?;
    let mut layers = Layers::default();
    let architecture = architecture(&fields, class, &mut layers)?;
    architecture
        .validate()
        .map_err(|error| inconsistent(class, error))?;
    let context = fields.optional_count("max_position_embeddings")?;
    Ok(HfModel {
        architecture,
        model_type: class.model_type.to_owned(),
        dtype: dtype(&fields)?,
        quantization: quantization(&fields)?,
        max_position_embeddings: context.or(class.max_position_embeddings),
        is_local: layers.is_local,
        is_dense: layers.is_dense,
    })
}

/// What layers are that an architecture only counts.
#[derive(Default)]
struct Layers {
    is_local: Vec<bool>,
    is_dense: Vec<bool>,
}

fn architecture(fields: &Fields<'_>, class: &Class, layers: &mut Layers) -> Result<Architecture, HfError> {
    // Bounded before anything counts layer by layer.
    let n_layers = fields.count("num_hidden_layers")?;
    if !(1..=MAX_LAYERS).contains(&n_layers) {
        let accepted = format!("an integer between 1 and {MAX_LAYERS}");
        return Err(fields.wrong("num_hidden_layers", n_layers.to_string(), accepted));
    }
    let hidden_size = fields.count("hidden_size")?;
    let n_heads = fields.count_or("num_attention_heads", class.n_heads)?;
    let (qkv_bias, output_bias) = attention::biases(fields, class.biases)?;
    let kv = attention::projection(fields, class.kv, hidden_size, n_heads)?;
    let (window, is_local) = window::sliding_window(fields, class.window, n_layers)?;
    let (ffn, is_dense) = ffn::ffn(fields, class, n_layers)?;
    *layers = Layers { is_local, is_dense };
    Ok(Architecture {
        n_layers,
        hidden_size,
        vocab_size: fields.count_or("vocab_size", class.vocab_size)?,
        tie_embeddings: fields.flag_or("tie_word_embeddings", class.tie_embeddings)?,
        attention: Attention {
            n_heads,
            kv,
            qkv_bias,
            output_bias,
            qk_norm: class.qk_norm,
            sinks: class.sinks,
            sliding_window: window,
        },
        ffn,
        norms_per_layer: class.norms_per_layer,
    })
}

/// The violation of [`Architecture::validate`] with the name the field has in the file.
fn inconsistent(class: &Class, error: ArchitectureError) -> HfError {
    HfError::Value {
        model_type: class.model_type,
        field: class.field_name(error.field).to_owned(),
        value: error.value,
        accepted: error.accepted,
    }
}

fn dtype(fields: &Fields<'_>) -> Result<Option<Precision>, HfError> {
    let mut name = fields.text("dtype")?;
    if name.is_none() {
        name = fields.text("torch_dtype")?;
    }
    Ok(name.and_then(|name| match name.trim_start_matches("torch.") {
        "float32" | "float" => Some(Precision::Fp32),
        "float16" | "half" => Some(Precision::Fp16),
        "bfloat16" => Some(Precision::Bf16),
        "float8_e4m3fn" | "float8_e5m2" => Some(Precision::Fp8),
        "int8" => Some(Precision::Int8),
        _ => None,
    }))
}

fn quantization(fields: &Fields<'_>) -> Result<Option<String>, HfError> {
    match fields.find("quantization_config") {
        None => Ok(None),
        Some(Value::Object(config)) => {
            let method = config.get("quant_method").and_then(Value::as_str);
            Ok(Some(method.unwrap_or("unknown").to_owned()))
        }
        Some(other) => Err(fields.wrong("quantization_config", error::shown(other), "an object".to_owned())),
    }
}
