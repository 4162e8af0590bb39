//! Tables as text that is read back as the same table.

use super::{RunError, RunTable};
use serde_json::{Map, Value};

/// A column to write.
enum Column<'a> {
    Numbers(&'a [f64]),
    Names(&'a [String]),
    Same(&'a str),
}

impl RunTable {
    /// The table as CSV with a header, numbers to their last digit.
    ///
    /// # Errors
    /// A table made by hand whose columns have different lengths.
    pub fn to_csv(&self) -> Result<String, RunError> {
        let columns = self.columns()?;
        let mut writer = ::csv::WriterBuilder::new()
            .comment(Some(b'#'))
            .from_writer(Vec::new());
        // Writing to memory does not fail; if it did, nothing would be lost but the message.
        let failed = |_| RunError::NotText;
        writer
            .write_record(columns.iter().map(|(name, _)| *name))
            .map_err(failed)?;
        for row in 0..self.n_rows() {
            let cells = columns.iter().map(|(_, column)| match column {
                Column::Numbers(values) => digits(values[row]),
                Column::Names(names) => names[row].clone(),
                Column::Same(text) => (*text).to_owned(),
            });
            writer.write_record(cells).map_err(failed)?;
        }
        let bytes = writer.into_inner().map_err(|_| RunError::NotText)?;
        String::from_utf8(bytes).map_err(|_| RunError::NotText)
    }

    /// The table as JSON Lines: an object for each row.
    ///
    /// # Errors
    /// A table made by hand whose columns have different lengths, or one with a number that JSON cannot have.
    pub fn to_jsonl(&self) -> Result<String, RunError> {
        let columns = self.columns()?;
        let mut text = String::new();
        for row in 0..self.n_rows() {
            let object: Map<String, Value> = columns
                .iter()
                .map(|(name, column)| {
                    let value = match column {
                        Column::Numbers(values) => values[row].into(),
                        Column::Names(names) => names[row].clone().into(),
                        Column::Same(text) => (*text).into(),
                    };
                    ((*name).to_owned(), value)
                })
                .collect();
            text.push_str(&Value::Object(object).to_string());
            text.push('\n');
        }
        Ok(text)
    }

    /// Every column with its name, as long as there are losses.
    fn columns(&self) -> Result<Vec<(&str, Column<'_>)>, RunError> {
        let mut columns = Vec::new();
        if let Some(groups) = &self.group {
            columns.push(("group", Column::Names(groups)));
        }
        for (name, values) in &self.variables {
            columns.push((name, Column::Numbers(values)));
        }
        columns.push(("loss", Column::Numbers(&self.loss)));
        for (name, values) in [("standard_error", &self.standard_error), ("weight", &self.weight)] {
            if let Some(values) = values {
                columns.push((name, Column::Numbers(values)));
            }
        }
        for (name, text) in [("unit", &self.unit), ("tokenizer", &self.tokenizer)] {
            if let Some(text) = text {
                columns.push((name, Column::Same(text)));
            }
        }
        for (name, column) in &columns {
            let found = match column {
                Column::Numbers(values) => values.len(),
                Column::Names(names) => names.len(),
                Column::Same(_) => self.n_rows(),
            };
            if found != self.n_rows() {
                return Err(RunError::Lengths {
                    column: (*name).to_owned(),
                    found,
                    expected: self.n_rows(),
                });
            }
        }
        Ok(columns)
    }
}

/// The shortest digits that are read as the same number.
pub(crate) fn digits(value: f64) -> String {
    if value == 0.0 || (1e-5..1e15).contains(&value.abs()) {
        value.to_string()
    } else {
        format!("{value:e}")
    }
}
