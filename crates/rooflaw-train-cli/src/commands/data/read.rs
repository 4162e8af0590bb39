//! How files of text are read.

use anyhow::Result;
use clap::ValueEnum;
use rooflaw_corpus::{ReadOptions, SourceFile, TextDocuments};
use std::path::PathBuf;

/// How documents are found in files.
#[derive(clap::Args)]
pub struct ReadArgs {
    /// The field or column that is the text, in JSON Lines and Parquet
    #[arg(long, value_name = "NAME", default_value = "text", help_heading = "Reading")]
    text_field: String,
    /// What a document is in a file of plain text
    #[arg(
        long,
        value_name = "WHAT",
        value_enum,
        default_value_t,
        help_heading = "Reading"
    )]
    text_documents: Documents,
}

/// What a document is in a file of plain text.
#[derive(Clone, Copy, Default, ValueEnum)]
pub enum Documents {
    /// The file
    #[default]
    File,
    /// Each line
    Lines,
    /// From a title to the next, as in WikiText: lines ` = Title = `
    Articles,
}

impl From<Documents> for TextDocuments {
    fn from(documents: Documents) -> TextDocuments {
        match documents {
            Documents::File => TextDocuments::File,
            Documents::Lines => TextDocuments::Lines,
            Documents::Articles => TextDocuments::Articles,
        }
    }
}

impl ReadArgs {
    /// The files, each looked at.
    pub fn files(&self, paths: &[PathBuf]) -> Result<Vec<SourceFile>> {
        self.files_of(paths, self.text_documents)
    }

    /// The files, with other documents in plain text.
    pub fn files_of(&self, paths: &[PathBuf], documents: Documents) -> Result<Vec<SourceFile>> {
        let options = ReadOptions {
            text: documents.into(),
            field: self.text_field.clone(),
        };
        let files: Result<_, _> = paths.iter().map(|path| SourceFile::new(path, &options)).collect();
        Ok(files?)
    }
}
