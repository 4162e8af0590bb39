//! The step: clipping and AdamW.

use super::memory::{Memory, SQUARE_SUMS};
use crate::array::Array;
use crate::device::{Argument, Device, Grid, MAX_THREADS, elements};
use crate::kernels::Kernel;
use rooflaw_export::{Part, Shape};
use rooflaw_train::engine::{EngineError, Update};
use rooflaw_train::layout::Layout;
use std::cmp::Ordering;
use std::ops::Range;

/// Added to the norm of the gradients before it divides the largest one allowed, as PyTorch's `clip_grad_norm_` does.
const CLIPPING_EPSILON: f64 = 1e-6;

/// Clips, updates, clears the gradients; their norm before.
pub(super) fn update<D: Device>(
    device: &mut D,
    memory: &Memory,
    layout: &Layout,
    update: &Update,
) -> Result<f64, EngineError> {
    let norm = gradient_norm(device, memory)?;
    if !norm.is_finite() {
        let what = "the norm of the gradients";
        return Err(EngineError::NotFinite { what, value: norm });
    }
    let clipped = update
        .max_gradient_norm
        .map_or(1.0, |max| max / (norm + CLIPPING_EPSILON));
    let step = (update.step + 1) as f64;
    let correction1 = 1.0 - update.beta1.powf(step);
    let correction2 = (1.0 - update.beta2.powf(step)).sqrt();
    for (range, decays) in ranges(layout, update.decays_vectors) {
        let decay = if decays { update.weight_decay } else { 0.0 };
        let number = |value: f64| Argument::F32(value as f32);
        let state = &memory.state;
        let arguments = [
            state.weights.part(&range).into(),
            state.copies.part(&range).into(),
            state.first_moments.part(&range).into(),
            state.second_moments.part(&range).into(),
            state.gradients.part(&range).into(),
            Argument::Size(range.len()),
            number(1.0 - update.learning_rate * decay),
            number(update.learning_rate / correction1),
            number(correction2),
            number(update.beta1),
            number(update.beta2),
            number(update.epsilon),
            number(clipped.min(1.0)),
        ];
        device.launch(Kernel::Adamw, elements(range.len()), &arguments)?;
    }
    Ok(norm)
}

/// Moves a router's bias against the loads since the last update (DeepSeek-V3, arXiv 2408.15664 algorithm 1).
pub(super) fn move_bias<D: Device>(
    device: &mut D,
    bias: Option<Array>,
    loads: &[usize],
    rate: f32,
) -> Result<(), EngineError> {
    let Some(array) = bias.filter(|bias| bias.elements == loads.len()) else {
        return Ok(());
    };
    let mut bias = vec![0.0_f32; loads.len()];
    device.read(array, bytemuck::cast_slice_mut(&mut bias))?;
    let all: usize = loads.iter().sum();
    for (bias, load) in bias.iter_mut().zip(loads) {
        match (load * loads.len()).cmp(&all) {
            Ordering::Less => *bias += rate,
            Ordering::Equal => {}
            Ordering::Greater => *bias -= rate,
        }
    }
    device.write(array, bytemuck::cast_slice(&bias))
}

/// The weights as products take them, made anew.
pub(super) fn copy_weights<D: Device>(device: &mut D, memory: &Memory) -> Result<(), EngineError> {
    let (from, to) = (memory.state.weights, memory.state.copies);
    let arguments = [to.into(), from.into(), Argument::Size(from.elements)];
    device.launch(Kernel::ToOperand, elements(from.elements), &arguments)
}

fn gradient_norm<D: Device>(device: &mut D, memory: &Memory) -> Result<f64, EngineError> {
    let (gradients, sums) = (memory.state.gradients, memory.scratch.square_sums);
    let grid = Grid {
        blocks: (SQUARE_SUMS, 1),
        threads: MAX_THREADS,
    };
    let arguments = [sums.into(), gradients.into(), Argument::Size(gradients.elements)];
    device.launch(Kernel::SquareSums, grid, &arguments)?;
    let mut squares = vec![0.0_f64; SQUARE_SUMS];
    device.read(sums, bytemuck::cast_slice_mut(&mut squares))?;
    Ok(squares.into_iter().sum::<f64>().sqrt())
}

/// The longest ranges whose elements all decay, or all do not; a router's bias follows loads, not gradients, and is in none.
fn ranges(layout: &Layout, decays_vectors: bool) -> Vec<(Range<usize>, bool)> {
    let mut ranges: Vec<(Range<usize>, bool)> = Vec::new();
    for tensor in layout.tensors() {
        if tensor.spec.part == Part::RouterBias {
            continue;
        }
        let decays = decays_vectors || !matches!(tensor.spec.shape, Shape::Vector(_));
        match ranges.last_mut() {
            Some((range, as_before)) if *as_before == decays && range.end == tensor.range.start => {
                range.end = tensor.range.end
            }
            _ => ranges.push((tensor.range.clone(), decays)),
        }
    }
    ranges
}
