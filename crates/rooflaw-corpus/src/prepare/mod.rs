//! Files of text to a data set.

mod held_out;
mod splits;

use crate::manifest::{Dropped, HeldOut, MANIFEST, Manifest, SourceRecord, TOKENIZER, TokenizerRecord};
use crate::shard::{Header, Limits};
use crate::{CorpusError, SourceFile, Split, Tokenizer};
use held_out::HeldOutDocuments;
use rayon::prelude::*;
use splits::SplitWriter;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

/// Text tokenised at a time, bytes.
const BATCH_BYTES: usize = 8 << 20;

/// Documents tokenised at a time.
const BATCH_DOCUMENTS: usize = 16_384;

/// Where a new folder is filled, inside the temporary one, whose permissions are stricter than a user expects.
const INSIDE: &str = "files";

/// What to make a data set of.
#[derive(Debug)]
pub struct Plan<'a> {
    /// Files to train on, in order.
    pub train: Vec<SourceFile>,
    /// Files to hold out.
    pub validation: Vec<SourceFile>,
    /// The share of the files to train on that is held out where there are no files for it, 0 to below 1.
    pub held_out_share: f64,
    /// Evaluation texts, whose documents are not to be trained on.
    pub excluded: Vec<SourceFile>,
    /// The tokenizer.
    pub tokenizer: &'a Tokenizer,
    /// Tokens of a shard; the document that reaches them is its last.
    pub shard_tokens: u64,
}

impl Plan<'_> {
    /// Tokens of a shard: 256 MB with 2 bytes each.
    pub const SHARD_TOKENS: u64 = 1 << 27;

    /// Documents of a shard: 8 MiB of entries.
    const SHARD_DOCUMENTS: usize = 1 << 20;

    /// Bytes of all files, which are read once.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let files = self.train.iter().chain(&self.validation).chain(&self.excluded);
        files.map(SourceFile::bytes).sum()
    }
}

/// How far it has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Bytes of files read, of [`Plan::bytes`].
    pub bytes: u64,
    /// Tokens written.
    pub tokens: u64,
}

/// Told how far it has come; an error stops the work.
type Tell<'a> = &'a mut dyn FnMut(Progress) -> Result<(), CorpusError>;

/// Makes a data set in a new folder, whole or not at all. It depends on the files, their order, the tokenizer and the plan
/// only, not on the number of threads.
///
/// # Errors
/// Files that cannot be read or hold no document, a folder that is there already, a disk that is full, what `tell` returns.
pub fn prepare(plan: &Plan<'_>, folder: &Path, tell: Tell<'_>) -> Result<Manifest, CorpusError> {
    if !(0.0..1.0).contains(&plan.held_out_share) {
        let what = format!(
            "a held-out share of {}: expected 0 to below 1",
            plan.held_out_share
        );
        return Err(CorpusError::Nothing(what));
    }
    if fs::symlink_metadata(folder).is_ok() {
        return Err(CorpusError::Nothing(format!(
            "{} exists: expected the name of a new folder",
            folder.display()
        )));
    }
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // Beside the target, so that moving is renaming; removed with whatever is in it when this is dropped.
    let staging = tempfile::Builder::new()
        .prefix(".rooflaw-")
        .tempdir_in(parent)
        .map_err(|error| CorpusError::io(parent, "write into")(error.kind().into()))?;
    let inside = staging.path().join(INSIDE);
    fs::create_dir(&inside).map_err(CorpusError::io(&inside, "create"))?;
    let manifest = Preparation::new(plan, &inside, tell).run()?;
    write(&inside.join(TOKENIZER), plan.tokenizer.json())?;
    let json = manifest.to_json().map_err(|error| refused(&error))?;
    write(&inside.join(MANIFEST), json.as_bytes())?;
    fs::rename(&inside, folder).map_err(CorpusError::io(folder, "write"))?;
    Ok(manifest)
}

fn refused(error: &crate::ManifestError) -> CorpusError {
    CorpusError::Nothing(error.to_string())
}

fn write(path: &Path, contents: &[u8]) -> Result<(), CorpusError> {
    let cannot = CorpusError::io(path, "write");
    let mut file = File::create_new(path).map_err(&cannot)?;
    file.write_all(contents).map_err(&cannot)?;
    file.sync_all().map_err(&cannot)
}

/// Work under way.
struct Preparation<'a, 'b> {
    plan: &'a Plan<'b>,
    tell: Tell<'a>,
    /// Bytes of the files that were read to their end.
    done_bytes: u64,
    train: SplitWriter,
    validation: SplitWriter,
    held_out: HeldOutDocuments,
    dropped: Dropped,
    batch: Batch,
}

/// Documents to tokenise, and the split of each.
#[derive(Default)]
struct Batch {
    documents: Vec<(Split, String)>,
    bytes: usize,
}

impl<'a, 'b> Preparation<'a, 'b> {
    fn new(plan: &'a Plan<'b>, folder: &Path, tell: Tell<'a>) -> Preparation<'a, 'b> {
        let limits = Limits {
            tokens: plan.shard_tokens,
            documents: Plan::SHARD_DOCUMENTS,
        };
        let vocab_size = plan.tokenizer.vocab_size();
        let [train, validation] = Split::ALL.map(|split| SplitWriter::new(folder, split, vocab_size, limits));
        Preparation {
            plan,
            tell,
            done_bytes: 0,
            train,
            validation,
            held_out: HeldOutDocuments::new(if plan.validation.is_empty() {
                plan.held_out_share
            } else {
                0.0
            }),
            dropped: Dropped::default(),
            batch: Batch::default(),
        }
    }

