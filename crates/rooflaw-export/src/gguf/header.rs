//! The part of a GGUF file before the weights: `docs/gguf.md` in ggml-org/ggml, version 3, little-endian.

use super::metadata::Value;
use super::plan::GgufTensor;
use crate::tensors::Shape;

/// What tensor data is aligned to; the default, so that no key has to say it.
pub(super) const ALIGNMENT: u64 = 32;

const VERSION: u32 = 3;

/// Magic, counts, metadata and tensor descriptions, padded to where the weights begin.
pub(super) fn header(metadata: &[(String, Value)], tensors: &[GgufTensor]) -> Vec<u8> {
    let mut bytes = Bytes(b"GGUF".to_vec());
    bytes.u32(VERSION);
    bytes.u64(tensors.len() as u64);
    bytes.u64(metadata.len() as u64);
    for (key, value) in metadata {
        bytes.text(key);
        match value {
            Value::U32(value) => {
                bytes.u32(4);
                bytes.u32(*value);
            }
            Value::F32(value) => {
                bytes.u32(6);
                bytes.u32(value.to_bits());
            }
            Value::Text(text) => {
                bytes.u32(8);
                bytes.text(text);
            }
        }
    }
    for tensor in tensors {
        bytes.text(&tensor.name);
        // GGUF names the fastest dimension first.
        let dimensions = match tensor.spec.shape {
            Shape::Vector(n) => vec![n],
            Shape::Matrix(rows, columns) => vec![columns, rows],
            Shape::Stack(experts, rows, columns) => vec![columns, rows, experts],
        };
        bytes.u32(dimensions.len() as u32);
        for dimension in dimensions {
            bytes.u64(u64::from(dimension));
        }
        bytes.u32(tensor.kind.number());
        bytes.u64(tensor.offset);
    }
    let padded = (bytes.0.len() as u64).next_multiple_of(ALIGNMENT);
    bytes.0.resize(padded as usize, 0);
    bytes.0
}

struct Bytes(Vec<u8>);

impl Bytes {
    fn u32(&mut self, value: u32) {
        self.0.extend(value.to_le_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.0.extend(value.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.u64(text.len() as u64);
        self.0.extend(text.as_bytes());
    }
}
