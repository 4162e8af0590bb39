//! A trained model's weights, from a directory as `save_pretrained` writes it.

mod files;
mod turn;

pub(crate) use turn::Turn;

use crate::hf::names::{self, Naming};
use crate::model;
use crate::tensors::{TensorSpec, tensors};
use crate::{ConfigError, ExportError, Model, Settings};
use files::{Files, Located};
use half::slice::{HalfBitsSliceExt as _, HalfFloatSliceExt as _};
use half::{bf16, f16};
use rooflaw::architecture::{Architecture, hf};
use safetensors::Dtype;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

/// Elements read at a time.
const CHUNK: usize = 1 << 18;

/// A trained model's weights: every tensor is known to be there, none is in memory.
#[derive(Debug)]
pub struct GivenWeights {
    folder: PathBuf,
    model: Model,
    settings: Settings,
    naming: Naming,
    files: Files,
    /// Bytes of what is being read.
    buffer: Vec<u8>,
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files")
            .field("tensors", &self.tensors.len())
            .finish_non_exhaustive()
    }
}

impl GivenWeights {
    /// Opens a directory with `config.json` and safetensors, or one safetensors file beside its `config.json`. Weights
    /// are fp32, fp16 or bf16.
    ///
    /// # Errors
    /// What cannot be read, a model type or setting that is not computed here, and tensors that are missing, unknown,
    /// or of another shape or type than the configuration says; the message names them.
    pub fn open(path: &Path) -> Result<GivenWeights, ExportError> {
        let folder = match path.parent() {
            Some(parent) if path.is_file() => parent.to_path_buf(),
            _ => path.to_path_buf(),
        };
        let config = folder.join("config.json");
        let json = files::read(&config, hf::MAX_BYTES as u64)?;
        let wrong = |cause| ExportError::Config {
            path: config.clone(),
            cause,
        };
        let model::Read { model, hf } = model::read(&json).map_err(wrong)?;
        if let Some(method) = hf.quantization {
            return Err(wrong(ConfigError::Field {
                field: "quantization_config".to_owned(),
                value: method.chars().take(60).collect(),
                accepted: "weights in fp32, fp16 or bf16".to_owned(),
            }));
        }
        let name = folder.canonicalize().ok();
        let name = name.as_deref().and_then(Path::file_name);
        let default =
            Settings::named(name.map_or(hf.model_type.clone(), |n| n.to_string_lossy().into_owned()));
        let given = GivenWeights {
            settings: Settings {
                context_length: hf.max_position_embeddings.unwrap_or(default.context_length),
                rope_theta: model.details.rope_theta,
                rms_norm_eps: model.details.rms_norm_eps,
                ..default
            },
            model,
            naming: Naming::of(&hf.model_type),
            files: files::open(path)?,
            folder,
            buffer: Vec::new(),
        };
        given.check()?;
        Ok(given)
    }

    /// The model that its `config.json` describes.
    #[must_use]
    pub const fn model(&self) -> &Model {
        &self.model
    }

    /// Its architecture.
    #[must_use]
    pub const fn architecture(&self) -> &Architecture {
        &self.model.architecture
    }

    /// What its `config.json` says besides.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Every tensor of the architecture is there, as it should be, and no other.
    fn check(&self) -> Result<(), ExportError> {
        let specs = tensors(self.architecture())?;
        let mut missing = Vec::new();
        let mut expected = std::collections::BTreeSet::new();
        for spec in &specs {
            for expert in 0..spec.shape.experts() {
                let name = names::name(self.naming, spec, expert);
                match self.files.tensors.get(&name) {
                    None => missing.push(name),
                    Some(located) => {
                        self.check_one(&name, spec, located)?;
                        expected.insert(name);
                    }
                }
            }
        }
        self.complain("missing", &missing)?;
        let extra = self.files.tensors.keys().filter(|name| !expected.contains(*name));
        let extra: Vec<String> = extra.filter(|name| !self.is_idle(name)).cloned().collect();
        self.complain("extra", &extra)
    }

    /// What `transformers` leaves aside too: a head that is the embedding table, frequencies that follow from the
    /// configuration. And what has no elements: shared experts of no width.
    fn is_idle(&self, name: &str) -> bool {
        let located = self.files.tensors.get(name);
        name.ends_with(".rotary_emb.inv_freq")
            || self.architecture().tie_embeddings && name == "lm_head.weight"
            || located.is_some_and(|located| located.shape.contains(&0))
    }

