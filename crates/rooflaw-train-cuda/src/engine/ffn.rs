//! The FFN sub-layer: `x + FFN(norm(x))`, of one FFN or of experts.

use super::memory::{FfnArrays, GatedArrays, LayerArrays};
use super::pass::Pass;
use super::places::{FfnPlaces, GatedPlaces, LayerPlaces};
use crate::array::Array;
use crate::device::{Argument, Device, elements};
use crate::kernels::Kernel;
use crate::product::Into;
use rooflaw_train::engine::EngineError;

impl<D: Device> Pass<'_, D> {
    /// From the residual stream after attention to that after the layer.
    pub(super) fn ffn(
        &mut self,
        layer: usize,
        places: &LayerPlaces,
        arrays: &LayerArrays,
        y: Array,
    ) -> Result<(), EngineError> {
        let (n, stream) = (self.positions, self.positions * self.shape.hidden);
        self.norm(arrays.middle, &places.ffn_norm, arrays.ffn_inverse)?;
        self.device.copy(arrays.middle.head(stream), y.head(stream))?;
        let normed = self.scratch().normed;
        match (&places.ffn, &arrays.ffn) {
            (FfnPlaces::Dense(places), FfnArrays::Dense(arrays)) => {
                self.gate_and_up(places, *arrays, normed, n)?;
                let activated = self.activate(*arrays, n * places.gate.outputs)?;
                self.project(&places.down, activated, y, n, Into::Add)
            }
            (FfnPlaces::Experts(places), FfnArrays::Experts(arrays)) => {
                self.experts(layer, places, arrays, y)
            }
            _ => Err(EngineError::Device("memory of another kind of FFN".to_owned())),
        }
    }

    /// From the gradient of the residual stream after the layer to that after attention.
    pub(super) fn ffn_back(
        &mut self,
        layer: usize,
        places: &LayerPlaces,
        arrays: &LayerArrays,
    ) -> Result<(), EngineError> {
        self.norm(arrays.middle, &places.ffn_norm, arrays.ffn_inverse)?;
        match (&places.ffn, &arrays.ffn) {
            (FfnPlaces::Dense(places), FfnArrays::Dense(gated)) => {
                let doutput = self.round_dresidual()?;
                self.dense_back(places, *gated, doutput, Into::Replace)?;
            }
            (FfnPlaces::Experts(places), FfnArrays::Experts(arrays)) => {
                self.experts_back(layer, places, arrays)?;
            }
            _ => return Err(EngineError::Device("memory of another kind of FFN".to_owned())),
        }
        self.norm_back(arrays.middle, &places.ffn_norm, arrays.ffn_inverse)
    }

    /// From the gradient of an FFN's output to that of the normed stream, for an FFN that every token passes.
    pub(super) fn dense_back(
        &mut self,
        places: &GatedPlaces,
        arrays: GatedArrays,
        doutput: Array,
        into: Into,
    ) -> Result<(), EngineError> {
        let (n, scratch) = (self.positions, self.scratch());
        let activated = self.activate(arrays, n * places.gate.outputs)?;
        self.project_gradients(&places.down, activated, doutput, n)?;
        self.project_back(&places.down, doutput, scratch.dactivated, n, Into::Replace)?;
        self.activate_back(arrays, n * places.gate.outputs)?;
        self.project_gradients(&places.gate, scratch.normed, arrays.gate, n)?;
        self.project_gradients(&places.up, scratch.normed, arrays.up, n)?;
        self.project_back(&places.gate, arrays.gate, scratch.dnormed, n, into)?;
        self.project_back(&places.up, arrays.up, scratch.dnormed, n, Into::Add)
    }

    pub(super) fn gate_and_up(
        &mut self,
        places: &GatedPlaces,
        arrays: GatedArrays,
        x: Array,
        n_rows: usize,
    ) -> Result<(), EngineError> {
        self.project(&places.gate, x, arrays.gate, n_rows, Into::Replace)?;
        self.project(&places.up, x, arrays.up, n_rows, Into::Replace)
    }

    /// `act(gate) · up`, in the scratch.
    pub(super) fn activate(&mut self, arrays: GatedArrays, n: usize) -> Result<Array, EngineError> {
        let activated = self.scratch().activated;
        let arguments = [
            activated.into(),
            arrays.gate.into(),
            arrays.up.into(),
            Argument::Size(n),
            Argument::U32(self.shape.activation),
        ];
        self.launch(Kernel::Gated, elements(n), &arguments)?;
        Ok(activated)
    }

    /// Gradients of gate and up in the place of their values, from that of the activated values in the scratch.
    pub(super) fn activate_back(&mut self, arrays: GatedArrays, n: usize) -> Result<(), EngineError> {
        let arguments = [
            arrays.gate.into(),
            arrays.up.into(),
            self.scratch().dactivated.into(),
            Argument::Size(n),
            Argument::U32(self.shape.activation),
        ];
        self.launch(Kernel::GatedBackward, elements(n), &arguments)
    }
}
