//! What can be wrong with a table of runs, and what is only worth saying.

/// A table of runs that cannot be used. Lines count from 1.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RunError {
    /// Longer than [`super::MAX_RUN_BYTES`].
    #[error("{0} bytes: expected at most 64 MiB")]
    TooLong(usize),
    /// Bytes that are no text.
    #[error("not UTF-8 text")]
    NotText,
    /// No row.
    #[error("no runs: expected a header and at least one row")]
    Empty,
    /// A column that means nothing here.
    #[error("unknown column `{name}`{}: expected {expected}, or a name that begins with `x_` for a variable of your own",
        .near.as_ref().map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default())]
    UnknownColumn {
        /// Its name.
        name: String,
        /// The most similar name there is.
        near: Option<String>,
        /// Every name.
        expected: String,
    },
    /// More than anybody's.
    #[error("{0} columns: expected at most 10000")]
    TooManyColumns(usize),
    /// Two columns of one name.
    #[error("column `{0}` appears twice")]
    RepeatedColumn(String),
    /// No losses, or nothing to explain them with.
    #[error("no column {0}")]
    MissingColumn(&'static str),
    /// Too few or too many cells.
    #[error("line {line}: {found} cells, but the header has {expected}")]
    Cells {
        /// Where.
        line: usize,
        /// Cells there.
        found: usize,
        /// Cells in the header.
        expected: usize,
    },
    /// Not JSON, or not an object of numbers and texts.
    #[error("line {line}: {message}")]
    Json {
        /// Where.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// An empty cell, NaN, zero, a word.
    #[error("line {line}: {column} is `{value}`, expected {expected}")]
    Value {
        /// Where.
        line: usize,
        /// The column.
        column: String,
        /// What it holds.
        value: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// A column `config` where nobody reads files.
    #[error("column `config`: no configuration can be read here; give the architecture in columns")]
    ConfigsNotRead,
    /// A configuration that was not found or cannot be read.
    #[error("line {line}: config `{value}`: {message}")]
    Config {
        /// Where.
        line: usize,
        /// What the cell holds.
        value: String,
        /// Why it is of no use.
        message: String,
    },
    /// A column that says something else than the row's configuration.
    #[error("line {line}: {column} is {given}, but {derived} by its config")]
    Disagrees {
        /// Where.
        line: usize,
        /// The column.
        column: String,
        /// The value there.
        given: f64,
        /// The configuration's.
        derived: f64,
    },
    /// Losses in different units or of different tokenizers cannot be compared.
    #[error("line {line}: {column} is `{second}`, but `{first}` above: losses that cannot be compared")]
    Mixed {
        /// Where.
        line: usize,
        /// `unit` or `tokenizer`.
        column: &'static str,
        /// The value of the first row.
        first: String,
        /// The value of this row.
        second: String,
    },
    /// A table made by hand whose columns have different lengths.
    #[error("{column} has {found} values, but there are {expected} losses")]
    Lengths {
        /// The column.
        column: String,
        /// Its values.
        found: usize,
        /// Losses.
        expected: usize,
    },
    /// The same run twice.
    #[error("line {line}: the run of line {first} again; give repeated trainings different names in `group`")]
    Duplicate {
        /// Where.
        line: usize,
        /// The line of the first.
        first: usize,
    },
}

/// Something about the runs that limits what can be learnt from them.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RunWarning {
    /// A variable with one value cannot explain anything.
    #[error("every run has {column} = {value}: no law can tell what it does")]
    Constant {
        /// The variable.
        column: String,
        /// Its value.
        value: f64,
    },
    /// Checkpoints are not independent runs.
    #[error("{rows} rows are of {groups} runs: intervals resample the runs, not the rows")]
    Grouped {
        /// Rows.
        rows: usize,
        /// Groups.
        groups: usize,
    },
    /// Fewer independent runs than numbers to determine.
    #[error("too few runs, {groups}, for the law's {parameters} numbers")]
    FewRuns {
        /// Groups.
        groups: usize,
        /// Parameters.
        parameters: usize,
    },
    /// Nothing says what the losses are measured in.
    #[error("no column `{0}`: make sure that the losses can be compared")]
    NotRecorded(&'static str),
}

impl RunWarning {
    /// What it is called in JSON.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            RunWarning::Constant { .. } => "constant",
            RunWarning::Grouped { .. } => "grouped",
            RunWarning::FewRuns { .. } => "few_runs",
            RunWarning::NotRecorded(_) => "not_recorded",
        }
    }
}
