//! WikiText-2, where it is: `ROOFLAW_SHARED` names a folder with `data/corpus` in it. The test is skipped without.

use crate::engine::RuleEngine;
use rooflaw_corpus::{Tokenizer, articles};
use rooflaw_train::eval::{KnownText, Windows, text};
use std::fs;
use std::path::PathBuf;

/// Counts as published: 60 articles, 245,569 words and ends of lines (Merity et al., arXiv 1609.07843, table 1). Tokens were counted
/// with Python's `tokenizers`.
#[test]
fn wikitext_2_has_its_published_counts() {
    let Some(shared) = std::env::var_os("ROOFLAW_SHARED") else {
        return;
    };
    let folder = PathBuf::from(shared).join("data/corpus");
    let tokenizer = Tokenizer::open(&folder.join("tokenizer-4096.json"), None).unwrap();
    for (file, known, tokens) in [
        ("wikitext-2-raw/test.txt", KnownText::WikiText2Raw, 411_637),
        ("wikitext-2/test.txt", KnownText::WikiText2, 433_773),
    ] {
        let contents = fs::read_to_string(folder.join(file)).unwrap();
        assert_eq!(KnownText::recognise(contents.as_bytes()), Some(known));
        assert_eq!(KnownText::recognise(contents.trim().as_bytes()), None);
        let mut engine = RuleEngine::new(4096, (64, 256), |_, _| 1.0);
        let windows = Windows::new(256, 128).unwrap();
        let found = text(
            &mut engine,
            &tokenizer,
            &articles(&contents),
            windows,
            &mut |_| Ok(()),
        )
        .unwrap();
        assert_eq!(
            (found.documents, found.tokens, found.bytes),
            (60, tokens, contents.len() as u64)
        );
        let by_words = found.word_level.unwrap();
        assert_eq!((by_words.words, by_words.line_ends), (245_569, 4358));
        let expected = (tokens as f64 / 245_569.0).exp();
        assert!((by_words.word_perplexity.value / expected - 1.0).abs() < 1e-6);
    }
}
