//! Blocks of 32 with one scale.

use super::{Unrepresentable, largest, room, scale};

/// 1/d, or 0 where all values are.
fn inverse(d: f32) -> f32 {
    if d == 0.0 { 0.0 } else { 1.0 / d }
}

/// To the nearest integer, halves away from zero as `roundf`: exact below 2^22, and without a call for each value, which
/// processors of the oldest x86-64 would need. The constant is the number before 1/2.
fn rounded(value: f32) -> i32 {
    (value + 0.499_999_97_f32.copysign(value)) as i32
}

/// Signed bytes: the largest magnitude is 127.
pub(super) fn append_q8_0(values: &[f32; 32], bytes: &mut Vec<u8>) -> Result<(), Unrepresentable> {
    let largest = largest(values);
    let d = largest.abs() / 127.0;
    let inverse = inverse(d);
    bytes.extend(scale(d, largest)?.to_le_bytes());
    for (byte, value) in room(bytes, 32).iter_mut().zip(values) {
        *byte = rounded(value * inverse) as u8;
    }
    Ok(())
}

/// Numbers from 0 to 15 that stand for −8 to 7: the largest magnitude is −8, with the sign in the scale.
pub(super) fn append_q4_0(values: &[f32; 32], bytes: &mut Vec<u8>) -> Result<(), Unrepresentable> {
    let largest = largest(values);
    let d = largest / -8.0;
    let inverse = inverse(d);
    bytes.extend(scale(d, largest)?.to_le_bytes());
    let number = |value: f32| ((value * inverse + 8.5) as i32).min(15) as u8;
    let (low, high) = values.split_at(16);
    for ((byte, &low), &high) in room(bytes, 16).iter_mut().zip(low).zip(high) {
        *byte = number(low) | number(high) << 4;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn halves_are_rounded_away_from_zero() {
        let mut value = -130.0_f32;
        while value < 130.0 {
            for value in [value, value.next_up(), value.next_down()] {
                assert_eq!(rounded(value), value.round() as i32, "{value}");
            }
            value += 0.25;
        }
    }
}
