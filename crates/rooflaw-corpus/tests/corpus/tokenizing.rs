//! Tokenizers against Python's.

use crate::data::{documents, path, tokenizer, tokens};
use rooflaw_corpus::{CorpusError, Tokenizer};
use std::fs;
use std::path::Path;

#[test]
fn tokens_are_those_of_python() {
    let (tokenizer, expected) = (tokenizer(), tokens());
    assert_eq!((tokenizer.vocab_size(), tokenizer.end_of_text()), (400, 0));
    for (text, expected) in documents().iter().zip(&expected) {
        let tokens = tokenizer.encode(text).unwrap();
        assert_eq!(&tokens, expected);
        assert_eq!(&tokenizer.decode(&tokens).unwrap(), text);
    }
}

/// The same documents give the file that Python writes, byte for byte.
#[test]
fn training_is_that_of_python() {
    let trained = Tokenizer::train(&documents(), 400).unwrap();
    let expected = fs::read(path("tokenizer-400.json")).unwrap();
    assert!(trained.json() == expected);
    assert_eq!(trained.sha256(), tokenizer().sha256());
}

/// A text that spells the end of text is text.
#[test]
fn special_tokens_cannot_be_written() {
    let tokenizer = tokenizer();
    for text in ["<|endoftext|>", "a<|endoftext|>\n\u{0}é "] {
        let tokens = tokenizer.encode(text).unwrap();
        assert!(tokens.len() > 1 && !tokens.contains(&0), "{tokens:?}");
        assert_eq!(tokenizer.decode(&tokens).unwrap(), text);
    }
}

#[test]
fn unusable_tokenizers_are_refused() {
    let json = fs::read(path("tokenizer-400.json")).unwrap();
    let text = String::from_utf8(json.clone()).unwrap();
    let open = |json: &str, end| Tokenizer::from_json(Path::new("t.json"), json.as_bytes().to_vec(), end);
    for (json, end, part) in [
        ("{}", None, "tokenizer.json of Hugging Face"),
        ("", None, "tokenizer.json of Hugging Face"),
        (text.as_str(), Some("<eot>"), "has no token <eot>"),
        (
            &text.replace("<|endoftext|>", "<odd>"),
            None,
            "has no token <|endoftext|>, ",
        ),
    ] {
        let error = open(json, end).unwrap_err().to_string();
        assert!(error.starts_with("t.json: ") && error.contains(part), "{error}");
    }
    let named = open(&text.replace("<|endoftext|>", "<odd>"), Some("<odd>")).unwrap();
    assert_eq!((named.end_of_text(), named.end_of_text_token()), (0, "<odd>"));
    for (size, part) in [
        (256, "expected 257"),
        (100_000, "only"),
        (u32::MAX, "expected 257"),
    ] {
        let error = Tokenizer::train(&documents(), size).unwrap_err();
        assert!(
            matches!(&error, CorpusError::Nothing(what) if what.contains(part)),
            "{error}"
        );
    }
}
