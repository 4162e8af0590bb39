//! The number formats of GGUF tensors, and real values in them, as llama.cpp's reference quantisers make them.
//!
//! Layouts: `ggml-common.h`; values: `quantize_row_*_ref` in `ggml-quants.c` (ggml-org/llama.cpp, MIT).

mod blocks;
mod q6_k;

use half::f16;
use half::slice::HalfFloatSliceExt as _;

/// How a tensor's elements are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlockType {
    /// 32-bit floats.
    F32,
    /// 16-bit floats.
    F16,
    /// 32 signed bytes and a 16-bit scale.
    Q8_0,
    /// 32 four-bit numbers and a 16-bit scale.
    Q4_0,
    /// 256 six-bit numbers, 16 scales of 8 bits and one of 16.
    Q6K,
}

/// A value that a format cannot hold: not finite, or too large for a 16-bit scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unrepresentable(
    /// The first such value.
    pub f32,
);

impl BlockType {
    /// Every type.
    pub const ALL: [BlockType; 5] = [
        BlockType::F32,
        BlockType::F16,
        BlockType::Q8_0,
        BlockType::Q4_0,
        BlockType::Q6K,
    ];

    /// Its number in files, `ggml_type` in `ggml.h`.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            BlockType::F32 => 0,
            BlockType::F16 => 1,
            BlockType::Q4_0 => 2,
            BlockType::Q8_0 => 8,
            BlockType::Q6K => 14,
        }
    }

    /// Elements of a block.
    #[must_use]
    pub const fn block_elements(self) -> usize {
        match self {
            BlockType::F32 | BlockType::F16 => 1,
            BlockType::Q8_0 | BlockType::Q4_0 => 32,
            BlockType::Q6K => 256,
        }
    }

    /// Bytes of a block.
    #[must_use]
    pub const fn block_bytes(self) -> usize {
        match self {
            BlockType::F32 => 4,
            BlockType::F16 => 2,
            BlockType::Q8_0 => 34,
            BlockType::Q4_0 => 18,
            BlockType::Q6K => 210,
        }
    }

    /// Bytes of so many elements, a whole number of blocks.
    #[must_use]
    pub const fn bytes(self, elements: u64) -> u64 {
        elements / self.block_elements() as u64 * self.block_bytes() as u64
    }

    /// The type of so many bits per weight, if there is one.
    #[must_use]
    pub fn of_bits(bits_per_weight: f64) -> Option<BlockType> {
        BlockType::ALL.into_iter().find(|kind| {
            let bits = 8.0 * kind.block_bytes() as f64 / kind.block_elements() as f64;
            bits.total_cmp(&bits_per_weight).is_eq()
        })
    }
}

/// Appends values, a whole number of blocks, to `bytes`.
///
/// # Errors
/// The first value that is not finite, or that makes a 16-bit number or scale overflow; `bytes` is then of no use.
pub fn quantise(kind: BlockType, values: &[f32], bytes: &mut Vec<u8>) -> Result<(), Unrepresentable> {
    if let Some(&value) = values.iter().find(|value| !value.is_finite()) {
        return Err(Unrepresentable(value));
    }
    match kind {
        BlockType::F32 => append_f32(values, bytes),
        BlockType::F16 => append_f16(values, bytes)?,
        BlockType::Q8_0 => {
            for block in values.as_chunks().0 {
                blocks::append_q8_0(block, bytes)?;
            }
        }
        BlockType::Q4_0 => {
            for block in values.as_chunks().0 {
                blocks::append_q4_0(block, bytes)?;
            }
        }
        BlockType::Q6K => {
            for block in values.as_chunks().0 {
                q6_k::append(block, bytes)?;
            }
        }
    }
    Ok(())
}

/// Room for so many bytes more.
pub(crate) fn room(bytes: &mut Vec<u8>, more: usize) -> &mut [u8] {
    let start = bytes.len();
    bytes.resize(start + more, 0);
    &mut bytes[start..]
}

/// Appends values as they are.
pub(crate) fn append_f32(values: &[f32], bytes: &mut Vec<u8>) {
    let room = room(bytes, 4 * values.len()).as_chunks_mut().0;
    for (bytes, value) in room.iter_mut().zip(values) {
        *bytes = value.to_le_bytes();
    }
}

fn append_f16(values: &[f32], bytes: &mut Vec<u8>) -> Result<(), Unrepresentable> {
    let room = room(bytes, 2 * values.len());
    let mut halves = [f16::ZERO; 256];
    for (values, bytes) in values.chunks(256).zip(room.chunks_mut(512)) {
        let halves = &mut halves[..values.len()];
        halves.convert_from_f32_slice(values);
        if let Some(at) = halves.iter().position(|half| !half.is_finite()) {
            return Err(Unrepresentable(values[at]));
        }
        for (bytes, half) in bytes.as_chunks_mut().0.iter_mut().zip(halves) {
            *bytes = half.to_le_bytes();
        }
    }
    Ok(())
}

/// A block's scale in 16 bits; `value` is the one it follows from.
fn scale(d: f32, value: f32) -> Result<f16, Unrepresentable> {
    let scale = f16::from_f32(d);
    if scale.is_finite() {
        Ok(scale)
    } else {
        Err(Unrepresentable(value))
    }
}

/// The first value of the largest magnitude, with its sign; 0 where all are 0.
fn largest(values: &[f32]) -> f32 {
    // Magnitudes of finite numbers order as their bits do; integers compile to vectors.
    let magnitude = |value: f32| value.to_bits() & 0x7fff_ffff;
    let most = values.iter().fold(0, |most, &value| magnitude(value).max(most));
    // Not −0, which would change the sign of a scale.
    let first = values.iter().find(|&&value| most > 0 && magnitude(value) == most);
    first.copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
