//! AdamW with clipping, over all tensors.

use super::parameters::Tensors;
use super::simd::{sum_of, vectorised};
use crate::engine::Update;
use rayon::prelude::*;
use rooflaw_export::{Part, Shape, TensorSpec};

/// Elements of a task.
const CHUNK: usize = 1 << 15;

/// What a step does with a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Treatment {
    /// It learns, and decays.
    Matrix,
    /// It learns, and decays if vectors do: norms and biases.
    Vector,
    /// It follows loads, not gradients: a router's bias.
    Left,
}

impl Treatment {
    pub(super) fn of(spec: &TensorSpec) -> Treatment {
        match (spec.part, spec.shape) {
            (Part::RouterBias, _) => Treatment::Left,
            (_, Shape::Vector(_)) => Treatment::Vector,
            _ => Treatment::Matrix,
        }
    }
}

/// The norm of all gradients together.
pub(super) fn norm(gradients: &Tensors) -> f64 {
    let sums: Vec<f64> = gradients
        .0
        .par_iter()
        .flat_map_iter(|tensor| tensor.chunks(CHUNK))
        .map(|chunk| {
            vectorised(
                #[inline(always)]
                || {
                    // Rows short enough for f32 to add up well.
                    let rows = chunk.chunks(1024);
                    rows.map(|row| f64::from(sum_of(row.len(), |i| row[i] * row[i])))
                        .sum::<f64>()
                },
            )
        })
        .collect();
    sums.iter().sum::<f64>().sqrt()
}

/// What a step multiplies with, in f32 as PyTorch applies it.
#[derive(Clone, Copy, Debug)]
struct Factors {
    /// Of the gradient: clipping.
    clip: f32,
    beta1: f32,
    beta2: f32,
    /// Learning rate over the first moment's bias correction.
    rate: f32,
    /// Root of the second moment's bias correction, inverted.
    root: f32,
    epsilon: f32,
    /// What weights that decay are multiplied with.
    keep: f32,
}

/// Moves every weight.
pub(super) fn update(
    update: &Update,
    norm: f64,
    treatments: &[Treatment],
    weights: &mut Tensors,
    gradients: &Tensors,
    (first, second): (&mut Tensors, &mut Tensors),
) {
    // `torch.nn.utils.clip_grad_norm_`: the small number guards against a division by 0.
    let clip = update
        .max_gradient_norm
        .map_or(1.0, |most| (most / (norm + 1e-6)).min(1.0));
    let steps = (update.step + 1) as i32;
    let factors = Factors {
        clip: clip as f32,
        beta1: update.beta1 as f32,
        beta2: update.beta2 as f32,
        rate: (update.learning_rate / (1.0 - update.beta1.powi(steps))) as f32,
        root: (1.0 / (1.0 - update.beta2.powi(steps)).sqrt()) as f32,
        epsilon: update.epsilon as f32,
        keep: (1.0 - update.learning_rate * update.weight_decay) as f32,
    };
    let tensors = (weights.0.iter_mut().zip(&gradients.0)).zip(first.0.iter_mut().zip(&mut second.0));
    for (((weights, gradients), (first, second)), &treatment) in tensors.zip(treatments) {
        let decays = match treatment {
            Treatment::Left => continue,
            Treatment::Vector => update.decays_vectors,
            Treatment::Matrix => true,
        };
        let factors = Factors {
            keep: if decays { factors.keep } else { 1.0 },
            ..factors
        };
        (weights.par_chunks_mut(CHUNK).zip(gradients.par_chunks(CHUNK)))
            .zip(first.par_chunks_mut(CHUNK).zip(second.par_chunks_mut(CHUNK)))
            .for_each(|((weights, gradients), (first, second))| {
                vectorised(
                    #[inline(always)]
                    || step(&factors, weights, gradients, first, second),
                );
            });
    }
}

#[inline(always)]
fn step(factors: &Factors, weights: &mut [f32], gradients: &[f32], first: &mut [f32], second: &mut [f32]) {
    let f = *factors;
    let moments = first.iter_mut().zip(second);
    for ((weight, gradient), (first, second)) in weights.iter_mut().zip(gradients).zip(moments) {
        let gradient = gradient * f.clip;
        *first = f.beta1 * *first + (1.0 - f.beta1) * gradient;
        *second = f.beta2 * *second + (1.0 - f.beta2) * gradient * gradient;
        let denominator = second.sqrt() * f.root + f.epsilon;
        *weight = *weight * f.keep - f.rate * *first / denominator;
    }
}
