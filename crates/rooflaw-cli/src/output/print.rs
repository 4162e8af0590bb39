//! Printing: standard output for answers, standard error for remarks; colour only on a terminal.

use super::text::{MeasuredTable, table_text};
use anstyle::{AnsiColor, Style};
use anyhow::Result;
use serde::Serialize;
use std::io::{self, Write as _};

const BOLD: Style = Style::new().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();

/// A line of text.
pub fn line(text: &str) -> Result<()> {
    Ok(writeln!(anstream::stdout(), "{text}")?)
}

/// A line in bold.
pub fn heading(text: &str) -> Result<()> {
    Ok(writeln!(anstream::stdout(), "{BOLD}{text}{BOLD:#}")?)
}

/// A table, its header in bold.
pub fn table(measured: &MeasuredTable) -> Result<()> {
    let text = table_text(measured);
    let (header, body) = text.split_once('\n').unwrap_or((&text, ""));
    let mut out = anstream::stdout();
    writeln!(out, "{BOLD}{header}{BOLD:#}")?;
    if !body.is_empty() {
        writeln!(out, "{body}")?;
    }
    Ok(())
}

/// A remark that changes how far the answer can be trusted, wrapped at 80 columns.
pub fn warning(text: &str) -> Result<()> {
    let mut out = anstream::stderr();
    write!(out, "{YELLOW}warning:{YELLOW:#}")?;
    let mut column = "warning:".len();
    for word in text.split_whitespace() {
        if column + 1 + word.chars().count() > 80 {
            write!(out, "\n ")?;
            column = 1;
        }
        write!(out, " {word}")?;
        column += 1 + word.chars().count();
    }
    Ok(writeln!(out)?)
}

/// A value as JSON.
pub fn json(value: &impl Serialize) -> Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value).map_err(io::Error::from)?;
    Ok(writeln!(out)?)
}

/// Whether the reader of our output has gone away.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}
