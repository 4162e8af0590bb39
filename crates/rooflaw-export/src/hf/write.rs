//! The directory's files, chunk by chunk: memory does not grow with the model.

use super::plan::{HfFile, HfPlan, HfTensor, element_bytes};
use crate::quantise::append_f32;
use crate::random;
use crate::sink::{Progress, Sink};
use crate::tensors::Start;
use crate::{ExportError, StagedFolder, Weights};
use safetensors::Dtype;
use std::io::Write;

/// Elements drawn at a time.
const CHUNK: usize = 1 << 18;

impl HfPlan {
    /// Writes all [files](HfPlan::files) of the plan, as [`HfPlan::write`] does.
    ///
    /// # Errors
    /// Those of [`HfPlan::write`].
    pub fn write_all(
        &self,
        folder: &StagedFolder,
        weights: &mut Weights<'_>,
        progress: Progress<'_>,
    ) -> Result<(), ExportError> {
        for file in self.files() {
            let mut out = folder.create(&file.name)?;
            self.write(file, &mut out, weights, progress)?;
        }
        Ok(())
    }

    /// Writes one of the plan's [files](HfPlan::files). Random weights are as `transformers` initialises them: normal with the
    /// configuration's `initializer_range`, norms one, biases zero. `progress` is told of bytes as they are written,
    /// and can stop the writing.
    ///
    /// # Errors
    /// A disk that is full, weights of another architecture or that cannot be read, and being stopped. What was
    /// written by then is of no use.
    pub fn write(
        &self,
        file: &HfFile,
        out: &mut impl Write,
        weights: &mut Weights<'_>,
        progress: Progress<'_>,
    ) -> Result<(), ExportError> {
        weights.check(&self.architecture)?;
        let mut sink = Sink::new(out, progress);
        sink.put(&file.start)?;
        for index in file.tensors.clone() {
            if let Some(tensor) = self.tensors.get(index) {
                self.put(tensor, weights, index, &mut sink)?;
            }
        }
        sink.finish()
    }

    fn put(
        &self,
        tensor: &HfTensor,
        weights: &mut Weights<'_>,
        index: usize,
        sink: &mut Sink<'_, impl Write>,
    ) -> Result<(), ExportError> {
        let mut draw = match weights {
            Weights::Random { seed } => Some(self.draw(tensor, *seed, index)),
            _ => None,
        };
        let mut values = vec![0.0; CHUNK.min(tensor.elements as usize)];
        let mut bytes = Vec::with_capacity(values.len() * element_bytes(tensor.dtype) as usize);
        let mut done = 0;
        while done < tensor.elements {
            values.truncate((tensor.elements - done).min(CHUNK as u64) as usize);
            match &mut draw {
                Some(draw) => draw(&mut values),
                None => weights.read(&tensor.spec, tensor.expert, done, &mut values)?,
            }
            bytes.clear();
            match tensor.dtype {
                Dtype::F32 => append_f32(&values, &mut bytes),
                _ => random::append_bf16(&values, &mut bytes),
            }
            sink.put(&bytes)?;
            done += values.len() as u64;
        }
        Ok(())
    }

    /// Fills values with a tensor's initial ones, going on where it stopped.
    fn draw(&self, tensor: &HfTensor, seed: u64, index: usize) -> impl FnMut(&mut [f32]) + use<> {
        let mut generator = random::generator(seed, index);
        let (start, deviation) = (tensor.spec.part.start(), self.deviation);
        move |values| match start {
            Start::One => values.fill(1.0),
            Start::Zero => values.fill(0.0),
            Start::Random => random::fill_normal(&mut generator, deviation, values),
        }
    }
}
