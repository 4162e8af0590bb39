//! What weights are before training.

use crate::layout::Layout;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};
use rooflaw_export::Start;

/// Initial weights in the order of the layout: matrices normal about 0 with the given deviation, norms 1, biases 0, as
/// `transformers` has them. Each tensor has a stream of its own; equal seeds give equal weights on every machine.
#[must_use]
pub fn weights(layout: &Layout, seed: u64, deviation: f64) -> Vec<f32> {
    let mut weights = vec![0.0; layout.elements()];
    for (index, placed) in layout.tensors().iter().enumerate() {
        let tensor = &mut weights[placed.range.clone()];
        match placed.spec.part.start() {
            Start::Zero => {}
            Start::One => tensor.fill(1.0),
            Start::Random => {
                let mut generator = ChaCha8Rng::seed_from_u64(seed);
                generator.set_stream(index as u64);
                for weight in tensor {
                    let normal: f64 = StandardNormal.sample(&mut generator);
                    *weight = (deviation * normal) as f32;
                }
            }
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;
    use rooflaw::models;

    #[test]
    fn weights_have_the_deviation_and_the_seed_decides_them() {
        let model = models::find("smollm2-135m-instruct").unwrap();
        let mut architecture = model.architecture;
        (architecture.n_layers, architecture.vocab_size) = (1, 100);
        let layout = Layout::new(&architecture).unwrap();
        let drawn = weights(&layout, 1, 0.02);
        assert_eq!(drawn, weights(&layout, 1, 0.02));
        assert_ne!(drawn, weights(&layout, 2, 0.02));
        let table = &drawn[layout.tensors()[0].range.clone()];
        let n = table.len() as f64;
        let mean = table.iter().map(|&w| f64::from(w)).sum::<f64>() / n;
        let variance = table.iter().map(|&w| f64::from(w).powi(2)).sum::<f64>() / n;
        assert!(mean.abs() < 5.0 * 0.02 / n.sqrt());
        assert!((variance.sqrt() / 0.02 - 1.0).abs() < 5.0 / (2.0 * n).sqrt());
        let norm = layout.find(None, rooflaw_export::Part::FinalNorm).unwrap();
        assert!(drawn[norm.range.clone()].iter().all(|&weight| weight == 1.0));
    }
}
