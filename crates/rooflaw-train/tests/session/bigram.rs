//! A bigram model of embedding and LM head, trained by AdamW: an engine without layers.

use rooflaw::architecture::{Activation, Architecture, Attention, Ffn, KvProjection, QkNorm};
use rooflaw_export::Part;
use rooflaw_train::engine::{Batch, Engine, EngineError, IGNORED, Losses, State, Update};
use rooflaw_train::layout::Layout;
use rooflaw_train::model::{Details, Model};
use std::time::Duration;

/// Rows of the vocabulary.
pub const VOCABULARY: u32 = 24;

/// One layer, whose weights stay what they are but for decay.
pub fn architecture() -> Architecture {
    Architecture {
        n_layers: 1,
        hidden_size: 8,
        vocab_size: VOCABULARY,
        tie_embeddings: false,
        attention: Attention {
            n_heads: 2,
            kv: KvProjection::Grouped {
                n_kv_heads: 1,
                head_dim: 4,
            },
            qkv_bias: false,
            output_bias: false,
            qk_norm: QkNorm::PerHead,
            sinks: false,
            sliding_window: None,
        },
        ffn: Ffn {
            activation: Activation::SwiGlu,
            bias: false,
            intermediate_size: 16,
            moe: None,
        },
        norms_per_layer: 2,
    }
}

pub struct Bigram {
    model: Model,
    layout: Layout,
    capacity: (usize, usize),
    weights: Vec<f32>,
    gradients: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
    /// Time that a batch takes at least.
    pub pause: Duration,
    /// The update at which gradients become NaN.
    pub breaks_at: Option<u64>,
}

impl Bigram {
    pub fn new(sequences: usize, length: usize, seed: u64) -> Bigram {
        let architecture = architecture();
        let layout = Layout::new(&architecture).unwrap();
        let zeros = || vec![0.0; layout.elements()];
        let mut random = seed;
        let mut draw = || {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (random >> 40) as f32 / (1 << 24) as f32 - 0.5
        };
        Bigram {
            model: Model {
                architecture,
                details: Details::of(&architecture),
            },
            capacity: (sequences, length),
            weights: (0..layout.elements()).map(|_| draw()).collect(),
            gradients: zeros(),
            first: zeros(),
            second: zeros(),
            layout,
            pause: Duration::ZERO,
            breaks_at: None,
        }
    }

    fn place(&self, part: Part, row: u32) -> std::ops::Range<usize> {
        let width = architecture().hidden_size as usize;
        let start = self.layout.find(None, part).unwrap().range.start + row as usize * width;
        start..start + width
    }

    /// Probabilities of what follows a token.
    fn follow(&self, token: u32) -> Vec<f32> {
        let embedding = &self.weights[self.place(Part::Embedding, token)];
        let logit = |row| {
            let head = &self.weights[self.place(Part::Head, row)];
            embedding.iter().zip(head).map(|(a, b)| a * b).sum::<f32>()
        };
        let exponentials: Vec<f32> = (0..VOCABULARY).map(|row| logit(row).exp()).collect();
        let sum: f32 = exponentials.iter().sum();
        exponentials.into_iter().map(|value| value / sum).collect()
    }

    fn state(&mut self, state: State) -> &mut Vec<f32> {
        match state {
            State::Weights => &mut self.weights,
            State::FirstMoments => &mut self.first,
            State::SecondMoments => &mut self.second,
            State::Gradients => &mut self.gradients,
        }
    }
}

impl Engine for Bigram {
    fn model(&self) -> &Model {
        &self.model
    }

    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn capacity(&self) -> (usize, usize) {
        self.capacity
    }

    fn accumulate(&mut self, batch: &Batch<'_>, n_targets_of_step: usize) -> Result<Losses, EngineError> {
        std::thread::sleep(self.pause);
        assert!(batch.inputs.len() <= self.capacity.0 * self.capacity.1);
        let mut losses = Losses::default();
        for (&input, &target) in batch.inputs.iter().zip(batch.targets) {
            if target == IGNORED {
                continue;
            }
            let follow = self.follow(input);
            losses.total -= f64::from(follow[target as usize].ln());
            losses.n_targets += 1;
            let embedding = self.place(Part::Embedding, input);
            for row in 0..VOCABULARY {
                let error =
                    (follow[row as usize] - f32::from(u8::from(row == target))) / n_targets_of_step as f32;
                for (at, head) in embedding.clone().zip(self.place(Part::Head, row)) {
                    self.gradients[at] += error * self.weights[head];
                    self.gradients[head] += error * self.weights[at];
                }
            }
        }
        Ok(losses)
    }

    fn update(&mut self, update: &Update) -> Result<f64, EngineError> {
        if self.breaks_at == Some(update.step) {
            self.gradients[0] = f32::NAN;
        }
        let norm = self
            .gradients
            .iter()
            .map(|g| f64::from(*g).powi(2))
            .sum::<f64>()
            .sqrt();
        if !norm.is_finite() {
            return Err(EngineError::NotFinite {
                what: "the norm of the gradients",
                value: norm,
            });
        }
        let scale = update
            .max_gradient_norm
            .map_or(1.0, |most| (most / (norm + 1e-6)).min(1.0));
        let (beta1, beta2) = (update.beta1, update.beta2);
        let exponent = i32::try_from(update.step + 1).unwrap();
        let (corrected1, corrected2) = (1.0 - beta1.powi(exponent), 1.0 - beta2.powi(exponent));
        for index in 0..self.weights.len() {
            let gradient = f64::from(self.gradients[index]) * scale;
            let first = beta1 * f64::from(self.first[index]) + (1.0 - beta1) * gradient;
            let second = beta2 * f64::from(self.second[index]) + (1.0 - beta2) * gradient * gradient;
            (self.first[index], self.second[index]) = (first as f32, second as f32);
            let step = first / corrected1 / ((second / corrected2).sqrt() + update.epsilon);
            let weight = f64::from(self.weights[index]) * (1.0 - update.learning_rate * update.weight_decay);
            self.weights[index] = (weight - update.learning_rate * step) as f32;
            self.gradients[index] = 0.0;
        }
        Ok(norm)
    }

    fn score(&mut self, batch: &Batch<'_>, nats: &mut [f32]) -> Result<(), EngineError> {
        for ((&input, &target), nats) in batch.inputs.iter().zip(batch.targets).zip(nats) {
            *nats = match target {
                IGNORED => 0.0,
                target => -self.follow(input)[target as usize].ln(),
            };
        }
        Ok(())
    }

    fn logits(&mut self, batch: &Batch<'_>, logits: &mut [f32]) -> Result<(), EngineError> {
        for (&input, logits) in batch
            .inputs
            .iter()
            .zip(logits.chunks_exact_mut(VOCABULARY as usize))
        {
            logits.copy_from_slice(&self.follow(input));
        }
        Ok(())
    }

    fn read(&mut self, state: State, values: &mut [f32]) -> Result<(), EngineError> {
        values.copy_from_slice(self.state(state));
        Ok(())
    }

    fn write(&mut self, state: State, values: &[f32]) -> Result<(), EngineError> {
        self.state(state).copy_from_slice(values);
        Ok(())
    }
}
