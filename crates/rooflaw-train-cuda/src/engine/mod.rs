//! The engine, for any [`Device`]: what is launched, in what order, with what arguments.

mod attention;
mod experts;
mod ffn;
mod head;
mod memory;
mod optimiser;
mod pass;
mod places;
mod rotary;
mod shape;

use crate::array::Array;
use crate::device::Device;
use head::Wanted;
use memory::{Allocator, Memory};
use pass::Pass;
use places::{FfnPlaces, Places};
use rooflaw_train::engine::{Batch, Engine, EngineError, IGNORED, LoadBalancing, Losses, State, Update};
use rooflaw_train::layout::Layout;
use rooflaw_train::model::Model;
use shape::Shape;

/// What an engine is made for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EngineOptions {
    /// Most sequences of a batch.
    pub sequences: usize,
    /// Their length, positions.
    pub sequence_length: usize,
    /// How experts are kept busy alike.
    pub load_balancing: LoadBalancing,
}

/// An engine on a device. Its weights are zero until they are written.
pub struct DeviceEngine<D> {
    device: D,
    model: Model,
    layout: Layout,
    options: EngineOptions,
    shape: Shape,
    places: Places,
    memory: Memory,
    /// For every layer how many slots each expert had in the last forward pass.
    counts: Vec<Vec<usize>>,
    /// And how many altogether since the last update.
    loads: Vec<Vec<usize>>,
}

impl<D: Device> DeviceEngine<D> {
    /// Allocates all memory that batches up to those of the options need.
    pub(crate) fn on(mut device: D, model: Model, options: EngineOptions) -> Result<Self, EngineError> {
        let shape = Shape::new(&model, options.load_balancing)?;
        let layout = Layout::new(&model.architecture)?;
        let (sequences, length) = (options.sequences, options.sequence_length);
        let positions = sequences
            .checked_mul(length)
            .filter(|n| (1..=MAX_POSITIONS).contains(n));
        let positions = positions.ok_or_else(|| {
            let message =
                format!("{sequences} sequences of {length} positions: at least 1, at most {MAX_POSITIONS}");
            EngineError::Batch(message)
        })?;
        let places = Places::new(&layout, &model.architecture).ok_or_else(|| EngineError::Unsupported {
            engine: ENGINE,
            feature: "a model with other tensors than the architecture's".to_owned(),
        })?;
        let mut allocator = Allocator {
            device: &mut device,
            shape,
            positions,
            sequence: length,
        };
        let memory = allocator.memory(&model.architecture, layout.elements())?;
        let state = &memory.state;
        for array in [
            state.weights,
            state.copies,
            state.gradients,
            state.first_moments,
            state.second_moments,
        ] {
            device.clear(array)?;
        }
        let (cosines, sines) = rotary::angles(length, shape.head_dim, model.details.rope_theta);
        device.write(state.cosines, bytemuck::cast_slice(&cosines))?;
        device.write(state.sines, bytemuck::cast_slice(&sines))?;
        Ok(DeviceEngine {
            counts: vec![Vec::new(); memory.layers.len()],
            loads: vec![Vec::new(); memory.layers.len()],
            device,
            model,
            layout,
            options,
            shape,
            places,
            memory,
        })
    }

    /// Copies a batch to the device; a pass over it.
    fn pass(&mut self, batch: &Batch<'_>) -> Result<(Pass<'_, D>, &Places, &Model), EngineError> {
        self.check(batch)?;
        let n = batch.inputs.len();
        let arrays = &self.memory.batch;
        self.device
            .write(arrays.tokens.head(n), bytemuck::cast_slice(batch.inputs))?;
        self.device
            .write(arrays.targets.head(n), bytemuck::cast_slice(batch.targets))?;
        let pass = Pass {
            device: &mut self.device,
            memory: &self.memory,
            counts: &mut self.counts,
            shape: self.shape,
            positions: n,
            sequence: batch.sequence_length,
        };
        Ok((pass, &self.places, &self.model))
    }

