//! A mixture of experts: routed, each expert's rows together, combined by their weights.
//!
//! How many rows each expert has decides the extents of its products, so a forward pass waits once per layer for these counts.

use super::memory::{ExpertArrays, ExpertScratch, GatedArrays};
use super::pass::{Pass, count};
use super::places::ExpertPlaces;
use super::shape::MoeShape;
use crate::array::Array;
use crate::device::{Argument, Device, Grid, MAX_THREADS, elements, rows};
use crate::kernels::Kernel;
use crate::product::Into;
use rooflaw_train::engine::EngineError;
use std::ops::Range;

impl<D: Device> Pass<'_, D> {
    /// Adds what the experts make of the normed stream to the residual stream.
    pub(super) fn experts(
        &mut self,
        layer: usize,
        places: &ExpertPlaces,
        arrays: &ExpertArrays,
        y: Array,
    ) -> Result<(), EngineError> {
        let (moe, scratch) = self.mixture()?;
        let (n, normed, hidden) = (self.positions, self.scratch().normed, self.shape.hidden);
        let slots = n * moe.per_token;
        self.route(&moe, places, arrays, scratch.router_logits)?;
        self.counts[layer] = self.place(&moe, arrays, slots)?;
        self.gather(&moe, arrays, scratch.placed)?;
        for (expert, part) in self.expert_rows(layer) {
            let gated = part_of(arrays.gated, &part, moe.expert_size);
            let x = rows_of(scratch.placed, &part, hidden);
            self.gate_and_up(&places.experts[expert], gated, x, part.len())?;
        }
        let activated = self.activate(arrays.gated, slots * moe.expert_size)?;
        for (expert, part) in self.expert_rows(layer) {
            let x = rows_of(activated, &part, moe.expert_size);
            let y = rows_of(arrays.outputs, &part, hidden);
            self.project(&places.experts[expert].down, x, y, part.len(), Into::Replace)?;
        }
        let arguments = [
            y.into(),
            arrays.outputs.into(),
            arrays.weights.into(),
            arrays.places.into(),
            count(moe.per_token)?,
            count(hidden)?,
        ];
        self.launch(Kernel::Combine, rows(n, hidden), &arguments)?;
        let Some((places, shared, gate)) = shared(places, arrays) else {
            return Ok(());
        };
        self.gate_and_up(places, shared.gated, normed, n)?;
        let activated = self.activate(shared.gated, n * moe.shared_width)?;
        let Some((weight, (output, gates))) = gate.zip(shared.output) else {
            return self.project(&places.down, activated, y, n, Into::Add);
        };
        self.project(&places.down, activated, output, n, Into::Replace)?;
        let arguments = [
            y.into(),
            gates.into(),
            output.into(),
            normed.into(),
            self.weights(weight).into(),
            count(hidden)?,
        ];
        self.launch(Kernel::AddGated, rows(n, hidden), &arguments)
    }

    /// From the gradient of the residual stream to that of the normed stream.
    pub(super) fn experts_back(
        &mut self,
        layer: usize,
        places: &ExpertPlaces,
        arrays: &ExpertArrays,
    ) -> Result<(), EngineError> {
        let (moe, scratch) = self.mixture()?;
        let (n, shared_scratch, hidden) = (self.positions, self.scratch(), self.shape.hidden);
        let slots = n * moe.per_token;
        let arguments = [
            arrays.outputs.into(),
            scratch.dweights.into(),
            shared_scratch.dresidual.into(),
            arrays.outputs.into(),
            arrays.weights.into(),
            arrays.order.into(),
            count(moe.per_token)?,
            count(hidden)?,
        ];
        self.launch(Kernel::CombineBackward, rows(slots, hidden), &arguments)?;
        self.gather(&moe, arrays, scratch.placed)?;
        let activated = self.activate(arrays.gated, slots * moe.expert_size)?;
        for (expert, part) in self.expert_rows(layer) {
            let dy = rows_of(arrays.outputs, &part, hidden);
            let (x, dx) = (activated, shared_scratch.dactivated);
            let (x, dx) = (
                rows_of(x, &part, moe.expert_size),
                rows_of(dx, &part, moe.expert_size),
            );
            self.project_gradients(&places.experts[expert].down, x, dy, part.len())?;
            self.project_back(&places.experts[expert].down, dy, dx, part.len(), Into::Replace)?;
        }
        self.activate_back(arrays.gated, slots * moe.expert_size)?;
        for (expert, part) in self.expert_rows(layer) {
            let gated = part_of(arrays.gated, &part, moe.expert_size);
            let (x, dx) = (
                rows_of(scratch.placed, &part, hidden),
                rows_of(scratch.dplaced, &part, hidden),
            );
            let linears = &places.experts[expert];
            self.project_gradients(&linears.gate, x, gated.gate, part.len())?;
            self.project_gradients(&linears.up, x, gated.up, part.len())?;
            self.project_back(&linears.gate, gated.gate, dx, part.len(), Into::Replace)?;
            self.project_back(&linears.up, gated.up, dx, part.len(), Into::Add)?;
        }
        self.route_back(&moe, places, arrays, &scratch)?;
        let arguments = [
            shared_scratch.dnormed.into(),
            scratch.dplaced.into(),
            arrays.places.into(),
            count(moe.per_token)?,
            count(hidden)?,
        ];
        self.launch(Kernel::GatherBackward, rows(n, hidden), &arguments)?;
        self.shared_back(places, arrays, &scratch)
    }

    fn shared_back(
        &mut self,
        places: &ExpertPlaces,
        arrays: &ExpertArrays,
        scratch: &ExpertScratch,
    ) -> Result<(), EngineError> {
        let Some((places, shared, gate)) = shared(places, arrays) else {
            return Ok(());
        };
        let (n, hidden, whole) = (self.positions, self.shape.hidden, self.scratch());
        let Some((weight, (output, gates))) = gate.zip(shared.output) else {
            let doutput = self.round_dresidual()?;
            return self.dense_back(places, shared.gated, doutput, Into::Add);
        };
        let arguments = [
            output.into(),
            whole.dnormed.into(),
            scratch.dgates.into(),
            whole.dresidual.into(),
            output.into(),
            gates.into(),
            self.weights(weight).into(),
            count(hidden)?,
        ];
        self.launch(Kernel::AddGatedBackward, rows(n, hidden), &arguments)?;
        let arrays = [whole.normed.into(), scratch.dgates.into()];
        self.vector_gradients(Kernel::WeightedChunks, &arrays, n, weight)?;
        self.dense_back(places, shared.gated, output, Into::Add)
    }

    fn mixture(&self) -> Result<(MoeShape, ExpertScratch), EngineError> {
        let missing = || EngineError::Device("no memory for experts".to_owned());
        self.shape.moe.zip(self.scratch().experts).ok_or_else(missing)
    }

    /// Scores, choices and weights.
    fn route(
        &mut self,
        moe: &MoeShape,
        places: &ExpertPlaces,
        arrays: &ExpertArrays,
        logits: Array,
    ) -> Result<(), EngineError> {
        let (n, normed, bias) = (self.positions, self.scratch().normed, places.router_bias.as_ref());
        self.project(&places.router, normed, logits, n, Into::Replace)?;
        let arguments = [
            arrays.scores.into(),
            arrays.chosen.into(),
            arrays.weights.into(),
            logits.into(),
            // Where there is none, it is not read.
            bias.map_or(logits, |bias| self.weights(bias)).into(),
            count(n)?,
            count(moe.experts)?,
            count(moe.per_token)?,
            Argument::U32(moe.scoring),
            Argument::U32(u32::from(bias.is_some())),
            Argument::U32(u32::from(moe.normalised)),
            Argument::F32(moe.scale),
        ];
        self.launch(Kernel::Route, elements(n), &arguments)
    }

    /// From the gradients of the weights to those of the router and of the normed stream, which is replaced.
    fn route_back(
        &mut self,
        moe: &MoeShape,
        places: &ExpertPlaces,
        arrays: &ExpertArrays,
        scratch: &ExpertScratch,
    ) -> Result<(), EngineError> {
        let (n, whole) = (self.positions, self.scratch());
        let arguments = [
            scratch.drouter_logits.into(),
            arrays.scores.into(),
            arrays.chosen.into(),
            scratch.dweights.into(),
            scratch.pulls.into(),
            count(n)?,
            count(moe.experts)?,
            count(moe.per_token)?,
            Argument::U32(moe.scoring),
            Argument::U32(u32::from(moe.normalised)),
            Argument::F32(moe.scale),
        ];
        self.launch(Kernel::RouteBackward, elements(n), &arguments)?;
        self.project_gradients(&places.router, whole.normed, scratch.drouter_logits, n)?;
        self.project_back(
            &places.router,
            scratch.drouter_logits,
            whole.dnormed,
            n,
            Into::Replace,
        )
    }

    /// Orders slots by expert; how many each has.
    fn place(
        &mut self,
        moe: &MoeShape,
        arrays: &ExpertArrays,
        slots: usize,
    ) -> Result<Vec<usize>, EngineError> {
        let grid = Grid {
            blocks: (moe.experts, 1),
            threads: MAX_THREADS,
        };
        let arguments = [arrays.counts.into(), arrays.chosen.into(), count(slots)?];
        self.launch(Kernel::CountSlots, grid, &arguments)?;
        let arguments = [
            arrays.places.into(),
            arrays.order.into(),
            arrays.chosen.into(),
            arrays.counts.into(),
            count(slots)?,
        ];
        self.launch(Kernel::PlaceSlots, grid, &arguments)?;
        let mut counts = vec![0_u32; moe.experts];
        self.device
            .read(arrays.counts, bytemuck::cast_slice_mut(&mut counts))?;
        Ok(counts.into_iter().map(|count| count as usize).collect())
    }

    fn gather(&mut self, moe: &MoeShape, arrays: &ExpertArrays, placed: Array) -> Result<(), EngineError> {
        let hidden = self.shape.hidden;
        let arguments = [
            placed.into(),
            self.scratch().normed.into(),
            arrays.order.into(),
            count(moe.per_token)?,
            count(hidden)?,
        ];
        self.launch(
            Kernel::GatherRows,
            rows(self.positions * moe.per_token, hidden),
            &arguments,
        )
    }

    /// The experts that have rows, and these.
    fn expert_rows(&self, layer: usize) -> Vec<(usize, Range<usize>)> {
        let mut end = 0;
        let parts = self.counts[layer].iter().map(|count| {
            end += count;
            end - count..end
        });
        parts.enumerate().filter(|(_, part)| !part.is_empty()).collect()
    }
}

/// The shared experts, if there are any: where their weights lie, their arrays, and where the gate's weight lies.
type Shared<'a> = (
    &'a super::places::GatedPlaces,
    super::memory::SharedArrays,
    Option<&'a Range<usize>>,
);

fn shared<'a>(places: &'a ExpertPlaces, arrays: &ExpertArrays) -> Option<Shared<'a>> {
    let gate = places.shared_gate.as_ref();
    Some((places.shared.as_ref()?, arrays.shared?, gate))
}

fn rows_of(array: Array, part: &Range<usize>, width: usize) -> Array {
    array.part(&(part.start * width..part.end * width))
}

fn part_of(arrays: GatedArrays, part: &Range<usize>, width: usize) -> GatedArrays {
    GatedArrays {
        gate: rows_of(arrays.gate, part, width),
        up: rows_of(arrays.up, part, width),
    }
}
