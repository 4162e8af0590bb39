//! Where the weights that are written come from.

use crate::tensors::{Part, TensorSpec, tensors};
use crate::{ExportError, GivenWeights};
use rooflaw::architecture::Architecture;
use std::collections::HashMap;

/// Where weights come from.
#[derive(Debug)]
pub enum Weights<'a> {
    /// Random ones: matrices about zero, norms one, biases zero.
    Random {
        /// Equal seeds give equal files.
        seed: u64,
    },
    /// Those of a trained model, in files.
    Given(&'a mut GivenWeights),
    /// Those of a trained model, in memory.
    Flat(FlatWeights<'a>),
}

/// Weights in memory: the tensors of an architecture in the order of [`tensors`], row-major, without gaps.
#[derive(Clone, Debug)]
pub struct FlatWeights<'a> {
    architecture: Architecture,
    values: &'a [f32],
    starts: HashMap<(Option<u32>, Part), usize>,
}

impl<'a> FlatWeights<'a> {
    /// All of an architecture's weights.
    ///
    /// # Errors
    /// An architecture without a list of tensors, and other than as many values as it has parameters.
    pub fn new(architecture: &Architecture, values: &'a [f32]) -> Result<FlatWeights<'a>, ExportError> {
        let mut elements = 0;
        let mut starts = HashMap::new();
        for spec in tensors(architecture)? {
            starts.insert((spec.layer, spec.part), elements);
            elements += spec.shape.elements() as usize;
        }
        if values.len() != elements {
            return Err(ExportError::Values {
                found: values.len(),
                expected: elements,
            });
        }
        Ok(FlatWeights {
            architecture: *architecture,
            values,
            starts,
        })
    }

    /// The elements of a tensor, or of one expert's share, from `start` on.
    fn part(&self, spec: &TensorSpec, expert: u32, start: u64, n: usize) -> Option<&'a [f32]> {
        let share = spec.shape.elements() / u64::from(spec.shape.experts());
        let begin = self.starts.get(&(spec.layer, spec.part))? + (u64::from(expert) * share + start) as usize;
        self.values.get(begin..begin + n)
    }
}

impl Weights<'_> {
    /// Refuses weights of another architecture.
    pub(crate) fn check(&self, architecture: &Architecture) -> Result<(), ExportError> {
        match self {
            Weights::Given(given) if given.architecture() != architecture => {
                let cause = "another architecture than the one to export: expected the same config.json";
                Err(ExportError::file(given.folder(), cause))
            }
            Weights::Flat(flat) if flat.architecture != *architecture => Err(ExportError::inexpressible(
                "these weights",
                "they are of another architecture",
            )),
            _ => Ok(()),
        }
    }

    /// Reads elements of a tensor, or of one expert's share, from `start` on. Random ones are not read but drawn, which
    /// depends on what is written.
    pub(crate) fn read(
        &mut self,
        spec: &TensorSpec,
        expert: u32,
        start: u64,
        values: &mut [f32],
    ) -> Result<(), ExportError> {
        match self {
            Weights::Random { .. } => {}
            Weights::Given(given) => given.read(spec, expert, start, values)?,
            Weights::Flat(flat) => {
                // What `tensors` lists is there.
                if let Some(part) = flat.part(spec, expert, start, values.len()) {
                    values.copy_from_slice(part);
                }
            }
        }
        Ok(())
    }

    /// The error of a value that the target cannot hold.
    pub(crate) fn unfit(&self, spec: &TensorSpec, expert: u32, value: f32) -> ExportError {
        match self {
            Weights::Given(given) => given.unfit(spec, expert, value),
            _ => ExportError::inexpressible(
                format!("{value} in {:?}", spec.part),
                "16-bit floats hold finite values up to 65504",
            ),
        }
    }
}
