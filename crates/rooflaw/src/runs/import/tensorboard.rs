//! TensorBoard event files: `events.out.tfevents.*`.
//!
//! Records as TensorFlow frames them (`tensorflow/core/lib/io/record_writer.h`): the length (u64, little endian), its masked
//! CRC-32C, the bytes, their masked CRC-32C. Each is an `Event` (`tensorflow/core/util/event.proto`), of which scalars are
//! read, whether written as `simple_value` or as a tensor of one element. Everything else is passed over.

use super::{ImportError, ImportWarning, ImportedRun};
use prost::Message;

/// Longest event file read, bytes.
pub const MAX_EVENT_BYTES: usize = 256 << 20;

/// Longest record decoded, bytes: a step's scalars have a few kB; images, audio and graphs may have more and hold none.
const MAX_RECORD_BYTES: usize = 4 << 20;

/// Bytes before a record's data: its length and the checksum of that.
const HEADER: usize = 12;
/// Bytes after a record's data: their checksum.
const FOOTER: usize = 4;

/// TensorFlow's mask (`tensorflow/core/lib/hash/crc32c.h`).
const MASK: u32 = 0xa282_ead8;

#[derive(Message)]
struct Event {
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

#[derive(Message)]
struct Summary {
    /// Each a [`ScalarValue`], decoded one by one: an empty one has 2 bytes here, and 50 times that when decoded.
    #[prost(bytes = "vec", repeated, tag = "1")]
    values: Vec<Vec<u8>>,
}

#[derive(Message)]
struct ScalarValue {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
    #[prost(message, optional, tag = "8")]
    tensor: Option<Tensor>,
}

#[derive(Message)]
struct Tensor {
    #[prost(int32, tag = "1")]
    dtype: i32,
    #[prost(bytes = "vec", tag = "4")]
    content: Vec<u8>,
    #[prost(float, repeated, tag = "5")]
    floats: Vec<f32>,
    #[prost(double, repeated, tag = "6")]
    doubles: Vec<f64>,
}

/// `DataType` of `tensorflow/core/framework/types.proto`.
const DT_FLOAT: i32 = 1;
const DT_DOUBLE: i32 = 2;

impl ScalarValue {
    fn scalar(&self) -> Option<f64> {
        if let Some(value) = self.simple_value {
            return Some(f64::from(value));
        }
        let tensor = self.tensor.as_ref()?;
        match (
            tensor.dtype,
            &tensor.content[..],
            &tensor.floats[..],
            &tensor.doubles[..],
        ) {
            (DT_FLOAT, [], [value], []) => Some(f64::from(*value)),
            (DT_DOUBLE, [], [], [value]) => Some(*value),
            (DT_FLOAT, content, [], []) => Some(f64::from(f32::from_le_bytes(content.try_into().ok()?))),
            (DT_DOUBLE, content, [], []) => Some(f64::from_le_bytes(content.try_into().ok()?)),
            _ => None,
        }
    }
}

/// Reads an event file; the run is to be called `name`. A last record that is cut short is a warning: the run may be going
/// on.
///
/// # Errors
/// Bytes that are no events, with where they begin.
pub fn tensorboard(name: &str, bytes: &[u8]) -> Result<ImportedRun, ImportError> {
    if bytes.len() > MAX_EVENT_BYTES {
        return Err(ImportError::TooLong {
            bytes: bytes.len(),
            limit: MAX_EVENT_BYTES,
        });
    }
    let mut run = ImportedRun::new(name);
    let (mut offset, mut records) = (0, 0);
    while offset < bytes.len() {
        let Some(record) = record(bytes, offset)? else {
            break;
        };
        if records == 0 {
            check_version(record)?;
        } else if record.len() > MAX_RECORD_BYTES {
            run.warnings.push(ImportWarning::Large {
                run: run.name.clone(),
                offset,
                bytes: record.len(),
            });
        } else {
            scalars(record, offset, &mut run)?;
        }
        offset += HEADER + record.len() + FOOTER;
        records += 1;
    }
    if records == 0 {
        return Err(ImportError::NotEvents("it ends before its first record does"));
    }
    if offset < bytes.len() {
        run.warnings.push(ImportWarning::Truncated {
            run: run.name.clone(),
            offset,
            records,
        });
    }
    Ok(run)
}

fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(MASK)
}

/// The data of the record at `offset`; none if the file ends before the record does.
fn record(bytes: &[u8], offset: usize) -> Result<Option<&[u8]>, ImportError> {
    let rest = &bytes[offset..];
    let Some((length, rest)) = rest.split_first_chunk::<8>() else {
        return Ok(None);
    };
    let Some((checksum, rest)) = rest.split_first_chunk::<4>() else {
        return Ok(None);
    };
    let bad = |what: &str| {
        if offset == 0 {
            return ImportError::NotEvents("the checksum of its first record is wrong");
        }
        ImportError::Event {
            offset,
            what: what.to_owned(),
        }
    };
    if masked_crc(length) != u32::from_le_bytes(*checksum) {
        return Err(bad("the checksum of a record's length is wrong"));
    }
    let whole = usize::try_from(u64::from_le_bytes(*length))
        .ok()
        .and_then(|length| rest.split_at_checked(length));
    let Some((data, rest)) = whole else {
        return Ok(None);
    };
    let Some((checksum, _)) = rest.split_first_chunk::<FOOTER>() else {
        return Ok(None);
    };
    if masked_crc(data) != u32::from_le_bytes(*checksum) {
        return Err(bad("the checksum of a record is wrong"));
    }
    Ok(Some(data))
}

/// The first event says what the file is.
fn check_version(record: &[u8]) -> Result<(), ImportError> {
    let small = (record.len() <= MAX_RECORD_BYTES).then_some(record);
    let event = small.and_then(|record| Event::decode(record).ok());
    let version = event.and_then(|event| event.file_version);
    if version.is_some_and(|version| version.starts_with("brain.Event:")) {
        return Ok(());
    }
    Err(ImportError::NotEvents("its first record names no version"))
}

fn scalars(record: &[u8], offset: usize, run: &mut ImportedRun) -> Result<(), ImportError> {
    let wrong = |error: prost::DecodeError| ImportError::Event {
        offset,
        what: error.to_string(),
    };
    let event = Event::decode(record).map_err(wrong)?;
    // Graphs and the like are logged at step -1 or 0.
    let Ok(step) = u64::try_from(event.step) else {
        return Ok(());
    };
    for value in event.summary.iter().flat_map(|summary| &summary.values) {
        let value = ScalarValue::decode(&value[..]).map_err(wrong)?;
        if let Some(scalar) = value.scalar() {
            run.add(step, &value.tag, scalar)?;
        }
    }
    Ok(())
}
