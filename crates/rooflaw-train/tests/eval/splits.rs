//! Splits of data sets.

use crate::engine::RuleEngine;
use crate::prose::{DOCUMENTS, TOKENIZER, tokens};
use rooflaw_corpus::{Corpus, Plan, ReadOptions, Sampler, SourceFile, Split, prepare};
use rooflaw_train::engine::{Batch, Engine as _};
use rooflaw_train::eval::{Windows, split};
use std::fs;

fn corpus() -> (tempfile::TempDir, Corpus) {
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<SourceFile> = DOCUMENTS
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let path = folder.path().join(format!("{index}.txt"));
            fs::write(&path, text).unwrap();
            SourceFile::new(&path, &ReadOptions::default()).unwrap()
        })
        .collect();
    let plan = Plan {
        train: files[3..].to_vec(),
        validation: files[..3].to_vec(),
        held_out_share: 0.0,
        excluded: Vec::new(),
        tokenizer: &TOKENIZER,
        shard_tokens: 50,
    };
    let out = folder.path().join("corpus");
    prepare(&plan, &out, &mut |_| Ok(())).unwrap();
    let corpus = Corpus::open(&out).unwrap();
    (folder, corpus)
}

/// Every token but the first is scored once, in the sequences that training would have, and in a shorter one.
#[test]
fn the_loss_is_that_of_the_sequences() {
    let (_folder, corpus) = corpus();
    let rule = |seen: &[u32], target: u32| (seen.len() as f64).sqrt() + f64::from(target) / 100.0;
    let length = 8;
    let mut engine = RuleEngine::new(300, (3, length), rule);
    let windows = Windows::side_by_side(length).unwrap();
    let found = split(&mut engine, &corpus, Split::Validation, windows, &mut |_| Ok(())).unwrap();

    let documents = tokens();
    let stream: Vec<u32> = documents[..3]
        .iter()
        .flat_map(|tokens| [tokens.as_slice(), &[0]].concat())
        .collect();
    let mut expected = 0.0;
    for (index, &token) in stream[1..].iter().enumerate() {
        expected += ((index % length + 1) as f64).sqrt() + f64::from(token) / 100.0;
    }
    assert_eq!((found.documents, found.tokens), (3, stream.len() as u64 - 1));
    assert!(
        (found.nats / expected - 1.0).abs() < 1e-6,
        "{} {expected}",
        found.nats
    );
    assert!(found.word_level.is_none());
    let bytes: usize = DOCUMENTS[..3].iter().map(|text| text.len()).sum();
    assert_eq!(found.bytes, bytes as u64);

    // The sum over the sampler's sequences is that, less what they leave over.
    let sampler = Sampler::new(&corpus, Split::Validation, length, 0).unwrap();
    let (mut inputs, mut targets, mut nats) = (vec![0; length], vec![0; length], vec![0.0; length]);
    let mut total = 0.0;
    for index in 0..sampler.n_sequences() {
        sampler.fill(index, &mut inputs, &mut targets).unwrap();
        let batch = Batch {
            inputs: &inputs,
            targets: &targets,
            sequence_length: length,
        };
        engine.score(&batch, &mut nats).unwrap();
        total += nats.iter().map(|&nats| f64::from(nats)).sum::<f64>();
    }
    let left_over = stream.len() - sampler.n_left_over() as usize;
    for (position, &token) in stream[left_over..].iter().enumerate() {
        total += ((position + 1) as f64).sqrt() + f64::from(token) / 100.0;
    }
    assert!(left_over < stream.len());
    assert!((found.nats / total - 1.0).abs() < 1e-6, "{} {total}", found.nats);
}

/// A document's losses are its own: the interval is that of the three documents' sums.
#[test]
fn documents_are_told_apart() {
    let (_folder, corpus) = corpus();
    let documents = tokens();
    let mut engine = RuleEngine::new(300, (2, 11), |_, target| f64::from(target % 7));
    let windows = Windows::new(11, 4).unwrap();
    let found = split(&mut engine, &corpus, Split::Validation, windows, &mut |_| Ok(())).unwrap();
    let (mut nats, mut sizes): (Vec<f64>, Vec<f64>) = documents[..3]
        .iter()
        .map(|tokens| {
            let nats: u32 = tokens.iter().map(|token| token % 7).sum();
            (f64::from(nats), tokens.len() as f64 + 1.0)
        })
        .unzip();
    // The very first has nothing before it.
    nats[0] -= f64::from(documents[0][0] % 7);
    sizes[0] -= 1.0;
    let size: f64 = sizes.iter().sum();
    let rate = nats.iter().sum::<f64>() / size;
    let squares: f64 = nats
        .iter()
        .zip(&sizes)
        .map(|(y, x)| ((y - rate * x) / (1.0 - x / size)).powi(2))
        .sum();
    // Student's quantile of two degrees of freedom.
    let half = 4.302_653 * (1.5 * squares).sqrt() / size;
    assert!((found.nats_per_token.value - rate).abs() < 1e-9);
    let [low, high] = found.nats_per_token.interval.unwrap();
    assert!((low - (rate - half)).abs() < 1e-6 && (high - (rate + half)).abs() < 1e-6);
}
