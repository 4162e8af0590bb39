//! The runs that could be done: architectures, tokens to train on, the variables of a law, and the cost.

use super::sample::{Sampling, architectures};
use super::{PlanError, training_flop_per_token};
use crate::architecture::Architecture;
use crate::law::fit::{FitError, Observations};
use crate::law::{Feature, Features};
use crate::space::DesignSpace;
use serde::Serialize;

/// How candidates would be trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Training {
    /// Tokens per training sequence, which attention's share of the cost depends on.
    pub sequence_length: u32,
    /// Numbers of training tokens to choose from; every architecture is a candidate with each. Without any there is
    /// no variable `tokens`, and costs are those of one token.
    pub tokens: Vec<f64>,
}

/// A run that could be done.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Candidate {
    /// Its architecture's index in the space, where it comes from one.
    pub index: Option<u64>,
    /// Its architecture; `None` for candidates given by their variables alone.
    pub architecture: Option<Architecture>,
    /// Training tokens.
    pub tokens: Option<f64>,
    /// What training it costs, FLOP; without tokens, FLOP per token.
    pub training_flop: f64,
}

/// Runs that could be done, with the variables that laws are written in.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidates {
    list: Vec<Candidate>,
    variables: Vec<(String, Vec<f64>)>,
}

impl Candidates {
    /// Architectures of a space, each with every number of training tokens.
    ///
    /// # Errors
    /// A space without a valid architecture, tokens that are not positive.
    pub fn of_space(
        space: &DesignSpace,
        training: &Training,
        sampling: &Sampling,
    ) -> Result<Candidates, PlanError> {
        let found = architectures(space, sampling)?;
        let found = found
            .into_iter()
            .map(|(index, architecture)| (Some(index), architecture));
        Candidates::of(&found.collect::<Vec<_>>(), training)
    }

    /// Given architectures, each with every number of training tokens.
    ///
    /// # Errors
    /// No architecture, or tokens that are not positive.
    pub fn of_architectures(
        architectures: &[Architecture],
        training: &Training,
    ) -> Result<Candidates, PlanError> {
        let found = architectures.iter().map(|architecture| (None, *architecture));
        Candidates::of(&found.collect::<Vec<_>>(), training)
    }

    fn of(
        architectures: &[(Option<u64>, Architecture)],
        training: &Training,
    ) -> Result<Candidates, PlanError> {
        if let Some(&value) = training
            .tokens
            .iter()
            .find(|&&tokens| !(tokens > 0.0 && tokens.is_finite()))
        {
            return Err(PlanError::Number {
                what: "the number of training tokens",
                value,
                expected: "a positive number",
            });
        }
        let tokens: Vec<Option<f64>> = if training.tokens.is_empty() {
            vec![None]
        } else {
            training.tokens.iter().copied().map(Some).collect()
        };
        let names = Feature::OF_ARCHITECTURE.iter().map(|feature| feature.name());
        let mut columns: Vec<Vec<f64>> = names.clone().map(|_| Vec::new()).collect();
        let mut list = Vec::new();
        for (index, architecture) in architectures {
            let per_token = training_flop_per_token(architecture, training.sequence_length);
            let features = Features::of(architecture);
            let row = Feature::OF_ARCHITECTURE.map(|feature| features.get(feature));
            for tokens in &tokens {
                columns
                    .iter_mut()
                    .zip(&row)
                    .for_each(|(column, value)| column.push(*value));
                list.push(Candidate {
                    index: *index,
                    architecture: Some(*architecture),
                    tokens: *tokens,
                    training_flop: per_token * tokens.unwrap_or(1.0),
                });
            }
        }
        let mut variables: Vec<_> = names.map(str::to_owned).zip(columns).collect();
        if !training.tokens.is_empty() {
            let tokens = list.iter().filter_map(|candidate| candidate.tokens).collect();
            variables.push(("tokens".to_owned(), tokens));
            let cost = list.iter().map(|candidate| candidate.training_flop).collect();
            variables.push(("training_flop".to_owned(), cost));
        }
        Candidates::checked(list, variables)
    }

