//! Super-blocks of 256 in 16 groups, as `quantize_row_q6_K_ref`: what llama.cpp gives the LM head of Q4_0 files.

use super::{Unrepresentable, largest, scale};

/// Magnitudes below this are taken for zero: `GROUP_MAX_EPS`.
const NOTHING: f32 = 1e-15;

const GROUPS: usize = 16;
const GROUP: usize = 16;

/// Appends one super-block: low four bits, high two bits, groups' scales, scale.
pub(super) fn append(values: &[f32; 256], bytes: &mut Vec<u8>) -> Result<(), Unrepresentable> {
    let mut numbers = [0_u8; 256];
    let mut scales = [0.0_f32; GROUPS];
    let groups = values.as_chunks::<GROUP>().0;
    for ((group, numbers), scale) in groups.iter().zip(numbers.as_chunks_mut().0).zip(&mut scales) {
        *scale = group_scale(group, numbers);
    }
    let largest_scale = largest(&scales);
    if largest_scale.abs() < NOTHING {
        bytes.extend([0; 210]);
        return Ok(());
    }
    let inverse = -128.0 / largest_scale;
    let d = scale(1.0 / inverse, largest(values))?;
    let scales = scales.map(|scale| nearest(inverse * scale).min(127) as i8);
    for ((group, numbers), &scale) in groups.iter().zip(numbers.as_chunks_mut::<GROUP>().0).zip(&scales) {
        let d = d.to_f32() * f32::from(scale);
        if d == 0.0 {
            continue;
        }
        for (value, number) in group.iter().zip(numbers) {
            *number = (nearest(value / d).clamp(-32, 31) + 32) as u8;
        }
    }
    for half in numbers.as_chunks::<128>().0 {
        for (low, high) in [(0, 64), (32, 96)] {
            bytes.extend((0..32).map(|i| (half[low + i] & 15) | (half[high + i] & 15) << 4));
        }
    }
    for half in numbers.as_chunks::<128>().0 {
        let high = |i: usize| half[i] >> 4;
        bytes.extend((0..32).map(|i| high(i) | high(i + 32) << 2 | high(i + 64) << 4 | high(i + 96) << 6));
    }
    bytes.extend(scales.map(|scale| scale as u8));
    bytes.extend(d.to_le_bytes());
    Ok(())
}

fn nearest(value: f32) -> i32 {
    value.round_ties_even() as i32
}

/// The scale with the least squared error, weighted by the values' squares, of 19 near the obvious one; and the
/// group's numbers under it, as `make_qx_quants` with `rmse_type` 1.
fn group_scale(values: &[f32; GROUP], numbers: &mut [u8; GROUP]) -> f32 {
    let largest = largest(values);
    if largest.abs() < NOTHING {
        return 0.0;
    }
    let number = |inverse: f32, value: f32| nearest(inverse * value).clamp(-32, 31);
    let sums = |inverse: f32| {
        let (mut products, mut squares) = (0.0_f32, 0.0_f32);
        for &value in values {
            let number = number(inverse, value) as f32;
            let weight = value * value;
            products += weight * value * number;
            squares += weight * number * number;
        }
        (products, squares)
    };
    let assign = |inverse: f32| values.map(|value| (number(inverse, value) + 32) as u8);
    let inverse = -32.0 / largest;
    let (products, squares) = sums(inverse);
    *numbers = assign(inverse);
    let mut scale = if squares == 0.0 { 0.0 } else { products / squares };
    let mut best = scale * products;
    for step in (-9_i8..=9).filter(|&step| step != 0) {
        let inverse = -(32.0 + 0.1 * f32::from(step)) / largest;
        let (products, squares) = sums(inverse);
        if squares > 0.0 && products * products > best * squares {
            *numbers = assign(inverse);
            scale = products / squares;
            best = scale * products;
        }
    }
    scale
}
