//! Super-blocks of 256 in 16 groups, as `quantize_row_q6_K_ref`: what llama.cpp gives the LM head of Q4_0 files.

use super::{Unrepresentable, largest, scale};

/// Magnitudes below this are taken for zero: `GROUP_MAX_EPS`.
const NOTHING: f32 = 1e-15;

const GROUPS: usize = 16;
const GROUP: usize = 16;

/// Appends one super-block: low four bits, high two bits, groups' scales, scale.
pub(super) fn append(values: &[f32; 256], bytes: &mut Vec<u8>) -> Result<(), Unrepresentable> {
    let mut numbers = [0_u8; 256];
    let scales = group_scales(values, &mut numbers);
    let groups = values.as_chunks::<GROUP>().0;
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

/// To the nearest integer, halves to even, of magnitudes below 2^22: adding 3·2^22 leaves it in the low bits, without a
/// call for each value.
fn nearest(value: f32) -> i32 {
    let bits = (value.clamp(-4e6, 4e6) + ROUNDING).to_bits();
    (bits & 0x007f_ffff) as i32 - 0x0040_0000
}

/// One number for each group.
type Lanes = [f32; GROUPS];

/// What, added and subtracted, leaves a small number rounded as [`nearest`] does.
const ROUNDING: f32 = 12_582_912.0;

fn number(inverse: f32, value: f32) -> f32 {
    ((inverse * value + ROUNDING) - ROUNDING).clamp(-32.0, 31.0)
}

/// Of each group the scale with the least squared error, weighted by the values' squares, of 19 near the obvious one;
/// and the group's numbers under it, as `make_qx_quants` with `rmse_type` 1.
///
/// Each group's sums have the reference's order, and so its last bits; groups go side by side, which compiles to vectors.
fn group_scales(values: &[f32; 256], numbers: &mut [u8; 256]) -> Lanes {
    let groups = values.as_chunks::<GROUP>().0;
    let mut across = [[0.0_f32; GROUPS]; GROUP];
    let mut largest_of = [0.0_f32; GROUPS];
    for ((lane, group), most) in groups.iter().enumerate().zip(&mut largest_of) {
        *most = largest(group);
        for (values, &value) in across.iter_mut().zip(group) {
            values[lane] = value;
        }
    }
    // 0 for a group of nothing: all its numbers are 0 then.
    let inverses = |nmax: f32| largest_of.map(|most| if most.abs() < NOTHING { 0.0 } else { -nmax / most });
    let mut chosen = inverses(32.0);
    let (products, squares) = sums(&across, &chosen);
    let mut scales = [0.0_f32; GROUPS];
    let mut best = [0.0_f32; GROUPS];
    for lane in 0..GROUPS {
        if squares[lane] != 0.0 {
            scales[lane] = products[lane] / squares[lane];
        }
        best[lane] = scales[lane] * products[lane];
    }
    for step in (-9_i8..=9).filter(|&step| step != 0) {
        let tried = inverses(32.0 + 0.1 * f32::from(step));
        let (products, squares) = sums(&across, &tried);
        for lane in 0..GROUPS {
            let (product, square) = (products[lane], squares[lane]);
            if square > 0.0 && product * product > best[lane] * square {
                chosen[lane] = tried[lane];
                scales[lane] = product / square;
                best[lane] = scales[lane] * product;
            }
        }
    }
    for ((group, numbers), &inverse) in groups.iter().zip(numbers.as_chunks_mut::<GROUP>().0).zip(&chosen) {
        if inverse != 0.0 {
            *numbers = group.map(|value| (number(inverse, value) + 32.0) as u8);
        }
    }
    scales
}

/// Sums over each group, weighted by the values' squares: of value times number, and of number squared.
fn sums(across: &[Lanes; GROUP], inverses: &Lanes) -> (Lanes, Lanes) {
    let (mut products, mut squares) = ([0.0_f32; GROUPS], [0.0_f32; GROUPS]);
    for values in across {
        for lane in 0..GROUPS {
            let value = values[lane];
            let number = number(inverses[lane], value);
            let weight = value * value;
            products[lane] += weight * value * number;
            squares[lane] += weight * number * number;
        }
    }
    (products, squares)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn halves_are_rounded_to_even() {
        for (value, expected) in [
            (0.5, 0),
            (1.5, 2),
            (2.500_001, 3),
            (-0.5, 0),
            (-1.5, -2),
            (-31.7, -32),
        ] {
            assert_eq!(nearest(value), expected, "{value}");
        }
        assert_eq!(nearest(1e30), 4_000_000);
    }
}