    fn check(&self, batch: &Batch<'_>) -> Result<(), EngineError> {
        let (n, length, options) = (batch.inputs.len(), batch.sequence_length, &self.options);
        let wrong = |message: String| Err(EngineError::Batch(message));
        if n == 0 || length == 0 || !n.is_multiple_of(length) || batch.targets.len() != n {
            let n_targets = batch.targets.len();
            return wrong(format!(
                "{n} tokens and {n_targets} targets in sequences of {length}"
            ));
        }
        if length > options.sequence_length || n > options.sequences * options.sequence_length {
            let (sequences, longest) = (options.sequences, options.sequence_length);
            return wrong(format!(
                "{n} tokens in sequences of {length}; the engine was made for {sequences} of {longest}"
            ));
        }
        let beyond = |token: &&u32| **token as usize >= self.shape.vocabulary;
        let target = batch
            .targets
            .iter()
            .filter(|target| **target != IGNORED)
            .find(beyond);
        if let Some(token) = batch.inputs.iter().find(beyond).or(target) {
            return wrong(format!(
                "token {token} in a vocabulary of {}",
                self.shape.vocabulary
            ));
        }
        Ok(())
    }

    /// Which experts the tokens of the last forward pass chose, layer by layer.
    #[cfg(test)]
    pub(crate) fn choices(&mut self) -> Vec<u32> {
        let arrays = self.memory.layers.iter().filter_map(|layer| match &layer.ffn {
            memory::FfnArrays::Experts(arrays) => Some(arrays.chosen),
            memory::FfnArrays::Dense(_) => None,
        });
        let read = |array: Array| {
            let mut values = vec![0_u32; array.elements];
            self.device
                .read(array, bytemuck::cast_slice_mut(&mut values))
                .unwrap();
            values
        };
        arrays.flat_map(read).collect()
    }

    fn array(&self, state: State) -> Array {
        match state {
            State::Weights => self.memory.state.weights,
            State::FirstMoments => self.memory.state.first_moments,
            State::SecondMoments => self.memory.state.second_moments,
            State::Gradients => self.memory.state.gradients,
        }
    }
}

/// Positions of a batch: what kernels count in 32 bits, with room for several slots each.
const MAX_POSITIONS: usize = 1 << 24;

/// What the engine calls itself in errors.
const ENGINE: &str = "CUDA";

impl<D: Device> Pass<'_, D> {
    /// From tokens to the residual stream after the last layer.
    fn forward(&mut self, places: &Places, model: &Model) -> Result<(), EngineError> {
        self.embed(places)?;
        for (layer, places) in places.layers.iter().enumerate() {
            let (memory, window) = (self.memory, self.window(model, layer));
            let arrays = &memory.layers[layer];
            self.attention(places, arrays, memory.residuals[layer], window)?;
            self.ffn(layer, places, arrays, memory.residuals[layer + 1])?;
        }
        Ok(())
    }

    /// From the gradient of the residual stream after the last layer, in the scratch, to that of the embedding.
    fn backward(&mut self, places: &Places, model: &Model, tokens: &[u32]) -> Result<(), EngineError> {
        for (layer, places) in places.layers.iter().enumerate().rev() {
            let (memory, window) = (self.memory, self.window(model, layer));
            let arrays = &memory.layers[layer];
            self.ffn_back(layer, places, arrays)?;
            self.attention_back(places, arrays, memory.residuals[layer], window)?;
        }
        self.embed_back(places, tokens)
    }

    /// Positions that a layer attends to; 0 for all.
    fn window(&self, model: &Model, layer: usize) -> usize {
        if model.details.is_local[layer] {
            self.shape.window
        } else {
            0
        }
    }
}

