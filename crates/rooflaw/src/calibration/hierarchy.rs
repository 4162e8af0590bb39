//! Which coefficients differ between which groups of measurements, and by how much.
//!
//! The standard deviations are those with which measurements of a model, and of a device, that were left out are
//! predicted best (`studies/latency-validation`).

use super::coefficients::{Coefficient, Logs};
use super::groups::Scope;
use crate::device::Phase;
use Coefficient::{
    Attention, Bandwidth, Cache, Cached, Compute, Experts, Head, Launch, MoeLayer, Step, Unpacking,
};

/// What an effect is multiplied with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Covariate {
    /// Nothing.
    One,
    /// ln of twice the fp32 over the fp16 rate: 0 where matrix units double the rate.
    VectorShare,
    /// ln of the ridge point over 100 FLOP/byte.
    Ridge,
}

/// An effect on one coefficient that every group of a scope has its own value of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Level {
    pub(super) coefficient: Coefficient,
    pub(super) scope: Scope,
    /// Standard deviation of the values, in logarithms.
    pub(super) deviation: f64,
    pub(super) covariate: Covariate,
}

impl Level {
    /// Its name in files.
    pub(super) fn name(&self) -> String {
        let (coefficient, scope) = (self.coefficient.name(), self.scope.name());
        match self.covariate {
            Covariate::One => format!("{coefficient} by {scope}"),
            Covariate::VectorShare => format!("{coefficient} × vector share by {scope}"),
            Covariate::Ridge => format!("{coefficient} × ridge by {scope}"),
        }
    }
}

const fn level(coefficient: Coefficient, scope: Scope, deviation: f64) -> Level {
    Level {
        coefficient,
        scope,
        deviation,
        covariate: Covariate::One,
    }
}

const fn slope(coefficient: Coefficient, covariate: Covariate, deviation: f64) -> Level {
    Level {
        coefficient,
        scope: Scope::Runtime,
        deviation,
        covariate,
    }
}

/// A hierarchy: where every coefficient starts, what is added to it, and how heavy the tails are.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hierarchy {
    /// Logarithms before any effect.
    pub(super) start: Logs,
    pub(super) levels: Vec<Level>,
    /// Degrees of freedom of Student's t of the effects.
    pub(super) effect_tails: f64,
    /// Degrees of freedom of Student's t of the measurements.
    pub(super) error_tails: f64,
    /// Correlation of measurements that differ in their lengths only.
    pub(super) series_correlation: f64,
}

impl Hierarchy {
    /// The hierarchy of a phase.
    pub(super) fn of(phase: Phase) -> Hierarchy {
        match phase {
            Phase::Decode => decode(),
            Phase::Prefill => prefill(),
        }
    }
}

/// Logarithms of numbers by coefficient.
fn logs(values: [(Coefficient, f64); Coefficient::COUNT]) -> Logs {
    let mut logs = [0.0; Coefficient::COUNT];
    for (coefficient, value) in values {
        logs[coefficient as usize] = value.ln();
    }
    logs
}

