//! Why logs do not become a table, and what is only worth saying.

use crate::runs::RunError;

/// Logs that do not become a table.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ImportError {
    /// More than a log of scalars has.
    #[error("{bytes} bytes: expected at most {} MiB", .limit >> 20)]
    TooLong {
        /// Bytes of the file.
        bytes: usize,
        /// Most bytes read.
        limit: usize,
    },
    /// Not what a Trainer writes.
    #[error("not a trainer_state.json: {0}")]
    HfTrainer(String),
    /// A file that TensorBoard cannot read either.
    #[error("not a TensorBoard event file: {0}")]
    NotEvents(&'static str),
    /// A broken record.
    #[error("byte {offset}: {what}: expected TensorBoard events")]
    Event {
        /// Where the record begins.
        offset: usize,
        /// What is wrong with it.
        what: String,
    },
    /// Neither of the two exports.
    #[error("not a Weights & Biases export: {0}")]
    NotWandb(&'static str),
    /// An export that is no table, or too long.
    #[error(transparent)]
    Table(#[from] RunError),
    /// A broken line of an export.
    #[error("line {line}: {message}")]
    Wandb {
        /// Where.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
    /// More names of scalars than a training has.
    #[error("more than 10000 scalars by name: expected a log of losses and the like")]
    TooManyTags,
    /// Runs that could not be told apart.
    #[error("two runs are called `{0}`: expected a name for each, or a column `ID` in the export")]
    SameName(String),
    /// No scalar that looks like a loss.
    #[error("no loss among the scalars {found}: name one with --loss")]
    NoLoss {
        /// The scalars there are.
        found: String,
    },
    /// Nothing was logged at all.
    #[error("no scalars in these logs")]
    NoScalars,
    /// The loss that was asked for.
    #[error("no scalar `{tag}`{}: expected one of {found}",
        .near.as_ref().map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default())]
    UnknownLoss {
        /// What was asked for.
        tag: String,
        /// The most similar there is.
        near: Option<String>,
        /// The scalars there are.
        found: String,
    },
    /// No run says how many tokens it saw.
    #[error(
        "run `{run}`: no token counts beside `{loss}`: expected a scalar such as num_input_tokens_seen, or --tokens-per-step"
    )]
    NoTokens {
        /// The first such run.
        run: String,
        /// The loss.
        loss: String,
    },
    /// Tokens per step, but no steps.
    #[error(
        "run `{run}`: --tokens-per-step needs steps: expected a column such as train/global_step or _step"
    )]
    NoSteps {
        /// The run.
        run: String,
    },
    /// Some runs have an architecture and others do not.
    #[error(
        "run `{with}` has a config.json and run `{without}` has none: give all runs one (--config), or none (--no-config)"
    )]
    SomeConfigs {
        /// A run that has.
        with: String,
        /// A run that has not.
        without: String,
    },
    /// A column of an export that contradicts the configuration.
    #[error("run `{run}`: {column} is {given} in the log, but {derived} by its config.json")]
    Disagrees {
        /// The run.
        run: String,
        /// The column.
        column: String,
        /// The value in the log.
        given: f64,
        /// The configuration's.
        derived: f64,
    },
    /// Every loss was left out.
    #[error("no usable loss in these logs{}", .0.as_ref().map(|why| format!(": {why}")).unwrap_or_default())]
    NothingLeft(Option<String>),
}

/// Something about logs that the table does not show.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ImportWarning {
    /// A file whose end is missing: the run is still being written, or was killed.
    #[error("run `{run}`: the last record, at byte {offset}, is cut short; the {records} before it are read")]
    Truncated {
        /// The run.
        run: String,
        /// Where the record begins.
        offset: usize,
        /// Whole records before it.
        records: usize,
    },
    /// A record that is no scalar's.
    #[error("run `{run}`: the record at byte {offset} has {bytes} bytes and is passed over")]
    Large {
        /// The run.
        run: String,
        /// Where the record begins.
        offset: usize,
        /// Its length.
        bytes: usize,
    },
    /// A run without the loss.
    #[error("run `{run}` has no `{loss}` and is left out")]
    NoLoss {
        /// The run.
        run: String,
        /// The loss.
        loss: String,
    },
    /// NaN, infinity, zero: nothing a law can be fitted to.
    #[error("run `{run}`: {} left out, no positive number: the first at {at}", losses(*.count))]
    NotPositive {
        /// The run.
        run: String,
        /// Losses left out.
        count: usize,
        /// Where the first was.
        at: String,
    },
    /// Losses without a token count, or before the first token.
    #[error("run `{run}`: {} left out, no positive token count beside it: the first at {at}", losses(*.count))]
    NoTokens {
        /// The run.
        run: String,
        /// Losses left out.
        count: usize,
        /// Where the first was.
        at: String,
    },
    /// A counter that was reset, as by a resumed training.
    #[error("run `{run}`: fewer tokens at {at} than before: was the count begun anew?")]
    FewerTokens {
        /// The run.
        run: String,
        /// Where the count is smaller.
        at: String,
    },
    /// Two checkpoints that cannot be told apart.
    #[error("run `{run}`: {} left out, the token count is that of a later step", losses(*.count))]
    SameTokens {
        /// The run.
        run: String,
        /// Losses left out.
        count: usize,
    },
    /// A loss that is not held out.
    #[error("`{loss}` is the training loss, which loggers average over the steps since the last log")]
    TrainingLoss {
        /// Its tag.
        loss: String,
    },
    /// A column that not every run has.
    #[error("column `{column}` is left out: run `{run}` has no positive number there")]
    Column {
        /// The column.
        column: String,
        /// The first run that lacks it.
        run: String,
    },
}

fn losses(count: usize) -> String {
    if count == 1 {
        return "1 loss".to_owned();
    }
    format!("{count} losses")
}

impl ImportWarning {
    /// What it is called in JSON.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            ImportWarning::Truncated { .. } => "truncated",
            ImportWarning::Large { .. } => "large_record",
            ImportWarning::NoLoss { .. } => "no_loss",
            ImportWarning::NotPositive { .. } => "not_positive",
            ImportWarning::NoTokens { .. } => "no_tokens",
            ImportWarning::FewerTokens { .. } => "fewer_tokens",
            ImportWarning::SameTokens { .. } => "same_tokens",
            ImportWarning::TrainingLoss { .. } => "training_loss",
            ImportWarning::Column { .. } => "column",
        }
    }
}
