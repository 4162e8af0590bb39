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
mod norm;
mod parameters;
mod product;
mod rotary;
mod router;
mod shared_experts;
mod simd;
mod workers;

use crate::engine::{Batch, Engine, EngineError, IGNORED, LoadBalancing, Losses, State, Update};
use crate::layout::Layout;
use crate::model::{Model, Scoring};
use buffer::Buffer;
use dense::Dense;
use experts::Experts;
use grouped::Grouped;
use head::{Backward, Head};
use heads::Heads;
use parameters::{FfnParts, Tensors};
use product::Into;
use rooflaw::architecture::{Architecture, KvProjection};
use rooflaw_export::Shape;
use rotary::Rotary;
use router::Router;
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

#[derive(Debug)]
struct Layer {
    attention: Grouped,
    ffn: Ffn,
}

#[derive(Debug)]
enum Ffn {
    Dense(Dense),
    Experts(Box<Experts>),
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
    /// Whether a tensor is a matrix.
    is_matrix: Vec<bool>,
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
        let KvProjection::Grouped { n_kv_heads, head_dim } = architecture.attention.kv else {
            return Err(unsupported("latent attention"));
        };
        let rotary = Rotary::new(
            head_dim as usize,
            options.sequence_length,
            model.details.rope_theta,
            model.details.rope_interleaved,
        );
        let heads = |is_local: bool| Heads {
            n_heads: architecture.attention.n_heads as usize,
            n_kv_heads: n_kv_heads as usize,
            key_dim: head_dim as usize,
            value_dim: head_dim as usize,
            scale: 1.0 / (head_dim as f32).sqrt(),
            window: window(architecture, is_local),
        };
        let mut layers = Vec::new();
        for (layer, &is_local) in (0..architecture.n_layers).zip(&model.details.is_local) {
            let parts = parameters::layer(&layout, layer)?;
            let qk_norm = architecture.attention.qk_norm;
            layers.push(Layer {
                attention: Grouped::new(parts.attention, heads(is_local), qk_norm, rows),
                ffn: ffn(&model, &parts, rows)?,
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
            is_matrix: layout
                .tensors()
                .iter()
                .map(|placed| !matches!(placed.spec.shape, Shape::Vector(_)))
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
                layer
                    .attention
                    .forward(&self.shared, &self.weights, x.rows(rows), y.rows_mut(rows));
                let (x, y) = (y.rows(rows), z.rows_mut(rows));
                match &mut layer.ffn {
                    Ffn::Dense(ffn) => ffn.forward(&self.shared, &self.weights, x, y),
                    Ffn::Experts(ffn) => ffn.forward(&mut self.shared, &self.weights, None, x, y),
                }
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
            match &mut layer.ffn {
                Ffn::Dense(ffn) => ffn.backward(shared, weights, sides, dx, to),
                Ffn::Experts(ffn) => ffn.backward(shared, weights, sides, dx, of_scores, to),
            }
            let sides = (self.stream[2 * index].rows(rows), before.rows(rows));
            let to = (&mut self.gradients, into);
            layer
                .attention
                .backward(shared, weights, sides, after.rows_mut(rows), to);
        }
        let d = self.shared.hidden_size;
        self.head
            .embed_back(batch.inputs, d, after.rows(rows), (&mut self.gradients, into));
    }

    fn mixtures(&self) -> impl Iterator<Item = &Experts> {
        self.layers.iter().filter_map(|layer| match &layer.ffn {
            Ffn::Experts(experts) => Some(experts.as_ref()),
            Ffn::Dense(_) => None,
        })
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

fn window(architecture: &Architecture, is_local: bool) -> Option<usize> {
    let window = architecture.attention.sliding_window.filter(|_| is_local)?;
    Some(window.size as usize)
}

fn ffn(model: &Model, parts: &parameters::LayerParts, rows: usize) -> Result<Ffn, EngineError> {
    let architecture = &model.architecture;
    let activation = architecture.ffn.activation;
    match (parts.ffn, &architecture.ffn.moe) {
        (FfnParts::Dense(ffn), _) => {
            let width = architecture.ffn.intermediate_size as usize;
            Ok(Ffn::Dense(Dense::new(
                ffn,
                parts.ffn_norm,
                activation,
                rows,
                width,
            )))
        }
        (FfnParts::Experts(experts), Some(moe)) => {
            let router = Router {
                n_experts: moe.n_experts as usize,
                experts_per_token: moe.experts_per_token as usize,
                routing: model.details.routing,
            };
            let shared_width = (moe.n_shared_experts * moe.shared_expert_size) as usize;
            let widths = (
                architecture.hidden_size as usize,
                moe.expert_size as usize,
                shared_width,
            );
            let experts = Experts::new(experts, parts.ffn_norm, activation, router, rows, widths);
            Ok(Ffn::Experts(Box::new(experts)))
        }
        (FfnParts::Experts(_), None) => Err(unsupported("experts without a mixture")),
    }
}

impl Engine for CpuEngine {
    fn model(&self) -> &Model {
        &self.model
    }

    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn capacity(&self) -> (usize, usize) {
        (self.options.sequences, self.options.sequence_length)
    }

    fn accumulate(&mut self, batch: &Batch<'_>, n_targets_of_step: usize) -> Result<Losses, EngineError> {
        self.check_batch(batch)?;
        let n_targets_of_step = n_targets_of_step.max(1);
        let losses = self.on_workers(|engine| engine.step(batch, n_targets_of_step));
        if losses.total.is_finite() && losses.load_balancing.is_finite() {
            return Ok(losses);
        }
        Err(EngineError::NotFinite {
            what: "loss",
            value: losses.total / n_targets_of_step as f64,
        })
    }

    fn update(&mut self, update: &Update) -> Result<f64, EngineError> {
        if self.is_fresh {
            return Err(EngineError::Batch("an update without gradients".to_owned()));
        }
        let norm = self.on_workers(|engine| adamw::norm(&engine.gradients));
        if !norm.is_finite() {
            return Err(EngineError::NotFinite {
                what: "gradient norm",
                value: norm,
            });
        }
        self.on_workers(|engine| {
            let moments = (&mut engine.first, &mut engine.second);
            adamw::update(
                update,
                norm,
                &engine.is_matrix,
                &mut engine.weights,
                &engine.gradients,
                moments,
            );
        });
        self.is_fresh = true;
        Ok(norm)
    }

    fn score(&mut self, batch: &Batch<'_>, nats: &mut [f32]) -> Result<(), EngineError> {
        self.check_batch(batch)?;
        if nats.len() != batch.inputs.len() {
            return Err(EngineError::Batch(format!(
                "{} losses of {} tokens",
                nats.len(),
                batch.inputs.len()
            )));
        }
        self.on_workers(|engine| {
            engine.forward(batch);
            let rows = batch.inputs.len();
            let x = engine.stream.last().map_or(&[] as &[f32], |last| last.rows(rows));
            engine.head.losses(
                &mut engine.shared,
                &engine.weights,
                (x, batch.targets),
                nats,
                None,
            );
        });
        Ok(())
    }

    fn logits(&mut self, batch: &Batch<'_>, logits: &mut [f32]) -> Result<(), EngineError> {
        self.check_batch(batch)?;
        let rows = batch.inputs.len();
        let expected = rows * self.model.architecture.vocab_size as usize;
        if logits.len() != expected {
            return Err(EngineError::Batch(format!(
                "room for {} of {expected} logits",
                logits.len()
            )));
        }
        self.on_workers(|engine| {
            engine.forward(batch);
            let x = engine.stream.last().map_or(&[] as &[f32], |last| last.rows(rows));
            engine.head.logits(&engine.shared, &engine.weights, x, logits);
        });
        Ok(())
    }

    fn read(&mut self, state: State, values: &mut [f32]) -> Result<(), EngineError> {
        self.check_length(values.len())?;
        if state == State::Gradients && self.is_fresh {
            values.fill(0.0);
            return Ok(());
        }
        self.state(state).read(&self.layout, values);
        Ok(())
    }

    fn write(&mut self, state: State, values: &[f32]) -> Result<(), EngineError> {
        self.check_length(values.len())?;
        let tensors = match state {
            State::Weights => &mut self.weights,
            State::FirstMoments => &mut self.first,
            State::SecondMoments => &mut self.second,
            State::Gradients => &mut self.gradients,
        };
        tensors.write(&self.layout, values);
        if state == State::Gradients {
            self.is_fresh = false;
        }
        Ok(())
    }
}
