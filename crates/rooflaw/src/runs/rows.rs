//! Text to rows: CSV and JSON Lines. Rows are handed on one by one, so that a table is never held as text twice.

use super::RunError;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read as _;

/// Longest table accepted, bytes.
pub const MAX_RUN_BYTES: usize = 64 << 20;

/// What receives a table: its header, then each row with its line.
pub(crate) trait Sink {
    /// What it may object to.
    type Error: From<RunError>;
    /// The names of the columns.
    fn header(&mut self, names: Vec<String>) -> Result<(), Self::Error>;
    /// The cells of a row, as many as the header has names.
    fn row(&mut self, line: usize, cells: &[Cow<'_, str>]) -> Result<(), Self::Error>;
}

/// Most columns accepted.
const MAX_COLUMNS: usize = 10_000;

fn check_width(columns: usize) -> Result<usize, RunError> {
    if columns > MAX_COLUMNS {
        return Err(RunError::TooManyColumns(columns));
    }
    Ok(columns)
}

/// The bytes as text, if they are not too many.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, RunError> {
    if bytes.len() > MAX_RUN_BYTES {
        return Err(RunError::TooLong(bytes.len()));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| RunError::NotText)?;
    // Spreadsheets write a byte order mark.
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// RFC 4180; `#` begins a comment line.
pub(crate) fn csv<S: Sink>(bytes: &[u8], sink: &mut S) -> Result<(), S::Error> {
    let text = text(bytes)?;
    let mut reader = ::csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .trim(::csv::Trim::All)
        .has_headers(false)
        // To the reader a comment that ends with the file, not with a line break, is a row.
        .from_reader(text.as_bytes().chain(&b"\n"[..]));
    let mut record = ::csv::StringRecord::new();
    let mut width = None;
    while reader
        .read_record(&mut record)
        .map_err(|error| unequal(text, &error))?
    {
        if width.is_none() {
            width = Some(check_width(record.len())?);
            sink.header(record.iter().map(str::to_owned).collect())?;
            continue;
        }
        let line = record.position().map_or(0, |position| line_at(text, position));
        let cells: Vec<Cow<'_, str>> = record.iter().map(Cow::Borrowed).collect();
        sink.row(line, &cells)?;
    }
    Ok(())
}

/// The reader's position is where the record before ended: blank lines and comments may follow.
fn line_at(text: &str, position: &::csv::Position) -> usize {
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let skipped = text.get(start..).map_or(0, |rest| {
        rest.split('\n')
            .take_while(|line| line.trim_end_matches('\r').is_empty() || line.starts_with('#'))
            .count()
    });
    usize::try_from(position.line()).map_or(usize::MAX, |line| line + skipped)
}

/// The reader fails on nothing but rows of another length: the text is UTF-8 and in memory.
fn unequal(text: &str, error: &::csv::Error) -> RunError {
    match error.kind() {
        ::csv::ErrorKind::UnequalLengths {
            pos,
            expected_len,
            len,
        } => RunError::Cells {
            line: pos.as_ref().map_or(0, |position| line_at(text, position)),
            found: usize::try_from(*len).unwrap_or(usize::MAX),
            expected: usize::try_from(*expected_len).unwrap_or(usize::MAX),
        },
        _ => RunError::NotText,
    }
}

/// An object's members in the order of the file, repeated keys included.
pub(super) struct Members(pub(super) Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object, its keys the columns")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// An object a line; the keys of the first are the header.
pub(super) fn jsonl<S: Sink>(bytes: &[u8], sink: &mut S) -> Result<(), S::Error> {
    let mut header: Option<BTreeMap<String, usize>> = None;
    for (index, text) in text(bytes)?.lines().enumerate() {
        if text.trim().is_empty() || text.starts_with('#') {
            continue;
        }
        let line = index + 1;
        let fail = |message: String| RunError::Json { line, message };
        let Members(members) = serde_json::from_str(text).map_err(|error| fail(without_place(&error)))?;
        let header = match &header {
            Some(header) => header,
            None => {
                let names: Vec<String> = members.iter().map(|(name, _)| name.clone()).collect();
                check_width(names.len())?;
                sink.header(names.clone())?;
                header.insert(names.into_iter().zip(0..).collect())
            }
        };
        let mut cells = vec![Cow::Borrowed(""); header.len()];
        let mut given = vec![false; header.len()];
        for (name, value) in &members {
            let column = *header
                .get(name)
                .ok_or_else(|| fail(format!("`{name}` is missing from the first row")))?;
            if std::mem::replace(&mut given[column], true) {
                return Err(fail(format!("`{name}` appears twice")).into());
            }
            cells[column] = match value {
                Value::Null => Cow::Borrowed(""),
                Value::String(text) => Cow::Borrowed(text.trim()),
                Value::Number(number) => Cow::Owned(number.to_string()),
                _ => return Err(fail(format!("`{name}` is neither a number nor a text")).into()),
            };
        }
        sink.row(line, &cells)?;
    }
    Ok(())
}

/// What the parser says, with the column only: it has seen one line.
fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match message.strip_suffix(&place) {
        Some(message) => format!("{message} at column {}", error.column()),
        None => message,
    }
}
