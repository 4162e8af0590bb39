//! Tables of runs: whatever the bytes, an error or a table that is written and read back, and whose numbers a fit accepts.
//!
//! `mkdir -p fuzz/corpus/run_table; RUSTC_BOOTSTRAP=1 cargo fuzz run run_table fuzz/corpus/run_table fuzz/seeds/run_table`

#![no_main]

use libfuzzer_sys::fuzz_target;
use rooflaw::runs::RunTable;

fuzz_target!(|bytes: &[u8]| {
    let published = |name: &str| match rooflaw::models::find(name) {
        Ok(known) => Ok(known.architecture),
        Err(error) => Err(error.to_string()),
    };
    for table in [
        RunTable::from_csv_with(bytes, &published),
        RunTable::from_jsonl_with(bytes, &published),
    ] {
        match table {
            Ok(table) => {
                let _ = table.warnings(None);
                // 1/σ² of a tiny σ overflows, which is refused there.
                let _ = table.observations();
                let csv = table.to_csv().expect("columns are of one length");
                let jsonl = table.to_jsonl().expect("columns are of one length");
                assert_eq!(RunTable::from_csv(csv.as_bytes()).as_ref(), Ok(&table));
                assert_eq!(RunTable::from_jsonl(jsonl.as_bytes()).as_ref(), Ok(&table));
            }
            Err(error) => drop(error.to_string()),
        }
    }
});
