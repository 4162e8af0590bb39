//! The study's conditions: device, workload, formats, what the roofline counts, and the sets of architectures
//! compared.

use anyhow::Result;
use rooflaw::architecture::Architecture;
use rooflaw::device::{self, Device};
use rooflaw::format::{Formats, WeightFormat};
use rooflaw::operators::Assumptions;
use rooflaw::roofline::{Evaluator, Roofline, Workload};
use rooflaw::search::{Candidate, Objective};
use rooflaw::space::{self, Cursor, DesignSpace};
use rooflaw::{law, models};

/// What the roofline counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Costing {
    /// All that rooflaw models.
    Full,
    /// The paper's simplifications.
    Simplified,
}

impl Costing {
    /// Both.
    pub const ALL: [Costing; 2] = [Costing::Full, Costing::Simplified];

    /// The name in tables and files.
    pub const fn name(self) -> &'static str {
        match self {
            Costing::Full => "full",
            Costing::Simplified => "simplified",
        }
    }

    const fn assumptions(self) -> fn() -> Assumptions {
        match self {
            Costing::Full => Assumptions::default,
            Costing::Simplified => Assumptions::paper,
        }
    }
}

/// The weight formats compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// 16-bit floats.
    Fp16,
    /// 8-bit weights and activations in the products (`w8a8`).
    Int8,
}

impl Format {
    /// Both, in the order of [`Setup::evaluators`].
    pub const ALL: [Format; 2] = [Format::Fp16, Format::Int8];

    /// The name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Fp16 => "FP16",
            Format::Int8 => "INT8",
        }
    }

    /// The name in files.
    pub const fn slug(self) -> &'static str {
        match self {
            Format::Fp16 => "fp16",
            Format::Int8 => "int8",
        }
    }

    /// The format of the weights.
    pub const fn weights(self) -> WeightFormat {
        match self {
            Format::Fp16 => WeightFormat::Fp16,
            Format::Int8 => WeightFormat::W8A8,
        }
    }
}

/// A set of architectures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Designs {
    /// 1,942 of the paper's grid.
    Sample,
    /// The whole of the paper's grid.
    Grid,
    /// rooflaw's default space.
    Default,
}

impl Designs {
    /// All, smallest first.
    pub const ALL: [Designs; 3] = [Designs::Sample, Designs::Grid, Designs::Default];

    /// The name in files.
    pub const fn slug(self) -> &'static str {
        match self {
            Designs::Sample => "sample",
            Designs::Grid => "grid",
            Designs::Default => "default",
        }
    }

    /// The name in tables and legends.
    pub const fn name(self) -> &'static str {
        match self {
            Designs::Sample => "paper grid, 1,942 sampled",
            Designs::Grid => "paper grid, exact",
            Designs::Default => "default space, exact",
        }
    }
}

/// Everything the study is run with.
pub struct Setup {
    /// The device.
    pub device: &'static Device,
    /// The paper's workload.
    pub workload: Workload,
    /// The paper's grid.
    pub grid: DesignSpace,
    /// rooflaw's default space.
    pub default_space: DesignSpace,
    /// The shape the paper compares with.
    pub baseline: Architecture,
    full: Vec<Evaluator>,
    simplified: Vec<Evaluator>,
}

impl Setup {
    /// Looks everything up.
    pub fn new() -> Result<Setup> {
        let device = device::find("jetson-agx-orin-64gb")?;
        let law = law::find("co-design")?;
        let workload = Workload::default();
        let evaluators = |costing: Costing| {
            let assumptions = costing.assumptions()();
            let evaluator = |format: Format| {
                let formats = Formats::of_weights(format.weights());
                let roofline = Roofline::new(device, &formats, &assumptions);
                Evaluator::new(law.clone(), roofline, workload)
            };
            Format::ALL.map(evaluator).to_vec()
        };
        Ok(Setup {
            device,
            workload,
            grid: space::find("paper")?,
            default_space: space::find("default")?,
            baseline: models::find("qwen2.5-0.5b")?.architecture,
            full: evaluators(Costing::Full),
            simplified: evaluators(Costing::Simplified),
        })
    }

    /// One evaluator for each of [`Format::ALL`].
    pub fn evaluators(&self, costing: Costing) -> &[Evaluator] {
        match costing {
            Costing::Full => &self.full,
            Costing::Simplified => &self.simplified,
        }
    }

    /// The evaluator of one format.
    pub fn evaluator(&self, costing: Costing, format: Format) -> &Evaluator {
        &self.evaluators(costing)[format as usize]
    }

    /// The space a set of architectures is taken from.
    pub fn space(&self, designs: Designs) -> &DesignSpace {
        match designs {
            Designs::Sample | Designs::Grid => &self.grid,
            Designs::Default => &self.default_space,
        }
    }

    /// The candidate at an index of the paper's grid, unless a constraint excludes it.
    pub fn grid_candidate(&self, index: u64, evaluator: &Evaluator) -> Option<Candidate> {
        let architecture = Cursor::new(&self.grid, index).architecture()?;
        Some(Candidate {
            index,
            architecture,
            evaluation: evaluator.evaluate(&architecture),
        })
    }

    /// Device and workload in a phrase.
    pub fn conditions(&self) -> String {
        let Workload {
            batch,
            prompt_tokens,
            generated_tokens,
        } = self.workload;
        format!(
            "{} · batch {batch} · {} tokens in, {generated_tokens} out",
            self.device.name,
            crate::text::thousands(u64::from(prompt_tokens))
        )
    }
}

/// The latency an objective minimises, ms.
pub fn latency_ms(objective: Objective, candidate: &Candidate) -> f64 {
    objective.latency_s(&candidate.evaluation) * 1e3
}
