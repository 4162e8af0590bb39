//! The variables of the continuous problem.

use crate::architecture::Architecture;
use crate::law::Features;
use serde::Serialize;

/// A variable of the continuous problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ShapeVariable {
    /// `l`.
    NLayers,
    /// `d`.
    HiddenSize,
    /// `r`, active FFN width over hidden size.
    FfnRatio,
    /// `ρ`, active over stored FFN width.
    ActivationRate,
    /// Query heads per key-value head.
    Gqa,
}

impl ShapeVariable {
    /// How many variables there are.
    pub const COUNT: usize = 5;

    /// Every variable, in the order of their values.
    pub const ALL: [ShapeVariable; ShapeVariable::COUNT] = [
        ShapeVariable::NLayers,
        ShapeVariable::HiddenSize,
        ShapeVariable::FfnRatio,
        ShapeVariable::ActivationRate,
        ShapeVariable::Gqa,
    ];

    /// The name used in tables and files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ShapeVariable::NLayers => "n_layers",
            ShapeVariable::HiddenSize => "hidden_size",
            ShapeVariable::FfnRatio => "ffn_ratio",
            ShapeVariable::ActivationRate => "activation_rate",
            ShapeVariable::Gqa => "gqa",
        }
    }
}

/// One number for each variable: an architecture whose counts need not be whole.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Shape {
    /// Layers, `l`.
    pub n_layers: f64,
    /// Hidden size, `d`.
    pub hidden_size: f64,
    /// Active FFN width over hidden size, `r`.
    pub ffn_ratio: f64,
    /// Active over stored FFN width, `ρ`.
    pub activation_rate: f64,
    /// Query heads per key-value head.
    pub gqa: f64,
}

impl Shape {
    /// The shape of an architecture; `None` for latent attention, and where heads are not as wide together as the model.
    #[must_use]
    pub fn of(architecture: &Architecture) -> Option<Shape> {
        let gqa = architecture.gqa()?;
        (architecture.query_width() == architecture.hidden_size).then(|| Shape {
            n_layers: f64::from(architecture.n_layers),
            hidden_size: f64::from(architecture.hidden_size),
            ffn_ratio: architecture.ffn_ratio(),
            activation_rate: architecture.activation_rate(),
            gqa,
        })
    }

    /// The values, in the order of [`ShapeVariable::ALL`].
    #[must_use]
    pub const fn values(&self) -> [f64; ShapeVariable::COUNT] {
        [
            self.n_layers,
            self.hidden_size,
            self.ffn_ratio,
            self.activation_rate,
            self.gqa,
        ]
    }

    /// The shape of these values.
    #[must_use]
    pub const fn from_values(values: [f64; ShapeVariable::COUNT]) -> Shape {
        let [n_layers, hidden_size, ffn_ratio, activation_rate, gqa] = values;
        Shape {
            n_layers,
            hidden_size,
            ffn_ratio,
            activation_rate,
            gqa,
        }
    }

    /// One value.
    #[must_use]
    pub const fn get(&self, variable: ShapeVariable) -> f64 {
        self.values()[variable as usize]
    }

    /// The same with one value set.
    #[must_use]
    pub const fn with(&self, variable: ShapeVariable, value: f64) -> Shape {
        let mut values = self.values();
        values[variable as usize] = value;
        Shape::from_values(values)
    }

    /// What laws see of it.
    #[must_use]
    pub fn features(&self) -> Features {
        Features::new(
            self.n_layers,
            self.hidden_size,
            self.ffn_ratio,
            self.activation_rate,
            self.hidden_size / self.gqa,
        )
    }
}
