//! Why no plan could be made.

use crate::law::fit::FitError;

/// Candidates, limits or a law from which no plan follows.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// Fewer candidates than runs wanted.
    #[error("{wanted} runs are wanted, but there are {available} candidates")]
    TooFewCandidates {
        /// Runs wanted.
        wanted: usize,
        /// Candidates that may still be chosen, repeats counted.
        available: usize,
    },
    /// A budget below the cheapest plan.
    #[error("the budget of {budget:.3e} FLOP is too small: {} {least:.3e} FLOP",
        if *runs == 1 { "the cheapest run costs".to_owned() } else { format!("the cheapest {runs} runs cost") })]
    BudgetTooSmall {
        /// The budget, FLOP.
        budget: f64,
        /// How many runs the cheapest plan has.
        runs: usize,
        /// What they cost, FLOP.
        least: f64,
    },
    /// Neither a number of runs nor a budget.
    #[error("a plan needs a number of runs, at least 1, or a budget in FLOP, above 0")]
    NoLimit,
    /// A space without an architecture, or a list without an entry.
    #[error("there are no candidates: no combination of the space is an architecture within its limits")]
    NoCandidates,
    /// No values to linearise the law at, or not as many as the law has.
    #[error("the law has {terms} terms and {exponents} exponents, but the values given have {found}")]
    Values {
        /// Terms of the form.
        terms: usize,
        /// Exponents of the form.
        exponents: usize,
        /// What was given, in words.
        found: String,
    },
    /// A number that cannot be.
    #[error("{what} is {value}: expected {expected}")]
    Number {
        /// Which number.
        what: &'static str,
        /// What it is.
        value: f64,
        /// What it may be.
        expected: &'static str,
    },
    /// A candidate that is not in the list.
    #[error("there is no candidate {index} among {available}")]
    UnknownCandidate {
        /// What was asked for.
        index: usize,
        /// How many there are.
        available: usize,
    },
    /// No candidate tells anything about any number of the law.
    #[error("the candidates tell nothing about the law: none of its numbers changes their loss")]
    Uninformative,
    /// Variables that the law needs and the candidates or runs lack, or numbers that are not positive.
    #[error(transparent)]
    Fit(#[from] FitError),
}
