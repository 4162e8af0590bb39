//! A GGUF file's bytes, chunk by chunk: memory does not grow with the model.

use super::header::ALIGNMENT;
use super::plan::{GgufPlan, GgufTensor};
use crate::given::Turn;
use crate::quantise::{Unrepresentable, quantise};
use crate::random;
use crate::sink::{Progress, Sink};
use crate::tensors::{Part, Start};
use crate::{ExportError, Weights};
use rooflaw::architecture::KvProjection;
use std::io::Write;

/// Elements converted at a time: a multiple of every block.
const CHUNK: usize = 1 << 18;

impl GgufPlan {
    /// Writes the file: exactly [`GgufPlan::file_bytes`]. `progress` is told of bytes as they are written, and can
    /// stop the writing.
    ///
    /// # Errors
    /// A disk that is full, given weights of another architecture, or with values that the format cannot hold, or
    /// that cannot be read; and being stopped. What was written by then is of no use.
    pub fn write(
        &self,
        out: &mut impl Write,
        weights: &mut Weights<'_>,
        progress: Progress<'_>,
    ) -> Result<(), ExportError> {
        weights.check(&self.architecture)?;
        if let Weights::Given(given) = weights {
            self.target().refuse_other_routing(given.model())?;
        }
        let mut sink = Sink::new(out, progress);
        sink.put(&self.header)?;
        for (index, tensor) in self.tensors().iter().enumerate() {
            match weights {
                Weights::Random { seed } => put_random(tensor, *seed, index, &mut sink)?,
                Weights::Given(_) | Weights::Flat(_) => self.put_given(tensor, weights, &mut sink)?,
            }
            let padding = tensor.bytes.next_multiple_of(ALIGNMENT) - tensor.bytes;
            sink.put(&[0; ALIGNMENT as usize][..padding as usize])?;
        }
        sink.finish()
    }

    fn put_given(
        &self,
        tensor: &GgufTensor,
        weights: &mut Weights<'_>,
        sink: &mut Sink<'_, impl Write>,
    ) -> Result<(), ExportError> {
        let turn = self.turn(tensor);
        // Whole heads, where rows change places within each.
        let chunk = turn.map_or(CHUNK, |turn| turn.elements());
        let matrix = (tensor.spec.shape.elements() / u64::from(tensor.spec.shape.experts())) as usize;
        let (mut values, mut bytes) = (Vec::new(), Vec::new());
        for expert in 0..tensor.spec.shape.experts() {
            for start in (0..matrix).step_by(chunk) {
                values.resize(chunk.min(matrix - start), 0.0);
                weights.read(&tensor.spec, expert, start as u64, &mut values)?;
                if let Some(turn) = turn {
                    values = turn.apply(&values);
                }
                bytes.clear();
                quantise(tensor.kind, &values, &mut bytes)
                    .map_err(|Unrepresentable(value)| weights.unfit(&tensor.spec, expert, value))?;
                sink.put(&bytes)?;
            }
        }
        Ok(())
    }

    /// How rows of queries and keys change places: llama.cpp's `llama` turns neighbouring elements by the rotary
    /// embedding, `transformers` elements half a head apart (`LlamaModel.permute` in `convert_hf_to_gguf.py`).
    fn turn(&self, tensor: &GgufTensor) -> Option<Turn> {
        let is_turned = matches!(
            tensor.spec.part,
            Part::Query | Part::Key | Part::QueryBias | Part::KeyBias
        );
        let KvProjection::Grouped { head_dim, .. } = self.architecture.attention.kv else {
            return None;
        };
        let columns = match tensor.spec.part {
            Part::QueryBias | Part::KeyBias => 1,
            _ => tensor.spec.shape.columns(),
        };
        (is_turned && self.target().turns_neighbours()).then(|| Turn::new(head_dim, columns))
    }
}

fn put_random(
    tensor: &GgufTensor,
    seed: u64,
    index: usize,
    sink: &mut Sink<'_, impl Write>,
) -> Result<(), ExportError> {
    let chunk = CHUNK / tensor.kind.block_elements() * tensor.kind.block_bytes();
    let mut generator = random::generator(seed, index);
    let mut bytes = vec![0; chunk.min(tensor.bytes as usize)];
    // Norms and biases are never quantised.
    match tensor.spec.part.start() {
        Start::Random | Start::Zero => {}
        Start::One => {
            for value in bytes.as_chunks_mut().0 {
                *value = 1.0_f32.to_le_bytes();
            }
        }
    }
    let mut left = tensor.bytes;
    while left > 0 {
        bytes.truncate(left.min(chunk as u64) as usize);
        if tensor.spec.part.start() == Start::Random {
            random::fill_blocks(tensor.kind, &mut generator, &mut bytes);
        }
        sink.put(&bytes)?;
        left -= bytes.len() as u64;
    }
    Ok(())
}
