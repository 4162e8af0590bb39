//! Killed twenty times at random steps, the real program ends with the bits of the run that was left alone.

use crate::small::{STEPS, assert_same, files, steps, train, whole};
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

const KILLS: u64 = 20;

#[test]
fn killed_twenty_times_it_is_the_same_run() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    whole(&a);
    let mut random = 5_u64;
    let mut draw = |below: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let mut kills = 0;
    for attempt in 0..KILLS {
        // Steps beyond the last checkpoint are done again, so that each process has some to do.
        let step = (attempt * (STEPS - 6) / KILLS + 1 + draw(4)).max(1);
        let mut child = train(&b, &[])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begin = Instant::now();
        while steps(&b) < step && child.try_wait().unwrap().is_none() {
            assert!(
                begin.elapsed() < Duration::from_secs(60),
                "attempt {attempt} at step {step}"
            );
            std::thread::sleep(Duration::from_micros(200));
        }
        std::thread::sleep(Duration::from_micros(draw(4000)));
        child.kill().unwrap();
        kills += u64::from(child.wait().unwrap().code().is_none());
        assert_whole(&b);
    }
    assert_eq!(kills, KILLS, "some were done before they were killed");
    let result = whole(&b);
    assert_eq!(result["steps"], STEPS);
    assert_same(&a, &b);
}

/// Every JSON file that has its name is whole, and so is every line.
fn assert_whole(run: &Path) {
    for path in files(run) {
        let shown = path.display().to_string();
        if shown.contains("/.rooflaw-") {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let is_json = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).is_ok();
        if shown.ends_with(".json") {
            assert!(is_json(&bytes), "{shown}");
        } else if shown.ends_with(".jsonl") {
            let mut lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
            assert!(lines.all(is_json), "{shown}");
        } else if shown.ends_with(".safetensors") {
            // Header and data add up to the file.
            let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
            let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + header]).unwrap();
            let ends = header.as_object().unwrap().values();
            let end = ends
                .filter_map(|tensor| tensor["data_offsets"][1].as_u64())
                .max()
                .unwrap();
            let prefix = u64::from_le_bytes(bytes[..8].try_into().unwrap()) + 8;
            assert_eq!(prefix + end, bytes.len() as u64, "{shown}");
        }
    }
}
