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

/// Longest error message, characters: a value quoted in one may be a whole file.
const MAX_ERROR: usize = 1000;

/// Text, each of its lines wrapped.
pub fn line(text: &str) -> Result<()> {
    let mut out = anstream::stdout();
    for line in text.split('\n') {
        let body = line.trim_start_matches(' ');
        let indent = line.len() - body.len();
        writeln!(out, "{:indent$}{}", "", wrapped(body, indent, indent))?;
    }
    Ok(())
}

/// Running text, its own line breaks ignored.
pub fn paragraph(text: &str) -> Result<()> {
    line(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A paragraph behind its label, unless there is nothing to say.
pub fn remark(label: &str, text: &str) -> Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    paragraph(&format!("{label}: {text}"))
}

/// Text in bold.
pub fn heading(text: &str) -> Result<()> {
    Ok(writeln!(
        anstream::stdout(),
        "{BOLD}{}{BOLD:#}",
        wrapped(text, 0, 0)
    )?)
}

/// A table, its header in bold.
pub fn table(measured: &MeasuredTable) -> Result<()> {
    let text = table_text(measured, WIDTH);
    let text = text.as_str();
    let (header, body) = text.split_once('\n').unwrap_or((text, ""));
    let mut out = anstream::stdout();
    writeln!(out, "{BOLD}{header}{BOLD:#}")?;
    if !body.is_empty() {
        writeln!(out, "{body}")?;
    }
    Ok(())
}

/// What went wrong, on one line. A reader that has gone away cannot be told.
pub fn error(error: &anyhow::Error) {
    let message = format!("{error:#}");
    let mut shown: String = printable(&message).chars().take(MAX_ERROR).collect();
    if shown.len() < message.len() && shown.chars().count() == MAX_ERROR {
        shown.push('…');
    }
    let style = clap::builder::Styles::styled();
    let label = style.get_error();
    let _ = writeln!(anstream::stderr(), "{label}error:{label:#} {shown}");
}

/// A remark that changes how far the answer can be trusted.
pub fn warning(text: &str) -> Result<()> {
    let label = "warning:";
    Ok(writeln!(
        anstream::stderr(),
        "{YELLOW}{label}{YELLOW:#} {}",
        wrapped(text, label.len() + 1, 2)
    )?)
}

/// Text without control characters: names come from files, and a terminal would obey them.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// Text broken into lines of at most 80 columns, the first of which begins at column `used`; the others are indented.
fn wrapped(text: &str, used: usize, indent: usize) -> String {
    let text = printable(text);
    let mut lines = String::new();
    let mut column = used;
    for word in text.split_whitespace() {
        let width = word.chars().count();
        let at_start = lines.is_empty();
        if !at_start && column + 1 + width > WIDTH {
            lines.push('\n');
            lines.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else if !at_start {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += width;
    }
    lines
}

/// What was decided, beside an answer that is data.
pub fn note(text: &str) -> Result<()> {
    Ok(writeln!(anstream::stderr(), "{}", wrapped(text, 0, 2))?)
}

/// Data as it is.
pub fn raw(text: &str) -> Result<()> {
    Ok(io::stdout().lock().write_all(text.as_bytes())?)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_wrapped_and_harmless() {
        let text = "word ".repeat(40);
        let lines = wrapped(&text, 10, 2);
        assert!(lines.lines().all(|line| line.chars().count() <= WIDTH));
        assert!(lines.lines().skip(1).all(|line| line.starts_with("  word")));
        assert_eq!(wrapped("\u{1b}[31mred\u{7}\n", 0, 0), "[31mred");
    }
}
