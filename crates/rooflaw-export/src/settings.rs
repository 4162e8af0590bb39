//! What an exported model says besides its architecture.

use rooflaw::architecture::hf::WriteOptions;

/// What an exported model says besides its architecture.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// What it is called.
    pub name: String,
    /// Longest context, tokens.
    pub context_length: u32,
    /// Base of the rotary embedding's wavelengths.
    pub rope_theta: f64,
    /// Added to the mean square in RMSNorm.
    pub rms_norm_eps: f64,
}

impl Settings {
    /// Those of [`WriteOptions::default`], under a name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Settings {
        let options = WriteOptions::default();
        Settings {
            name: name.into(),
            context_length: options.max_position_embeddings,
            rope_theta: options.rope_theta,
            rms_norm_eps: options.rms_norm_eps,
        }
    }
}
