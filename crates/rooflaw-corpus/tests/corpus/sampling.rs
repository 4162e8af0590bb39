//! Sequences.

use crate::data::voyage;
use rooflaw_corpus::{Corpus, CorpusError, Sampler, Split};

fn stream(corpus: &Corpus, split: Split) -> Vec<u32> {
    let mut tokens = vec![0; corpus.manifest().split(split).tokens as usize];
    corpus.read(split, 0, &mut tokens).unwrap();
    tokens
}

fn sequence(sampler: &Sampler, index: u64) -> (Vec<u32>, Vec<u32>) {
    let length = sampler.sequence_length();
    let (mut inputs, mut targets) = (vec![0; length], vec![0; length]);
    sampler.fill(index, &mut inputs, &mut targets).unwrap();
    (inputs, targets)
}

/// Every token is a target once an epoch, behind the token before it.
#[test]
fn an_epoch_has_every_token_once() {
    let (_folder, corpus) = voyage();
    let tokens = stream(&corpus, Split::Train);
    for length in [1, 7, 16, 100, tokens.len() - 1] {
        let sampler = Sampler::new(&corpus, Split::Train, length, 5).unwrap();
        let n = sampler.n_sequences();
        assert_eq!(n as usize, (tokens.len() - 1) / length);
        assert_eq!(n * length as u64 + sampler.n_left_over(), tokens.len() as u64 - 1);
        for epoch in [0, 1, 1000] {
            let mut seen = vec![0; tokens.len()];
            for index in epoch * n..(epoch + 1) * n {
                let start = sampler.position(index) as usize * length;
                let (inputs, targets) = sequence(&sampler, index);
                assert_eq!(inputs, tokens[start..start + length]);
                assert_eq!(targets, tokens[start + 1..start + length + 1]);
                for count in &mut seen[start + 1..start + length + 1] {
                    *count += 1;
                }
            }
            let targets = 1..n as usize * length + 1;
            for (index, count) in seen.iter().enumerate() {
                assert_eq!(*count, u32::from(targets.contains(&index)));
            }
        }
    }
}

/// The order is of the seed and the epoch; held-out sequences keep theirs.
#[test]
fn orders() {
    let (_folder, corpus) = voyage();
    let order = |split, seed, epoch: u64| -> Vec<u64> {
        let sampler = Sampler::new(&corpus, split, 8, seed).unwrap();
        let n = sampler.n_sequences();
        (epoch * n..(epoch + 1) * n)
            .map(|index| sampler.position(index))
            .collect()
    };
    let first = order(Split::Train, 1, 0);
    assert_eq!(order(Split::Train, 1, 0), first);
    assert_ne!(order(Split::Train, 2, 0), first);
    assert_ne!(order(Split::Train, 1, 1), first);
    let fixed = order(Split::Validation, 1, 0);
    assert!(fixed.iter().copied().eq(0..fixed.len() as u64));
    assert_eq!(order(Split::Validation, 2, 3), fixed);
}

#[test]
fn what_does_not_fit_is_refused() {
    let (_folder, corpus) = voyage();
    let tokens = corpus.manifest().validation.tokens;
    for length in [0, tokens as usize, usize::MAX] {
        let refused = Sampler::new(&corpus, Split::Validation, length, 0);
        assert!(matches!(refused, Err(CorpusError::TooShort { .. })), "{length}");
    }
    let sampler = Sampler::new(&corpus, Split::Train, 8, 0).unwrap();
    let refused = sampler.fill(0, &mut [0; 8], &mut [0; 7]);
    assert!(matches!(
        refused,
        Err(CorpusError::Buffer {
            found: 7,
            expected: 8
        })
    ));
}
