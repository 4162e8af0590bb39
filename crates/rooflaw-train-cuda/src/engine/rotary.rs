//! The angles of the rotary embedding (RoFormer, arXiv 2104.09864 §3.2.2).

/// Cosines and sines of every position's angles: positions × head_dim / 2.
pub(super) fn angles(positions: usize, head_dim: usize, theta: f64) -> (Vec<f32>, Vec<f32>) {
    let angles = (0..positions).flat_map(|position| {
        (0..head_dim / 2).map(move |pair| position as f64 * theta.powf(-2.0 * pair as f64 / head_dim as f64))
    });
    angles
        .map(|angle| (angle.cos() as f32, angle.sin() as f32))
        .unzip()
}
