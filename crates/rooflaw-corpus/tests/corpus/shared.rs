//! A corpus of prose with known counts: `ROOFLAW_SHARED` names a folder with `data/corpus` in it. Tests are skipped without.

use crate::data::{plan, prepared, source};
use rooflaw_corpus::{SourceFile, Tokenizer};
use std::path::PathBuf;

fn corpus() -> Option<PathBuf> {
    std::env::var_os("ROOFLAW_SHARED").map(|shared| PathBuf::from(shared).join("data/corpus"))
}

/// Counts that Python's `tokenizers` gave, without ends of text.
fn check(files: &[(&str, u64, u64, u64)]) {
    let Some(folder) = corpus() else {
        return;
    };
    let tokenizer = Tokenizer::open(&folder.join("tokenizer-4096.json"), None).unwrap();
    assert_eq!(tokenizer.vocab_size(), 4096);
    let place = tempfile::tempdir().unwrap();
    for &(name, documents, bytes, tokens) in files {
        let file: SourceFile = source(&folder.join(name));
        let mut plan = plan(vec![file], &tokenizer);
        plan.shard_tokens = 1 << 27;
        let manifest = prepared(&plan, &place.path().join(name.replace('/', "-"))).unwrap();
        let found = (
            manifest.train.documents,
            manifest.train.bytes,
            manifest.train.tokens - documents,
        );
        assert_eq!(found, (documents, bytes, tokens), "{name}");
    }
}

#[test]
fn counts_are_those_of_python() {
    check(&[
        ("prose-val.jsonl.zst", 240, 1_777_504, 527_012),
        ("wikitext-2/train.txt", 1, 10_797_148, 3_546_469),
        ("wikitext-2/valid.txt", 1, 1_121_681, 378_597),
        ("wikitext-2/test.txt", 1, 1_256_449, 433_773),
        ("wikitext-2-raw/test.txt", 1, 1_290_590, 411_637),
        ("smoke.txt", 1, 1_115_394, 450_123),
    ]);
}
