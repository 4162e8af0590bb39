//! A directory before it is written: every file with its size and tensors.

use super::names::{self, Naming};
use crate::tensors::{Part, Shape, TensorSpec, tensors};
use crate::{ConfigError, ExportError, Model, Settings};
use rooflaw::architecture::Architecture;
use rooflaw::architecture::hf::{self, WriteOptions};
use rooflaw::format::{Precision, WeightFormat};
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Tensors of one file, bytes, above which another is begun: what `transformers` did up to version 4.
pub const MAX_SHARD_BYTES: u64 = 5_000_000_000;

/// A file of a directory for `transformers`.
#[derive(Clone, Debug)]
pub struct HfFile {
    /// Its name.
    pub name: String,
    /// Its size, bytes.
    pub bytes: u64,
    /// The whole file, or what comes before the tensors.
    pub(super) start: Vec<u8>,
    /// Numbers of its tensors.
    pub(super) tensors: std::ops::Range<usize>,
}

/// A tensor of a checkpoint: of a stack of experts, one's share.
#[derive(Clone, Debug)]
pub(super) struct HfTensor {
    pub(super) spec: TensorSpec,
    /// Whose share it is.
    pub(super) expert: u32,
    pub(super) name: String,
    pub(super) elements: u64,
    pub(super) shape: Vec<usize>,
    pub(super) dtype: Dtype,
}

impl HfTensor {
    fn bytes(&self) -> u64 {
        self.elements * element_bytes(self.dtype)
    }
}

/// A directory that can be written; its size is known to the byte.
#[derive(Clone, Debug)]
pub struct HfPlan {
    pub(super) architecture: Architecture,
    model_type: String,
    pub(super) deviation: f32,
    pub(super) tensors: Vec<HfTensor>,
    files: Vec<HfFile>,
}

impl HfPlan {
    /// The directory of an architecture in bf16 or fp32, in files of at most `max_shard_bytes` of tensors each (a
    /// larger tensor has a file to itself), usually [`MAX_SHARD_BYTES`].
    ///
    /// # Errors
    /// Those of [`HfPlan::of_model`].
    pub fn new(
        architecture: &Architecture,
        format: WeightFormat,
        settings: &Settings,
        max_shard_bytes: u64,
    ) -> Result<HfPlan, ExportError> {
        architecture.validate()?;
        let mut model = Model::of(*architecture);
        model.details.rope_theta = settings.rope_theta;
        model.details.rms_norm_eps = settings.rms_norm_eps;
        HfPlan::of_model(&model, format, settings.context_length, max_shard_bytes)
    }

    /// The directory of a model, as [`HfPlan::new`].
    ///
    /// # Errors
    /// Another format, a model that is not valid, a feature that no model type written here has, and settings
    /// out of range.
    pub fn of_model(
        model: &Model,
        format: WeightFormat,
        context_length: u32,
        max_shard_bytes: u64,
    ) -> Result<HfPlan, ExportError> {
        let (dtype, precision) = match format {
            WeightFormat::Bf16 => (Dtype::BF16, Precision::Bf16),
            WeightFormat::Fp32 => (Dtype::F32, Precision::Fp32),
            _ => {
                return Err(ExportError::Format {
                    format: format.to_string(),
                    accepted: "bf16 or fp32 for a Hugging Face directory",
                });
            }
        };
        let config = model.to_config(precision, context_length)?;
        let read = hf::read(config.as_bytes()).map_err(ConfigError::from)?;
        let tensors = named(&model.architecture, Naming::of(&read.model_type), dtype)?;
        let mut files = vec![HfFile {
            name: "config.json".to_owned(),
            bytes: config.len() as u64,
            start: config.into_bytes(),
            tensors: 0..0,
        }];
        files.extend(weight_files(&tensors, max_shard_bytes)?);
        Ok(HfPlan {
            architecture: model.architecture,
            model_type: read.model_type,
            deviation: WriteOptions::default().initializer_range as f32,
            tensors,
            files,
        })
    }

    /// The model type of the `config.json`.
    #[must_use]
    pub fn model_type(&self) -> &str {
        &self.model_type
    }

    /// The files, in the order of writing.
    #[must_use]
    pub fn files(&self) -> &[HfFile] {
        &self.files
    }

    /// Elements of all tensors: the architecture's parameters.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        self.tensors.iter().map(|tensor| tensor.elements).sum()
    }

    /// Bytes of all tensors.
    #[must_use]
    pub fn tensor_bytes(&self) -> u64 {
        self.tensors.iter().map(HfTensor::bytes).sum()
    }

    /// Bytes of all files.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

pub(super) const fn element_bytes(dtype: Dtype) -> u64 {
    match dtype {
        Dtype::F32 => 4,
        _ => 2,
    }
}

