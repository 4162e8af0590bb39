//! What a prepared data set holds.

use crate::data::{documents, jsonl, plan, prepared, source, tokenizer, tokens, voyage};
use rooflaw_corpus::{Corpus, CorpusError, HeldOut, Manifest, Split};
use sha2::{Digest as _, Sha256};
use std::fs;

/// All tokens of a split.
fn stream(corpus: &Corpus, split: Split) -> Vec<u32> {
    let mut tokens = vec![0; corpus.manifest().split(split).tokens as usize];
    corpus.read(split, 0, &mut tokens).unwrap();
    tokens
}

#[test]
fn tokens_are_the_documents_in_order() {
    let (_folder, corpus) = voyage();
    corpus.verify(&mut |_| Ok(())).unwrap();
    let (documents, tokens) = (documents(), tokens());
    for (split, range) in [(Split::Train, 0..10), (Split::Validation, 10..12)] {
        let expected: Vec<u32> = tokens[range.clone()]
            .iter()
            .flat_map(|tokens| [tokens.as_slice(), &[0]].concat())
            .collect();
        assert_eq!(stream(&corpus, split), expected);
        let record = corpus.manifest().split(split);
        let bytes: usize = documents[range.clone()].iter().map(String::len).sum();
        assert_eq!(
            (record.tokens, record.bytes),
            (expected.len() as u64, bytes as u64)
        );
        let mut start = 0;
        for (document, index) in corpus.documents(split).zip(range) {
            let document = document.unwrap();
            assert_eq!(
                (document.start, document.bytes),
                (start, documents[index].len() as u64)
            );
            assert_eq!(document.tokens, tokens[index].len() as u64 + 1);
            start += document.tokens;
        }
        // Across the ends of shards.
        for start in (0..expected.len()).step_by(37) {
            let length = 301.min(expected.len() - start);
            let mut part = vec![0; length];
            corpus.read(split, start as u64, &mut part).unwrap();
            assert_eq!(part, expected[start..start + length]);
        }
        let mut beyond = [0; 2];
        assert!(
            corpus
                .read(split, expected.len() as u64 - 1, &mut beyond)
                .is_err()
        );
    }
    let shards = &corpus.manifest().train.shards;
    assert!(
        shards.len() > 2 && shards.iter().rev().skip(1).all(|shard| shard.tokens >= 300),
        "{shards:?}"
    );
}

