//! Blocks of 32 with one scale.

use super::{Unrepresentable, largest, scale};

/// 1/d, or 0 where all values are.
fn inverse(d: f32) -> f32 {
    if d == 0.0 { 0.0 } else { 1.0 / d }
}

/// Signed bytes: the largest magnitude is 127.
pub(super) fn append_q8_0(values: &[f32; 32], bytes: &mut Vec<u8>) -> Result<(), Unrepresentable> {
    let largest = largest(values);
    let d = largest.abs() / 127.0;
    let inverse = inverse(d);
    bytes.extend(scale(d, largest)?.to_le_bytes());
    bytes.extend(values.map(|value| (value * inverse).round() as i8 as u8));
    Ok(())
}

/// Numbers from 0 to 15 that stand for −8 to 7: the largest magnitude is −8, with the sign in the scale.
pub(super) fn append_q4_0(values: &[f32; 32], bytes: &mut Vec<u8>) -> Result<(), Unrepresentable> {
    let largest = largest(values);
    let d = largest / -8.0;
    let inverse = inverse(d);
    bytes.extend(scale(d, largest)?.to_le_bytes());
    let number = |value: f32| ((value * inverse + 8.5) as u8).min(15);
    let (low, high) = values.split_at(16);
    bytes.extend(
        low.iter()
            .zip(high)
            .map(|(&low, &high)| number(low) | number(high) << 4),
    );
    Ok(())
}
