//! A model as a `config.json`.

use super::{ConfigError, Details, Model, Routing, Scoring};
use rooflaw::architecture::hf::{self, HfError, WriteOptions};
use rooflaw::format::Precision;
use serde_json::{Map, Value};

impl Model {
    /// Writes the `config.json` of a model whose weights have this format (fp32, fp16 or bf16): that of [`hf::write`],
    /// with the model's details.
    ///
    /// # Errors
    /// A model that is not valid, an architecture that no model type written by [`hf::write`] has, details that the one
    /// which has the architecture has not, and options out of range.
    pub fn to_config(&self, dtype: Precision, context_length: u32) -> Result<String, ConfigError> {
        self.validate()?;
        let details = &self.details;
        let options = WriteOptions {
            dtype,
            max_position_embeddings: context_length,
            rope_theta: details.rope_theta,
            rms_norm_eps: details.rms_norm_eps,
            ..WriteOptions::default()
        };
        let written = hf::write(&self.architecture, &options)?;
        let mut config: Map<String, Value> = serde_json::from_str(&written).map_err(HfError::from)?;
        // What the model type has a field for.
        let mut set = |name: &str, value: Value| {
            if let Some(field) = config.get_mut(name) {
                *field = value;
            }
        };
        set("layer_types", layer_types(&details.is_local));
        set("rope_interleave", details.rope_interleaved.into());
        if self.architecture.ffn.moe.is_some() {
            set("norm_topk_prob", details.routing.normalised.into());
            set("routed_scaling_factor", details.routing.scale.into());
        }
        let text = serde_json::to_string_pretty(&config).map_err(HfError::from)?;
        self.refuse_difference(&text)?;
        Ok(text)
    }

    /// Refuses what the model type has no field for, and would compute otherwise.
    fn refuse_difference(&self, text: &str) -> Result<(), ConfigError> {
        let read = Model::from_config(text.as_bytes())?;
        let without_effect = Details {
            routing: match self.architecture.ffn.moe {
                Some(_) => self.details.routing,
                None => Routing::default(),
            },
            ..self.details.clone()
        };
        match difference(&without_effect, &read.details) {
            None => Ok(()),
            Some(feature) => Err(ConfigError::Hf(HfError::Inexpressible {
                feature,
                reason: "the model type that has all else does otherwise",
            })),
        }
    }
}

fn layer_types(is_local: &[bool]) -> Value {
    let kinds = is_local.iter().map(|&is_local| {
        Value::from(if is_local {
            "sliding_attention"
        } else {
            "full_attention"
        })
    });
    kinds.collect()
}

/// The first wish that was not met.
fn difference(wish: &Details, found: &Details) -> Option<String> {
    let feature = if wish.rope_interleaved != found.rope_interleaved {
        format!("rope_interleaved = {}", wish.rope_interleaved)
    } else if wish.is_local != found.is_local {
        "local layers in this order".to_owned()
    } else if wish.routing.scoring != found.routing.scoring {
        match wish.routing.scoring {
            Scoring::Softmax => "experts' scores by softmax".to_owned(),
            Scoring::Sigmoid => "experts' scores by sigmoid".to_owned(),
        }
    } else if wish.routing.normalised != found.routing.normalised {
        format!("routing.normalised = {}", wish.routing.normalised)
    } else if wish != found {
        format!("routing.scale = {}", wish.routing.scale)
    } else {
        return None;
    };
    Some(feature)
}
