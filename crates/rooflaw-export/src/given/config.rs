//! What a trained model's `config.json` says besides the architecture, and what a GGUF file cannot say.

use crate::{ExportError, Settings};
use rooflaw::architecture::hf::{self, HfModel};
use serde_json::{Map, Value};
use std::path::Path;

/// A model type that can be carried over with its weights.
struct Known {
    model_type: &'static str,
    /// Defaults of its configuration class, where files leave them out.
    rope_theta: f64,
    rms_norm_eps: f64,
    /// Whether llama.cpp's graph makes the weights of the chosen experts add up to 1; `None` where the file does not
    /// say, since the class always does the same.
    norm_topk_prob: Option<bool>,
}

const fn known(model_type: &'static str, rope_theta: f64, rms_norm_eps: f64) -> Known {
    Known {
        model_type,
        rope_theta,
        rms_norm_eps,
        norm_topk_prob: None,
    }
}

const fn routed(norm_topk_prob: bool, known: Known) -> Known {
    Known {
        norm_topk_prob: Some(norm_topk_prob),
        ..known
    }
}

const KNOWN: [Known; 8] = [
    known("llama", 1e4, 1e-6),
    known("mistral", 1e4, 1e-6),
    known("mixtral", 1e6, 1e-5),
    known("qwen2", 1e4, 1e-6),
    known("qwen3", 1e4, 1e-6),
    routed(false, known("qwen2_moe", 1e4, 1e-6)),
    routed(true, known("qwen3_moe", 1e4, 1e-6)),
    routed(false, known("olmoe", 1e4, 1e-5)),
];

/// The model of a `config.json`, and the settings that go into a GGUF file.
///
/// # Errors
/// A file that is not read, of a model type whose computation is not the one of a GGUF architecture written here, or
/// with a field that changes it: another rotary embedding, clipped queries, quantised weights.
pub(super) fn read(path: &Path, json: &[u8]) -> Result<(HfModel, Settings), ExportError> {
    let file = |error: String| ExportError::file(path, error);
    let model = hf::read(json).map_err(|error| file(error.to_string()))?;
    let fields: Map<String, Value> = serde_json::from_slice(json).map_err(|error| file(error.to_string()))?;
    let config = Config {
        path,
        fields: &fields,
    };
    let known = KNOWN.iter().find(|known| known.model_type == model.model_type);
    let Some(known) = known else {
        let types = KNOWN.map(|known| known.model_type).join(", ");
        return Err(config.refused(
            "model_type",
            &model.model_type,
            format!("one of {types} to export its weights"),
        ));
    };
    config.refuse_other_computations(&model, known)?;
    let default = Settings::named("");
    let settings = Settings {
        name: model.model_type.clone(),
        context_length: model.max_position_embeddings.unwrap_or(default.context_length),
        rope_theta: match config.rope("rope_theta") {
            None => known.rope_theta,
            Some(value) => config.positive("rope_theta", value)?,
        },
        rms_norm_eps: match config.given("rms_norm_eps") {
            None => known.rms_norm_eps,
            Some(value) => config.positive("rms_norm_eps", value)?,
        },
    };
    Ok((model, settings))
}

struct Config<'a> {
    path: &'a Path,
    fields: &'a Map<String, Value>,
}

impl Config<'_> {
    fn refused(&self, field: &str, value: &str, accepted: impl Into<String>) -> ExportError {
        ExportError::Config {
            path: self.path.to_path_buf(),
            field: field.to_owned(),
            value: value.chars().take(60).collect(),
            accepted: accepted.into(),
        }
    }

    fn given(&self, field: &str) -> Option<&Value> {
        self.fields.get(field).filter(|value| !value.is_null())
    }

    /// A field of the rotary embedding: in `rope_parameters` since version 5, at the top or in `rope_scaling` before.
    fn rope(&self, field: &str) -> Option<&Value> {
        let within = |object: &str| self.given(object)?.get(field).filter(|value| !value.is_null());
        within("rope_parameters")
            .or_else(|| within("rope_scaling"))
            .or_else(|| self.given(field))
    }

    fn positive(&self, field: &str, value: &Value) -> Result<f64, ExportError> {
        value
            .as_f64()
            .filter(|&number| number > 0.0 && number <= f64::from(f32::MAX))
            .ok_or_else(|| self.refused(field, &value.to_string(), "a positive number"))
    }

    fn refuse_other_computations(&self, model: &HfModel, known: &Known) -> Result<(), ExportError> {
        if let Some(method) = &model.quantization {
            return Err(self.refused("quantization_config", method, "weights in fp32, fp16 or bf16"));
        }
        for name in ["rope_type", "type"] {
            match self.rope(name) {
                None => {}
                Some(Value::String(kind)) if kind == "default" => {}
                Some(other) => {
                    let accepted = "the default rotary embedding, without scaling";
                    return Err(self.refused(name, &other.to_string(), accepted));
                }
            }
        }
        match self.rope("partial_rotary_factor") {
            Some(factor) if factor.as_f64() != Some(1.0) => {
                let accepted = "1, a rotary embedding of whole heads";
                return Err(self.refused("partial_rotary_factor", &factor.to_string(), accepted));
            }
            _ => {}
        }
        if let Some(clip) = self.given("clip_qkv") {
            return Err(self.refused("clip_qkv", &clip.to_string(), "null"));
        }
        if let Some(expected) = known.norm_topk_prob {
            // The default of all these classes.
            let found = self.given("norm_topk_prob").unwrap_or(&Value::Bool(false));
            if *found != Value::Bool(expected) {
                let accepted = format!("{expected}, as llama.cpp computes it");
                return Err(self.refused("norm_topk_prob", &found.to_string(), accepted));
            }
        }
        Ok(())
    }
}
