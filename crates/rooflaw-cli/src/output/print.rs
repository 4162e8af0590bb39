//! Printing: standard output for answers, standard error for remarks; colour only on a terminal.

use super::text::{MeasuredTable, table_text};
use anstyle::{AnsiColor, Style};
use anyhow::Result;
use serde::Serialize;
use std::io::{self, Write as _};

/// Columns that any terminal has.
const WIDTH: usize = 80;

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

/// Running text, wrapped.
pub fn paragraph(text: &str) -> Result<()> {
    line(&wrapped(text, 0))
}

/// A remark that changes how far the answer can be trusted.
pub fn warning(text: &str) -> Result<()> {
    let label = "warning:";
    Ok(writeln!(
        anstream::stderr(),
        "{YELLOW}{label}{YELLOW:#} {}",
        wrapped(text, label.len() + 1)
    )?)
}

/// Text broken into lines of at most 80 columns, the first of which begins at column `used`; the others are indented
/// if it is not 0.
fn wrapped(text: &str, used: usize) -> String {
    let indent = if used > 0 { "  " } else { "" };
    let mut lines = String::new();
    let mut column = used;
    for word in text.split_whitespace() {
        let width = word.chars().count();
        let at_start = lines.is_empty();
        if !at_start && column + 1 + width > WIDTH {
            lines.push('\n');
            lines.push_str(indent);
            column = indent.len();
        } else if !at_start {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += width;
    }
    lines
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
