//! A model to measure.

use crate::MeasureError;
use rooflaw::architecture::Architecture;
use rooflaw::architecture::hf::{self, WriteOptions};

/// A model to measure, with the configuration that tells others what it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Its name, of letters, digits and `.`, `_`, `-` only: files are called after it.
    pub name: String,
    /// Its architecture.
    pub architecture: Architecture,
    /// Its config.json.
    pub config: String,
}

/// Longest name; file systems allow 255 bytes, and extensions follow.
const LONGEST_NAME: usize = 100;

impl Model {
    /// A model with the config.json that it was read from.
    #[must_use]
    pub fn with_config(name: &str, architecture: Architecture, config: String) -> Model {
        Model {
            name: file_name(name),
            architecture,
            config,
        }
    }

    /// A model that comes without a config.json.
    ///
    /// # Errors
    /// An architecture that no model type written by [`hf::write`] has.
    pub fn new(name: &str, architecture: Architecture) -> Result<Model, MeasureError> {
        let config =
            hf::write(&architecture, &WriteOptions::default()).map_err(|cause| MeasureError::Config {
                model: name.to_owned(),
                cause,
            })?;
        Ok(Model::with_config(name, architecture, config))
    }

    /// Where its config.json lies, seen from the table of measurements.
    #[must_use]
    pub fn config_path(&self) -> String {
        format!("configs/{}.json", self.name)
    }
}

/// A name that any file system takes; what it does not take becomes `-`.
fn file_name(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') {
            c
        } else {
            '-'
        }
    };
    let name: String = name.chars().take(LONGEST_NAME).map(plain).collect();
    // A name that begins with a dot is a hidden file, or none; one with a hyphen looks like a flag.
    match name.trim_start_matches(['.', '-']) {
        "" => "model".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rooflaw::models;

    #[test]
    fn names_are_those_of_files() {
        for (name, expected) in [
            ("Qwen2.5-0.5B", "Qwen2.5-0.5B"),
            ("a b/c\\d\n", "a-b-c-d-"),
            ("..", "model"),
            ("-x", "x"),
            ("", "model"),
        ] {
            assert_eq!(file_name(name), expected);
        }
        assert_eq!(file_name(&"x".repeat(1000)).len(), LONGEST_NAME);
    }

    #[test]
    fn the_configuration_is_that_of_the_architecture() {
        let architecture = models::find("qwen3-0.6b").unwrap().architecture;
        let model = Model::new("mine", architecture).unwrap();
        assert_eq!(model.config_path(), "configs/mine.json");
        let read = hf::read(model.config.as_bytes()).unwrap();
        assert_eq!(read.architecture, architecture);
        let with_sinks = models::find("gpt-oss-20b").unwrap().architecture;
        let error = Model::new("mine", with_sinks).unwrap_err().to_string();
        assert!(
            error.contains("sinks") && error.contains("config.json"),
            "{error}"
        );
    }
}
