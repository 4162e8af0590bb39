//! From a `config.json` to what it makes `transformers` compute (version 5.23), or a refusal.

use super::{ConfigError, Details, Model, Routing, Scoring};
use rooflaw::architecture::hf::{self, HfModel};
use rooflaw::architecture::{Activation, Architecture};
use serde_json::{Map, Value};

/// A model type whose computation is the one described by [`Model`].
struct Known {
    model_type: &'static str,
    /// Defaults of its configuration class, where files leave them out.
    rope_theta: f64,
    rms_norm_eps: f64,
    router: Router,
}

/// What a model type's router does.
#[derive(Clone, Copy)]
enum Router {
    /// Softmax; divided by the sum whatever the file says, and without a mixture.
    Normalised,
    /// Softmax; divided by the sum if `norm_topk_prob`, which all these classes leave at false.
    Field,
    /// Softmax over what may be groups of experts, times a factor.
    DeepSeekV2,
    /// Sigmoids and a bias over what may be groups of experts, times a factor.
    DeepSeekV3,
}

const fn known(model_type: &'static str, rope_theta: f64, rms_norm_eps: f64, router: Router) -> Known {
    Known {
        model_type,
        rope_theta,
        rms_norm_eps,
        router,
    }
}

const KNOWN: [Known; 10] = [
    known("llama", 1e4, 1e-6, Router::Normalised),
    known("mistral", 1e4, 1e-6, Router::Normalised),
    known("mixtral", 1e6, 1e-5, Router::Normalised),
    known("qwen2", 1e4, 1e-6, Router::Normalised),
    known("qwen3", 1e4, 1e-6, Router::Normalised),
    known("qwen2_moe", 1e4, 1e-6, Router::Field),
    known("qwen3_moe", 1e4, 1e-6, Router::Field),
    known("olmoe", 1e4, 1e-5, Router::Field),
    known("deepseek_v2", 1e4, 1e-6, Router::DeepSeekV2),
    known("deepseek_v3", 1e4, 1e-6, Router::DeepSeekV3),
];

/// What a `config.json` says.
pub(crate) struct Read {
    pub(crate) model: Model,
    pub(crate) hf: HfModel,
}

impl Model {
    /// The model of a `config.json`. Of what it says besides, such as dropout or the initial weights, nothing is kept.
    ///
    /// # Errors
    /// What is not read as an architecture, another model type than those whose computation is the one described
    /// here, and a field that changes it: a scaled or partial rotary embedding, clipped queries, capped logits, another
    /// GELU, experts chosen by groups, dense layers that are not the leading ones.
    pub fn from_config(json: &[u8]) -> Result<Model, ConfigError> {
        Ok(read(json)?.model)
    }
}

/// Reads a `config.json`.
pub(crate) fn read(json: &[u8]) -> Result<Read, ConfigError> {
    let hf = hf::read(json)?;
    let fields: Map<String, Value> = serde_json::from_slice(json).map_err(hf::HfError::from)?;
    let config = Config { fields: &fields };
    let Some(known) = KNOWN.iter().find(|known| known.model_type == hf.model_type) else {
        let types = KNOWN.map(|known| known.model_type).join(", ");
        return Err(ConfigError::field(
            "model_type",
            &hf.model_type,
            format!("one of {types}, whose computation is known"),
        ));
    };
    config.refuse_other_computations(&hf)?;
    let positive = |field: &str, found: Option<&Value>, default| {
        found.map_or(Ok(default), |value| positive(field, value))
    };
    let details = Details {
        rope_theta: positive("rope_theta", config.rope("rope_theta"), known.rope_theta)?,
        rope_interleaved: match known.router {
            Router::DeepSeekV2 => true,
            Router::DeepSeekV3 => config.flag("rope_interleave", true)?,
            _ => false,
        },
        rms_norm_eps: positive("rms_norm_eps", config.given("rms_norm_eps"), known.rms_norm_eps)?,
        is_local: hf.is_local.clone(),
        routing: config.routing(known.router, &hf.architecture)?,
    };
    let model = Model {
        architecture: hf.architecture,
        details,
    };
    model.validate()?;
    Ok(Read { model, hf })
}

fn positive(field: &str, value: &Value) -> Result<f64, ConfigError> {
    value
        .as_f64()
        .filter(|&number| number > 0.0 && number <= f64::from(f32::MAX))
        .ok_or_else(|| ConfigError::value(field, value, "a positive number"))
}

struct Config<'a> {
    fields: &'a Map<String, Value>,
}

