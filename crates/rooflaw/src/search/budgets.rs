//! What a candidate may take, and the application targets of the paper.

use crate::roofline::Evaluation;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// The latency that is minimised together with the loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Objective {
    /// TTFT.
    Prefill,
    /// TPOT, the mean over the generated tokens.
    Decode,
    /// Prefill and generation.
    Total,
}

impl Objective {
    /// Every objective.
    pub const ALL: [Objective; 3] = [Objective::Prefill, Objective::Decode, Objective::Total];

    /// The latency of an evaluation, seconds.
    #[must_use]
    #[inline]
    pub const fn latency_s(self, evaluation: &Evaluation) -> f64 {
        match self {
            Objective::Prefill => evaluation.ttft_s,
            Objective::Decode => evaluation.tpot_s,
            Objective::Total => evaluation.total_s,
        }
    }

    /// The name used on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Objective::Prefill => "prefill",
            Objective::Decode => "decode",
            Objective::Total => "total",
        }
    }

    /// The latency's name.
    #[must_use]
    pub const fn latency_name(self) -> &'static str {
        match self {
            Objective::Prefill => "TTFT",
            Objective::Decode => "TPOT",
            Objective::Total => "total latency",
        }
    }
}

/// One number for each quantity that can be budgeted; `None` is unlimited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Budgets {
    /// Time to first token, seconds.
    pub ttft_s: Option<f64>,
    /// Time per output token, seconds.
    pub tpot_s: Option<f64>,
    /// Prefill and generation, seconds.
    pub total_s: Option<f64>,
    /// Weights, KV cache and activations, bytes.
    pub memory_bytes: Option<f64>,
    /// All parameters.
    pub total_parameters: Option<f64>,
    /// Parameters one token uses.
    pub active_parameters: Option<f64>,
}

impl Budgets {
    /// Names and values, in the order of the fields.
    #[must_use]
    pub const fn entries(&self) -> [(&'static str, Option<f64>); 6] {
        [
            ("TTFT", self.ttft_s),
            ("TPOT", self.tpot_s),
            ("total latency", self.total_s),
            ("memory", self.memory_bytes),
            ("total parameters", self.total_parameters),
            ("active parameters", self.active_parameters),
        ]
    }

    /// The budget on an objective's latency, seconds.
    #[must_use]
    pub const fn latency(&self, objective: Objective) -> Option<f64> {
        match objective {
            Objective::Prefill => self.ttft_s,
            Objective::Decode => self.tpot_s,
            Objective::Total => self.total_s,
        }
    }

    /// The budget on an objective's latency, to be set.
    pub const fn latency_mut(&mut self, objective: Objective) -> &mut Option<f64> {
        match objective {
            Objective::Prefill => &mut self.ttft_s,
            Objective::Decode => &mut self.tpot_s,
            Objective::Total => &mut self.total_s,
        }
    }

    /// These budgets without the one on an objective's latency.
    #[must_use]
    pub const fn without(mut self, objective: Objective) -> Budgets {
        *self.latency_mut(objective) = None;
        self
    }

    /// The quantities of an evaluation, in the order of the fields.
    #[inline]
    #[must_use]
    pub fn quantities(evaluation: &Evaluation) -> [f64; 6] {
        [
            evaluation.ttft_s,
            evaluation.tpot_s,
            evaluation.total_s,
            evaluation.memory.total_bytes(),
            evaluation.parameters.total as f64,
            evaluation.parameters.active as f64,
        ]
    }

    /// The smallest quantities that were seen, in the order of the fields; infinite where none was.
    pub(crate) fn of_quantities(least: &[f64; 6]) -> Budgets {
        let [
            ttft_s,
            tpot_s,
            total_s,
            memory_bytes,
            total_parameters,
            active_parameters,
        ] = least.map(|value| Some(value).filter(|value| value.is_finite()));
        Budgets {
            ttft_s,
            tpot_s,
            total_s,
            memory_bytes,
            total_parameters,
            active_parameters,
        }
    }

    /// Whether an evaluation is within every budget.
    #[must_use]
    pub fn admit(&self, evaluation: &Evaluation) -> bool {
        let limits = self.entries();
        Budgets::quantities(evaluation)
            .iter()
            .zip(limits)
            .all(|(&value, (_, limit))| limit.is_none_or(|l| value <= l))
    }
}

/// The application targets of arXiv 2602.10377.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Application {
    /// Less than 20 ms for each decoded token.
    EmbodiedAi,
    /// Less than 100 ms in total.
    Driving,
    /// Less than 500 ms in total.
    SmartHome,
    /// Less than 2 s in total.
    PrivateServing,
}

impl Application {
    /// Every application.
    pub const ALL: [Application; 4] = [
        Application::EmbodiedAi,
        Application::Driving,
        Application::SmartHome,
        Application::PrivateServing,
    ];

    /// The name used on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Application::EmbodiedAi => "embodied-ai",
            Application::Driving => "driving",
            Application::SmartHome => "smart-home",
            Application::PrivateServing => "private-serving",
        }
    }

    /// The latency it constrains, and the limit, seconds.
    #[must_use]
    pub const fn target(self) -> (Objective, f64) {
        match self {
            Application::EmbodiedAi => (Objective::Decode, 0.020),
            Application::Driving => (Objective::Total, 0.100),
            Application::SmartHome => (Objective::Total, 0.500),
            Application::PrivateServing => (Objective::Total, 2.0),
        }
    }
}

impl FromStr for Application {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Application::ALL
            .into_iter()
            .find(|application| application.name() == name)
            .ok_or_else(|| {
                format!(
                    "unknown application `{name}`: expected {}",
                    Application::ALL.map(Application::name).join(", ")
                )
            })
    }
}
