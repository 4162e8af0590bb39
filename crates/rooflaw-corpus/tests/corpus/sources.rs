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
        "6055296a26c821a4970ece3c85d39f4bf2ccd46daf5e51dfff97037d62c6e873",
    ),
    (
        "voyage.jsonl.zst",
        "8809e9d743382c9db2d7aca8844ca6fda50c3f75818b7dee7c4581988084c8c9",
    ),
    (
        "voyage.snappy.parquet",
        "55b7b87d10a16ec62587d4504c39fdb047b490f96d1160f093cfb53c43ceaa90",
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