fn named(architecture: &Architecture, naming: Naming, dtype: Dtype) -> Result<Vec<HfTensor>, ExportError> {
    let mut named = Vec::new();
    let mut add = |spec: &TensorSpec| {
        for expert in 0..spec.shape.experts() {
            named.push(HfTensor {
                name: names::name(naming, spec, expert),
                elements: spec.shape.elements() / u64::from(spec.shape.experts()),
                shape: names::shape(spec),
                // It moves in steps that bf16 has no room for; `transformers` keeps it so too.
                dtype: if spec.part == Part::RouterBias {
                    Dtype::F32
                } else {
                    dtype
                },
                spec: *spec,
                expert,
            });
        }
    };
    for spec in tensors(architecture)? {
        add(&spec);
        if naming == Naming::DeepSeek && spec.part == Part::ExpertDown {
            let unshared = unshared(architecture, spec.layer);
            unshared.iter().for_each(&mut add);
        }
    }
    Ok(named)
}

/// DeepSeek's classes have shared experts in every mixture: where there are none, such of no width.
fn unshared(architecture: &Architecture, layer: Option<u32>) -> Vec<TensorSpec> {
    if architecture.ffn.moe.is_none_or(|moe| moe.n_shared_experts > 0) {
        return Vec::new();
    }
    let hidden = architecture.hidden_size;
    let empty = |(part, shape)| TensorSpec {
        part,
        layer,
        shape,
        role: rooflaw::format::Tensor::FfnUp,
    };
    let shapes = [
        (Part::SharedGate, Shape::Matrix(0, hidden)),
        (Part::SharedUp, Shape::Matrix(0, hidden)),
        (Part::SharedDown, Shape::Matrix(hidden, 0)),
    ];
    shapes.map(empty).to_vec()
}

/// The safetensors files, and their index where they are several.
fn weight_files(tensors: &[HfTensor], max_bytes: u64) -> Result<Vec<HfFile>, ExportError> {
    let mut shards: Vec<std::ops::Range<usize>> = Vec::new();
    let mut room = 0;
    for (index, tensor) in tensors.iter().enumerate() {
        let bytes = tensor.bytes();
        match shards.last_mut() {
            Some(shard) if bytes <= room => shard.end = index + 1,
            _ => {
                shards.push(index..index + 1);
                room = max_bytes;
            }
        }
        room = room.saturating_sub(bytes);
    }
    let mut files = Vec::new();
    let mut map = Map::new();
    let n_shards = shards.len();
    for (index, shard) in shards.into_iter().enumerate() {
        let name = if n_shards == 1 {
            "model.safetensors".to_owned()
        } else {
            format!("model-{:05}-of-{n_shards:05}.safetensors", index + 1)
        };
        for tensor in &tensors[shard.clone()] {
            map.insert(tensor.name.clone(), name.clone().into());
        }
        let (start, bytes) = safetensors_start(&tensors[shard.clone()])?;
        files.push(HfFile {
            name,
            bytes: start.len() as u64 + bytes,
            start,
            tensors: shard,
        });
    }
    if n_shards > 1 {
        let parameters: u64 = tensors.iter().map(|tensor| tensor.elements).sum();
        let bytes = tensors.iter().map(HfTensor::bytes).sum();
        files.push(index(parameters, bytes, map));
    }
    Ok(files)
}

fn index(parameters: u64, bytes: u64, map: Map<String, Value>) -> HfFile {
    let metadata = json!({"total_parameters": parameters, "total_size": bytes});
    let text = format!("{:#}\n", json!({"metadata": metadata, "weight_map": map}));
    HfFile {
        name: "model.safetensors.index.json".to_owned(),
        bytes: text.len() as u64,
        start: text.into_bytes(),
        tensors: 0..0,
    }
}

/// Length and header of a safetensors file, padded so that tensors are aligned; and the bytes that follow.
fn safetensors_start(tensors: &[HfTensor]) -> Result<(Vec<u8>, u64), ExportError> {
    let mut end = 0_usize;
    let described = tensors.iter().map(|tensor| {
        let begin = end;
        end += tensor.bytes() as usize;
        let info = TensorInfo {
            dtype: tensor.dtype,
            shape: tensor.shape.clone(),
            data_offsets: (begin, end),
        };
        (tensor.name.clone(), info)
    });
    let format = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let header = Metadata::new(Some(format), described.collect())
        .map_err(|error| error.to_string())
        .and_then(|metadata| serde_json::to_vec(&metadata).map_err(|error| error.to_string()));
    // Names differ and sizes are sums: only sizes beyond the machine's integers fail.
    let mut header =
        header.map_err(|_| ExportError::inexpressible("so many parameters", "too many to count here"))?;
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut start = (header.len() as u64).to_le_bytes().to_vec();
    start.append(&mut header);
    Ok((start, end as u64))
}