impl<D: Device> Engine for DeviceEngine<D> {
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
        if n_targets_of_step == 0 {
            return Err(EngineError::Batch("a step without targets".to_owned()));
        }
        let n_targets = batch.targets.iter().filter(|target| **target != IGNORED).count();
        let balancing = self.options.load_balancing;
        let (mut pass, places, model) = self.pass(batch)?;
        pass.forward(places, model)?;
        let share = n_targets as f64 / n_targets_of_step as f64;
        let load_balancing = pass.balance(balancing, share)?;
        let scale = (1.0 / n_targets_of_step as f64) as f32;
        let total = pass
            .head(places, Wanted::Gradients { scale })?
            .iter()
            .copied()
            .map(f64::from)
            .sum::<f64>();
        for (what, value) in [("the loss", total), ("the load-balancing loss", load_balancing)] {
            if !value.is_finite() {
                self.device.clear(self.memory.state.gradients)?;
                return Err(EngineError::NotFinite { what, value });
            }
        }
        pass.backward(places, model, batch.inputs)?;
        for (loads, counts) in self.loads.iter_mut().zip(&self.counts) {
            loads.resize(counts.len(), 0);
            for (load, count) in loads.iter_mut().zip(counts) {
                *load += count;
            }
        }
        Ok(Losses {
            total,
            n_targets,
            load_balancing,
        })
    }

    fn update(&mut self, update: &Update) -> Result<f64, EngineError> {
        let norm = optimiser::update(&mut self.device, &self.memory, &self.layout, update)?;
        if let LoadBalancing::Bias { rate } = self.options.load_balancing {
            for (places, loads) in self.places.layers.iter().zip(&self.loads) {
                if let FfnPlaces::Experts(experts) = &places.ffn {
                    let bias = experts
                        .router_bias
                        .as_ref()
                        .map(|bias| self.memory.state.weights.part(bias));
                    optimiser::move_bias(&mut self.device, bias, loads, rate as f32)?;
                }
            }
        }
        for loads in &mut self.loads {
            loads.fill(0);
        }
        Ok(norm)
    }

    fn score(&mut self, batch: &Batch<'_>, nats: &mut [f32]) -> Result<(), EngineError> {
        check_length(nats.len(), batch.inputs.len(), "scores")?;
        let (mut pass, places, model) = self.pass(batch)?;
        pass.forward(places, model)?;
        let found = pass.head(places, Wanted::Nats)?;
        if let Some(value) = found.iter().find(|value| !value.is_finite()) {
            let (what, value) = ("a target's negative log-likelihood", f64::from(*value));
            return Err(EngineError::NotFinite { what, value });
        }
        nats.copy_from_slice(&found);
        Ok(())
    }

    fn logits(&mut self, batch: &Batch<'_>, logits: &mut [f32]) -> Result<(), EngineError> {
        check_length(logits.len(), batch.inputs.len() * self.shape.vocabulary, "logits")?;
        let (mut pass, places, model) = self.pass(batch)?;
        pass.forward(places, model)?;
        pass.head(places, Wanted::Logits(logits))?;
        Ok(())
    }

    fn read(&mut self, state: State, values: &mut [f32]) -> Result<(), EngineError> {
        check_length(values.len(), self.layout.elements(), "state")?;
        self.device
            .read(self.array(state), bytemuck::cast_slice_mut(values))
    }

    fn write(&mut self, state: State, values: &[f32]) -> Result<(), EngineError> {
        check_length(values.len(), self.layout.elements(), "state")?;
        self.device
            .write(self.array(state), bytemuck::cast_slice(values))?;
        if state == State::Weights {
            optimiser::copy_weights(&mut self.device, &self.memory)?;
        }
        Ok(())
    }
}

fn check_length(given: usize, wanted: usize, what: &str) -> Result<(), EngineError> {
    if given == wanted {
        return Ok(());
    }
    Err(EngineError::Batch(format!(
        "room for {given} elements of {what} where there are {wanted}"
    )))
}
