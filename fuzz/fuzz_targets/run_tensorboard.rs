//! Any bytes as a TensorBoard event file: no panic, and a table made of it is read back as it was.
//!
//! Random bytes have no right checksums, so an input is read as it is and as a list of records (length, then data) to which
//! checksums are added.
//!
//! `mkdir -p fuzz/corpus/run_tensorboard; RUSTC_BOOTSTRAP=1 cargo fuzz run run_tensorboard fuzz/corpus/run_tensorboard \
//! crates/rooflaw/tests/data/runs/new_style`

#![no_main]

#[path = "../imported.rs"]
mod imported;

use libfuzzer_sys::fuzz_target;
use rooflaw::runs::import::tensorboard;

fn masked_crc(bytes: &[u8]) -> [u8; 4] {
    let sum = crc32c::crc32c(bytes);
    sum.rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

/// A whole file: the version, then each record with its checksums.
fn framed(mut input: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut push = |data: &[u8]| {
        let length = (data.len() as u64).to_le_bytes();
        file.extend(length);
        file.extend(masked_crc(&length));
        file.extend(data);
        file.extend(masked_crc(data));
    };
    push(b"\x1a\x0dbrain.Event:2");
    while let Some((&length, rest)) = input.split_first() {
        let (data, rest) = rest.split_at(rest.len().min(length as usize));
        push(data);
        input = rest;
    }
    file
}

fuzz_target!(|bytes: &[u8]| {
    for bytes in [bytes, &framed(bytes)] {
        match tensorboard("run", bytes) {
            Ok(run) => imported::check(&[run]),
            Err(error) => drop(error.to_string()),
        }
    }
});
