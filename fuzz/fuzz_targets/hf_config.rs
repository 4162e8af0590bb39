//! Any bytes as a `config.json`: no panic, and what is read can be counted, written and read again to the same.
//!
//! `mkdir -p fuzz/corpus/hf_config; RUSTC_BOOTSTRAP=1 cargo fuzz run hf_config fuzz/corpus/hf_config \
//! fuzz/seeds/hf_config -- -dict=fuzz/hf_config.dict`

#![no_main]

use libfuzzer_sys::fuzz_target;
use rooflaw::architecture::hf::{self, WriteOptions};

fuzz_target!(|json: &[u8]| {
    let Ok(model) = hf::read(json) else {
        return;
    };
    let parameters = model.architecture.parameters();
    assert!(parameters.active <= parameters.total);
    assert!(parameters.embedding <= parameters.active);
    if let Ok(written) = hf::write(&model.architecture, &WriteOptions::default()) {
        let again = hf::read(written.as_bytes()).expect("what is written is read");
        assert_eq!(again.architecture, model.architecture);
    }
});
