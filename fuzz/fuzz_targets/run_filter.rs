//! Any text as a filter of runs: no panic, what is read is written to the same, and what it keeps is a table.
//!
//! `mkdir -p fuzz/corpus/run_filter; RUSTC_BOOTSTRAP=1 cargo fuzz run run_filter fuzz/corpus/run_filter \
//! fuzz/seeds/run_filter -- -dict=fuzz/run_filter.dict`

#![no_main]

use libfuzzer_sys::fuzz_target;
use rooflaw::runs::{Filter, RunTable};
use std::sync::LazyLock;

static TABLE: LazyLock<RunTable> = LazyLock::new(|| {
    let csv =
        "group,n_layers,tokens,x_y,loss,weight\na,2,1e9,1,3,1\n\"b, c\",4,2e9,2,2.5,1\nd,8,4e9,3,2.25,2\n";
    RunTable::from_csv(csv.as_bytes()).expect("a table")
});

fuzz_target!(|text: &str| {
    let Ok(filter) = text.parse::<Filter>() else {
        return;
    };
    assert_eq!(filter.to_string().parse::<Filter>().as_ref(), Ok(&filter));
    match TABLE.filter(&filter) {
        Ok(kept) => {
            assert!(kept.n_rows() > 0 && kept.n_rows() <= TABLE.n_rows());
            // Whoever has passed passes again.
            assert_eq!(kept.filter(&filter).as_ref(), Ok(&kept));
            assert!(kept.to_csv().is_ok());
        }
        Err(error) => drop(error.to_string()),
    }
});
