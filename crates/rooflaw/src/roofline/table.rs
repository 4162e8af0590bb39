//! The operator table of one step, for people.

use super::{Binding, Cached, Roofline};
use crate::architecture::Architecture;
use crate::operators::{ComputeUnit, OperatorKind, Step, Steps, visit_steps};
use serde::Serialize;

/// One operator over all layers that have it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OperatorRow {
    /// What it is.
    pub kind: OperatorKind,
    /// How many layers have it.
    pub instances: u32,
    /// The unit that computes it.
    pub unit: ComputeUnit,
    /// Operations over all instances.
    pub flops: f64,
    /// Bytes of weights read over all instances.
    pub weight_bytes: f64,
    /// Bytes of activations moved over all instances.
    pub activation_bytes: f64,
    /// Bytes of KV cache moved over all instances.
    pub kv_bytes: f64,
    /// FLOP per byte.
    pub arithmetic_intensity: f64,
    /// Time of the arithmetic, seconds.
    pub compute_s: f64,
    /// Time of the traffic, seconds.
    pub memory_s: f64,
    /// Time of the launches, seconds.
    pub launch_s: f64,
    /// What bounds it.
    pub binding: Binding,
    /// Time over all instances, seconds.
    pub time_s: f64,
}

/// A step operator by operator.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepTable {
    /// The operators in the order of execution.
    pub rows: Vec<OperatorRow>,
    /// Time beside the operators, less what the last-level cache saves, seconds; 0 without a calibration.
    pub step_s: f64,
}

impl StepTable {
    /// Time of the step, seconds.
    #[must_use]
    pub fn total_s(&self) -> f64 {
        self.step_s + self.sum(|row| row.time_s)
    }

    /// Sum of a column.
    #[must_use]
    pub fn sum(&self, column: impl Fn(&OperatorRow) -> f64) -> f64 {
        self.rows.iter().map(column).sum()
    }

    /// The step's time if compute and memory overlapped perfectly and nothing were launched: the hand bound
    /// `max(Σ compute, Σ weights and KV cache over the bandwidth)`, seconds.
    #[must_use]
    pub fn hand_bound_s(&self, bandwidth_bytes_per_s: f64) -> f64 {
        let compute = self.sum(|row| row.compute_s);
        let traffic = self.sum(|row| row.weight_bytes + row.kv_bytes) / bandwidth_bytes_per_s;
        compute.max(traffic)
    }
}

impl Roofline {
    /// Every operator of a step with its costs and its time.
    #[must_use]
    pub fn table(&self, architecture: &Architecture, step: &Step) -> StepTable {
        let mut rows = Vec::new();
        let steps = Steps::one(step, self.assumptions());
        let rates = self.rates(&steps);
        let mut cached = Cached::default();
        visit_steps(
            architecture,
            &steps,
            &self.format_costs,
            self.assumptions(),
            |operator| {
                rates.tally(&mut cached, operator);
                let time = rates.times(operator).first();
                let operator = operator.first();
                let instances = operator.instances;
                rows.push(OperatorRow {
                    kind: operator.kind,
                    instances: instances as u32,
                    unit: operator.unit,
                    flops: operator.flops * instances,
                    weight_bytes: operator.weight_bytes * instances,
                    activation_bytes: operator.activation_bytes * instances,
                    kv_bytes: operator.kv_bytes * instances,
                    arithmetic_intensity: operator.arithmetic_intensity(),
                    compute_s: time.compute_s * instances,
                    memory_s: time.memory_s * instances,
                    launch_s: time.launch_s * instances,
                    binding: time.binding(),
                    time_s: time.total_s() * instances,
                });
            },
        );
        StepTable {
            rows,
            step_s: (rates.steps_s() - rates.saved_s(&cached)).first(),
        }
    }
}
