//! Any bytes as a file of measurements: no panic, and what is read is written as a table that is read back as it was.
//!
//! `mkdir -p fuzz/corpus/measurements; RUSTC_BOOTSTRAP=1 cargo fuzz run measurements fuzz/corpus/measurements \
//! crates/rooflaw/tests/data/measurements -- -dict=fuzz/measurements.dict`

#![no_main]

use libfuzzer_sys::fuzz_target;
use rooflaw::format::WeightFormat;
use rooflaw::measurements::{Given, MeasurementTable, read};

fuzz_target!(|bytes: &[u8]| {
    let given = Given {
        model: Some(" a model\n".to_owned()),
        runtime: Some("Some Runtime".to_owned()),
        weights: Some(WeightFormat::Q8_0),
        batch: Some(2),
        prompt_tokens: Some(16),
        generated_tokens: Some(1),
        ..Given::default()
    };
    for given in [Given::default(), given] {
        match read(bytes, None, &given) {
            Ok((rows, skipped)) => {
                assert!(!rows.is_empty());
                for reason in skipped {
                    assert!(!reason.to_string().is_empty());
                }
                let table = MeasurementTable { rows };
                let csv = table.to_csv().expect("what was read can be written");
                assert_eq!(MeasurementTable::from_csv(csv.as_bytes()).as_ref(), Ok(&table));
            }
            Err(error) => drop(error.to_string()),
        }
    }
});
