//! A GGUF file before it is written: every tensor with its type, size and place.

use super::header::{self, ALIGNMENT};
use super::metadata::metadata;
use super::target::GgufArchitecture;
use crate::quantise::BlockType;
use crate::tensors::{TensorSpec, tensors};
use crate::{ExportError, GivenWeights, Settings};
use rooflaw::architecture::Architecture;
use rooflaw::format::{TensorShape, WeightFormat};

/// A tensor of a GGUF file.
#[derive(Clone, Debug, PartialEq)]
pub struct GgufTensor {
    /// Its name in the file.
    pub name: String,
    /// What it is in the architecture.
    pub spec: TensorSpec,
    /// How it is stored.
    pub kind: BlockType,
    /// Where it begins, bytes after the header.
    pub offset: u64,
    /// Its size, bytes.
    pub bytes: u64,
}

/// A GGUF file that can be written; its size is known to the byte.
#[derive(Clone, Debug)]
pub struct GgufPlan {
    pub(super) architecture: Architecture,
    target: GgufArchitecture,
    tensors: Vec<GgufTensor>,
    pub(super) header: Vec<u8>,
}

impl GgufPlan {
    /// The file of an architecture in F16, `Q8_0` or `Q4_0`.
    ///
    /// Norms, biases and routers are F32. As llama.cpp's quantiser does it and [`WeightFormat`] counts it, rows that
    /// are no multiple of 32 stay F16, and the LM head of a `Q4_0` file (a tied table too) is `Q6_K`, or `Q8_0` where
    /// rows are no multiple of 256.
    ///
    /// # Errors
    /// Another format, an architecture that is not valid, or a feature no GGUF architecture written here has.
    pub fn new(
        architecture: &Architecture,
        format: WeightFormat,
        settings: &Settings,
    ) -> Result<GgufPlan, ExportError> {
        let refused = || ExportError::Format {
            format: format.to_string(),
            accepted: "F16, Q8_0 or Q4_0 for GGUF",
        };
        if !matches!(
            format,
            WeightFormat::GgufF16 | WeightFormat::Q8_0 | WeightFormat::Q4_0
        ) {
            return Err(refused());
        }
        let target = GgufArchitecture::of(architecture)?;
        let mut planned = Vec::new();
        let mut offset = 0_u64;
        for spec in tensors(architecture)? {
            let name = super::names::name(&spec).ok_or_else(|| {
                let reason = "no GGUF architecture written here has it";
                ExportError::inexpressible(format!("{:?}", spec.part), reason)
            })?;
            let kind = kind(architecture, format, &spec).ok_or_else(refused)?;
            let bytes = kind.bytes(spec.shape.elements());
            planned.push(GgufTensor {
                name,
                spec,
                kind,
                offset,
                bytes,
            });
            offset += bytes.next_multiple_of(ALIGNMENT);
        }
        let metadata = metadata(architecture, target, format, settings);
        Ok(GgufPlan {
            architecture: *architecture,
            target,
            header: header::header(&metadata, &planned),
            tensors: planned,
        })
    }

    /// The file of a trained model, as [`GgufPlan::new`].
    ///
    /// # Errors
    /// Those of [`GgufPlan::new`], and a routing that llama.cpp does not compute in the architecture that the file names.
    pub fn of_given(given: &GivenWeights, format: WeightFormat) -> Result<GgufPlan, ExportError> {
        let plan = GgufPlan::new(given.architecture(), format, given.settings())?;
        plan.target.refuse_other_routing(given.model())?;
        Ok(plan)
    }

    /// The architecture of llama.cpp that the file names.
    #[must_use]
    pub const fn target(&self) -> GgufArchitecture {
        self.target
    }

    /// The tensors, in the order of the file.
    #[must_use]
    pub fn tensors(&self) -> &[GgufTensor] {
        &self.tensors
    }

    /// Elements of all tensors: the architecture's parameters.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        self.tensors
            .iter()
            .map(|tensor| tensor.spec.shape.elements())
            .sum()
    }

    /// Bytes of all tensors, which llama-bench reports as the model's size.
    #[must_use]
    pub fn tensor_bytes(&self) -> u64 {
        self.tensors.iter().map(|tensor| tensor.bytes).sum()
    }

    /// Bytes of the file: header and tensors, each padded to 32.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        let padded = self
            .tensors
            .iter()
            .map(|tensor| tensor.bytes.next_multiple_of(ALIGNMENT));
        self.header.len() as u64 + padded.sum::<u64>()
    }
}

/// The type of a tensor, from the bits per weight that the format gives it.
fn kind(architecture: &Architecture, format: WeightFormat, spec: &TensorSpec) -> Option<BlockType> {
    BlockType::of_bits(format.bits_per_weight(TensorShape {
        tensor: spec.role,
        in_features: spec.shape.columns(),
        n_layers: architecture.n_layers,
        n_experts: architecture.ffn.moe.map_or(0, |moe| moe.n_experts),
    }))
}
