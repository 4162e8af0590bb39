//! Any bytes as `run.json` and `result.json` (a zero byte between them): no panic, and what is read is a row that is read
//! back as it was.
//!
//! `mkdir -p fuzz/corpus/run_folder; RUSTC_BOOTSTRAP=1 cargo fuzz run run_folder fuzz/corpus/run_folder fuzz/seeds/run_folder`

#![no_main]

use libfuzzer_sys::fuzz_target;
use rooflaw::runs::{FinishedRun, RunTable};

fuzz_target!(|bytes: &[u8]| {
    let at = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    let (run, result) = bytes.split_at(at);
    let finished = match FinishedRun::read("run", run, result.get(1..).unwrap_or_default()) {
        Ok(finished) => finished,
        Err(error) => return drop(error.to_string()),
    };
    let table = RunTable::from_finished(&[finished]).expect("one run");
    let written = table.to_csv().expect("columns of one length");
    assert_eq!(RunTable::from_csv(written.as_bytes()).expect("what was written"), table);
});
