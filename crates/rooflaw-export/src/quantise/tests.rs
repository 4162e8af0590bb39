use super::*;

fn quantised(kind: BlockType, values: &[f32]) -> Vec<u8> {
    let mut bytes = Vec::new();
    quantise(kind, values, &mut bytes).unwrap();
    bytes
}

#[test]
fn sizes_are_the_layouts() {
    let values = vec![0.25; 512];
    for kind in BlockType::ALL {
        assert_eq!(quantised(kind, &values).len() as u64, kind.bytes(512), "{kind:?}");
    }
    assert_eq!(BlockType::of_bits(6.5625), Some(BlockType::Q6K));
    assert_eq!(BlockType::of_bits(5.5), None);
}

#[test]
fn q8_0_rounds_half_away_from_zero() {
    let mut values = [0.0; 32];
    (values[0], values[1], values[2]) = (127.0, 0.5, -0.5);
    let bytes = quantised(BlockType::Q8_0, &values);
    assert_eq!(bytes[..2], f16::ONE.to_le_bytes());
    assert_eq!(bytes[2..5], [127, 1, 255]);
}

#[test]
fn q4_0_gives_the_largest_its_sign() {
    let mut values = [0.0; 32];
    (values[0], values[1], values[16]) = (8.0, -7.0, 4.0);
    let bytes = quantised(BlockType::Q4_0, &values);
    assert_eq!(bytes[..2], f16::NEG_ONE.to_le_bytes());
    // 8 is −8 times −1, so 0; 4 is −4, so 4, in the upper half of the byte.
    assert_eq!(bytes[2], 4 << 4);
    // −7 is 7, so 15; 0 is 8.
    assert_eq!(bytes[3], 15 | 8 << 4);
}

#[test]
fn q6_k_is_near() {
    let values: Vec<f32> = (0..256)
        .map(|i| ((i * 37 % 256) as f32 - 127.0) / 100.0)
        .collect();
    let bytes = quantised(BlockType::Q6K, &values);
    let d = f16::from_le_bytes([bytes[208], bytes[209]]).to_f32();
    for (i, &value) in values.iter().enumerate() {
        let (half, within) = (i / 128, i % 128);
        let (quarter, i) = (within / 32, within % 32);
        let low = bytes[64 * half + 32 * (quarter % 2) + i] >> (4 * (quarter / 2)) & 15;
        let high = bytes[128 + 32 * half + i] >> (2 * quarter) & 3;
        let scale = f32::from(bytes[192 + 8 * half + 2 * quarter + i / 16] as i8);
        let number = f32::from(low | high << 4) - 32.0;
        assert!((d * scale * number - value).abs() < 0.03, "{value}");
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let mut values = [1.0_f32; 256];
    values[3] = 1e6;
    let mut bytes = Vec::new();
    assert_eq!(
        quantise(BlockType::F16, &values, &mut bytes),
        Err(Unrepresentable(1e6))
    );
    assert_eq!(quantise(BlockType::F32, &values, &mut bytes), Ok(()));
    values[3] = 1e9;
    for kind in [BlockType::Q8_0, BlockType::Q4_0, BlockType::Q6K] {
        assert_eq!(
            quantise(kind, &values, &mut bytes),
            Err(Unrepresentable(1e9)),
            "{kind:?}"
        );
    }
    values[3] = f32::NAN;
    assert!(quantise(BlockType::F32, &values, &mut bytes).is_err());
}
