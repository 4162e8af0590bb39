//! Data sets that were damaged: the error names the file and says what is wrong.

use crate::data::voyage;
use rooflaw_corpus::{Corpus, CorpusError, Header, MANIFEST, Sampler, Split, TOKENIZER};
use std::fs;
use std::path::Path;

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// The error of opening a data set in which a file was changed.
fn refusal(file: &str, edit: impl FnOnce(&mut Vec<u8>)) -> String {
    let (_folder, corpus) = voyage();
    let path = corpus.folder().join(file);
    change(&path, edit);
    let error = Corpus::open(corpus.folder()).unwrap_err().to_string();
    assert!(error.starts_with(&path.display().to_string()), "{error}");
    error
}

#[test]
fn whatever_does_not_fit_is_seen_when_it_is_opened() {
    let shard = "train-00001.tokens";
    assert!(refusal(shard, |bytes| bytes.truncate(bytes.len() - 1)).contains("bytes, its header says"));
    assert!(refusal(shard, |bytes| bytes.push(0)).contains("bytes, its header says"));
    assert!(refusal(shard, |bytes| bytes.truncate(10)).contains("10 bytes: expected 72 at least"));
    assert!(refusal(shard, Vec::clear).contains("0 bytes: expected 72 at least"));
    assert!(refusal(shard, |bytes| bytes[0] ^= 1).contains("does not begin as a shard does"));
    assert!(refusal(shard, |bytes| bytes[8] = 9).contains("version 9"));
    assert!(refusal(TOKENIZER, |bytes| bytes.push(b' ')).contains("made with the tokenizer of SHA-256"));
    assert!(refusal(MANIFEST, |bytes| bytes.truncate(100)).contains("expected the manifest"));
    let documents = |bytes: &mut Vec<u8>| {
        let text = String::from_utf8(std::mem::take(bytes)).unwrap();
        *bytes = text
            .replacen("\"documents\": 10", "\"documents\": 11", 1)
            .into_bytes();
    };
    assert!(refusal(MANIFEST, documents).contains("it was changed"));
}

#[test]
fn files_that_are_missing_are_named() {
    for file in ["train-00000.tokens", MANIFEST, TOKENIZER] {
        let (_folder, corpus) = voyage();
        let path = corpus.folder().join(file);
        fs::remove_file(&path).unwrap();
        let error = Corpus::open(corpus.folder()).unwrap_err().to_string();
        assert!(
            error.contains(&format!("{}: cannot read", path.display())),
            "{error}"
        );
    }
    let (_folder, corpus) = voyage();
    let [first, second] = ["train-00000.tokens", "train-00001.tokens"].map(|file| corpus.folder().join(file));
    fs::copy(&first, &second).unwrap();
    let error = Corpus::open(corpus.folder()).unwrap_err().to_string();
    assert!(
        error.contains("train-00001.tokens: has ") && error.contains("the manifest says"),
        "{error}"
    );
}

/// Any bit: what opening cannot see, reading it all does.
#[test]
fn a_flipped_bit_anywhere_is_found() {
    let (_folder, corpus) = voyage();
    let path = corpus.folder().join("train-00001.tokens");
    let length = fs::metadata(&path).unwrap().len() as usize;
    for at in (0..length).step_by(31).chain(0..Header::BYTES) {
        change(&path, |bytes| bytes[at] ^= 1 << (at % 8));
        let found = Corpus::open(corpus.folder()).and_then(|corpus| corpus.verify(&mut |_| Ok(())));
        let error = found.unwrap_err().to_string();
        assert!(error.starts_with(&path.display().to_string()), "{at}: {error}");
        change(&path, |bytes| bytes[at] ^= 1 << (at % 8));
    }
    Corpus::open(corpus.folder())
        .unwrap()
        .verify(&mut |_| Ok(()))
        .unwrap();
}

/// A token that the model has no row for never reaches it.
#[test]
fn tokens_outside_of_the_vocabulary_are_refused() {
    let (_folder, corpus) = voyage();
    let path = corpus.folder().join("train-00000.tokens");
    change(&path, |bytes| {
        bytes[Header::BYTES + 2 * 5..][..2].copy_from_slice(&400_u16.to_le_bytes())
    });
    let corpus = Corpus::open(corpus.folder()).unwrap();
    let sampler = Sampler::new(&corpus, Split::Train, 8, 0).unwrap();
    let (mut inputs, mut targets) = ([0; 8], [0; 8]);
    let index = (0..sampler.n_sequences())
        .find(|&index| sampler.position(index) == 0)
        .unwrap();
    let error = sampler.fill(index, &mut inputs, &mut targets).unwrap_err();
    assert!(matches!(
        error,
        CorpusError::TokenOutOfRange {
            position: 5,
            token: 400,
            vocab_size: 400,
            ..
        }
    ));
    assert!(
        error.to_string().contains("train-00000.tokens: token 5 is 400"),
        "{error}"
    );
}
