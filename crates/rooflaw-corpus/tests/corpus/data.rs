//! The files of `tests/data`, and data sets of them.

use rooflaw_corpus::{Corpus, CorpusError, Manifest, Plan, ReadOptions, SourceFile, Tokenizer, prepare};
use std::path::{Path, PathBuf};

/// A file of `tests/data`.
pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

pub fn source(path: &Path) -> SourceFile {
    SourceFile::new(path, &ReadOptions::default()).unwrap()
}

/// All documents of a file.
pub fn read(file: &SourceFile) -> Vec<String> {
    let mut documents = Vec::new();
    file.documents_hashed(&mut |text, _| {
        documents.push(text);
        Ok(())
    })
    .unwrap();
    documents
}

/// The documents of `voyage.jsonl`.
pub fn documents() -> Vec<String> {
    read(&source(&path("voyage.jsonl")))
}

pub fn tokenizer() -> Tokenizer {
    Tokenizer::open(&path("tokenizer-400.json"), None).unwrap()
}

/// What Python's tokenizers made of each document.
pub fn tokens() -> Vec<Vec<u32>> {
    serde_json::from_slice(&std::fs::read(path("voyage.tokens.json")).unwrap()).unwrap()
}

/// Documents as a file of JSON Lines.
pub fn jsonl(folder: &Path, name: &str, documents: &[&str]) -> SourceFile {
    let lines: Vec<String> = documents
        .iter()
        .map(|text| serde_json::json!({ "text": text }).to_string() + "\n")
        .collect();
    let path = folder.join(name);
    std::fs::write(&path, lines.concat()).unwrap();
    source(&path)
}

/// A plan to train on files, in shards of about 300 tokens.
pub fn plan(train: Vec<SourceFile>, tokenizer: &Tokenizer) -> Plan<'_> {
    Plan {
        train,
        validation: Vec::new(),
        held_out_share: 0.0,
        excluded: Vec::new(),
        tokenizer,
        shard_tokens: 300,
    }
}

pub fn prepared(plan: &Plan<'_>, folder: &Path) -> Result<Manifest, CorpusError> {
    prepare(plan, folder, &mut |_| Ok(()))
}

/// The Voyage, its first ten documents to train on and two held out.
pub fn voyage() -> (tempfile::TempDir, Corpus) {
    let folder = tempfile::tempdir().unwrap();
    let (documents, tokenizer) = (documents(), tokenizer());
    let all: Vec<&str> = documents.iter().map(String::as_str).collect();
    let mut plan = plan(vec![jsonl(folder.path(), "train.jsonl", &all[..10])], &tokenizer);
    plan.validation = vec![jsonl(folder.path(), "validation.jsonl", &all[10..])];
    let out = folder.path().join("corpus");
    prepared(&plan, &out).unwrap();
    let corpus = Corpus::open(&out).unwrap();
    (folder, corpus)
}