    /// Evaluation texts and held-out files first, so that it is known what must not be trained on.
    fn run(mut self) -> Result<Manifest, CorpusError> {
        let plan = self.plan;
        let (mut excluded, mut sources) = (Vec::new(), Vec::new());
        for file in &plan.excluded {
            excluded.push(self.read(file, None)?);
        }
        for (files, split) in [(&plan.validation, Split::Validation), (&plan.train, Split::Train)] {
            for file in files {
                sources.push(self.read(file, Some(split))?);
            }
        }
        self.flush()?;
        let (train, validation) = (self.train.close()?, self.validation.close()?);
        let wants_validation = !plan.validation.is_empty() || plan.held_out_share > 0.0;
        if train.documents == 0 || (wants_validation && validation.documents == 0) {
            return Err(nothing(
                plan,
                train.documents,
                validation.documents,
                &self.dropped,
            ));
        }
        let tokenizer = plan.tokenizer;
        let manifest = Manifest {
            version: 0,
            hash: String::new(),
            vocab_size: tokenizer.vocab_size(),
            token_bytes: Header::token_bytes_of(tokenizer.vocab_size()),
            tokenizer: TokenizerRecord {
                sha256: tokenizer.sha256().to_owned(),
                end_of_text: tokenizer.end_of_text(),
                end_of_text_token: tokenizer.end_of_text_token().to_owned(),
            },
            train,
            validation,
            held_out: if plan.validation.is_empty() {
                HeldOut::Hash {
                    share: plan.held_out_share,
                }
            } else {
                HeldOut::Files
            },
            sources,
            excluded,
            dropped: self.dropped,
        };
        manifest.sealed().map_err(|error| refused(&error))
    }

    fn read(&mut self, file: &SourceFile, given_for: Option<Split>) -> Result<SourceRecord, CorpusError> {
        let mut documents = 0;
        let before = self.done_bytes;
        let digest = file.documents_hashed(&mut |text, bytes| {
            self.done_bytes = before + bytes;
            if text.trim().is_empty() {
                self.dropped.blank += u64::from(given_for.is_some());
                return Ok(());
            }
            documents += 1;
            let Some(split) = self.split_of(&text, given_for) else {
                return Ok(());
            };
            self.batch.bytes += text.len();
            self.batch.documents.push((split, text));
            if self.batch.bytes >= BATCH_BYTES || self.batch.documents.len() >= BATCH_DOCUMENTS {
                self.flush()?;
            }
            Ok(())
        })?;
        self.done_bytes = before + file.bytes();
        self.tell()?;
        let name = file.path().file_name().unwrap_or_default();
        Ok(SourceRecord {
            file: name.to_string_lossy().into_owned(),
            sha256: digest.sha256,
            bytes: digest.bytes,
            documents,
            split: given_for,
        })
    }

    /// Where a document goes; nowhere, if it is only known from now on, or must not be trained on.
    fn split_of(&mut self, text: &str, given_for: Option<Split>) -> Option<Split> {
        match given_for {
            None => {
                self.held_out.exclude(text);
                None
            }
            Some(Split::Validation) => {
                self.held_out.hold_out(text);
                Some(Split::Validation)
            }
            Some(Split::Train) => match self.held_out.judge(text) {
                held_out::Verdict::Train => Some(Split::Train),
                held_out::Verdict::Validation => Some(Split::Validation),
                held_out::Verdict::CopyOfValidation => {
                    self.dropped.copies_of_validation += 1;
                    None
                }
                held_out::Verdict::CopyOfExcluded => {
                    self.dropped.copies_of_excluded += 1;
                    None
                }
            },
        }
    }

    /// Tokenises what is waiting, on all threads, and writes it in order.
    fn flush(&mut self) -> Result<(), CorpusError> {
        let Batch { documents, .. } = std::mem::take(&mut self.batch);
        let tokenizer = self.plan.tokenizer;
        let encoded: Vec<Result<Vec<u32>, CorpusError>> = documents
            .par_iter()
            .map(|(_, text)| {
                let mut tokens = tokenizer.encode(text)?;
                tokens.push(tokenizer.end_of_text());
                Ok(tokens)
            })
            .collect();
        for ((split, text), tokens) in documents.iter().zip(encoded) {
            let writer = match split {
                Split::Train => &mut self.train,
                Split::Validation => &mut self.validation,
            };
            writer.push(&tokens?, text.len())?;
        }
        self.tell()
    }

    fn tell(&mut self) -> Result<(), CorpusError> {
        (self.tell)(Progress {
            bytes: self.done_bytes,
            tokens: self.train.tokens() + self.validation.tokens(),
        })
    }
}

/// Why there is no data set.
fn nothing(plan: &Plan<'_>, train: u64, validation: u64, dropped: &Dropped) -> CorpusError {
    let given = train + validation;
    let names: Vec<String> = plan
        .train
        .iter()
        .take(3)
        .map(|file| file.path().display().to_string())
        .collect();
    let names = names.join(", ");
    CorpusError::Nothing(if !plan.validation.is_empty() && validation == 0 {
        "the files to hold out have no document: expected text".to_owned()
    } else if train == 0 {
        format!(
            "{names}: no document to train on ({} blank, {} held out or copies of such): expected more text",
            dropped.blank,
            validation + dropped.copies_of_validation + dropped.copies_of_excluded
        )
    } else {
        format!(
            "{names}: {given} documents, none of which a held-out share of {} takes: expected a larger share, \
             files to hold out, or files split into more documents",
            plan.held_out_share
        )
    })
}
