//! The CPU engine: f32, all cores, hand-written backward passes over GEMMs.
//!
//! Work is cut by constants, never by the number of threads, and sums have a fixed order: the same calls give the same bits
//! however many threads there are.

mod adamw;
mod buffer;
mod dense;
mod experts;
mod ffn;
mod gate;
mod grouped;
mod head;
mod heads;
mod interface;
mod latent;
mod layer;
mod low_rank;
mod norm;
mod parameters;
mod product;
mod rotary;
mod router;
mod shared_experts;
mod simd;
mod sorted;
mod workers;

use crate::engine::{Batch, EngineError, IGNORED, LoadBalancing, Losses, State};
use crate::layout::Layout;
use crate::model::{Model, Scoring};
use adamw::Treatment;
use buffer::Buffer;
use experts::Experts;
use head::{Backward, Head};
use layer::{Attention, Ffn, Layer};
use parameters::Tensors;
use product::Into;
use rotary::Rotary;
use std::sync::Arc;
use workers::Workers;

/// What this engine is called.
const NAME: &str = "CPU";

/// How large a batch an engine has room for, and how it computes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EngineOptions {
    /// Most sequences of a batch.
    pub sequences: usize,
    /// Most positions of a sequence.
    pub sequence_length: usize,
    /// Threads; as many as the machine runs at once if `None`. They do not change the result.
    pub threads: Option<usize>,
    /// How experts are kept busy alike.
    pub load_balancing: LoadBalancing,
}

/// What all layers use.
#[derive(Debug)]
struct Shared {
    workers: Arc<Workers>,
    rotary: Rotary,
    hidden_size: usize,
    /// Of the batch at hand.
    sequence_length: usize,
    epsilon: f32,
    // Room that a layer uses in passing.
    partials: Vec<f32>,
    stream: Vec<f32>,
    hidden: Vec<f32>,
    others: Vec<f32>,
    mixture: Vec<f32>,
}

/// Trains on this machine's cores, in f32.
#[derive(Debug)]
pub struct CpuEngine {
    model: Model,
    layout: Layout,
    options: EngineOptions,
    shared: Shared,
    weights: Tensors,
    gradients: Tensors,
    first: Tensors,
    second: Tensors,
    /// What AdamW does with each tensor.
    treatments: Vec<Treatment>,
    /// Whether gradients were cleared: the next ones replace what is there.
    is_fresh: bool,
    layers: Vec<Layer>,
    head: Head,
    /// The residual stream before each sub-layer, and after the last.
    stream: Vec<Buffer>,
    /// Its gradients after and before a sub-layer.
    d_stream: [Buffer; 2],
    nats: Vec<f32>,
}

impl CpuEngine {
    /// An engine with weights of 0.
    ///
    /// # Errors
    /// A model that is not valid or not computed here.
    pub fn new(model: Model, options: &EngineOptions) -> Result<CpuEngine, EngineError> {
        let layout = Layout::new(&model.architecture)?;
        let architecture = &model.architecture;
        check(&model, options)?;
        let d = architecture.hidden_size as usize;
        let rows = options.sequences * options.sequence_length;
        let rotary = Rotary::new(
            layer::rotary_width(architecture),
            options.sequence_length,
            model.details.rope_theta,
            model.details.rope_interleaved,
        );
        let mut layers = Vec::new();
        for (layer, &is_local) in (0..architecture.n_layers).zip(&model.details.is_local) {
            let parts = parameters::layer(&layout, layer)?;
            layers.push(Layer {
                attention: Attention::new(architecture, &parts, is_local, rows)?,
                ffn: Ffn::new(&model, &parts, rows)?,
            });
        }
        let zeros = || Tensors::new(&layout);
        Ok(CpuEngine {
            shared: Shared {
                workers: Arc::new(Workers::new(options.threads)?),
                rotary,
                hidden_size: d,
                sequence_length: options.sequence_length,
                epsilon: model.details.rms_norm_eps as f32,
                partials: Vec::new(),
                stream: Vec::new(),
                hidden: Vec::new(),
                others: Vec::new(),
                mixture: Vec::new(),
            },
            weights: zeros(),
            gradients: zeros(),
            first: zeros(),
            second: zeros(),
            treatments: layout
                .tensors()
                .iter()
                .map(|placed| Treatment::of(&placed.spec))
                .collect(),
            is_fresh: true,
            head: Head::new(parameters::ends(&layout)?, rows),
            stream: (0..=2 * layers.len()).map(|_| Buffer::new(rows, d)).collect(),
            d_stream: [Buffer::new(rows, d), Buffer::new(rows, d)],
            nats: vec![0.0; rows],
            layers,
            layout,
            options: *options,
            model,
        })
    }

