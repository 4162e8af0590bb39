//! TensorBoard event files.
//!
//! Records as TensorFlow frames them (`tensorflow/core/lib/io/record_writer.h`): the length (u64, little endian), its masked
//! CRC-32C, the bytes, their masked CRC-32C. Each is an `Event` (`tensorflow/core/util/event.proto`);
//! `rooflaw::runs::import::tensorboard` reads them. The one crate that writes them, tensorboard-rs, rests on a protobuf of 2022.

use super::RunFolderError;
use prost::Message;
use rooflaw_export::StagedFile;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// TensorFlow's mask (`tensorflow/core/lib/hash/crc32c.h`).
const MASK: u32 = 0xa282_ead8;

/// What TensorBoard looks for in a name.
const PREFIX: &str = "events.out.tfevents.";

/// Names and values.
pub(super) type Scalars = Vec<(&'static str, f64)>;

#[derive(Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

#[derive(Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    values: Vec<Value>,
}

#[derive(Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

/// The event file that a run is writing.
#[derive(Debug)]
pub(super) struct EventFile {
    path: PathBuf,
    file: File,
}

impl EventFile {
    /// Writes a file with what is known of the run so far, then removes those of earlier tries: steps that were lost must
    /// not be read as if they were the run's.
    pub(super) fn begin(
        folder: &Path,
        known: impl Iterator<Item = (u64, Scalars)>,
    ) -> Result<EventFile, RunFolderError> {
        let before = event_files(folder)?;
        let path = folder.join(name(&before));
        let cannot = RunFolderError::write(&path);
        let mut bytes = record(&Event {
            wall_time: seconds(),
            step: 0,
            file_version: Some("brain.Event:2".to_owned()),
            summary: None,
        });
        for (step, scalars) in known {
            bytes.extend(record(&event(step, &scalars)));
        }
        let mut staged = StagedFile::new(&path).map_err(RunFolderError::staged(&path))?;
        staged.file().write_all(&bytes).map_err(&cannot)?;
        staged.commit().map_err(RunFolderError::staged(&path))?;
        for old in before {
            let old = folder.join(old);
            fs::remove_file(&old).map_err(RunFolderError::write(&old))?;
        }
        let file = File::options().append(true).open(&path).map_err(&cannot)?;
        Ok(EventFile { path, file })
    }

    /// Adds the scalars of a step.
    pub(super) fn add(&mut self, step: u64, scalars: &Scalars) -> Result<(), RunFolderError> {
        self.file
            .write_all(&record(&event(step, scalars)))
            .map_err(RunFolderError::write(&self.path))
    }

    /// Makes sure that all of it is on the disk.
    pub(super) fn sync(&self) -> Result<(), RunFolderError> {
        self.file.sync_data().map_err(RunFolderError::write(&self.path))
    }
}

/// The names of the event files of a folder, in order.
fn event_files(folder: &Path) -> Result<Vec<String>, RunFolderError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(RunFolderError::read(folder))? {
        let entry = entry.map_err(RunFolderError::read(folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(PREFIX) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// A name after all of those: TensorBoard reads a folder's files in order and goes on with the last.
fn name(before: &[String]) -> String {
    let time = |name: &String| name.strip_prefix(PREFIX)?.split('.').next()?.parse::<u64>().ok();
    let last = before.iter().filter_map(time).max();
    let now = seconds() as u64;
    let time = last.map_or(now, |last| now.max(last.saturating_add(1)));
    format!("{PREFIX}{time:010}.rooflaw")
}

/// Since 1970, seconds.
fn seconds() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

fn event(step: u64, scalars: &Scalars) -> Event {
    let value = |(tag, value): &(&str, f64)| Value {
        tag: (*tag).to_owned(),
        simple_value: Some(*value as f32),
    };
    Event {
        wall_time: seconds(),
        step: i64::try_from(step).unwrap_or(i64::MAX),
        file_version: None,
        summary: Some(Summary {
            values: scalars.iter().map(value).collect(),
        }),
    }
}

fn masked_crc(bytes: &[u8]) -> [u8; 4] {
    let masked = crc32c::crc32c(bytes).rotate_right(15).wrapping_add(MASK);
    masked.to_le_bytes()
}

fn record(event: &Event) -> Vec<u8> {
    let data = event.encode_to_vec();
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &masked_crc(&length), &data, &masked_crc(&data)].concat()
}
