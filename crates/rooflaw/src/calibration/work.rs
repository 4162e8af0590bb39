//! The work of one step, apart from what it costs: its time under any coefficients, and how that depends on each.

use super::coefficients::{Coefficient, Logs, MOST_CACHED, Reference, factors, has_weights};
use crate::architecture::Architecture;
use crate::format::Formats;
use crate::operators::{Assumptions, ComputeUnit, OperatorKind, Step, visit_operators};
use crate::roofline::cache_hits;

/// One kind of operator of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Part {
    unit: ComputeUnit,
    instances: f64,
    flops: f64,
    weight_bytes: f64,
    /// Activations and KV cache.
    other_bytes: f64,
}

/// A step of an architecture on a device, prepared for timing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Work {
    parts: Vec<Part>,
    n_moe_layers: f64,
    /// Bytes of weights that come back from step to step.
    resident_bytes: f64,
    reference: Reference,
    passes: f64,
}

/// A time and what it depends on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Timing {
    /// Seconds.
    pub(crate) seconds: f64,
    /// Derivatives of its logarithm by the logarithms of the coefficients.
    pub(crate) gradient: Logs,
}

impl Work {
    pub(crate) fn new(
        architecture: &Architecture,
        step: &Step,
        formats: &Formats,
        assumptions: &Assumptions,
        reference: Reference,
        tokens_per_pass: Option<u32>,
    ) -> Work {
        let mut parts = Vec::new();
        let (mut n_moe_layers, mut resident_bytes) = (0.0, 0.0);
        visit_operators(architecture, step, formats, assumptions, |operator| {
            if operator.kind == OperatorKind::Router {
                n_moe_layers = operator.instances;
            }
            if operator.kind != OperatorKind::Embedding {
                // A tied head is stored with the embedding, and read here.
                resident_bytes += operator.instances * operator.stored_bytes.max(operator.weight_bytes);
            }
            parts.push(Part {
                unit: operator.unit,
                instances: operator.instances,
                flops: operator.flops,
                weight_bytes: operator.weight_bytes,
                other_bytes: operator.activation_bytes + operator.kv_bytes,
            });
        });
        let passes = tokens_per_pass.map_or(1.0, |tokens| {
            (step.total_tokens() / f64::from(tokens)).ceil().max(1.0)
        });
        Work {
            parts,
            n_moe_layers,
            resident_bytes,
            reference,
            passes,
        }
    }

    /// The same with weights that take other bytes: experts and all else by a factor each.
    pub(crate) fn scaled(mut self, experts: f64, others: f64) -> Work {
        for part in &mut self.parts {
            part.weight_bytes *= if part.unit == ComputeUnit::Expert {
                experts
            } else {
                others
            };
        }
        self
    }

    /// The time under coefficients.
    pub(crate) fn timing(&self, logs: &Logs) -> Timing {
        use Coefficient as Of;
        let values = logs.map(f64::exp);
        let factors = factors(&values);
        let flop = values[Of::Compute as usize] / self.reference.flops_per_s;
        let byte = values[Of::Bandwidth as usize] / self.reference.bytes_per_s;
        let saved = if self.reference.cache_bytes > 0.0 {
            values[Of::Cached as usize].min(MOST_CACHED)
                * cache_hits(self.resident_bytes, self.reference.cache_bytes)
        } else {
            0.0
        };
        let mut sum = Sum::default();
        let mut instances = 0.0;
        for part in &self.parts {
            let unit = part.unit as usize;
            let (compute, traffic) = factors[unit];
            let multiplied = part.flops * compute * flop;
            let unpacked = if has_weights(unit) {
                2.0 * values[Of::Unpacking as usize] * part.weight_bytes * self.passes * compute * flop
                    / self.reference.bytes_per_weight[unit]
            } else {
                0.0
            };
            let moved = (part.weight_bytes * self.passes + part.other_bytes) * traffic * byte;
            let read = part.weight_bytes * self.passes * traffic * byte;
            if part.unit != ComputeUnit::Vector {
                sum.save(part.instances * read * saved, part.unit);
            }
            instances += part.instances;
            if multiplied + unpacked > moved {
                let time = part.instances * (multiplied + unpacked);
                sum.add(time, Of::Compute);
                match part.unit {
                    ComputeUnit::Attention => sum.depends(time, Of::Attention),
                    ComputeUnit::Expert => sum.depends(time, Of::Experts),
                    _ => {}
                }
                sum.depends(part.instances * unpacked, Of::Unpacking);
            } else {
                let time = part.instances * moved;
                sum.add(time, Of::Bandwidth);
                match part.unit {
                    ComputeUnit::Head => sum.depends(time, Of::Head),
                    ComputeUnit::Attention => sum.depends(time, Of::Cache),
                    ComputeUnit::Expert => sum.depends(time, Of::Experts),
                    _ => {}
                }
            }
        }
        let micro = 1e-6 * self.passes;
        sum.add(instances * values[Of::Launch as usize] * micro, Of::Launch);
        sum.add(
            self.n_moe_layers * values[Of::MoeLayer as usize] * micro,
            Of::MoeLayer,
        );
        sum.add(values[Of::Step as usize] * 1e-6, Of::Step);
        Timing {
            seconds: sum.seconds,
            gradient: sum.parts.map(|part| part / sum.seconds),
        }
    }
}

/// A time in the making, and how much of it each coefficient scales.
#[derive(Default)]
struct Sum {
    seconds: f64,
    parts: Logs,
}

impl Sum {
    fn add(&mut self, seconds: f64, scaled_by: Coefficient) {
        self.seconds += seconds;
        self.depends(seconds, scaled_by);
    }

    /// Takes away what the cache saves of a unit's reads.
    fn save(&mut self, seconds: f64, unit: ComputeUnit) {
        self.add(-seconds, Coefficient::Bandwidth);
        self.depends(-seconds, Coefficient::Cached);
        match unit {
            ComputeUnit::Head => self.depends(-seconds, Coefficient::Head),
            ComputeUnit::Expert => self.depends(-seconds, Coefficient::Experts),
            _ => {}
        }
    }

    fn depends(&mut self, seconds: f64, scaled_by: Coefficient) {
        self.parts[scaled_by as usize] += seconds;
    }
}
