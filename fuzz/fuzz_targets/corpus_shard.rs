//! Any bytes as a shard: no panic, whatever is read of it, and no more memory than it is long.
//!
//! `mkdir -p fuzz/corpus/corpus_shard; RUSTC_BOOTSTRAP=1 cargo fuzz run corpus_shard fuzz/corpus/corpus_shard \
//! fuzz/seeds/corpus_shard`

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use rooflaw_corpus::{Header, Shard};
use std::cell::OnceCell;
use std::fs;

thread_local! {
    static FOLDER: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
}

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let header = match Header::parse(bytes) {
        Ok(header) => header,
        Err(error) => {
            drop(error.to_string());
            return Corpus::Reject;
        }
    };
    assert_eq!(header.to_bytes(), bytes[..Header::BYTES]);
    FOLDER.with(|folder| {
        let folder = folder
            .get_or_init(|| tempfile::tempdir().expect("a folder"))
            .path();
        let path = folder.join("train-00000.tokens");
        fs::write(&path, bytes).expect("written");
        match Shard::open(&path) {
            Err(error) => drop(error.to_string()),
            Ok(shard) => {
                assert_eq!(header.file_bytes(), Some(bytes.len() as u64));
                let mut tokens = vec![0; usize::try_from(header.n_tokens).expect("no longer than the file")];
                if shard.read(0, &mut tokens).is_ok() {
                    assert!(tokens.iter().all(|&token| token < header.vocab_size));
                }
                assert!(shard.read(u64::MAX, &mut tokens).is_err());
                for document in [0, header.n_documents - 1] {
                    shard.entry(document).expect("it is in the file");
                }
                assert!(shard.entry(header.n_documents).is_err());
                shard.hash(&mut |_| Ok(())).expect("it can be read");
            }
        }
    });
    Corpus::Keep
});
