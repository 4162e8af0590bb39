//! What a model is evaluated on.

use super::Args;
use crate::commands::data::ReadArgs;
use anyhow::{Context as _, Result, bail};
use rooflaw_corpus::{Corpus, MANIFEST, Split, Tokenizer, articles};
use rooflaw_train::eval::{KnownText, WIKITEXT_2_RAW_SHA256, WIKITEXT_2_SHA256};
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

/// The name of WikiText-2.
const WIKITEXT_2: &str = "wikitext-2";

/// What its test set is called where it is found.
const WIKITEXT_2_FILES: [&str; 6] = [
    "wiki.test.raw",
    "wikitext-2-raw/wiki.test.raw",
    "wikitext-2-raw/test.txt",
    "wiki.test.tokens",
    "wikitext-2/wiki.test.tokens",
    "test.txt",
];

/// Bytes of `wiki.test.raw`, and more than those of `wiki.test.tokens`; what is larger is neither.
const WIKITEXT_2_BYTES: u64 = 1_290_590;

/// What a model is evaluated on.
pub enum Subject {
    /// The held-out documents of a data set.
    DataSet(Corpus),
    /// A text.
    Text(Text),
}

/// A text, read.
pub struct Text {
    path: PathBuf,
    known: Option<KnownText>,
    sha256: String,
    documents: Vec<String>,
}

impl Text {
    /// Its documents.
    pub fn documents(&self) -> Vec<&str> {
        self.documents.iter().map(String::as_str).collect()
    }
}

/// What it was, for the record.
#[derive(Serialize)]
pub struct Description {
    /// For people.
    pub name: String,
    /// A data set's hash, or the SHA-256 of a text's file.
    pub sha256: String,
    /// A text that results are published for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known: Option<KnownText>,
}

impl Subject {
    /// What the arguments name.
    pub fn open(args: &Args) -> Result<Subject> {
        if args.on == WIKITEXT_2 {
            return wikitext_2(args.text.as_deref()).map(Subject::Text);
        }
        if args.text.is_some() {
            bail!("--text is the text of wikitext-2: give another one by --on FILE");
        }
        let path = Path::new(&args.on);
        if path.is_dir() {
            if !path.join(MANIFEST).exists() {
                bail!(
                    "--on {}: no {MANIFEST} in it: expected a data set of `rooflaw data prepare`, a file or {WIKITEXT_2}",
                    args.on
                );
            }
            let corpus = Corpus::open(path)?;
            if corpus.manifest().validation.tokens < 2 {
                bail!("--on {}: the data set holds nothing out", args.on);
            }
            return Ok(Subject::DataSet(corpus));
        }
        if !path.exists() {
            bail!(
                "--on {}: no such file or folder: expected a data set of `rooflaw data prepare`, a file or {WIKITEXT_2}",
                args.on
            );
        }
        text(path, &args.read).map(Subject::Text)
    }

    /// Tokens that will be scored.
    pub fn tokens(&self, tokenizer: &Tokenizer) -> Result<u64> {
        match self {
            Subject::DataSet(corpus) => Ok(corpus.manifest().split(Split::Validation).tokens - 1),
            Subject::Text(text) => {
                let count = |total: u64, document: &String| -> Result<u64> {
                    Ok(total + tokenizer.encode(document)?.len() as u64)
                };
                text.documents.iter().try_fold(0, count)
            }
        }
    }

    /// For the record.
    pub fn describe(&self) -> Description {
        match self {
            Subject::DataSet(corpus) => Description {
                name: format!("the held-out documents of {}", corpus.folder().display()),
                sha256: corpus.manifest().hash.clone(),
                known: None,
            },
            Subject::Text(text) => Description {
                name: match text.known {
                    Some(known) => known.to_string(),
                    None => text.path.display().to_string(),
                },
                sha256: text.sha256.clone(),
                known: text.known,
            },
        }
    }
}

/// Any text.
fn text(path: &Path, read: &ReadArgs) -> Result<Text> {
    // A known text has known documents.
    if let Ok(metadata) = fs::metadata(path)
        && metadata.len() <= WIKITEXT_2_BYTES
        && let Some(known) = known_text(path)?
    {
        return Ok(known);
    }
    let [file] = read
        .files(&[path.to_path_buf()])?
        .try_into()
        .map_err(|_| anyhow::anyhow!("one file"))?;
    let mut documents = Vec::new();
    let digest = file.documents_hashed(&mut |text, _| {
        documents.push(text);
        Ok(())
    })?;
    Ok(Text {
        path: path.to_path_buf(),
        known: None,
        sha256: digest.sha256,
        documents,
    })
}

/// A file, if results are published for what is in it.
fn known_text(path: &Path) -> Result<Option<Text>> {
    let contents = fs::read(path).with_context(|| format!("{}: cannot read", path.display()))?;
    let Some(known) = KnownText::recognise(&contents) else {
        return Ok(None);
    };
    let contents = String::from_utf8(contents)?;
    Ok(Some(Text {
        path: path.to_path_buf(),
        known: Some(known),
        sha256: known.sha256().to_owned(),
        documents: articles(&contents).into_iter().map(str::to_owned).collect(),
    }))
}

/// The test set of WikiText-2: a file, or one in a folder.
fn wikitext_2(given: Option<&Path>) -> Result<Text> {
    let expected = format!(
        "expected wiki.test.raw of wikitext-2-raw-v1.zip (SHA-256 {WIKITEXT_2_RAW_SHA256}), \
         or wiki.test.tokens of wikitext-2-v1.zip (SHA-256 {WIKITEXT_2_SHA256})"
    );
    let Some(given) = given else {
        bail!("--on {WIKITEXT_2}: its text is not part of rooflaw: give it by --text; {expected}");
    };
    let shown = given.display();
    let candidates: Vec<PathBuf> = if given.is_dir() {
        let there = WIKITEXT_2_FILES.iter().map(|name| given.join(name));
        there.filter(|path| path.is_file()).collect()
    } else {
        vec![given.to_path_buf()]
    };
    for path in &candidates {
        let bytes = fs::metadata(path)
            .with_context(|| format!("--text {}: cannot read", path.display()))?
            .len();
        if bytes <= WIKITEXT_2_BYTES
            && let Some(text) = known_text(path)?
        {
            return Ok(text);
        }
    }
    bail!(
        "--text {shown} is not the test set of WikiText-2, byte for byte: {expected}; for another text give --on FILE"
    )
}
