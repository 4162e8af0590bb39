//! `rooflaw-train data`.

use crate::tool::{answer_in, corpus_file, refusal_in};
use serde_json::Value;
use std::fs;

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// From text to a data set that is shown and verified.
#[test]
fn the_whole_way() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let said = answer_in(
        place,
        "data tokenizer @voyage.jsonl.zst --vocab-size 400 --out t.json",
    );
    assert!(
        said.contains("Written to t.json: 400 words, learnt from 12 documents"),
        "{said}"
    );
    // Python's, byte for byte.
    assert!(fs::read(place.join("t.json")).unwrap() == fs::read(corpus_file("tokenizer-400.json")).unwrap());

    let line = "data prepare @voyage.zstd.parquet --tokenizer t.json --held-out 0.3 --threads 1 --out c";
    let said = answer_in(place, line);
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
    let verified = parsed(&answer_in(place, "data verify c --json"));
    let shown = parsed(&answer_in(place, "data show c --json --sample 12"));
    let manifest = &shown["manifest"];
    assert_eq!(verified["hash"], manifest["hash"]);
    assert!(said.contains(manifest["hash"].as_str().unwrap()), "{said}");
    let written = parsed(&fs::read_to_string(place.join("c/manifest.json")).unwrap());
    assert_eq!(&written, manifest);

    // Counted by Python: 12 documents, the tokens of each.
    let tokens: Vec<Vec<u32>> =
        serde_json::from_slice(&fs::read(corpus_file("voyage.tokens.json")).unwrap()).unwrap();
    let total: u64 = tokens.iter().map(|tokens| tokens.len() as u64 + 1).sum();
    let sum = |field: &str| {
        ["train", "validation"]
            .map(|split| manifest[split][field].as_u64().unwrap())
            .iter()
            .sum::<u64>()
    };
    assert_eq!((sum("documents"), sum("tokens")), (12, total));
    let first: Vec<u32> = serde_json::from_value(shown["sample_tokens"].clone()).unwrap();
    assert!(tokens.iter().any(|tokens| tokens[..12] == first));

    let shown = answer_in(place, "data show c --split validation");
    for part in [
        "train",
        "validation",
        "tokens/byte",
        "hash",
        "a share of 0.3",
        "<|endoftext|>",
    ] {
        assert!(shown.contains(part), "no `{part}` in: {shown}");
    }
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
}

/// What is left out is counted and said.
#[test]
fn copies_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let line = "data prepare @voyage.jsonl --validation @voyage.snappy.parquet --tokenizer @tokenizer-400.json --out c";
    let error = refusal_in(folder.path(), line);
    assert!(
        error.contains("no document to train on (0 blank, 24 held out or copies"),
        "{error}"
    );
    let mut more = fs::read_to_string(corpus_file("voyage.jsonl")).unwrap();
    more.push_str("{\"text\": \"another\"}\n{\"text\": \"\"}\n");
    fs::write(folder.path().join("more.jsonl"), more).unwrap();
    let line = line.replace("@voyage.jsonl", "more.jsonl");
    let made = answer_in(folder.path(), &line);
    let expected = "documents left out: 1 blank; 12 copies of held-out ones, not to be trained on";
    assert!(made.contains(expected), "{made}");
    let json = parsed(&answer_in(
        folder.path(),
        &line.replace("--out c", "--out d --json"),
    ));
    assert_eq!(json["manifest"]["dropped"]["copies_of_validation"], 12);
    assert_eq!(json["manifest"]["train"]["documents"], 1);
}

#[test]
fn mistakes_are_told_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    answer_in(
        place,
        "data prepare @voyage.jsonl --held-out 0 --tokenizer @tokenizer-400.json --out c",
    );
    for (line, parts) in [
        ("data show none", &["none/manifest.json: cannot read"][..]),
        ("data verify .", &["manifest.json: cannot read"]),
        ("data show c --split test", &["test", "train, validation"]),
        (
            "data tokenizer @voyage.jsonl --vocab-size 10 --out t.json",
            &["expected 257"],
        ),
        (
            "data tokenizer @voyage.jsonl --vocab-size 90000 --out t.json",
            &["yield only"],
        ),
        (
            "data tokenizer @voyage.jsonl --vocab-size 300 --out none/t.json",
            &["none"],
        ),
        (
            "data tokenizer none.txt --vocab-size 300 --out t.json",
            &["none.txt: cannot read"],
        ),
        (
            "data prepare @voyage.jsonl --tokenizer @voyage.jsonl --out d",
            &["voyage.jsonl: ", "expected a tokenizer.json"],
        ),
        (
            "data prepare @voyage.jsonl --tokenizer @tokenizer-400.json --out c",
            &["c exists"],
        ),
        (
            "data prepare @voyage.jsonl --tokenizer @tokenizer-400.json --held-out 2 --out d",
            &["share of 2"],
        ),
        (
            "data prepare @voyage.jsonl --tokenizer @tokenizer-400.json --held-out -1 --out d",
            &["share of -1"],
        ),
        (
            "data prepare @voyage.jsonl --tokenizer @tokenizer-400.json --text-field words --out d",
            &["line 1: no field `words`", "text"],
        ),
        (
            "data prepare @voyage.jsonl --tokenizer @tokenizer-400.json --shard-tokens 0 --out d",
            &["--shard-tokens"],
        ),
        (
            "data prepare @voyage.jsonl --tokenizer @tokenizer-400.json --out none/d",
            &["none"],
        ),
        (
            "data prepare @README.md --tokenizer @tokenizer-400.json --out d",
            &["1 documents, none of which"],
        ),
    ] {
        let error = refusal_in(place, line);
        for part in parts {
            assert!(error.contains(part), "no `{part}` in: {line}: {error}");
        }
    }
    assert!(!place.join("d").exists() && !place.join("t.json").exists());
    let shard = place.join("c/train-00000.tokens");
    let mut bytes = fs::read(&shard).unwrap();
    bytes[100] ^= 1;
    fs::write(&shard, bytes).unwrap();
    let error = refusal_in(place, "data verify c");
    assert!(error.contains("c/train-00000.tokens: SHA-256 "), "{error}");
}