fn decode() -> Hierarchy {
    Hierarchy {
        start: logs([
            (Bandwidth, 1.2),
            (Head, 1.0),
            (Experts, 1.1),
            (Cache, 1.35),
            (Cached, 0.3),
            (Compute, 2.0),
            (Attention, 1.35),
            // One token has no weights to unpack beside those it is multiplied with.
            (Unpacking, 0.0),
            (Launch, 3.0),
            (MoeLayer, 20.0),
            (Step, 100.0),
        ]),
        levels: vec![
            level(Bandwidth, Scope::All, 0.3),
            level(Bandwidth, Scope::Class, 0.05),
            level(Bandwidth, Scope::Runtime, 0.1),
            level(Bandwidth, Scope::RuntimeBits, 0.1),
            level(Bandwidth, Scope::ClassRuntime, 0.05),
            level(Bandwidth, Scope::Device, 0.08),
            level(Bandwidth, Scope::DeviceRuntime, 0.01),
            level(Bandwidth, Scope::DeviceFormat, 0.05),
            level(Launch, Scope::All, 1.0),
            level(Launch, Scope::Class, 0.7),
            level(Launch, Scope::Program, 0.7),
            level(Launch, Scope::ClassRuntime, 0.3),
            level(Launch, Scope::RuntimeFormat, 0.3),
            level(Launch, Scope::Device, 0.7),
            level(Launch, Scope::DeviceRuntime, 0.4),
            level(Launch, Scope::DeviceBuild, 0.03),
            level(Cache, Scope::All, 0.25),
            level(Cache, Scope::Runtime, 0.3),
            level(Cache, Scope::DeviceBuildFormat, 0.3),
            level(Cached, Scope::DeviceRuntime, 0.5),
            level(Experts, Scope::All, 0.5),
            level(Experts, Scope::Runtime, 0.2),
            level(Experts, Scope::DeviceRuntime, 0.2),
            level(MoeLayer, Scope::All, 1.0),
            level(MoeLayer, Scope::ClassRuntime, 0.3),
            level(MoeLayer, Scope::DeviceRuntime, 0.9),
            level(Step, Scope::All, 1.5),
            level(Step, Scope::Runtime, 0.5),
            level(Step, Scope::DeviceRuntime, 0.5),
            level(Head, Scope::RuntimeFormat, 0.1),
        ],
        effect_tails: 1.6,
        error_tails: 3.2,
        series_correlation: 0.7,
    }
}

fn prefill() -> Hierarchy {
    Hierarchy {
        start: logs([
            (Bandwidth, 1.5),
            (Head, 1.0),
            (Experts, 1.35),
            (Cache, 1.35),
            // Prompts are bound by arithmetic.
            (Cached, 0.0),
            (Compute, 1.5),
            (Attention, 1.65),
            (Unpacking, 60.0),
            (Launch, 5.0),
            (MoeLayer, 30.0),
            (Step, 500.0),
        ]),
        levels: vec![
            level(Compute, Scope::All, 2.8),
            slope(Compute, Covariate::VectorShare, 0.2),
            slope(Compute, Covariate::Ridge, 0.354),
            level(Compute, Scope::Class, 0.1),
            level(Compute, Scope::Runtime, 0.3),
            level(Compute, Scope::RuntimeBits, 0.813),
            level(Compute, Scope::Era, 0.2),
            level(Compute, Scope::ClassRuntime, 0.5),
            level(Compute, Scope::Device, 0.25),
            level(Compute, Scope::DeviceRuntime, 0.119),
            level(Compute, Scope::DeviceEra, 0.1),
            level(Compute, Scope::DeviceBuild, 0.2),
            level(Compute, Scope::DeviceFormat, 0.1),
            level(Unpacking, Scope::All, 0.174),
            level(Unpacking, Scope::Program, 0.1),
            level(Unpacking, Scope::Device, 0.3),
            level(Attention, Scope::All, 0.7),
            level(Attention, Scope::Runtime, 0.3),
            level(Attention, Scope::DeviceBuildFormat, 0.3),
            level(Cache, Scope::All, 0.5),
            level(Cache, Scope::Runtime, 0.3),
            level(Experts, Scope::All, 0.3),
            level(Experts, Scope::RuntimeBits, 0.1),
            level(Experts, Scope::DeviceRuntime, 0.3),
            level(Bandwidth, Scope::All, 0.3),
            level(Bandwidth, Scope::Runtime, 0.2),
            level(Launch, Scope::All, 1.0),
            level(Launch, Scope::Class, 0.3),
            level(Launch, Scope::Program, 0.5),
            level(Launch, Scope::DeviceRuntime, 0.3),
            level(Step, Scope::All, 3.0),
            level(Step, Scope::Program, 0.5),
            level(MoeLayer, Scope::All, 1.0),
            level(MoeLayer, Scope::Runtime, 0.3),
        ],
        effect_tails: 1.5,
        error_tails: 3.2,
        series_correlation: 0.7,
    }
}

impl Hierarchy {
    /// Whether some effects are slopes.
    pub(super) fn has_slopes(&self) -> bool {
        self.levels.iter().any(|level| level.covariate != Covariate::One)
    }
}
