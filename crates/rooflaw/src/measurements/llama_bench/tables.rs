//! llama-bench's CSV and Markdown, as the records that its JSON has.

use crate::measurements::read::Outcome;
use crate::measurements::record::Record;
use crate::measurements::{Given, MeasurementError, Skipped};
use crate::runs::{RunError, Sink, csv_rows};
use std::borrow::Cow;

/// Whether a text is llama-bench's CSV, by its header.
pub(in super::super) fn is_csv(text: &str) -> bool {
    let header = text.trim_start().lines().next().unwrap_or_default();
    let has = |name: &str| {
        header
            .split(',')
            .any(|cell| cell.trim().trim_matches('"') == name)
    };
    has("model_type") && has("n_prompt") && has("n_gen")
}

/// Why the last row of a file is left out when it is not whole.
const CUT: &str = "the file ends within this row: the run was stopped, or the file cut";

/// Reads CSV; a header that comes again begins another file.
pub(in super::super) fn from_csv(bytes: &[u8], given: &Given) -> Result<Vec<Outcome>, MeasurementError> {
    let mut rows = Rows::default();
    let cut = match csv_rows(bytes, &mut rows) {
        Err(MeasurementError::Rows(RunError::Cells {
            line,
            found,
            expected,
        })) if found < expected && line == last_line(bytes) && !rows.records.is_empty() => {
            Some(Skipped::new(&format!("line {line}"), CUT))
        }
        read => read.map(|()| None)?,
    };
    let mut outcomes = super::from_records(&rows.records, given)?;
    outcomes.extend(cut.map(Err));
    Ok(outcomes)
}

/// The number of the last line that has anything.
fn last_line(bytes: &[u8]) -> usize {
    let text = bytes.trim_ascii_end();
    text.iter().filter(|byte| **byte == b'\n').count() + 1
}

#[derive(Default)]
struct Rows {
    header: Vec<String>,
    records: Vec<Record>,
}

impl Sink for Rows {
    type Error = MeasurementError;

    fn header(&mut self, names: Vec<String>) -> Result<(), MeasurementError> {
        for (index, name) in names.iter().enumerate() {
            if names[..index].contains(name) {
                return Err(MeasurementError::RepeatedColumn(name.clone()));
            }
        }
        self.header = names;
        Ok(())
    }

    fn row(&mut self, line: usize, cells: &[Cow<'_, str>]) -> Result<(), MeasurementError> {
        if cells
            .iter()
            .zip(&self.header)
            .all(|(cell, name)| *cell == name.as_str())
        {
            return Ok(());
        }
        let mut record = Record {
            place: format!("line {line}"),
            ..Record::default()
        };
        for (name, cell) in self.header.iter().zip(cells) {
            record.add(name, cell);
        }
        self.records.push(record);
        Ok(())
    }
}

/// Whether a text has a table of llama-bench.
pub(in super::super) fn is_markdown(text: &str) -> bool {
    text.lines()
        .any(|line| cells(line).is_some_and(|cells| is_header(&cells)))
}

/// Reads the tables of a text; lines around them are passed over, but for the build below each.
pub(in super::super) fn from_markdown(text: &str, given: &Given) -> Result<Vec<Outcome>, MeasurementError> {
    let mut records: Vec<Record> = Vec::new();
    let mut header: Vec<&str> = Vec::new();
    // Rows of the table whose build is not yet known.
    let mut open = 0;
    let mut cut = None;
    let last = last_line(text.as_bytes());
    for (index, line) in text.lines().enumerate() {
        let place = format!("line {}", index + 1);
        let Some(cells) = cells(line) else {
            if line.starts_with('|') && !header.is_empty() && index + 1 == last {
                cut = Some(Skipped::new(&place, CUT));
            }
            if let Some((commit, number)) = build(line) {
                for record in &mut records[open..] {
                    record.add("build_commit", commit);
                    record.add("build_number", number);
                }
                open = records.len();
            }
            // A table ends with its rows; the next one has a header of its own.
            header.clear();
            continue;
        };
        if is_header(&cells) {
            header = cells;
            continue;
        }
        if header.is_empty()
            || cells
                .iter()
                .all(|cell| cell.bytes().all(|byte| b"-: ".contains(&byte)))
        {
            continue;
        }
        if cells.len() != header.len() {
            return Err(MeasurementError::Cells {
                place,
                found: cells.len(),
                expected: header.len(),
            });
        }
        records.push(row(place, &header, &cells)?);
    }
    let mut outcomes = super::from_records(&records, given)?;
    outcomes.extend(cut.map(Err));
    Ok(outcomes)
}

/// The cells of a line between bars.
fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(inner.split('|').map(str::trim).collect())
}

