//! How many runs, and for how much: what may still be chosen.

use super::PlanError;
use serde::Serialize;

/// How many runs are wanted. At least one of the two must be given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Limit {
    /// Exactly so many; without it, as many as the budget allows.
    pub runs: Option<usize>,
    /// The most that training all of them may cost, FLOP; without it, cost does not matter.
    pub training_flop: Option<f64>,
}

impl Limit {
    /// Exactly `runs`, whatever they cost.
    #[must_use]
    pub const fn runs(runs: usize) -> Limit {
        Limit {
            runs: Some(runs),
            training_flop: None,
        }
    }

    /// As many as cost at most `training_flop` FLOP together.
    #[must_use]
    pub const fn budget(training_flop: f64) -> Limit {
        Limit {
            runs: None,
            training_flop: Some(training_flop),
        }
    }

    /// The same at a cost of at most `training_flop` FLOP together.
    #[must_use]
    pub const fn within(self, training_flop: f64) -> Limit {
        Limit {
            training_flop: Some(training_flop),
            ..self
        }
    }
}

/// Sums of costs agree to this share.
const ROUNDING: f64 = 1e-12;

/// Runs chosen so far, and what may follow without leaving too little for the rest.
#[derive(Clone, Debug)]
pub(super) struct Purse {
    costs: Vec<f64>,
    /// Candidates from the cheapest to the dearest, equals by index.
    by_cost: Vec<usize>,
    /// How often each may still be chosen.
    available: Vec<usize>,
    chosen: Vec<usize>,
    runs: Option<usize>,
    budget: f64,
}

/// What the next run may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    /// What the budget leaves when the runs after the next are the cheapest there are.
    rest: f64,
    /// The cost below which a candidate is among those cheapest.
    reserved: f64,
}

impl Purse {
    /// Each candidate may be chosen `repeats` times less those in `used`.
    ///
    /// # Errors
    /// No limit, too few candidates, or a budget below the cheapest plan.
    pub(super) fn new(
        costs: Vec<f64>,
        limit: Limit,
        repeats: usize,
        used: &[usize],
    ) -> Result<Purse, PlanError> {
        let budget = limit.training_flop.unwrap_or(f64::INFINITY);
        let none = limit.runs.is_none() && limit.training_flop.is_none();
        if none || limit.runs == Some(0) || budget.is_nan() || budget <= 0.0 {
            return Err(PlanError::NoLimit);
        }
        let mut by_cost: Vec<usize> = (0..costs.len()).collect();
        by_cost.sort_by(|&a, &b| costs[a].total_cmp(&costs[b]));
        let left = |index: usize| repeats.saturating_sub(used.get(index).copied().unwrap_or(0));
        let purse = Purse {
            available: (0..costs.len()).map(left).collect(),
            by_cost,
            costs,
            chosen: Vec::new(),
            runs: limit.runs,
            budget: budget * (1.0 + ROUNDING),
        };
        let (wanted, available) = (limit.runs.unwrap_or(1), purse.available.iter().sum());
        if wanted > available {
            return Err(PlanError::TooFewCandidates { wanted, available });
        }
        let (least, last) = purse.cheapest(wanted - 1);
        if least + last > purse.budget {
            return Err(PlanError::BudgetTooSmall {
                budget,
                runs: wanted,
                least: least + last,
            });
        }
        Ok(purse)
    }

    /// The sum of the `count` cheapest that are available, and the cost of the next.
    fn cheapest(&self, count: usize) -> (f64, f64) {
        let (mut sum, mut missing) = (0.0, count);
        for &index in &self.by_cost {
            let taken = self.available[index].min(missing);
            sum += taken as f64 * self.costs[index];
            missing -= taken;
            if missing == 0 && self.available[index] > taken {
                return (sum, self.costs[index]);
            }
        }
        (sum, f64::INFINITY)
    }

    /// What the next run may be; `None` when no more are wanted.
    pub(super) fn allowance(&self) -> Option<Allowance> {
        let after = match self.runs {
            Some(runs) => runs.checked_sub(self.chosen.len() + 1)?,
            None => 0,
        };
        let (sum, next) = self.cheapest(after);
        Some(Allowance {
            rest: self.budget - self.spent() - sum,
            reserved: next,
        })
    }

    /// Whether a candidate may be the next run.
    pub(super) fn allows(&self, allowance: Allowance, index: usize) -> bool {
        // One of the cheapest leaves its place among them to the next cheapest.
        self.available[index] > 0 && self.costs[index].max(allowance.reserved) <= allowance.rest
    }

    /// The same without a budget.
    pub(super) fn relaxed(&self) -> Purse {
        Purse {
            budget: f64::INFINITY,
            ..self.clone()
        }
    }

    /// The most that all runs may cost, FLOP.
    pub(super) const fn budget(&self) -> f64 {
        self.budget
    }

    pub(super) fn add(&mut self, index: usize) {
        self.available[index] = self.available[index].saturating_sub(1);
        self.chosen.push(index);
    }

    /// Takes the run at `position` back.
    pub(super) fn remove(&mut self, position: usize) -> usize {
        let index = self.chosen.remove(position);
        self.available[index] += 1;
        index
    }

    /// Puts a run back where it was.
    pub(super) fn insert(&mut self, position: usize, index: usize) {
        self.add(index);
        self.chosen.pop();
        self.chosen.insert(position, index);
    }

    pub(super) fn chosen(&self) -> &[usize] {
        &self.chosen
    }

    pub(super) const fn has_budget(&self) -> bool {
        self.budget.is_finite()
    }

    pub(super) const fn has_count(&self) -> bool {
        self.runs.is_some()
    }

    pub(super) fn cost(&self, index: usize) -> f64 {
        self.costs[index]
    }