    /// Candidates given by variables of any name and what training each costs (FLOP, or any other unit that budgets
    /// are then in).
    ///
    /// # Errors
    /// No candidate, columns of different lengths, or a number that is not positive.
    pub fn from_variables(
        variables: Vec<(String, Vec<f64>)>,
        training_flop: &[f64],
    ) -> Result<Candidates, PlanError> {
        let tokens = variables.iter().find(|(name, _)| name == "tokens");
        let candidate = |(row, &training_flop): (usize, &f64)| Candidate {
            index: None,
            architecture: None,
            tokens: tokens.and_then(|(_, values)| values.get(row).copied()),
            training_flop,
        };
        let list = training_flop.iter().enumerate().map(candidate).collect();
        Candidates::checked(list, variables)
    }

    fn checked(list: Vec<Candidate>, variables: Vec<(String, Vec<f64>)>) -> Result<Candidates, PlanError> {
        if list.is_empty() {
            return Err(PlanError::NoCandidates);
        }
        if let Some(row) = list
            .iter()
            .position(|candidate| !(candidate.training_flop > 0.0 && candidate.training_flop.is_finite()))
        {
            return Err(PlanError::Fit(FitError::NotPositive {
                column: "training_flop".to_owned(),
                row,
                value: list[row].training_flop,
            }));
        }
        let candidates = Candidates { list, variables };
        candidates.observations()?;
        Ok(candidates)
    }

    /// How many.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.list.len()
    }

    /// Never: without a candidate there is an error.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The candidates, in the order that their indices in plans refer to.
    #[must_use]
    pub fn list(&self) -> &[Candidate] {
        &self.list
    }

    /// Name and values of each variable, one value for each candidate.
    #[must_use]
    pub fn variables(&self) -> &[(String, Vec<f64>)] {
        &self.variables
    }

    /// The values of a variable.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&[f64]> {
        let mut variables = self.variables.iter();
        variables
            .find(|(found, _)| found == name)
            .map(|(_, values)| values.as_slice())
    }

    /// The variables with a loss of 1 in every row: what laws predict from.
    ///
    /// # Errors
    /// None for candidates that were made: they are checked then.
    pub fn observations(&self) -> Result<Observations, FitError> {
        let blank = Observations::new(vec![1.0; self.list.len()])?;
        self.variables
            .iter()
            .try_fold(blank, |rows, (name, values)| rows.with_variable(name, values))
    }

    /// What training each costs, FLOP.
    pub(super) fn costs(&self) -> Vec<f64> {
        self.list
            .iter()
            .map(|candidate| candidate.training_flop)
            .collect()
    }

    /// Costs of some, FLOP; 0 for indices that are none.
    #[must_use]
    pub fn total_flop(&self, chosen: &[usize]) -> f64 {
        let cost = |&index: &usize| self.list.get(index).map_or(0.0, |found| found.training_flop);
        chosen.iter().map(cost).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space;

    #[test]
    fn every_architecture_comes_with_every_number_of_tokens() {
        let space = space::find("paper").unwrap();
        let training = Training {
            sequence_length: 2048,
            tokens: vec![1e9, 1e10],
        };
        let sampling = Sampling {
            count: 64,
            ..Sampling::candidates(1)
        };
        let candidates = Candidates::of_space(&space, &training, &sampling).unwrap();
        assert_eq!(candidates.len(), 128);
        let list = candidates.list();
        assert_eq!(list[0].architecture, list[1].architecture);
        assert!((list[1].training_flop / list[0].training_flop - 10.0).abs() < 1e-12);
        let cost = candidates.variable("training_flop").unwrap();
        assert_eq!(cost[5], list[5].training_flop);
        // 6ND of the tied models is most of it.
        let active = candidates.variable("active_parameters").unwrap();
        let tokens = candidates.variable("tokens").unwrap();
        for row in 0..128 {
            let ratio = cost[row] / (6.0 * active[row] * tokens[row]);
            assert!((1.0..2.0).contains(&ratio), "{ratio}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let with = |tokens: f64| Training {
            sequence_length: 2048,
            tokens: vec![tokens],
        };
        let space = space::find("paper").unwrap();
        for tokens in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let found = Candidates::of_space(&space, &with(tokens), &Sampling::candidates(1));
            assert!(matches!(found, Err(PlanError::Number { .. })), "{found:?}");
        }
        let found = Candidates::of_architectures(&[], &with(1e9));
        assert_eq!(found, Err(PlanError::NoCandidates));
        let variables = vec![("x".to_owned(), vec![1.0, 2.0])];
        assert!(Candidates::from_variables(variables.clone(), &[1.0, 0.0]).is_err());
        assert!(Candidates::from_variables(variables, &[1.0]).is_err());
    }
}
