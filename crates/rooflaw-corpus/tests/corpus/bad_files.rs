//! Files that are not what their names say.

use crate::data::{jsonl, path, plan, prepared, source, tokenizer};
use rooflaw_corpus::{ReadOptions, SourceFile};
use std::fs;

/// The error of reading a file with these contents.
fn refusal(name: &str, contents: &[u8], field: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, contents).unwrap();
    let options = ReadOptions {
        field: field.to_owned(),
        ..ReadOptions::default()
    };
    let read =
        SourceFile::new(&path, &options).and_then(|file| file.documents_hashed(&mut |_, _| Ok(())).map(drop));
    let error = read.unwrap_err().to_string();
    assert!(error.starts_with(&path.display().to_string()), "{error}");
    error
}

#[test]
fn each_says_where_and_what_is_expected() {
    let zst = fs::read(path("voyage.jsonl.zst")).unwrap();
    let parquet = fs::read(path("voyage.snappy.parquet")).unwrap();
    let lines = |text: &str| text.as_bytes().to_vec();
    for (name, contents, field, part) in [
        ("a.pdf", vec![], "text", "expected a name that ends with .txt"),
        (
            "a.parquet.zst",
            vec![],
            "text",
            "expected a name that ends with .txt",
        ),
        ("a.jsonl", lines("{\"text\": \"a\"}\n\n[1]\n"), "text", "line 3: "),
        (
            "a.jsonl",
            lines("{\"text\": \"a\"}\n{\"text\": \"b"),
            "text",
            "line 2: ",
        ),
        (
            "a.jsonl",
            lines("{\"text\": 1}"),
            "text",
            "line 1: `text` is no string",
        ),
        (
            "a.jsonl",
            lines("{\"a\": 1, \"b\": 2}"),
            "text",
            "no field `text`: expected one of its fields (a, b)",
        ),
        (
            "a.txt",
            vec![b'a', b'\n', 0xff, b'\n'],
            "text",
            "line 2: not UTF-8",
        ),
        (
            "a.jsonl.zst",
            lines("{\"text\": \"a\"}"),
            "text",
            "expected a whole zstd file",
        ),
        (
            "a.jsonl.zst",
            zst[..zst.len() / 2].to_vec(),
            "text",
            "expected a whole zstd file",
        ),
        ("a.parquet", lines("PAR1"), "text", "expected a Parquet file"),
        (
            "a.parquet",
            parquet[..parquet.len() - 9].to_vec(),
            "text",
            "expected a Parquet file",
        ),
        (
            "a.parquet",
            parquet.clone(),
            "words",
            "no column `words`: expected one of its columns (id, text, src)",
        ),
        ("a.parquet", parquet, "id", "column `id` is not of strings"),
    ] {
        let error = refusal(name, &contents, field);
        assert!(error.contains(part), "no `{part}` in: {error}");
    }
    let missing = SourceFile::new(&path("none.txt"), &ReadOptions::default()).unwrap_err();
    assert!(missing.to_string().contains("none.txt: cannot read"), "{missing}");
    let folder = SourceFile::new(&path(""), &ReadOptions::default()).unwrap_err();
    assert!(
        folder.to_string().contains("is a folder: expected files"),
        "{folder}"
    );
}

#[test]
fn texts_of_which_nothing_comes_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let tokenizer = tokenizer();
    let out = folder.path().join("corpus");
    let one = jsonl(folder.path(), "one.jsonl", &["the only document"]);
    let blank = jsonl(folder.path(), "blank.jsonl", &["", " \n"]);
    let mut plan = plan(vec![blank.clone()], &tokenizer);
    let error = prepared(&plan, &out).unwrap_err().to_string();
    assert!(
        error.contains("blank.jsonl: no document to train on (2 blank, 0 held out"),
        "{error}"
    );
    plan.train = vec![one.clone()];
    plan.held_out_share = 1e-9;
    let error = prepared(&plan, &out).unwrap_err().to_string();
    assert!(
        error.contains("1 documents, none of which a held-out share of 0.000000001 takes"),
        "{error}"
    );
    plan.held_out_share = 1.0;
    let error = prepared(&plan, &out).unwrap_err().to_string();
    assert!(
        error.contains("a held-out share of 1: expected 0 to below 1"),
        "{error}"
    );
    plan.held_out_share = 0.0;
    plan.validation = vec![blank];
    let error = prepared(&plan, &out).unwrap_err().to_string();
    assert!(
        error.contains("the files to hold out have no document"),
        "{error}"
    );
    plan.validation = vec![source(one.path())];
    let error = prepared(&plan, &out).unwrap_err().to_string();
    assert!(
        error.contains("no document to train on (0 blank, 2 held out or copies"),
        "{error}"
    );
    assert!(!out.exists());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}