impl Config<'_> {
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

    fn flag(&self, field: &str, default: bool) -> Result<bool, ConfigError> {
        match self.given(field) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(ConfigError::value(field, other, "true or false")),
        }
    }

    /// A field that, if it is there, must have this value.
    fn only(&self, field: &str, neutral: &Value, accepted: &str) -> Result<(), ConfigError> {
        let is_neutral = |value: &Value| match (value.as_f64(), neutral.as_f64()) {
            (Some(found), Some(neutral)) => found.total_cmp(&neutral).is_eq(),
            _ => value == neutral,
        };
        match self.given(field) {
            Some(value) if !is_neutral(value) => Err(ConfigError::value(field, value, accepted)),
            _ => Ok(()),
        }
    }

    fn refuse_other_computations(&self, hf: &HfModel) -> Result<(), ConfigError> {
        for name in ["rope_type", "type"] {
            match self.rope(name) {
                None => {}
                Some(Value::String(kind)) if kind == "default" => {}
                Some(other) => {
                    let accepted = "the default rotary embedding, without scaling";
                    return Err(ConfigError::value(name, other, accepted));
                }
            }
        }
        if let Some(factor) = self
            .rope("partial_rotary_factor")
            .filter(|f| f.as_f64() != Some(1.0))
        {
            let accepted = "1, a rotary embedding of whole heads";
            return Err(ConfigError::value("partial_rotary_factor", factor, accepted));
        }
        for field in [
            "clip_qkv",
            "attn_logit_softcapping",
            "final_logit_softcapping",
            "query_pre_attn_scalar",
            "attention_multiplier",
            "attention_chunk_size",
        ] {
            self.only(field, &Value::Null, "null")?;
        }
        for field in ["embedding_multiplier", "residual_multiplier", "logits_scaling"] {
            self.only(field, &1.into(), "1")?;
        }
        if hf.architecture.ffn.activation == Activation::GeGlu {
            match self.given("hidden_act") {
                Some(Value::String(kind)) if matches!(kind.as_str(), "gelu_pytorch_tanh" | "gelu_new") => {}
                other => {
                    let found = other.unwrap_or(&Value::Null);
                    return Err(ConfigError::value(
                        "hidden_act",
                        found,
                        "silu or gelu_pytorch_tanh",
                    ));
                }
            }
        }
        let n_leading = hf.is_dense.iter().take_while(|&&is_dense| is_dense).count();
        if let Some(later) = hf.is_dense.iter().skip(n_leading).position(|&is_dense| is_dense) {
            return Err(ConfigError::field(
                "layers",
                format!(
                    "a dense one, number {}, behind a mixture of experts",
                    n_leading + later
                ),
                "dense layers before all others",
            ));
        }
        Ok(())
    }

    /// What the router does; the default where there is none.
    fn routing(&self, router: Router, architecture: &Architecture) -> Result<Routing, ConfigError> {
        if architecture.ffn.moe.is_none() {
            return Ok(Routing::default());
        }
        let softmax = Routing::default();
        match router {
            Router::Normalised => {
                self.only("norm_topk_prob", &true.into(), "true, as the model type does")?;
                self.only("routed_scaling_factor", &1.into(), "1, as the model type does")?;
                Ok(softmax)
            }
            Router::Field => {
                self.only("routed_scaling_factor", &1.into(), "1, as the model type does")?;
                let normalised = self.flag("norm_topk_prob", false)?;
                Ok(Routing {
                    normalised,
                    ..softmax
                })
            }
            Router::DeepSeekV2 => {
                self.only(
                    "scoring_func",
                    &"softmax".into(),
                    "softmax, as the model type does",
                )?;
                self.only("norm_topk_prob", &false.into(), "false, as the model type does")?;
                match self.given("topk_method").and_then(Value::as_str) {
                    Some("group_limited_greedy") => self.refuse_groups(None)?,
                    _ => self.only("topk_method", &"greedy".into(), "greedy")?,
                }
                Ok(Routing {
                    normalised: false,
                    scale: self.routed_scale(1.0)?,
                    ..softmax
                })
            }
            Router::DeepSeekV3 => {
                self.only(
                    "scoring_func",
                    &"sigmoid".into(),
                    "sigmoid, as the model type does",
                )?;
                self.only(
                    "topk_method",
                    &"noaux_tc".into(),
                    "noaux_tc, as the model type does",
                )?;
                // The class's defaults are the published model's.
                self.refuse_groups(Some((8, 4)))?;
                Ok(Routing {
                    scoring: Scoring::Sigmoid,
                    normalised: self.flag("norm_topk_prob", true)?,
                    scale: self.routed_scale(2.5)?,
                })
            }
        }
    }

    fn routed_scale(&self, default: f64) -> Result<f64, ConfigError> {
        const NAME: &str = "routed_scaling_factor";
        self.given(NAME)
            .map_or(Ok(default), |value| positive(NAME, value))
    }

    /// Refuses a choice of experts out of some groups only.
    fn refuse_groups(&self, default: Option<(u64, u64)>) -> Result<(), ConfigError> {
        let count = |field: &str, default: Option<u64>| match self.given(field) {
            None => Ok(default),
            Some(value) => match value.as_u64() {
                Some(count) => Ok(Some(count)),
                None => Err(ConfigError::value(field, value, "a positive integer")),
            },
        };
        let n_groups = count("n_group", default.map(|default| default.0))?;
        let chosen = count("topk_group", default.map(|default| default.1))?;
        match (n_groups, chosen) {
            (Some(1), _) => Ok(()),
            (Some(n_groups), Some(chosen)) if chosen >= n_groups => Ok(()),
            (n_groups, _) => Err(ConfigError::field(
                "n_group",
                n_groups.map_or("null".to_owned(), |n_groups| n_groups.to_string()),
                "1: experts are chosen out of all, not by groups",
            )),
        }
    }
}
