//! Random weights: blocks drawn as they are stored for GGUF, normal deviates for `transformers`.

use crate::quantise::{BlockType, room};
use half::{bf16, f16};
use rand::{Rng, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

/// The generator of one tensor: a stream of its own, so that no tensor depends on those before it.
pub(crate) fn generator(seed: u64, tensor: usize) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(tensor as u64);
    generator
}

/// Standard deviation of quantised weights; floats have 0.024.
const DEVIATION: f32 = 0.02;

// Uniform integers have a standard deviation of their range over √12. All scales are normal numbers: kernels are slow
// on subnormal ones.
const Q8_0_SCALE: [u8; 2] = f16::from_f32_const(DEVIATION / 73.9).to_le_bytes();
const Q4_0_SCALE: [u8; 2] = f16::from_f32_const(DEVIATION / 4.61).to_le_bytes();
const Q6_K_GROUP_SCALE: u8 = 16;
const Q6_K_SCALE: [u8; 2] = f16::from_f32_const(DEVIATION / 18.5 / 16.0).to_le_bytes();

/// Fills `bytes`, whole blocks, with finite weights about zero.
///
/// Floats are uniform in magnitude between 1/64 and 1/32, with either sign: only sign and mantissa are drawn.
pub(crate) fn fill_blocks(kind: BlockType, generator: &mut ChaCha8Rng, bytes: &mut [u8]) {
    generator.fill_bytes(bytes);
    match kind {
        BlockType::F32 => {
            for value in bytes.as_chunks_mut::<4>().0 {
                let bits = u32::from_le_bytes(*value) & 0x807f_ffff | 121 << 23;
                *value = bits.to_le_bytes();
            }
        }
        BlockType::F16 => {
            for value in bytes.as_chunks_mut::<2>().0 {
                let bits = u16::from_le_bytes(*value) & 0x83ff | 9 << 10;
                *value = bits.to_le_bytes();
            }
        }
        BlockType::Q8_0 => {
            for block in bytes.as_chunks_mut::<34>().0 {
                block[..2].copy_from_slice(&Q8_0_SCALE);
            }
        }
        BlockType::Q4_0 => {
            for block in bytes.as_chunks_mut::<18>().0 {
                block[..2].copy_from_slice(&Q4_0_SCALE);
            }
        }
        BlockType::Q6K => {
            for block in bytes.as_chunks_mut::<210>().0 {
                block[192..208].fill(Q6_K_GROUP_SCALE);
                block[208..].copy_from_slice(&Q6_K_SCALE);
            }
        }
    }
}

/// Fills `values` with normal deviates of mean 0.
pub(crate) fn fill_normal(generator: &mut ChaCha8Rng, deviation: f32, values: &mut [f32]) {
    for value in values {
        let normal: f32 = StandardNormal.sample(generator);
        *value = deviation * normal;
    }
}

/// Appends values in bfloat16.
pub(crate) fn append_bf16(values: &[f32], bytes: &mut Vec<u8>) {
    let room = room(bytes, 2 * values.len()).as_chunks_mut().0;
    for (bytes, &value) in room.iter_mut().zip(values) {
        *bytes = bf16::from_f32(value).to_le_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_normal_numbers() {
        for bytes in [Q8_0_SCALE, Q4_0_SCALE, Q6_K_SCALE] {
            assert!(f16::from_le_bytes(bytes).is_normal());
        }
    }

    #[test]
    fn floats_have_the_stated_magnitudes() {
        let mut bytes = vec![0; 4096];
        fill_blocks(BlockType::F16, &mut generator(1, 0), &mut bytes);
        let halves = bytes
            .as_chunks()
            .0
            .iter()
            .map(|&bytes| f16::from_le_bytes(bytes).to_f32());
        let (mut sum, mut n) = (0.0, 0.0);
        for value in halves {
            assert!((1.0 / 64.0..1.0 / 32.0).contains(&value.abs()), "{value}");
            (sum, n) = (sum + value, n + 1.0);
        }
        assert!((sum / n).abs() < 0.003);
        fill_blocks(BlockType::F32, &mut generator(1, 0), &mut bytes);
        for &bytes in bytes.as_chunks().0 {
            assert!((1.0 / 64.0..1.0 / 32.0).contains(&f32::from_le_bytes(bytes).abs()));
        }
    }

    #[test]
    fn tensors_differ_and_seeds_repeat() {
        let draw = |seed, tensor| {
            let mut bytes = vec![0; 340];
            fill_blocks(BlockType::Q8_0, &mut generator(seed, tensor), &mut bytes);
            bytes
        };
        assert_eq!(draw(1, 0), draw(1, 0));
        assert_ne!(draw(1, 0), draw(1, 1));
        assert_ne!(draw(1, 0), draw(2, 0));
    }
}
