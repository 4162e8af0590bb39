//! What a transformer computes: its architecture, and what an architecture leaves open because no cost depends on it.

mod details;
mod error;
mod read;
mod write;

pub use details::{Details, LATENT_NORM_EPS, Routing, Scoring};
pub use error::ConfigError;
pub(crate) use read::{Read, read};

use rooflaw::architecture::{Architecture, KvProjection};
use serde::{Deserialize, Serialize};

/// A transformer that can be trained, in full: what is added before a sub-layer is normalised by RMSNorm, scores are
/// divided by the root of the width of a query-key head (with and without position together in latent attention), GELU is
/// its approximation by tanh.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Its shape.
    pub architecture: Architecture,
    /// What its shape leaves open.
    pub details: Details,
}

impl Model {
    /// The model that `rooflaw` writes of a design ([`Details::of`]).
    #[must_use]
    pub fn of(architecture: Architecture) -> Model {
        Model {
            architecture,
            details: Details::of(&architecture),
        }
    }

    /// Checks that the details are in range and those of the architecture.
    ///
    /// # Errors
    /// The first field that is not.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.architecture
            .validate()
            .map_err(rooflaw::architecture::hf::HfError::from)?;
        let details = &self.details;
        for (field, value, max) in [
            ("rope_theta", details.rope_theta, f64::from(f32::MAX)),
            ("rms_norm_eps", details.rms_norm_eps, 1.0),
            ("routing.scale", details.routing.scale, f64::from(f32::MAX)),
        ] {
            // A NaN is refused too.
            if !(value > 0.0 && value <= max) {
                return Err(ConfigError::field(field, value, "a positive number in range"));
            }
        }
        let (field, turned) = match self.architecture.attention.kv {
            KvProjection::Grouped { head_dim, .. } => ("head_dim", head_dim),
            KvProjection::Latent { qk_rope_head_dim, .. } => ("qk_rope_head_dim", qk_rope_head_dim),
        };
        if turned % 2 != 0 {
            let accepted = "an even number: rotary embedding turns pairs of elements";
            return Err(ConfigError::field(field, turned, accepted));
        }
        let n_local = details.is_local.iter().filter(|&&is_local| is_local).count();
        let expected = (
            self.architecture.n_layers as usize,
            self.architecture.n_local_layers() as usize,
        );
        if (details.is_local.len(), n_local) != expected {
            let found = format!("{n_local} local of {} layers", details.is_local.len());
            let accepted = format!("{} local of {}", expected.1, expected.0);
            return Err(ConfigError::field("is_local", found, accepted));
        }
        Ok(())
    }
}
