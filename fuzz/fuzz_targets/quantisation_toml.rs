//! Any text as a quantisation loss: no panic, and what is read adds a loss of at least 0 to every architecture.
//!
//! `mkdir -p fuzz/corpus/quantisation_toml; RUSTC_BOOTSTRAP=1 cargo fuzz run quantisation_toml fuzz/corpus/quantisation_toml \
//! data/quantisation`

#![no_main]

use libfuzzer_sys::fuzz_target;
use rooflaw::architecture::Parameters;
use rooflaw::quantisation::QuantisationLoss;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let model = match QuantisationLoss::from_toml("fuzz", text) {
        Ok(model) => model,
        Err(error) => return drop(error.to_string()),
    };
    for known in &model.formats {
        let Ok(Some(penalty)) = model.penalty(known.weights, Some(1e11)) else {
            continue;
        };
        for total in [1, 1_000_000, 500_000_000, 1_000_000_000_000] {
            let loss = penalty.of(&Parameters {
                total,
                active: total,
                embedding: 0,
            });
            assert!(!loss.is_nan() && loss >= 0.0, "{loss}");
        }
    }
});
