//! Why a law could not be fitted.

/// Data or a form that cannot be fitted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FitError {
    /// A column of another length than the losses.
    #[error("column `{column}` has {found} values, but there are {expected} rows")]
    Length {
        /// The column.
        column: String,
        /// Its length.
        found: usize,
        /// The number of rows.
        expected: usize,
    },
    /// NaN, infinity, zero or a negative number where a logarithm is taken.
    #[error("row {row}: {column} is {value}, expected a positive number")]
    NotPositive {
        /// The column.
        column: String,
        /// The row, from 0.
        row: usize,
        /// What it holds.
        value: f64,
    },
    /// A form that names a variable the data lack.
    #[error("the law needs `{name}`, but the runs have {known}")]
    UnknownVariable {
        /// The variable.
        name: String,
        /// Those there are.
        known: String,
    },
    /// Fewer rows than numbers to determine.
    #[error("too few runs, {rows}, for the law's {parameters} numbers")]
    TooFewRows {
        /// Rows there are.
        rows: usize,
        /// Numbers to determine.
        parameters: usize,
    },
    /// A variable that takes one value over all rows: its exponent has nothing to explain.
    #[error("`{variable}` has the same value in every run: the exponent `{exponent}` cannot be fitted")]
    Constant {
        /// The variable, or the product of variables, that the exponent belongs to.
        variable: String,
        /// The exponent.
        exponent: String,
    },
    /// A variable by which no runs are larger than the others.
    #[error("no runs are larger in `{size}` than the others")]
    NoLarger {
        /// The variable.
        size: String,
    },
    /// A form that contradicts itself.
    #[error("the law's {what}")]
    Form {
        /// What is wrong with it.
        what: String,
    },
    /// No start, or none that led to a finite objective.
    #[error("no start led to a finite objective")]
    NoOptimum,
}
