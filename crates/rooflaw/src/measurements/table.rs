//! Tables of measurements as CSV.

use super::cells::{count, kv, not_negative, phase, positive, weights, whole};
use super::given::clean;
use super::{Given, Measurement, MeasurementError};
use crate::device::Phase;
use crate::format::Formats;
use crate::near_miss::near_miss;
use crate::runs::{RunError, Sink, csv_rows, digits};
use std::borrow::Cow;

/// The columns of a table, in the order in which they are written; of the three times only `seconds` is.
pub const COLUMNS: [&str; 21] = [
    "device",
    "runtime",
    "runtime_version",
    "backend",
    "threads",
    "model",
    "config",
    "weights",
    "kv",
    "phase",
    "batch",
    "context_tokens",
    "tokens",
    "tokens_per_s",
    "seconds",
    "milliseconds",
    "spread",
    "repeats",
    "n_parameters",
    "model_bytes",
    "source",
];

/// The columns that say how long it took.
const TIMES: [&str; 3] = ["tokens_per_s", "seconds", "milliseconds"];

/// The columns of texts that come from elsewhere.
const TEXTS: [&str; 7] = [
    "device",
    "runtime",
    "runtime_version",
    "backend",
    "model",
    "config",
    "source",
];

/// Measurements, in the order of their file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MeasurementTable {
    /// One timing each.
    pub rows: Vec<Measurement>,
}

impl MeasurementTable {
    /// Reads CSV; the columns are those of [`super`].
    ///
    /// # Errors
    /// Anything of [`MeasurementError`], with the line.
    pub fn from_csv(bytes: &[u8]) -> Result<MeasurementTable, MeasurementError> {
        MeasurementTable::from_csv_with(bytes, &Given::default())
    }

    /// Reads CSV; `given` stands in for empty cells and columns that are not there.
    ///
    /// # Errors
    /// Anything of [`MeasurementError`], with the line.
    pub fn from_csv_with(bytes: &[u8], given: &Given) -> Result<MeasurementTable, MeasurementError> {
        let mut reader = Reader {
            given,
            header: Vec::new(),
            rows: Vec::new(),
        };
        csv_rows(bytes, &mut reader)?;
        if reader.rows.is_empty() {
            return Err(MeasurementError::Empty);
        }
        Ok(MeasurementTable { rows: reader.rows })
    }

    /// The table as CSV, which is read back as the same table: numbers to their last digit.
    ///
    /// # Errors
    /// A table made by hand with a number or a text that no reader would take.
    pub fn to_csv(&self) -> Result<String, MeasurementError> {
        let written = |column: &&str| !matches!(*column, "tokens_per_s" | "milliseconds");
        let columns: Vec<&str> = COLUMNS.into_iter().filter(written).collect();
        let mut writer = ::csv::WriterBuilder::new()
            .comment(Some(b'#'))
            .from_writer(Vec::new());
        // Writing to memory does not fail; if it did, nothing would be lost but the message.
        let failed = |_| MeasurementError::Rows(RunError::NotText);
        writer.write_record(&columns).map_err(failed)?;
        for (index, row) in self.rows.iter().enumerate() {
            check(&format!("row {}", index + 1), row)?;
            let cells = columns.iter().map(|column| cell(row, column));
            writer
                .write_record(cells.map(|cell| cell.into_owned()))
                .map_err(failed)?;
        }
        let bytes = writer.into_inner().map_err(|_| RunError::NotText)?;
        Ok(String::from_utf8(bytes).map_err(|_| RunError::NotText)?)
    }
}

/// Refuses what would not be read back.
fn check(place: &str, row: &Measurement) -> Result<(), MeasurementError> {
    positive(place, "seconds", &digits(row.seconds))?;
    if let Some(spread) = row.spread {
        not_negative(place, "spread", &digits(spread))?;
    }
    count(place, "batch", &row.batch.to_string(), 1)?;
    count(place, "tokens", &row.tokens.to_string(), 1)?;
    for column in ["threads", "repeats", "n_parameters", "model_bytes"] {
        let number = cell(row, column);
        if !number.is_empty() {
            whole(place, column, &number, 1)?;
        }
    }
    if row.model.is_empty() && row.config.is_none() {
        return Err(MeasurementError::Missing {
            place: place.to_owned(),
            fact: "the model",
            flag: "the column `model` or `config`",
        });
    }
    for column in TEXTS {
        let text = cell(row, column);
        let is_lower = matches!(column, "runtime" | "backend");
        if clean(&text) != *text || is_lower && text.to_ascii_lowercase() != *text {
            return Err(MeasurementError::value(
                place,
                column,
                &text,
                if is_lower {
                    "one line in lower case"
                } else {
                    "one line without blanks around it"
                },
            ));
        }
    }
    Ok(())
}

/// What a row has in a column that is written.
fn cell<'a>(row: &'a Measurement, column: &str) -> Cow<'a, str> {
    let number = |number: Option<u64>| Cow::Owned(number.map(|n| n.to_string()).unwrap_or_default());
    match column {
        "device" => Cow::Borrowed(&row.device),
        "runtime" => Cow::Borrowed(&row.runtime),
        "runtime_version" => Cow::Borrowed(&row.runtime_version),
        "backend" => Cow::Borrowed(&row.backend),
        "threads" => number(row.threads.map(u64::from)),
        "model" => Cow::Borrowed(&row.model),
        "config" => Cow::Borrowed(row.config.as_deref().unwrap_or_default()),
        "weights" => row.weights.name(),
        "kv" => Cow::Borrowed(row.kv.name()),
        "phase" => Cow::Borrowed(row.phase.name()),
        "batch" => number(Some(row.batch.into())),
        "context_tokens" => number(Some(row.context_tokens.into())),
        "tokens" => number(Some(row.tokens.into())),
        "seconds" => Cow::Owned(digits(row.seconds)),
        "spread" => Cow::Owned(row.spread.map(digits).unwrap_or_default()),
        "repeats" => number(row.repeats.map(u64::from)),
        "n_parameters" => number(row.n_parameters),
        "model_bytes" => number(row.model_bytes),
        _ => Cow::Borrowed(&row.source),
    }
}