/// Shards hash as any other program has it, and the manifest as its documentation says.
#[test]
fn the_manifest_is_of_its_files() {
    let (folder, corpus) = voyage();
    let manifest = corpus.manifest();
    let again = Manifest::from_json(manifest.to_json().unwrap().as_bytes()).unwrap();
    assert_eq!(&again, manifest);
    let sha256 = |bytes: &[u8]| -> String {
        Sha256::digest(bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    };
    for shard in manifest.train.shards.iter().chain(&manifest.validation.shards) {
        assert_eq!(
            sha256(&fs::read(corpus.folder().join(&shard.file)).unwrap()),
            shard.sha256
        );
    }
    let compact = serde_json::to_string(manifest)
        .unwrap()
        .replace(&manifest.hash, "");
    assert_eq!(sha256(compact.as_bytes()), manifest.hash);
    assert_eq!(manifest.held_out, HeldOut::Files);
    let named: Vec<(&str, u64, Option<Split>)> = manifest
        .sources
        .iter()
        .map(|source| (source.file.as_str(), source.documents, source.split))
        .collect();
    assert_eq!(
        named,
        [
            ("validation.jsonl", 2, Some(Split::Validation)),
            ("train.jsonl", 10, Some(Split::Train))
        ]
    );
    let names: Vec<String> = fs::read_dir(folder.path().join("corpus"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.len(), 2 + manifest.train.shards.len() + 1);
    assert!(
        fs::read_dir(folder.path()).unwrap().count() == 3,
        "nothing temporary is left"
    );
}

/// Neither threads nor the names of folders change a data set; another order does.
#[test]
fn the_same_files_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (documents, tokenizer) = (documents(), tokenizer());
    let all: Vec<&str> = documents.iter().map(String::as_str).collect();
    let make = |name: &str, threads: usize, order: &[&str]| {
        let place = folder.path().join(name);
        fs::create_dir(&place).unwrap();
        let plan = plan(vec![jsonl(&place, "all.jsonl", order)], &tokenizer);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let out = place.join("corpus");
        let manifest = pool.install(|| prepared(&plan, &out)).unwrap();
        let shard = fs::read(out.join("train-00000.tokens")).unwrap();
        (manifest.hash, shard)
    };
    let one = make("one", 1, &all);
    assert_eq!(make("two", 2, &all), one);
    let reversed: Vec<&str> = all.iter().rev().copied().collect();
    assert_ne!(make("reversed", 1, &reversed).0, one.0);
}

/// Copies of what is evaluated on are not trained on, however they are laid out.
#[test]
fn what_is_evaluated_is_not_trained_on() {
    let folder = tempfile::tempdir().unwrap();
    let (documents, tokenizer) = (documents(), tokenizer());
    let all: Vec<&str> = documents.iter().map(String::as_str).collect();
    let article = " \n = Voyage = \n \n A short article . \n";
    let spaced = format!("  {}\n", all[11].replace(' ', "  "));
    let evaluated = folder.path().join("test.raw");
    fs::write(&evaluated, format!("{article} \n = Other = \n \n Another . \n")).unwrap();
    let options = rooflaw_corpus::ReadOptions {
        text: rooflaw_corpus::TextDocuments::Articles,
        ..Default::default()
    };
    let given = [
        all[0],
        all[1],
        "= Voyage =\nA short article .",
        &spaced,
        " \n ",
        all[11],
        all[1],
    ];
    let mut plan = plan(vec![jsonl(folder.path(), "train.jsonl", &given)], &tokenizer);
    plan.validation = vec![jsonl(folder.path(), "validation.jsonl", &[all[11], ""])];
    plan.excluded = vec![rooflaw_corpus::SourceFile::new(&evaluated, &options).unwrap()];
    let out = folder.path().join("corpus");
    let manifest = prepared(&plan, &out).unwrap();
    let dropped = manifest.dropped;
    assert_eq!(
        (
            dropped.copies_of_validation,
            dropped.copies_of_excluded,
            dropped.blank
        ),
        (2, 1, 2)
    );
    assert_eq!((manifest.train.documents, manifest.validation.documents), (3, 1));
    assert_eq!(
        (manifest.excluded[0].documents, manifest.sources[1].documents),
        (2, 6)
    );
    let text = tokenizer
        .decode(&stream(&Corpus::open(&out).unwrap(), Split::Train))
        .unwrap();
    assert!(text.contains(all[0]) && !text.contains(all[11]) && !text.contains("short article"));
}

/// A share by hash: every document is on one side, the same whatever else is in the files.
#[test]
fn a_share_is_held_out() {
    let folder = tempfile::tempdir().unwrap();
    let tokenizer = tokenizer();
    let texts: Vec<String> = (0..600)
        .map(|index| format!("Document number {index}."))
        .collect();
    let all: Vec<&str> = texts.iter().map(String::as_str).collect();
    let held_out = |name: &str, documents: &[&str]| -> Vec<String> {
        let mut plan = plan(
            vec![jsonl(folder.path(), &format!("{name}.jsonl"), documents)],
            &tokenizer,
        );
        plan.held_out_share = 0.2;
        let out = folder.path().join(name);
        let manifest = prepared(&plan, &out).unwrap();
        assert_eq!(manifest.held_out, HeldOut::Hash { share: 0.2 });
        assert_eq!(
            manifest.train.documents + manifest.validation.documents,
            documents.len() as u64
        );
        let text = tokenizer
            .decode(&stream(&Corpus::open(&out).unwrap(), Split::Validation))
            .unwrap();
        text.split_terminator("<|endoftext|>")
            .map(str::to_owned)
            .collect()
    };
    let found = held_out("all", &all);
    // 120 expected, standard deviation 10.
    assert!((85..155).contains(&found.len()), "{}", found.len());
    let of_half: Vec<String> = found
        .into_iter()
        .filter(|text| all[..300].contains(&text.as_str()))
        .collect();
    assert_eq!(held_out("half", &all[..300]), of_half);
}

/// A vocabulary of more than 2^16 words takes four bytes a token.
#[test]
fn large_vocabularies_have_wide_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let json = fs::read_to_string(crate::data::path("tokenizer-400.json")).unwrap();
    let json = json
        .replace("\"<|endoftext|>\": 0", "\"<|endoftext|>\": 70000")
        .replace("\"id\": 0", "\"id\": 70000");
    let path = folder.path().join("wide.json");
    fs::write(&path, json).unwrap();
    let tokenizer = rooflaw_corpus::Tokenizer::open(&path, None).unwrap();
    assert_eq!(
        (tokenizer.vocab_size(), tokenizer.end_of_text()),
        (70_001, 70_000)
    );
    let out = folder.path().join("corpus");
    let manifest = prepared(
        &plan(vec![source(&crate::data::path("voyage.jsonl"))], &tokenizer),
        &out,
    )
    .unwrap();
    assert_eq!(manifest.token_bytes, 4);
    let corpus = Corpus::open(&out).unwrap();
    corpus.verify(&mut |_| Ok(())).unwrap();
    let expected: Vec<u32> = tokens()
        .iter()
        .flat_map(|tokens| [tokens.as_slice(), &[70_000]].concat())
        .collect();
    assert_eq!(stream(&corpus, Split::Train), expected);
}

/// Nothing is left of what was stopped.
#[test]
fn whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let tokenizer = tokenizer();
    let plan = plan(vec![source(&crate::data::path("voyage.jsonl"))], &tokenizer);
    let out = folder.path().join("corpus");
    let stopped = rooflaw_corpus::prepare(&plan, &out, &mut |_| Err(CorpusError::Interrupted));
    assert!(matches!(stopped, Err(CorpusError::Interrupted)));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    prepared(&plan, &out).unwrap();
    let again = prepared(&plan, &out).unwrap_err().to_string();
    assert!(
        again.contains("exists: expected the name of a new folder"),
        "{again}"
    );
}
