//! Flat vectors of an engine's state as safetensors, one vector in memory at a time.

use crate::engine::EngineError;
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

/// Longest header read, bytes: ours have a few hundred.
const MAX_HEADER: u64 = 1 << 20;

/// Why vectors were not written.
pub(super) enum Stopped {
    Engine(EngineError),
    Write(io::Error),
}

/// Writes vectors of one length; `fill` is asked for each in turn.
pub(super) fn write(
    file: &mut File,
    names: &[&str],
    values: &mut [f32],
    mut fill: impl FnMut(usize, &mut [f32]) -> Result<(), EngineError>,
) -> Result<(), Stopped> {
    let bytes = size_of_val(values);
    let info = |(index, name): (usize, &&str)| {
        let info = TensorInfo {
            dtype: Dtype::F32,
            shape: vec![values.len()],
            data_offsets: (index * bytes, (index + 1) * bytes),
        };
        ((*name).to_owned(), info)
    };
    let infos = names.iter().enumerate().map(info).collect();
    let failed = |error: String| Stopped::Write(io::Error::other(error));
    let metadata = Metadata::new(None, infos).map_err(|error| failed(error.to_string()))?;
    let mut header = serde_json::to_vec(&metadata).map_err(|error| failed(error.to_string()))?;
    // Data begin at a multiple of 8 bytes, as the library writes them.
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut put = |bytes: &[u8]| file.write_all(bytes).map_err(Stopped::Write);
    put(&(header.len() as u64).to_le_bytes())?;
    put(&header)?;
    for index in 0..names.len() {
        fill(index, values).map_err(Stopped::Engine)?;
        to_little_endian(values);
        put(bytemuck::cast_slice(values))?;
    }
    Ok(())
}

/// Reads the vectors that [`write`] wrote; `take` is given each in turn.
pub(super) fn read(
    path: &Path,
    names: &[&str],
    values: &mut [f32],
    mut take: impl FnMut(usize, &[f32]) -> Result<(), EngineError>,
) -> Result<(), Unreadable> {
    let wrong = |cause: String| Unreadable::Damaged(cause);
    let mut file = File::open(path).map_err(Unreadable::Read)?;
    let length = file.metadata().map_err(Unreadable::Read)?.len();
    let mut prefix = [0; 8];
    file.read_exact(&mut prefix).map_err(Unreadable::Read)?;
    let header_length = u64::from_le_bytes(prefix);
    if header_length > MAX_HEADER.min(length) {
        return Err(wrong("no safetensors: its header is longer than it".to_owned()));
    }
    let mut header = vec![0; header_length as usize];
    file.read_exact(&mut header).map_err(Unreadable::Read)?;
    let metadata: Metadata =
        serde_json::from_slice(&header).map_err(|error| wrong(format!("no safetensors: {error}")))?;
    let bytes = size_of_val(values);
    for (index, name) in names.iter().enumerate() {
        let expected = (index * bytes, (index + 1) * bytes);
        let fits = |info: &&TensorInfo| {
            info.dtype == Dtype::F32 && info.shape == [values.len()] && info.data_offsets == expected
        };
        if metadata.info(name).filter(fits).is_none() {
            let elements = values.len();
            return Err(wrong(format!(
                "tensor {name}: expected f32, {elements} elements, in this order"
            )));
        }
    }
    let expected = 8 + header_length + (names.len() * bytes) as u64;
    if length != expected {
        return Err(wrong(format!("{length} bytes: expected {expected}")));
    }
    for index in 0..names.len() {
        file.read_exact(bytemuck::cast_slice_mut(values))
            .map_err(Unreadable::Read)?;
        to_little_endian(values);
        take(index, values).map_err(Unreadable::Engine)?;
    }
    Ok(())
}

/// Why vectors were not read.
pub(super) enum Unreadable {
    Damaged(String),
    Read(io::Error),
    Engine(EngineError),
}

/// To the order of the file, or back; on most machines they are in it.
fn to_little_endian(values: &mut [f32]) {
    if cfg!(target_endian = "big") {
        for value in values {
            *value = f32::from_bits(value.to_bits().swap_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safetensors::SafeTensors;

    fn written(path: &Path) {
        let mut file = File::create(path).unwrap();
        let fill = |index: usize, values: &mut [f32]| {
            for (at, value) in values.iter_mut().enumerate() {
                *value = (10 * index + at) as f32 + 0.5;
            }
            Ok(())
        };
        assert!(write(&mut file, &["first", "second"], &mut [0.0; 3], fill).is_ok());
    }

    fn error(path: &Path, elements: usize) -> String {
        let take = |_: usize, _: &[f32]| Ok(());
        match read(path, &["first", "second"], &mut vec![0.0; elements], take) {
            Err(Unreadable::Damaged(cause)) => cause,
            Err(Unreadable::Read(cause)) => cause.kind().to_string(),
            _ => panic!("read"),
        }
    }

    /// As the library reads it, which did not write it.
    #[test]
    fn it_is_safetensors_and_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        written(&path);
        let bytes = std::fs::read(&path).unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let second = tensors.tensor("second").unwrap();
        assert_eq!((second.dtype(), second.shape()), (Dtype::F32, &[3][..]));
        let expected: Vec<u8> = [10.5_f32, 11.5, 12.5]
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect();
        assert_eq!(second.data(), expected);
        let mut found = Vec::new();
        let take = |_: usize, values: &[f32]| {
            found.extend_from_slice(values);
            Ok(())
        };
        assert!(read(&path, &["first", "second"], &mut [0.0; 3], take).is_ok());
        assert_eq!(found, [0.5, 1.5, 2.5, 10.5, 11.5, 12.5]);
    }

    #[test]
    fn what_is_damaged_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        written(&path);
        assert!(error(&path, 4).starts_with("tensor first: expected f32, 4 elements"));
        let bytes = std::fs::read(&path).unwrap();
        for length in 0..bytes.len() {
            std::fs::write(&path, &bytes[..length]).unwrap();
            error(&path, 3);
        }
        std::fs::write(&path, [&bytes[..], b"x"].concat()).unwrap();
        assert!(error(&path, 3).contains("bytes: expected"));
    }
}
