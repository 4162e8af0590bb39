//! Files of every kind hold the same documents.

use crate::data::{documents, path, read, source};
use rooflaw_corpus::{ReadOptions, SourceFile, TextDocuments};
use std::fs;

#[test]
fn all_formats_read_alike() {
    let expected = documents();
    assert_eq!(expected.len(), 12);
    for name in ["voyage.jsonl.zst", "voyage.snappy.parquet", "voyage.zstd.parquet"] {
        assert_eq!(read(&source(&path(name))), expected, "{name}");
    }
}

/// What `sha256sum` says of them.
#[test]
fn files_are_hashed_as_they_lie_on_the_disk() {
    for (name, sha256) in DIGESTS {
        let file = source(&path(name));
        let digest = file.documents_hashed(&mut |_, _| Ok(())).unwrap();
        assert_eq!(digest.sha256, sha256, "{name}");
        assert_eq!(digest.bytes, fs::metadata(path(name)).unwrap().len());
    }
}

const DIGESTS: [(&str, &str); 3] = [
    (
        "voyage.jsonl",
        "f3ac1547d24c2f0ca382f9cd92cce65ebf53b2994dddf238e315fa67472e8e3a",
    ),
    (
        "voyage.jsonl.zst",
        "8761df553d2d739e135114d896ce92ff4221e481cf97bfcbe3b9084cf69b0756",
    ),
    (
        "voyage.snappy.parquet",
        "c6dddd3b1622e6a5e204f65cd030f19fe9788c34e853c6d4c0c3d9597bfedd2a",
    ),
];

#[test]
fn plain_text_has_the_documents_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let text = " \n = One = \n \n a b \n\n = Two = \n \n c\r\n";
    let file = folder.path().join("some.raw");
    fs::write(&file, text).unwrap();
    let with = |text| {
        let options = ReadOptions {
            text,
            ..ReadOptions::default()
        };
        read(&SourceFile::new(&file, &options).unwrap())
    };
    assert_eq!(with(TextDocuments::File), [text]);
    assert_eq!(with(TextDocuments::Articles), [&text[..21], &text[21..]]);
    assert_eq!(
        with(TextDocuments::Lines),
        [" ", " = One = ", " ", " a b ", "", " = Two = ", " ", " c"]
    );
}

#[test]
fn another_field_can_be_the_text() {
    let options = ReadOptions {
        field: "src".to_owned(),
        ..ReadOptions::default()
    };
    for name in ["voyage.jsonl", "voyage.zstd.parquet"] {
        let file = SourceFile::new(&path(name), &options).unwrap();
        assert_eq!(read(&file), vec!["darwin"; 12]);
    }
}
