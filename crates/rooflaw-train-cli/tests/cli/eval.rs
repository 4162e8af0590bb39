//! `rooflaw-train eval`, on a model whose perplexity is known: with all weights zero, every word is equally likely.

use crate::tool::{answer_in, corpus_file, refusal_in, run_in};
use rooflaw::architecture::{Activation, Architecture, Attention, Ffn, KvProjection, QkNorm};
use rooflaw::format::WeightFormat;
use rooflaw_export::{Model, StagedFolder, write_model};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Words of the tokenizer and of the model.
const VOCAB: u32 = 400;

/// A folder with a model without any knowledge, a data set and a text.
fn place() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    model(&place.join("model"), VOCAB);
    fs::copy(
        corpus_file("tokenizer-400.json"),
        place.join("model/tokenizer.json"),
    )
    .unwrap();
    answer_in(
        place,
        "data prepare @voyage.jsonl --held-out 0.3 --tokenizer model/tokenizer.json --out corpus",
    );
    folder
}

fn model(to: &Path, vocab_size: u32) {
    let architecture = Architecture {
        n_layers: 1,
        hidden_size: 8,
        vocab_size,
        tie_embeddings: true,
        attention: Attention {
            n_heads: 1,
            kv: KvProjection::Grouped {
                n_kv_heads: 1,
                head_dim: 8,
            },
            qkv_bias: false,
            output_bias: false,
            qk_norm: QkNorm::PerHead,
            sinks: false,
            sliding_window: None,
        },
        ffn: Ffn {
            activation: Activation::SwiGlu,
            bias: false,
            intermediate_size: 8,
            moe: None,
        },
        norms_per_layer: 2,
    };
    let model = Model::of(architecture);
    let weights = vec![0.0; architecture.parameters().total as usize];
    let folder = StagedFolder::new(to).unwrap();
    write_model(&folder, &model, &weights, WeightFormat::Fp32, 32).unwrap();
    folder.commit().unwrap();
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn near(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap();
    assert!(
        (found / expected - 1.0).abs() < 1e-5,
        "{found}, expected {expected}"
    );
}

#[test]
fn a_model_without_knowledge_has_the_perplexity_of_its_vocabulary() {
    let folder = place();
    let place = folder.path();
    let manifest = parsed(&fs::read_to_string(place.join("corpus/manifest.json")).unwrap());
    let found = parsed(&answer_in(place, "eval model --on corpus --json"));
    near(&found["token_perplexity"]["value"], f64::from(VOCAB));
    near(&found["nats_per_token"]["interval"][1], f64::from(VOCAB).ln());
    assert_eq!(
        found["tokens"].as_u64().unwrap() + 1,
        manifest["validation"]["tokens"].as_u64().unwrap()
    );
    assert_eq!(found["documents"], manifest["validation"]["documents"]);
    assert_eq!(found["on"]["sha256"], manifest["hash"]);
    // The sequences that it was trained on.
    assert_eq!(
        (&found["windows"]["length"], &found["windows"]["stride"]),
        (&32.into(), &32.into())
    );
    assert!(found.get("word_perplexity").is_none());

    fs::write(place.join("text.txt"), "two words\nand three more\n").unwrap();
    let found = parsed(&answer_in(place, "eval model --on text.txt --window 8 --json"));
    assert_eq!(
        (&found["windows"]["length"], &found["windows"]["stride"]),
        (&8.into(), &4.into())
    );
    assert_eq!(
        (&found["words"], &found["line_ends"], &found["bytes"]),
        (&7.into(), &2.into(), &25.into())
    );
    let tokens = found["tokens"].as_f64().unwrap();
    near(
        &found["word_perplexity"]["value"],
        f64::from(VOCAB).powf(tokens / 7.0),
    );
    near(
        &found["word_perplexity_without_line_ends"]["value"],
        f64::from(VOCAB).powf(tokens / 5.0),
    );
    // Of one document nothing is known of others.
    assert!(found["token_perplexity"].get("interval").is_none());

    for on in ["corpus", "text.txt"] {
        let said = answer_in(place, &format!("eval model --on {on}"));
        assert!(
            said.contains("perplexity per token") && said.contains("400.00"),
            "{said}"
        );
        assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
    }
}

#[test]
fn mistakes_are_told_in_one_line() {
    let folder = place();
    let place = folder.path();
    model(&place.join("small"), 399);
    fs::copy(
        place.join("model/tokenizer.json"),
        place.join("small/tokenizer.json"),
    )
    .unwrap();
    model(&place.join("bare"), VOCAB);
    fs::write(place.join("text.txt"), "some text").unwrap();
    fs::write(place.join("blank.txt"), " \n").unwrap();
    let json = fs::read_to_string(place.join("model/tokenizer.json")).unwrap();
    fs::write(place.join("other.json"), format!("{json} ")).unwrap();
    answer_in(
        place,
        "data prepare @voyage.jsonl --held-out 0 --tokenizer model/tokenizer.json --out whole",
    );
    for (line, part) in [
        ("eval none --on corpus", "none: no config.json in it"),
        ("eval corpus --on corpus", "corpus: no config.json in it"),
        (
            "eval model --on none",
            "--on none: no such file or folder: expected a data set",
        ),
        ("eval model --on model", "--on model: no manifest.json in it"),
        (
            "eval model --on whole",
            "--on whole: the data set holds nothing out",
        ),
        ("eval model --on blank.txt", "there is no text to evaluate on"),
        (
            "eval model --on model/config.json",
            "expected a name that ends with .txt",
        ),
        (
            "eval model --on text.txt --text text.txt",
            "--text is the text of wikitext-2",
        ),
        (
            "eval model --on wikitext-2",
            "173c87a53759e0201f33e0ccf978e510c2042d7f2cb78229d9a50d79b9e7dd08",
        ),
        (
            "eval model --on wikitext-2 --text text.txt",
            "--text text.txt is not the test set of WikiText-2",
        ),
        (
            "eval model --on wikitext-2 --text .",
            "--text . is not the test set of WikiText-2",
        ),
        (
            "eval model --on wikitext-2 --text none",
            "--text none: cannot read",
        ),
        (
            "eval model --on corpus --stride 33",
            "a window of 32 with a stride of 33",
        ),
        ("eval model --on corpus --window 0", "--window"),
        (
            "eval bare --on text.txt",
            "bare: no tokenizer.json in it: give the model's by --tokenizer",
        ),
        (
            "eval small --on text.txt",
            "the tokenizer has 400 words, the model 399",
        ),
        (
            "eval model --on corpus --tokenizer other.json",
            "other.json: SHA-256 ",
        ),
    ] {
        let error = refusal_in(place, line);
        assert!(error.contains(part), "no `{part}` in: {line}: {error}");
    }
    // Where the checkpoint has no tokenizer, the data set has.
    answer_in(place, "eval bare --on corpus");
}

/// The text itself, where it is: `ROOFLAW_SHARED` names a folder with `data/corpus` in it. Skipped without.
#[test]
fn wikitext_2_is_known_by_its_hash() {
    let Some(shared) = std::env::var_os("ROOFLAW_SHARED") else {
        return;
    };
    let folder = place();
    let text = Path::new(&shared).join("data/corpus/wikitext-2-raw");
    let line = format!("eval model --on wikitext-2 --text {} --json", text.display());
    let (code, stdout, stderr) = run_in(folder.path(), &line);
    assert_eq!(code, Some(0), "{stderr}");
    let found = parsed(&stdout);
    assert_eq!(found["on"]["known"], "wikitext-2-raw-test");
    assert_eq!(
        (&found["documents"], &found["words"]),
        (&60.into(), &245_569.into())
    );
    near(&found["token_perplexity"]["value"], f64::from(VOCAB));
}
