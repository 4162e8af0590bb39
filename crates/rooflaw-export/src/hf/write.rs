//! The directory's files, chunk by chunk: memory does not grow with the model.

use super::plan::{HfFile, HfPlan, HfTensor, element_bytes};
use crate::ExportError;
use crate::quantise::{BlockType, quantise};
use crate::random;
use crate::sink::{Progress, Sink};
use crate::tensors::Start;
use safetensors::Dtype;
use std::io::Write;

/// Elements drawn at a time.
const CHUNK: usize = 1 << 18;

impl HfPlan {
    /// Writes one of the plan's [files](HfPlan::files), with weights as `transformers` initialises them: normal with the
    /// configuration's `initializer_range`, norms one, biases zero. `progress` is told of bytes as they are written,
    /// and can stop the writing.
    ///
    /// # Errors
    /// A disk that is full, and being stopped. What was written by then is of no use.
    pub fn write(
        &self,
        file: &HfFile,
        out: &mut impl Write,
        seed: u64,
        progress: Progress<'_>,
    ) -> Result<(), ExportError> {
        let mut sink = Sink::new(out, progress);
        sink.put(&file.start)?;
        for index in file.tensors.clone() {
            if let Some(tensor) = self.tensors.get(index) {
                self.put(tensor, seed, index, &mut sink)?;
            }
        }
        sink.finish()
    }

    fn put(
        &self,
        tensor: &HfTensor,
        seed: u64,
        index: usize,
        sink: &mut Sink<'_, impl Write>,
    ) -> Result<(), ExportError> {
        let mut generator = random::generator(seed, index);
        let start = match tensor.spec.part.start() {
            Start::One => 1.0,
            Start::Zero | Start::Random => 0.0,
        };
        let mut values = vec![start; CHUNK.min(tensor.elements as usize)];
        let mut bytes = Vec::with_capacity(values.len() * element_bytes(tensor.dtype) as usize);
        let mut left = tensor.elements;
        while left > 0 {
            values.truncate(left.min(CHUNK as u64) as usize);
            if tensor.spec.part.start() == Start::Random {
                random::fill_normal(&mut generator, self.deviation, &mut values);
            }
            bytes.clear();
            match tensor.dtype {
                // Deviates are finite, so that this cannot fail.
                Dtype::F32 => quantise(BlockType::F32, &values, &mut bytes).unwrap_or_default(),
                _ => random::append_bf16(&values, &mut bytes),
            }
            sink.put(&bytes)?;
            left -= values.len() as u64;
        }
        Ok(())
    }
}
