//! Texts, document by document.

use crate::engine::RuleEngine;
use crate::prose::{DOCUMENTS, TOKENIZER, tokens};
use rooflaw_train::eval::{EvalError, Evaluation, Windows, text};

fn evaluate(engine: &mut RuleEngine, windows: Windows) -> Evaluation {
    let mut told = 0;
    let found = text(engine, &TOKENIZER, &DOCUMENTS, windows, &mut |tokens| {
        told += tokens;
        Ok(())
    })
    .unwrap();
    assert_eq!(told, found.tokens);
    found
}

fn near(found: f64, expected: f64) {
    assert!(
        (found / expected - 1.0).abs() < 1e-6,
        "{found}, expected {expected}"
    );
}

/// All words equally likely: perplexity is the vocabulary, whatever the windows, and certain.
#[test]
fn uniform() {
    let words: usize = DOCUMENTS.iter().map(|text| text.split_whitespace().count()).sum();
    let line_ends: usize = DOCUMENTS.iter().map(|text| text.matches('\n').count()).sum();
    assert_eq!(line_ends, 4);
    let bytes: usize = DOCUMENTS.iter().map(|text| text.len()).sum();
    let count: usize = tokens().iter().map(Vec::len).sum();
    for (length, stride) in [(16, 8), (16, 16), (7, 1), (1, 1), (1000, 500)] {
        let mut engine = RuleEngine::new(300, (3, 1000), |_, _| 300_f64.ln());
        let found = evaluate(&mut engine, Windows::new(length, stride).unwrap());
        assert_eq!(
            (found.documents, found.tokens, found.bytes),
            (4, count as u64, bytes as u64)
        );
        near(found.token_perplexity.value, 300.0);
        near(found.nats_per_token.value, 300_f64.ln());
        let [low, high] = found.token_perplexity.interval.unwrap();
        near(low, 300.0);
        near(high, 300.0);
        near(
            found.bits_per_byte.value,
            count as f64 * 300_f64.log2() / bytes as f64,
        );
        let by_words = found.word_level.unwrap();
        assert_eq!((by_words.words, by_words.line_ends), ((words + 4) as u64, 4));
        near(
            by_words.word_perplexity.value,
            300_f64.powf(count as f64 / (words + 4) as f64),
        );
        let without = by_words.word_perplexity_without_line_ends.value;
        near(without, 300_f64.powf(count as f64 / words as f64));
    }
}

/// Each word as likely as it is frequent: the loss is the entropy of the counts.
#[test]
fn unigram() {
    let mut counts = vec![0_u32; 300];
    for token in tokens().concat() {
        counts[token as usize] += 1;
    }
    let total: u32 = counts.iter().sum();
    let entropy: f64 = counts
        .iter()
        .filter(|&&count| count > 0)
        .map(|&count| f64::from(count) / f64::from(total))
        .map(|share| -share * share.ln())
        .sum();
    let mut engine = RuleEngine::new(300, (4, 32), move |_, target| {
        -(f64::from(counts[target as usize]) / f64::from(total)).ln()
    });
    let found = evaluate(&mut engine, Windows::new(32, 16).unwrap());
    near(found.nats_per_token.value, entropy);
    near(found.token_perplexity.value, entropy.exp());
    let [low, high] = found.nats_per_token.interval.unwrap();
    assert!(low < entropy && entropy < high);
}

/// What is seen of a document: an end of text, then its tokens in order, and in every window but the first the context promised.
#[test]
fn windows_hold_the_document_in_order() {
    let documents = tokens();
    let (length, stride) = (24, 9);
    let mut expected = 0.0;
    for document in &documents {
        for index in 0..document.len() {
            // The first window that ends behind the target.
            let start = (index + 1).saturating_sub(length).div_ceil(stride) * stride;
            expected += (index - start + 1) as f64;
        }
    }
    let all = documents.clone();
    let mut engine = RuleEngine::new(300, (5, 24), move |seen, target| {
        let is_in_order = all.iter().any(|document| {
            let stream: Vec<u32> = [&[0], document.as_slice(), &[u32::MAX]].concat();
            stream
                .windows(seen.len() + 1)
                .any(|part| part[..seen.len()] == *seen && part[seen.len()] == target)
        });
        assert!(is_in_order);
        seen.len() as f64
    });
    let found = evaluate(&mut engine, Windows::new(length, stride).unwrap());
    near(found.nats, expected);
    // Windows of all documents share batches.
    let windows: usize = documents
        .iter()
        .map(|document| 1 + (document.len() - length).div_ceil(stride))
        .sum();
    assert_eq!(engine.n_batches, windows.div_ceil(5));
}

#[test]
fn what_does_not_fit_is_refused() {
    let windows = Windows::new(16, 8).unwrap();
    let mut small = RuleEngine::new(299, (1, 16), |_, _| 1.0);
    let refused = text(&mut small, &TOKENIZER, &DOCUMENTS, windows, &mut |_| Ok(()));
    assert!(matches!(
        refused,
        Err(EvalError::Vocabulary {
            tokenizer: 300,
            model: 299
        })
    ));
    let mut short = RuleEngine::new(300, (1, 15), |_, _| 1.0);
    let refused = text(&mut short, &TOKENIZER, &DOCUMENTS, windows, &mut |_| Ok(()));
    assert!(matches!(
        refused,
        Err(EvalError::TooLong { length: 16, most: 15 })
    ));
    let mut engine = RuleEngine::new(300, (1, 16), |_, _| 1.0);
    for nothing in [&[][..], &[" \n"][..]] {
        let refused = text(&mut engine, &TOKENIZER, nothing, windows, &mut |_| Ok(()));
        assert!(matches!(refused, Err(EvalError::Nothing)));
    }
    let stopped = text(&mut engine, &TOKENIZER, &DOCUMENTS, windows, &mut |_| {
        Err(EvalError::Nothing)
    });
    assert!(matches!(stopped, Err(EvalError::Nothing)));
}