    pub(super) const fn len(&self) -> usize {
        self.costs.len()
    }

    /// FLOP of those chosen, summed anew each time so that nothing drifts.
    pub(super) fn spent(&self) -> f64 {
        self.chosen.iter().map(|&index| self.costs[index]).sum()
    }

    /// The most that `Σ worth` over runs within the limits can be: an upper bound by Lagrangian relaxation of the
    /// budget, `min_λ λB + max Σ (worth − λ cost)`, each candidate counted as often as it may be chosen at all.
    pub(super) fn most(&self, worth: &[f64]) -> f64 {
        let uses = |index: usize| {
            let chosen = self.chosen.iter().filter(|&&chosen| chosen == index).count();
            self.available[index] + chosen
        };
        let uses: Vec<usize> = (0..self.len()).map(uses).collect();
        let bound = |lambda: f64| {
            let mut net: Vec<(f64, usize)> = (0..self.len())
                .map(|index| (worth[index] - lambda * self.costs[index], uses[index]))
                .collect();
            net.sort_by(|a, b| b.0.total_cmp(&a.0));
            let mut missing = self.runs.unwrap_or(usize::MAX);
            let mut sum = if lambda > 0.0 { lambda * self.budget } else { 0.0 };
            for (net, uses) in net {
                if missing == 0 || (self.runs.is_none() && net <= 0.0) {
                    break;
                }
                let taken = uses.min(missing);
                sum += taken as f64 * net;
                missing -= taken;
            }
            sum
        };
        if !self.has_budget() {
            return bound(0.0);
        }
        // Convex in λ: golden-section search over its logarithm. Any λ gives a bound, so the search need not be exact.
        let worths = worth.iter().copied().fold(0.0, f64::max);
        let dearest = worths / self.by_cost.first().map_or(1.0, |&index| self.costs[index]);
        let (mut low, mut high) = ((dearest * 1e-9).ln(), dearest.ln());
        let mut least = bound(0.0);
        const STEPS: usize = 60;
        for _ in 0..STEPS {
            let (left, right) = (low + 0.382 * (high - low), low + 0.618 * (high - low));
            let (at_left, at_right) = (bound(left.exp()), bound(right.exp()));
            least = least.min(at_left).min(at_right);
            if at_left < at_right {
                high = right;
            } else {
                low = left;
            }
        }
        least
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purse(limit: Limit) -> Result<Purse, PlanError> {
        Purse::new(vec![5.0, 1.0, 3.0, 2.0], limit, 1, &[])
    }

    fn allowed(purse: &Purse) -> Vec<usize> {
        let allowance = purse.allowance().unwrap();
        (0..purse.len())
            .filter(|&index| purse.allows(allowance, index))
            .collect()
    }

    #[test]
    fn leaves_enough_for_the_rest() {
        let mut found = purse(Limit::runs(2).within(6.0)).unwrap();
        assert_eq!(allowed(&found), [0, 1, 2, 3]);
        let mut tight = purse(Limit::runs(3).within(6.0)).unwrap();
        assert_eq!(allowed(&tight), [1, 2, 3]);
        tight.add(2);
        assert_eq!(allowed(&tight), [1, 3]);
        found.add(0);
        assert_eq!(allowed(&found), [1]);
        found.add(1);
        assert!(found.allowance().is_none());
        assert_eq!(found.remove(0), 0);
        assert_eq!(allowed(&found), [0, 2, 3]);
        found.insert(0, 0);
        assert_eq!(found.chosen(), [0, 1]);
        let all = purse(Limit::budget(3.0)).unwrap();
        assert_eq!(allowed(&all), [1, 2, 3]);
    }

    #[test]
    fn impossible_limits_are_refused() {
        assert_eq!(purse(Limit::default()).unwrap_err(), PlanError::NoLimit);
        assert_eq!(purse(Limit::runs(0)).unwrap_err(), PlanError::NoLimit);
        assert_eq!(purse(Limit::budget(f64::NAN)).unwrap_err(), PlanError::NoLimit);
        assert_eq!(
            purse(Limit::runs(5)).unwrap_err(),
            PlanError::TooFewCandidates {
                wanted: 5,
                available: 4
            }
        );
        assert_eq!(
            purse(Limit::runs(3).within(5.9)).unwrap_err(),
            PlanError::BudgetTooSmall {
                budget: 5.9,
                runs: 3,
                least: 6.0
            }
        );
        assert!(Purse::new(vec![1.0; 4], Limit::runs(4), 1, &[1, 0, 0, 0]).is_err());
        assert!(Purse::new(vec![1.0; 4], Limit::runs(7), 2, &[1, 0, 0, 0]).is_ok());
    }

    /// The bound holds for every choice.
    #[test]
    fn no_choice_is_worth_more_than_the_bound() {
        let worth = [4.0, 1.0, 3.5, 1.0];
        for limit in [
            Limit::runs(2),
            Limit::runs(2).within(5.0),
            Limit::budget(5.0),
            Limit::budget(1e9),
        ] {
            let purse = purse(limit).unwrap();
            let mut best: f64 = 0.0;
            for subset in 0..16_usize {
                let members: Vec<usize> = (0..4).filter(|index| subset >> index & 1 == 1).collect();
                let cost: f64 = members.iter().map(|&index| purse.cost(index)).sum();
                let fits = cost <= purse.budget && purse.runs.is_none_or(|runs| runs == members.len());
                if fits {
                    best = best.max(members.iter().map(|&index| worth[index]).sum());
                }
            }
            let bound = purse.most(&worth);
            assert!(
                bound >= best - 1e-9 && bound < 1.5 * best,
                "{limit:?}: {bound} {best}"
            );
        }
    }
}
