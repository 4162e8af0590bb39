//! Measurements beside what the catalogue knows of their device and model.

use super::coefficients::Reference;
use super::groups::Runtime;
use super::work::Work;
use crate::architecture::Architecture;
use crate::device::{Device, Phase};
use crate::format::Formats;
use crate::measurements::Measurement;
use crate::operators::{Assumptions, ComputeUnit, Step, visit_operators};

/// A measurement with its device and its model.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a> {
    /// What was measured.
    pub measurement: &'a Measurement,
    /// The device.
    pub device: &'a Device,
    /// The model.
    pub architecture: Architecture,
}

/// A stated size that differs from the format's by a larger share, and by more bytes, than metadata.
const METADATA: (f64, f64) = (0.01, 10e6);

impl Observation<'_> {
    /// The formats it ran in.
    pub(super) fn formats(&self) -> Formats {
        Formats {
            kv: self.measurement.kv,
            ..Formats::of_weights(self.measurement.weights)
        }
    }

    /// The step that was timed; of a generation, the one in the middle.
    pub(super) fn step(&self) -> Step {
        let measurement = self.measurement;
        let (batch, past) = (
            f64::from(measurement.batch),
            f64::from(measurement.context_tokens),
        );
        let tokens = f64::from(measurement.tokens);
        match measurement.phase {
            Phase::Prefill => Step { batch, tokens, past },
            Phase::Decode => Step {
                batch,
                tokens: 1.0,
                past: past + tokens / 2.0,
            },
        }
    }

    /// The work that was timed.
    pub(super) fn work(&self) -> Work {
        let formats = self.formats();
        let runtime = Runtime::of(self.measurement);
        let (step, assumptions) = (self.step(), runtime.assumptions());
        let work = Work::new(
            &self.architecture,
            &step,
            &formats,
            &assumptions,
            Reference::new(self.device, &formats),
            runtime.tokens_per_pass(),
        );
        match self.measurement.model_bytes {
            Some(stated) => {
                let (experts, others) = self.scales(stated as f64, &formats);
                work.scaled(experts, others)
            }
            None => work,
        }
    }

    /// What the weights take over what the format gives, experts and others apart: sources mix formats that ours only
    /// come near to. Where a format is about the experts (MXFP4), the difference lies with the others.
    fn scales(&self, stated: f64, formats: &Formats) -> (f64, f64) {
        let (mut experts, mut others) = (0.0, 0.0);
        visit_operators(
            &self.architecture,
            &self.step(),
            formats,
            &Assumptions::default(),
            |operator| {
                let bytes = operator.instances * operator.stored_bytes;
                if operator.unit == ComputeUnit::Expert {
                    experts += bytes;
                } else {
                    others += bytes;
                }
            },
        );
        let more = stated - (experts + others);
        if more.abs() < METADATA.0 * stated || (0.0..METADATA.1).contains(&more) {
            (1.0, 1.0)
        } else if formats.weights == crate::format::WeightFormat::Mxfp4 {
            (1.0, ((stated - experts) / others).clamp(0.25, 2.0))
        } else {
            let all = (stated / (experts + others)).clamp(0.25, 4.0);
            (all, all)
        }
    }
}
