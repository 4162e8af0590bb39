//! Tables of runs: whatever the bytes, an error or a table whose numbers a fit accepts.
//!
//! `mkdir -p fuzz/corpus/run_table; RUSTC_BOOTSTRAP=1 cargo fuzz run run_table fuzz/corpus/run_table`

#![no_main]

use libfuzzer_sys::fuzz_target;
use rooflaw::runs::RunTable;

fuzz_target!(|bytes: &[u8]| {
    for table in [RunTable::from_csv(bytes), RunTable::from_jsonl(bytes)] {
        match table {
            Ok(table) => {
                let _ = table.warnings(None);
                // 1/σ² of a tiny σ overflows, which is refused there.
                let _ = table.observations();
            }
            Err(error) => drop(error.to_string()),
        }
    }
});