    /// Threads that it uses.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.shared.workers.threads()
    }

    fn check_batch(&self, batch: &Batch<'_>) -> Result<(), EngineError> {
        let vocab = self.model.architecture.vocab_size;
        let positions = batch.sequence_length;
        let wrong = |what: String| Err(EngineError::Batch(what));
        if positions == 0 || positions > self.options.sequence_length {
            let most = self.options.sequence_length;
            return wrong(format!(
                "sequences of {positions} positions, at least 1 and at most {most} fit"
            ));
        }
        let n = batch.inputs.len();
        if n == 0 || !n.is_multiple_of(positions) || n / positions > self.options.sequences {
            let most = self.options.sequences;
            return wrong(format!("{n} tokens, 1 to {most} sequences of {positions} fit"));
        }
        if batch.targets.len() != n {
            return wrong(format!("{} targets of {n} tokens", batch.targets.len()));
        }
        let is_known = |&token: &u32| token < vocab;
        let stranger = batch.inputs.iter().find(|token| !is_known(token));
        let targets = batch.targets.iter().filter(|&&target| target != IGNORED);
        match stranger.or_else(|| targets.into_iter().find(|token| !is_known(token))) {
            None => Ok(()),
            Some(token) => wrong(format!("token {token}, the vocabulary has {vocab}")),
        }
    }

    /// The stream after the last layer is left in `stream`.
    fn forward(&mut self, batch: &Batch<'_>) {
        let d = self.shared.hidden_size;
        let rows = batch.inputs.len();
        self.shared.sequence_length = batch.sequence_length;
        if let Some(first) = self.stream.first_mut() {
            self.head
                .embed(&self.weights, batch.inputs, d, first.rows_mut(rows));
        }
        for (index, layer) in self.layers.iter_mut().enumerate() {
            if let Ok([x, y, z]) = self
                .stream
                .get_disjoint_mut([2 * index, 2 * index + 1, 2 * index + 2])
            {
                let (shared, weights) = (&mut self.shared, &self.weights);
                layer
                    .attention
                    .forward(shared, weights, x.rows(rows), y.rows_mut(rows));
                layer.ffn.forward(shared, weights, y.rows(rows), z.rows_mut(rows));
            }
        }
    }

    /// Runs something whose parallel parts use the engine's threads.
    fn on_workers<R: Send>(&mut self, work: impl FnOnce(&mut CpuEngine) -> R + Send) -> R {
        let workers = Arc::clone(&self.shared.workers);
        workers.run(|| work(self))
    }

    /// Gradients of all layers from that of the last one's output, which is in the first of `d_stream`.
    fn backward(&mut self, batch: &Batch<'_>, of_scores: Option<&[f32]>, into: Into) {
        let rows = batch.inputs.len();
        let [after, before] = &mut self.d_stream;
        for (index, layer) in self.layers.iter_mut().enumerate().rev() {
            let (shared, weights) = (&mut self.shared, &self.weights);
            let sides = (self.stream[2 * index + 1].rows(rows), after.rows(rows));
            let dx = before.rows_mut(rows);
            let to = (&mut self.gradients, into);
            layer.ffn.backward(shared, weights, sides, dx, of_scores, to);
            let sides = (self.stream[2 * index].rows(rows), before.rows(rows));
            let to = (&mut self.gradients, into);
            let dx = after.rows_mut(rows);
            layer.attention.backward(shared, weights, sides, dx, to);
        }
        let d = self.shared.hidden_size;
        self.head
            .embed_back(batch.inputs, d, after.rows(rows), (&mut self.gradients, into));
    }

    fn mixtures(&self) -> impl Iterator<Item = &Experts> {
        self.layers.iter().filter_map(|layer| layer.ffn.mixture())
    }

    /// The load-balancing loss of the last forward pass, and what it adds to the gradient of each expert's score when it is
    /// multiplied with `weight`.
    fn balance(&self, rows: usize, weight: f64) -> Option<(f64, Vec<f32>)> {
        let LoadBalancing::AuxiliaryLoss { coefficient } = self.options.load_balancing else {
            return None;
        };
        let n_experts = self.mixtures().next()?.router().n_experts;
        let (mut choices, mut scores) = (vec![0.0; n_experts], vec![0.0; n_experts]);
        for mixture in self.mixtures() {
            for (sum, count) in choices.iter_mut().zip(mixture.counts()) {
                *sum += count as f64;
            }
            mixture.add_scores(rows, &mut scores);
        }
        let tokens = (self.mixtures().count() * rows) as f64;
        let n = n_experts as f64;
        let loss = choices
            .iter()
            .zip(&scores)
            .map(|(f, p)| f / tokens * p / tokens)
            .sum::<f64>()
            * n;
        let slope = |choices: &f64| (weight * coefficient * n * choices / tokens / tokens) as f32;
        Some((loss, choices.iter().map(slope).collect()))
    }

    fn step(&mut self, batch: &Batch<'_>, n_targets_of_step: usize) -> Losses {
        let rows = batch.inputs.len();
        self.forward(batch);
        let n_targets = batch.targets.iter().filter(|&&target| target != IGNORED).count();
        let into = if self.is_fresh { Into::Fresh } else { Into::Sum };
        let scale = 1.0 / n_targets_of_step as f64;
        let balance = self.balance(rows, n_targets as f64 * scale);
        let x = self.stream.last().map_or(&[] as &[f32], |last| last.rows(rows));
        let backward = Backward {
            scale: scale as f32,
            dx: self.d_stream[0].rows_mut(rows),
            gradients: &mut self.gradients,
            into,
        };
        let nats = &mut self.nats[..rows];
        self.head.losses(
            &mut self.shared,
            &self.weights,
            (x, batch.targets),
            nats,
            Some(backward),
        );
        let total = nats.iter().map(|&nats| f64::from(nats)).sum();
        let of_scores = balance.as_ref().map(|(_, slopes)| slopes.as_slice());
        self.backward(batch, of_scores, into);
        self.is_fresh = false;
        for layer in &mut self.layers {
            if let Some(mixture) = layer.ffn.mixture_mut() {
                mixture.count_loads();
            }
        }
        Losses {
            total,
            n_targets,
            load_balancing: balance.as_ref().map_or(0.0, |(loss, _)| *loss),
        }
    }

    fn state(&self, state: State) -> &Tensors {
        match state {
            State::Weights => &self.weights,
            State::FirstMoments => &self.first,
            State::SecondMoments => &self.second,
            State::Gradients => &self.gradients,
        }
    }

    fn check_length(&self, length: usize) -> Result<(), EngineError> {
        let expected = self.layout.elements();
        if length == expected {
            return Ok(());
        }
        Err(EngineError::Batch(format!(
            "{length} values of {expected} parameters"
        )))
    }
}

fn unsupported(feature: impl std::convert::Into<String>) -> EngineError {
    EngineError::Unsupported {
        engine: NAME,
        feature: feature.into(),
    }
}

fn check(model: &Model, options: &EngineOptions) -> Result<(), EngineError> {
    let architecture = &model.architecture;
    if options.sequences == 0 || options.sequence_length == 0 {
        return Err(EngineError::Batch(
            "room for no sequence or no position".to_owned(),
        ));
    }
    if model.details.is_local.len() != architecture.n_layers as usize {
        let layers = model.details.is_local.len();
        return Err(EngineError::Batch(format!(
            "is_local has {layers} of {} layers",
            architecture.n_layers
        )));
    }
    let is_auxiliary = matches!(options.load_balancing, LoadBalancing::AuxiliaryLoss { .. });
    if is_auxiliary && architecture.ffn.moe.is_some() && model.details.routing.scoring == Scoring::Sigmoid {
        return Err(unsupported("an auxiliary loss on sigmoid scores"));
    }
    Ok(())
}