    fn check_one(&self, name: &str, spec: &TensorSpec, located: &Located) -> Result<(), ExportError> {
        let shape = names::shape(spec);
        if located.shape != shape {
            return Err(self.wrong(
                name,
                located,
                format!("{:?}", located.shape),
                format!("{shape:?}"),
            ));
        }
        if !matches!(located.dtype, Dtype::F32 | Dtype::F16 | Dtype::BF16) {
            let found = format!("{:?}", located.dtype);
            return Err(self.wrong(name, located, found, "F32, F16 or BF16".to_owned()));
        }
        Ok(())
    }

    fn complain(&self, wrong: &'static str, names: &[String]) -> Result<(), ExportError> {
        const SHOWN: usize = 3;
        if names.is_empty() {
            return Ok(());
        }
        let mut shown = names[..names.len().min(SHOWN)].join(", ");
        if names.len() > SHOWN {
            shown.push_str(&format!(" and {} more", names.len() - SHOWN));
        }
        Err(ExportError::Tensors {
            path: self.folder.clone(),
            wrong,
            names: shown,
        })
    }

    fn wrong(&self, name: &str, located: &Located, found: String, accepted: String) -> ExportError {
        let shard = self.files.shards.get(located.shard);
        ExportError::Tensor {
            path: shard.map_or_else(|| self.folder.clone(), |shard| shard.path.clone()),
            name: name.to_owned(),
            found,
            accepted,
        }
    }

    /// All weights, in the order of [`tensors`].
    ///
    /// # Errors
    /// A file that cannot be read, or more parameters than memory.
    pub fn read_all(&mut self) -> Result<Vec<f32>, ExportError> {
        // All are in the files, so that there are no more than these have bytes.
        let total = self.architecture().parameters().total as usize;
        let mut values = Vec::new();
        if values.try_reserve_exact(total).is_err() {
            let cause = format!("{total} parameters: expected as many as fit the memory");
            return Err(ExportError::file(&self.folder, cause));
        }
        values.resize(total, 0.0);
        let mut rest = values.as_mut_slice();
        for spec in tensors(self.architecture())? {
            let share = (spec.shape.elements() / u64::from(spec.shape.experts())) as usize;
            for expert in 0..spec.shape.experts() {
                let mut start = 0;
                while start < share {
                    let n = CHUNK.min(share - start);
                    let (chunk, after) = rest.split_at_mut(n);
                    self.read(&spec, expert, start as u64, chunk)?;
                    (rest, start) = (after, start + n);
                }
            }
        }
        Ok(values)
    }

    /// The error of a value that the target cannot hold.
    pub(crate) fn unfit(&self, spec: &TensorSpec, expert: u32, value: f32) -> ExportError {
        ExportError::Tensor {
            path: self.folder.clone(),
            name: names::name(self.naming, spec, expert),
            found: format!("{value} somewhere"),
            accepted: "finite values that 16-bit floats hold".to_owned(),
        }
    }

    /// Reads elements of a tensor, or of one expert's share, from `start` on.
    pub(crate) fn read(
        &mut self,
        spec: &TensorSpec,
        expert: u32,
        start: u64,
        values: &mut [f32],
    ) -> Result<(), ExportError> {
        let name = names::name(self.naming, spec, expert);
        let located = self.files.tensors.get(&name);
        let shard = located.and_then(|located| self.files.shards.get_mut(located.shard));
        let (Some(located), Some(shard)) = (located, shard) else {
            return self.complain("missing", &[name]);
        };
        let size = if located.dtype == Dtype::F32 { 4 } else { 2 };
        self.buffer.resize(values.len() * size, 0);
        shard
            .file
            .seek(SeekFrom::Start(located.offset + start * size as u64))
            .and_then(|_| shard.file.read_exact(&mut self.buffer))
            .map_err(|cause| ExportError::read(&shard.path, cause))?;
        convert(&self.buffer, located.dtype, values);
        Ok(())
    }
}

fn convert(bytes: &[u8], dtype: Dtype, values: &mut [f32]) {
    if dtype == Dtype::F32 {
        for (value, &bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
            *value = f32::from_le_bytes(bytes);
        }
        return;
    }
    let mut bits = [0_u16; 256];
    for (values, bytes) in values.chunks_mut(256).zip(bytes.chunks(512)) {
        let bits = &mut bits[..values.len()];
        for (bits, &bytes) in bits.iter_mut().zip(bytes.as_chunks().0) {
            *bits = u16::from_le_bytes(bytes);
        }
        if dtype == Dtype::F16 {
            bits.reinterpret_cast::<f16>().convert_to_f32_slice(values);
        } else {
            bits.reinterpret_cast::<bf16>().convert_to_f32_slice(values);
        }
    }
}
