//! Arguments that several commands take.

use anyhow::{Result, bail};
use clap::Args;
use rooflaw::format::{Formats, Precision, WeightFormat};
use rooflaw::law::{Feature, LossLaw};
use rooflaw::operators::Assumptions;
use rooflaw::roofline::Workload;

/// The law that is used when none is named.
pub const DEFAULT_LAW: &str = "co-design";

/// Scatter of runs about a law that states none, as a share of the loss: about that of repeated small trainings.
pub const DEFAULT_NOISE: f64 = 0.005;

/// The law, and what architectures are trained on.
#[derive(Args, Clone)]
pub struct LawArgs {
    /// A loss law's name, or a TOML file, such as `rooflaw fit` writes
    #[arg(long, default_value = DEFAULT_LAW)]
    law: String,
    /// Tokens each architecture is trained on, such as 100B, for a law of tokens [default: the most of the law's runs]
    #[arg(long, value_name = "COUNT", value_parser = super::count, allow_hyphen_values = true)]
    training_tokens: Option<f64>,
}

impl LawArgs {
    /// The law, with its training tokens if it wants them.
    pub fn law(&self) -> Result<LossLaw> {
        let law = super::law(&self.law)?;
        if !law.needs_tokens() {
            if self.training_tokens.is_some() {
                bail!("--training-tokens: the law {} does not depend on tokens", law.id);
            }
            return Ok(law);
        }
        let most = law.fitted_range.get(Feature::Tokens).map(|(_, most)| most);
        match self.training_tokens.or(most) {
            Some(tokens) => Ok(law.with_training_tokens(tokens)),
            None => bail!(
                "the law {} depends on tokens and names no range of them: give --training-tokens, such as 100B",
                law.id
            ),
        }
    }
}

/// The workload.
#[derive(Args, Clone, Copy)]
#[command(next_help_heading = "Workload")]
pub struct WorkloadArgs {
    /// Sequences processed together
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    batch: u32,
    /// Tokens of each prompt
    #[arg(long, value_name = "N", default_value_t = 1024, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=1 << 28))]
    prompt_tokens: u32,
    /// Tokens generated for each prompt
    #[arg(long, value_name = "N", default_value_t = 16, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(0..=1 << 28))]
    generated_tokens: u32,
}

impl WorkloadArgs {
    /// The workload they describe.
    pub const fn workload(self) -> Workload {
        Workload {
            batch: self.batch,
            prompt_tokens: self.prompt_tokens,
            generated_tokens: self.generated_tokens,
        }
    }
}

/// Formats, and what the roofline counts.
#[derive(Args, Clone)]
#[command(next_help_heading = "Formats and assumptions")]
pub struct FormatArgs {
    /// Weight formats, separated by commas: fp32, fp16, bf16, fp8, w8a16, w8a8 (int8), w4a16 (int4), mxfp4, F16,
    /// Q8_0, Q4_0, Q4_K_M, Q5_K_M, Q6_K
    #[arg(long, value_name = "FORMAT", default_value = "bf16", value_delimiter = ',')]
    weights: Vec<WeightFormat>,
    /// Precision of activations in memory [default: 16 bits, 32 for fp32 weights]
    #[arg(long, value_name = "PRECISION")]
    activations: Option<Precision>,
    /// Precision of the KV cache [default: as activations]
    #[arg(long, value_name = "PRECISION")]
    kv: Option<Precision>,
    /// Count attention unfused: scores travel through memory
    #[arg(long)]
    unfused_attention: bool,
    /// Count no time for launching operators
    #[arg(long)]
    no_launch_overhead: bool,
    /// Leave out what arXiv 2602.10377 leaves out (embedding and head, norms, causality, expert union, launches); the
    /// latencies are the bare roofline's
    #[arg(long)]
    paper_assumptions: bool,
}

impl FormatArgs {
    /// One set of formats for each weight format.
    pub fn formats(&self) -> Result<Vec<Formats>> {
        let mut all: Vec<Formats> = Vec::new();
        for &weights in &self.weights {
            let usual = Formats::of_weights(weights);
            let activations = self.activations.unwrap_or(usual.activations);
            let formats = Formats {
                weights,
                activations,
                kv: self.kv.or(self.activations).unwrap_or(usual.kv),
            };
            if all.contains(&formats) {
                bail!("--weights names {weights} twice");
            }
            all.push(formats);
        }
        Ok(all)
    }

    /// Whether the paper's assumptions are asked for.
    pub const fn is_paper(&self) -> bool {
        self.paper_assumptions
    }

    /// What the operator list takes into account.
    pub const fn assumptions(&self) -> Assumptions {
        if self.paper_assumptions {
            return Assumptions::paper();
        }
        Assumptions {
            vocabulary: true,
            minor_operators: true,
            causal: true,
            fused_attention: !self.unfused_attention,
            absorbed_latent: false,
            batched_kv: true,
            expert_union: true,
            head_on_last_token: true,
            launch_overhead: !self.no_launch_overhead,
        }
    }
}
