//! Text to cells: CSV and JSON Lines.

use super::RunError;

/// Longest table accepted, bytes.
pub const MAX_RUN_BYTES: usize = 64 << 20;

/// A header and rows of as many cells, each with its line.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<(usize, Vec<String>)>,
}

fn text(bytes: &[u8]) -> Result<&str, RunError> {
    if bytes.len() > MAX_RUN_BYTES {
        return Err(RunError::TooLong(bytes.len()));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| RunError::NotText)?;
    // Spreadsheets write a byte order mark.
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Lines that are neither blank nor comments, numbered from 1.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
}

/// RFC 4180 without line breaks inside cells; `#` begins a comment line.
pub(super) fn csv(bytes: &[u8]) -> Result<Raw, RunError> {
    let mut lines = lines(text(bytes)?);
    let (_, first) = lines.next().ok_or(RunError::Empty)?;
    let header = cells(first);
    let mut rows = Vec::new();
    for (line, row) in lines {
        let row = cells(row);
        if row.len() != header.len() {
            return Err(RunError::Cells {
                line,
                found: row.len(),
                expected: header.len(),
            });
        }
        rows.push((line, row));
    }
    Ok(Raw { header, rows })
}

fn cells(line: &str) -> Vec<String> {
    let mut cells = Vec::new();
    let mut cell = String::new();
    let mut quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                cell.push('"');
                characters.next();
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell).trim().to_owned()),
            other => cell.push(other),
        }
    }
    cells.push(cell.trim().to_owned());
    cells
}

/// An object a line; the keys of the first are the header.
pub(super) fn jsonl(bytes: &[u8]) -> Result<Raw, RunError> {
    type Object = serde_json::Map<String, serde_json::Value>;
    let mut header: Vec<String> = Vec::new();
    let mut rows = Vec::new();
    for (line, row) in lines(text(bytes)?) {
        let fail = |message: String| RunError::Json { line, message };
        let object: Object = serde_json::from_str(row).map_err(|error| fail(error.to_string()))?;
        if rows.is_empty() {
            header = object.keys().cloned().collect();
        }
        if let Some(key) = object.keys().find(|key| !header.contains(key)) {
            return Err(fail(format!("`{key}` is missing from the first row")));
        }
        let cell = |name: &String| match object.get(name) {
            None | Some(serde_json::Value::Null) => Ok(String::new()),
            Some(serde_json::Value::String(text)) => Ok(text.clone()),
            Some(serde_json::Value::Number(number)) => Ok(number.to_string()),
            Some(_) => Err(fail(format!("`{name}` is neither a number nor a text"))),
        };
        let row: Result<Vec<String>, RunError> = header.iter().map(cell).collect();
        rows.push((line, row?));
    }
    Ok(Raw { header, rows })
}
