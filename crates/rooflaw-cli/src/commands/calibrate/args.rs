//! The arguments of `rooflaw calibrate`.

use crate::input;
use crate::latency::RuntimeName;
use rooflaw::format::{Precision, WeightFormat};
use std::path::PathBuf;

/// What a device achieves with a runtime, from three measurements or more.
#[derive(clap::Args)]
#[command(
    after_help = "Measurements: the output of llama-bench (json, jsonl, csv, md), the JSON of vLLM's bench latency and
bench serve, and tables of your own (docs/measurements.md). Measure small and large models, short and
long contexts: what the measurements leave open comes from published ones.

Examples:
  rooflaw calibrate bench.json -d raspberry-pi-5 --configs models/ --out pi.toml
  rooflaw calibrate table.csv -d board.toml --runtime llama.cpp/cpu --threads 4
  rooflaw calibrate bench.md --device apple-m4 --model 'qwen3 0.6B=qwen3-0.6b'
  rooflaw calibrate measurements/ --report calibration
  rooflaw design -d raspberry-pi-5 --weights Q8_0 --calibration pi.toml"
)]
pub struct Args {
    /// Files of measurements, and folders that hold some
    #[arg(required = true, value_name = "MEASUREMENTS")]
    pub measurements: Vec<PathBuf>,
    /// The device: a name, or a TOML file; of a table, its rows only [default: the one that all rows name]
    #[arg(long, short)]
    pub device: Option<String>,
    /// What ran the models, where a file does not say; rows of other runtimes are left out
    #[arg(long, value_name = "NAME[/BACKEND]", value_parser = RuntimeName::parse)]
    pub runtime: Option<RuntimeName>,
    /// Its version, where a file does not say
    #[arg(long, value_name = "VERSION", help_heading = "What files do not say")]
    pub runtime_version: Option<String>,
    /// CPU threads, where a file does not say; rows of other numbers are left out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    pub threads: Option<u32>,
    /// A model's configuration by the name that the files have for it; may be given several times. Without `=`, the model of
    /// rows that name none
    #[arg(long, value_name = "NAME=CONFIG", help_heading = "Models")]
    pub model: Vec<String>,
    /// A folder of configurations: NAME.json or NAME/config.json
    #[arg(long, value_name = "DIR", help_heading = "Models")]
    pub configs: Option<PathBuf>,
    /// The weight format, where a file does not say
    #[arg(long, value_name = "FORMAT", help_heading = "What files do not say")]
    pub weights: Option<WeightFormat>,
    /// The KV cache's precision, where a file does not say
    #[arg(long, value_name = "PRECISION", help_heading = "What files do not say")]
    pub kv: Option<Precision>,
    /// Sequences at once, where a file does not say
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1 << 20), help_heading = "What files do not say")]
    pub batch: Option<u32>,
    /// Tokens of each prompt, where a file does not say
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1 << 28), help_heading = "What files do not say")]
    pub prompt_tokens: Option<u32>,
    /// Tokens generated after each prompt, where a file does not say
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1 << 28), help_heading = "What files do not say")]
    pub generated_tokens: Option<u32>,
    /// Write the calibration here, for `--calibration` of other commands
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub out: Option<PathBuf>,
    /// Write report.html, the figure of predicted against measured, predictions.csv and calibration.toml into this folder
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub report: Option<PathBuf>,
    /// Print JSON
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

impl Args {
    /// Configurations by the models' names in the files.
    pub fn named_models(&self) -> Vec<(String, String)> {
        let pair = |text: &String| {
            let (name, config) = text.split_once('=')?;
            Some((name.trim().to_owned(), config.trim().to_owned()))
        };
        self.model.iter().filter_map(pair).collect()
    }

    /// What the files do not say.
    pub fn given(&self) -> rooflaw::measurements::Given {
        let only = self.model.iter().find(|text| !text.contains('='));
        rooflaw::measurements::Given {
            runtime: self.runtime.as_ref().map(|name| name.program().to_owned()),
            runtime_version: self.runtime_version.clone(),
            backend: self
                .runtime
                .as_ref()
                .and_then(RuntimeName::backend)
                .map(str::to_owned),
            threads: self.threads,
            model: only.cloned(),
            weights: self.weights,
            kv: self.kv,
            batch: self.batch,
            prompt_tokens: self.prompt_tokens,
            generated_tokens: self.generated_tokens,
            ..rooflaw::measurements::Given::default()
        }
    }

    /// The models' architectures.
    pub fn models(&self) -> input::ModelNames {
        input::ModelNames::new(&self.named_models(), self.configs.as_deref())
    }
}