fn is_header(cells: &[&str]) -> bool {
    ["model", "test", "t/s"].iter().all(|name| cells.contains(name))
}

/// `build: 8cf427ff (5163)`, below a table.
fn build(line: &str) -> Option<(&str, &str)> {
    line.trim()
        .strip_prefix("build: ")?
        .strip_suffix(')')?
        .split_once(" (")
}

fn row(place: String, header: &[&str], cells: &[&str]) -> Result<Record, MeasurementError> {
    let mut record = Record {
        place,
        ..Record::default()
    };
    for (name, cell) in header.iter().zip(cells) {
        match *name {
            "test" => test(&mut record, cell)?,
            "t/s" => {
                let (mean, deviation) = cell.split_once('±').unwrap_or((cell, ""));
                record.add("avg_ts", mean);
                record.add("stddev_ts", deviation);
            }
            "size" => {
                let units = [("KiB", 1024.0), ("MiB", 1_048_576.0), ("GiB", 1_073_741_824.0)];
                amount(&mut record, "model_size", "size", cell, &units)?;
            }
            "params" => {
                let units = [("M", 1e6), ("B", 1e9)];
                amount(&mut record, "model_n_params", "params", cell, &units)?;
            }
            name => record.add(key(name), cell),
        }
    }
    Ok(record)
}

/// The key of a column (`get_field_display_name`).
fn key(name: &str) -> &str {
    match name {
        "model" => "model_type",
        "backend" => "backends",
        "ngl" => "n_gpu_layers",
        "threads" => "n_threads",
        "sm" => "split_mode",
        "nkvo" => "no_kv_offload",
        "dev" => "devices",
        "ot" => "tensor_buft_overrides",
        "embd" => "embeddings",
        "nopo" => "no_op_offload",
        name => name,
    }
}

/// `pp512`, `tg128 @ d4096`, `pp512+tg128`; builds of 2023 wrote `pp 512`.
fn test(record: &mut Record, cell: &str) -> Result<(), MeasurementError> {
    let wrong = || {
        record.wrong(
            "test",
            cell,
            "pp512, tg128, pp512+tg128 or one of them with @ d4096",
        )
    };
    let (tests, depth) = match cell.split_once('@') {
        None => (cell, "0"),
        Some((tests, depth)) => (tests, depth.trim().strip_prefix('d').ok_or_else(wrong)?),
    };
    let (mut prompt, mut generated) = ("0", "0");
    for test in tests.split('+').map(str::trim) {
        if let Some(tokens) = test.strip_prefix("pp") {
            prompt = tokens.trim();
        } else {
            generated = test.strip_prefix("tg").ok_or_else(wrong)?.trim();
        }
    }
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if ![prompt, generated, depth].into_iter().all(is_number) {
        return Err(wrong());
    }
    for (key, tokens) in [("n_prompt", prompt), ("n_gen", generated), ("n_depth", depth)] {
        record.add(key, tokens);
    }
    Ok(())
}

/// A number with a unit, to the nearest whole: the table has two decimals.
fn amount(
    record: &mut Record,
    key: &str,
    column: &str,
    cell: &str,
    units: &[(&str, f64)],
) -> Result<(), MeasurementError> {
    let value = cell.rsplit_once(' ').and_then(|(number, unit)| {
        let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
        let value = number.trim().parse::<f64>().ok()? * factor;
        (value >= 0.0 && value.is_finite()).then_some(value)
    });
    let names: Vec<&str> = units.iter().map(|(name, _)| *name).collect();
    let value = value
        .ok_or_else(|| record.wrong(column, cell, &format!("a number and one of {}", names.join(", "))))?;
    record.add(key, &value.round().to_string());
    Ok(())
}