/// A table that grows row by row.
struct Reader<'a> {
    given: &'a Given,
    header: Vec<String>,
    rows: Vec<Measurement>,
}

impl Sink for Reader<'_> {
    type Error = MeasurementError;

    fn header(&mut self, names: Vec<String>) -> Result<(), MeasurementError> {
        for (index, name) in names.iter().enumerate() {
            if !COLUMNS.contains(&name.as_str()) {
                return Err(MeasurementError::UnknownColumn {
                    name: name.clone(),
                    near: near_miss(name, COLUMNS).map(str::to_owned),
                    expected: COLUMNS.join(", "),
                });
            }
            if names[..index].contains(name) {
                return Err(MeasurementError::RepeatedColumn(name.clone()));
            }
        }
        let has = |column: &str| names.iter().any(|name| name == column);
        if !TIMES.into_iter().any(has) {
            return Err(MeasurementError::MissingColumn(
                "of a time: expected tokens_per_s, seconds or milliseconds",
            ));
        }
        if !has("phase") {
            return Err(MeasurementError::MissingColumn(
                "`phase`: expected prefill or decode",
            ));
        }
        self.header = names;
        Ok(())
    }

    fn row(&mut self, line: usize, cells: &[Cow<'_, str>]) -> Result<(), MeasurementError> {
        let place = &format!("line {line}");
        let given = self.given;
        let cell = |column: &str| {
            let at = self.header.iter().position(|name| name == column);
            at.map_or("", |at| &*cells[at])
        };
        let optional = |column: &str| Some(cell(column)).filter(|cell| !cell.is_empty());
        let missing = |fact, flag| MeasurementError::Missing {
            place: place.clone(),
            fact,
            flag,
        };
        let number = |column: &str, least: u32| {
            optional(column)
                .map(|cell| count(place, column, cell, least))
                .transpose()
        };
        let large = |column: &str| {
            optional(column)
                .map(|cell| whole(place, column, cell, 1))
                .transpose()
        };
        let weights = match optional("weights") {
            Some(cell) => weights(place, "weights", cell)?,
            None => given
                .weights
                .ok_or_else(|| missing("the weight format", "the column `weights`, or --weights"))?,
        };
        let kv = match optional("kv") {
            Some(cell) => kv(place, "kv", cell, weights)?,
            None => given.kv.unwrap_or(Formats::of_weights(weights).kv),
        };
        let phase = phase(place, cell("phase"))?;
        let model = Given::text(cell("model"), given.model.as_ref());
        let config =
            Some(Given::text(cell("config"), given.config.as_ref())).filter(|config| !config.is_empty());
        if model.is_empty() && config.is_none() {
            return Err(missing("the model", "the column `model` or `config`, or --model"));
        }
        let batch = number("batch", 1)?.or(given.batch).unwrap_or(1);
        let of_prompt = given.prompt_tokens;
        let (context_tokens, tokens) = match phase {
            Phase::Prefill => (0, number("tokens", 1)?.or(of_prompt)),
            Phase::Decode => (
                of_prompt.unwrap_or(0),
                number("tokens", 1)?.or(given.generated_tokens).or(Some(1)),
            ),
        };
        let tokens = tokens
            .ok_or_else(|| missing("the prompt's length", "the column `tokens`, or --prompt-tokens"))?;
        let mut row = Measurement {
            device: Given::text(cell("device"), given.device.as_ref()),
            runtime: Given::lower(cell("runtime"), given.runtime.as_ref()),
            runtime_version: Given::text(cell("runtime_version"), given.runtime_version.as_ref()),
            backend: Given::lower(cell("backend"), given.backend.as_ref()),
            threads: number("threads", 1)?.or(given.threads),
            model,
            config,
            weights,
            kv,
            phase,
            batch,
            context_tokens: number("context_tokens", 0)?.unwrap_or(context_tokens),
            tokens,
            seconds: 0.0,
            spread: optional("spread")
                .map(|cell| not_negative(place, "spread", cell))
                .transpose()?,
            repeats: number("repeats", 1)?,
            n_parameters: large("n_parameters")?,
            model_bytes: large("model_bytes")?,
            source: Given::text(cell("source"), given.source.as_ref()),
        };
        let times: Vec<(&str, &str)> = TIMES
            .into_iter()
            .filter_map(|column| Some((column, optional(column)?)))
            .collect();
        let &[(column, time)] = times.as_slice() else {
            let names: Vec<&str> = times.iter().map(|(column, _)| *column).collect();
            return Err(MeasurementError::OneTime {
                place: place.clone(),
                found: if names.is_empty() {
                    "no time".to_owned()
                } else {
                    names.join(" and ")
                },
            });
        };
        let value = positive(place, column, time)?;
        row.seconds = match column {
            "tokens_per_s" => row.tokens_at_once() / value,
            "milliseconds" => value / 1e3,
            _ => value,
        };
        // The quotient of two positive numbers may still leave the range of numbers.
        positive(place, column, &digits(row.seconds))
            .map_err(|_| MeasurementError::value(place, column, time, "a time that is a positive number"))?;
        self.rows.push(row);
        Ok(())
    }
}
