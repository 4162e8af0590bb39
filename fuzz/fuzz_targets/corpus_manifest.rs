//! Any bytes as a `manifest.json`: no panic, and what is read is written and read back as it was. The hash of an input is
//! mended before it is read a second time, since no mutation would.
//!
//! `mkdir -p fuzz/corpus/corpus_manifest; RUSTC_BOOTSTRAP=1 cargo fuzz run corpus_manifest fuzz/corpus/corpus_manifest \
//! fuzz/seeds/corpus_manifest`

#![no_main]

use libfuzzer_sys::fuzz_target;
use rooflaw_corpus::{Manifest, ManifestError, Split};

fn check(json: &[u8]) -> Result<(), ManifestError> {
    let manifest = Manifest::from_json(json)?;
    for split in Split::ALL {
        for shard in &manifest.split(split).shards {
            assert!(!shard.file.contains(['/', '\\']) && shard.file.starts_with(split.name()));
            assert!(shard.tokens <= manifest.split(split).tokens);
        }
    }
    let again = Manifest::from_json(manifest.to_json()?.as_bytes())?;
    assert_eq!(again, manifest);
    Ok(())
}

fuzz_target!(|json: &[u8]| {
    match check(json) {
        Ok(()) => {}
        Err(ManifestError::Hash { said, found }) if !said.is_empty() => {
            if let Ok(text) = std::str::from_utf8(json) {
                drop(check(text.replace(&said, &found).as_bytes()).map_err(|error| error.to_string()));
            }
        }
        Err(error) => drop(error.to_string()),
    }
});
