//! What is written: as long as predicted, the same for the same seed, and stopped or refused without a trace.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use common::{DENSE, all, on, write_hf};
use rooflaw::format::WeightFormat;
use rooflaw_export::{ExportError, GgufPlan, Settings, StagedFile, StagedFolder, Weights};
use std::fs;
use std::io::{self, Write};
use std::ops::ControlFlow;

fn plan(format: WeightFormat) -> GgufPlan {
    GgufPlan::new(&DENSE, format, &Settings::named("test")).unwrap()
}

fn random(seed: u64) -> Weights<'static> {
    Weights::Random { seed }
}

#[test]
fn files_are_as_long_as_predicted() {
    for (name, architecture) in all() {
        for format in [WeightFormat::GgufF16, WeightFormat::Q8_0, WeightFormat::Q4_0] {
            let plan = GgufPlan::new(&architecture, format, &Settings::named("test")).unwrap();
            let (mut bytes, mut told) = (Vec::new(), 0);
            let mut progress = |more| {
                told += more;
                ControlFlow::Continue(())
            };
            plan.write(&mut bytes, &mut random(0), &mut progress).unwrap();
            assert_eq!(
                (bytes.len() as u64, told),
                (plan.file_bytes(), plan.file_bytes()),
                "{name} {format}"
            );
            assert_eq!(&bytes[..8], b"GGUF\x03\0\0\0");
        }
    }
}

#[test]
fn directories_are_as_long_as_predicted() {
    let folder = tempfile::tempdir().unwrap();
    for (name, architecture) in common::hf() {
        let target = folder.path().join(name);
        let plan = write_hf(&architecture, WeightFormat::Bf16, 200_000, &target);
        for file in plan.files() {
            let found = fs::metadata(target.join(&file.name)).unwrap().len();
            assert_eq!(found, file.bytes, "{name}/{}", file.name);
        }
        assert_eq!(fs::read_dir(&target).unwrap().count(), plan.files().len());
        assert!(plan.files().len() > 3, "{name}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), common::hf().len());
}

#[test]
fn seeds_decide() {
    let write = |seed| {
        let mut bytes = Vec::new();
        plan(WeightFormat::Q8_0)
            .write(&mut bytes, &mut random(seed), &mut on)
            .unwrap();
        bytes
    };
    assert_eq!(write(3), write(3));
    assert_ne!(write(3), write(4));
}

/// A disk with room for so many bytes.
struct Disk(usize);

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = bytes.len().min(self.0);
        self.0 -= written;
        if written == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let plan = plan(WeightFormat::GgufF16);
    let room = plan.file_bytes() as usize;
    assert!(plan.write(&mut Disk(room), &mut random(0), &mut on).is_ok());
    for room in [0, 100, room / 2, room - 1] {
        let error = plan.write(&mut Disk(room), &mut random(0), &mut on).unwrap_err();
        assert!(matches!(error, ExportError::Write(_)), "{error}");
    }
}

#[test]
fn stopping_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("model.gguf");
    fs::write(&target, "before").unwrap();
    let mut staged = StagedFile::new(&target).unwrap();
    let mut calls = 0;
    let mut stop = |_| {
        calls += 1;
        if calls > 5 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let error = plan(WeightFormat::GgufF16)
        .write(staged.file(), &mut random(0), &mut stop)
        .unwrap_err();
    assert!(matches!(error, ExportError::Interrupted), "{error}");
    drop(staged);
    assert_eq!(fs::read(&target).unwrap(), b"before");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn targets_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("file"), "").unwrap();
    fs::create_dir_all(path.join("full/inside")).unwrap();
    fs::create_dir(path.join("empty")).unwrap();
    for (error, named) in [
        (StagedFile::new(path).unwrap_err(), "a folder: expected a file"),
        (
            StagedFile::new(&path.join("no/file")).unwrap_err(),
            "expected one that exists",
        ),
        (
            StagedFolder::new(&path.join("file")).unwrap_err(),
            "a file: expected a folder",
        ),
        (StagedFolder::new(&path.join("full")).unwrap_err(), "not empty"),
        (
            StagedFolder::new(&path.join("no/folder")).unwrap_err(),
            "expected one that exists",
        ),
    ] {
        assert!(error.to_string().contains(named), "{error}");
    }
    StagedFolder::new(&path.join("empty")).unwrap().commit().unwrap();
    assert_eq!(fs::read_dir(path).unwrap().count(), 3);
}
