//! The safetensors files of a checkpoint: which there are, and what is where in them.

use crate::ExportError;
use safetensors::Dtype;
use safetensors::tensor::Metadata;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Largest header or index that is read, bytes: what the safetensors library accepts.
const MAX_HEADER_BYTES: u64 = 100_000_000;

/// An open safetensors file.
#[derive(Debug)]
pub(super) struct Shard {
    pub(super) path: PathBuf,
    pub(super) file: File,
}

/// Where a tensor is.
#[derive(Clone, Debug)]
pub(super) struct Located {
    /// Number of its file.
    pub(super) shard: usize,
    /// Where it begins in the file, bytes.
    pub(super) offset: u64,
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
}

/// A checkpoint's files and tensors.
pub(super) struct Files {
    pub(super) shards: Vec<Shard>,
    pub(super) tensors: BTreeMap<String, Located>,
}

/// Opens `model.safetensors`, or the files that `model.safetensors.index.json` names, or the one file given.
pub(super) fn open(given: &Path) -> Result<Files, ExportError> {
    let mut files = Files {
        shards: Vec::new(),
        tensors: BTreeMap::new(),
    };
    for path in paths(given)? {
        files.add(path)?;
    }
    Ok(files)
}

/// A small file, whole.
pub(super) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, ExportError> {
    let file = File::open(path).map_err(|cause| ExportError::read(path, cause))?;
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|cause| ExportError::read(path, cause))?;
    if bytes.len() as u64 > limit {
        return Err(ExportError::file(
            path,
            format!("larger than expected: at most {limit} bytes"),
        ));
    }
    Ok(bytes)
}

fn paths(given: &Path) -> Result<Vec<PathBuf>, ExportError> {
    if given.is_file() {
        return Ok(vec![given.to_path_buf()]);
    }
    let whole = given.join("model.safetensors");
    if whole.is_file() {
        return Ok(vec![whole]);
    }
    let index = given.join("model.safetensors.index.json");
    if !index.is_file() {
        let cause = "no weights: expected model.safetensors or model.safetensors.index.json";
        return Err(ExportError::file(given, cause));
    }
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let parsed: Index = serde_json::from_slice(&read(&index, MAX_HEADER_BYTES)?).map_err(|error| {
        ExportError::file(&index, format!("{error}: expected an index with a weight_map"))
    })?;
    let names: BTreeSet<String> = parsed.weight_map.into_values().collect();
    let mut paths = Vec::new();
    for name in names {
        // A name that leads out of the folder is a mistake or a trick.
        if Path::new(&name).file_name() != Some(name.as_ref()) {
            let cause = format!("weight_map names {name}: expected names of files beside it");
            return Err(ExportError::file(&index, cause));
        }
        paths.push(given.join(name));
    }
    Ok(paths)
}

impl Files {
    fn add(&mut self, path: PathBuf) -> Result<(), ExportError> {
        let (file, start, metadata) = header(&path)?;
        let end = start.saturating_add(metadata.data_len() as u64);
        let length = file
            .metadata()
            .map_err(|cause| ExportError::read(&path, cause))?
            .len();
        if length != end {
            let cause = format!("{length} bytes: expected {end} by its header");
            return Err(ExportError::file(&path, cause));
        }
        for (name, info) in metadata.tensors() {
            let located = Located {
                shard: self.shards.len(),
                offset: start + info.data_offsets.0 as u64,
                dtype: info.dtype,
                shape: info.shape.clone(),
            };
            if self.tensors.insert(name.clone(), located).is_some() {
                return Err(ExportError::file(
                    &path,
                    format!("tensor {name} is in another file too"),
                ));
            }
        }
        self.shards.push(Shard { path, file });
        Ok(())
    }
}

/// An opened file, where its tensors begin, and what they are.
fn header(path: &Path) -> Result<(File, u64, Metadata), ExportError> {
    let cannot = |cause| ExportError::read(path, cause);
    let mut file = File::open(path).map_err(cannot)?;
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(cannot)?;
    let length = u64::from_le_bytes(length);
    // Before anything of that size is allocated.
    if length > MAX_HEADER_BYTES {
        let cause = format!("a header of {length} bytes: expected a safetensors file");
        return Err(ExportError::file(path, cause));
    }
    let mut bytes = Vec::new();
    (&mut file).take(length).read_to_end(&mut bytes).map_err(cannot)?;
    let metadata = serde_json::from_slice(&bytes)
        .map_err(|error| ExportError::file(path, format!("{error}: expected a safetensors header")))?;
    Ok((file, 8 + length, metadata))
}
