//! What is trained: [`rooflaw_export::Model`], which is read from a `config.json` and written as one where checkpoints are.

pub use rooflaw_export::{ConfigError, Details, LATENT_NORM_EPS, Model, Routing, Scoring};
