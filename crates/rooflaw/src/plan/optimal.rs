//! Runs that determine a law best: greedy choice, then exchange.
//!
//! Exchange is Cook & Nachtsheim's (1980, "A Comparison of Algorithms for Constructing Exact D-Optimal Designs"): each
//! run in turn gives way to the best candidate in its place, until none does. Fedorov's (1972) tries every pair before
//! each swap, which costs more and rarely finds more.

use super::budget::Purse;
use super::information::{Information, Problem, repeated};
use super::score::State;
use super::{Expectation, Limit, PlanError, efficiency, expectation};
use serde::Serialize;

/// What runs are chosen by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Criterion {
    /// The determinant of the information: the volume of the joint confidence region of the law's numbers.
    #[default]
    D,
    /// The mean variance of predictions over the targets (also called V or IV): for a law that is to choose designs.
    I,
}

/// How to choose.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Options {
    /// What to maximise.
    pub criterion: Criterion,
    /// How many runs, for how much.
    pub limit: Limit,
    /// How often one candidate may be run, the runs that are in included; 1 for different runs only.
    pub repeats: usize,
}

impl Options {
    /// Different runs by criterion D.
    #[must_use]
    pub const fn new(limit: Limit) -> Options {
        Options {
            criterion: Criterion::D,
            limit,
            repeats: 1,
        }
    }
}

/// A run to do.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Chosen {
    /// Index among the candidates.
    pub candidate: usize,
    /// What training costs, FLOP.
    pub training_flop: f64,
    /// What this run and those before it add to `ln det` of the information, the prior included.
    pub log_det_gain: f64,
}

/// Runs to do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// What they were chosen by.
    pub criterion: Criterion,
    /// The runs, each the one that adds most to those before it: whoever stops early has done the best ones.
    pub chosen: Vec<Chosen>,
    /// What training them costs, FLOP.
    pub training_flop: f64,
    /// `(det M / det M*)^(1/p)` is at least this, `M*` being the best information within the same limits: a bound by
    /// the equivalence theorem (Kiefer & Wolfowitz 1960), so that 1 is proof of the optimum. Of criterion D also where
    /// runs were chosen by another.
    pub d_efficiency: f64,
    /// The errors to expect.
    pub expectation: Expectation,
}

/// Least growth of the score that an exchange is made for: above rounding, so that exchanges end.
const LEAST_GAIN: f64 = 1e-10;

/// Rounds of exchanges with a number of runs given; most end after fewer than ten.
const ROUNDS: usize = 50;

/// Rounds without a number, where a run's place may be taken by several.
const OPEN_ROUNDS: usize = 5;

/// Powers of cost that a gain is divided by in the greedy choice; with a budget each is tried. Plain gain and gain per
/// cost together are never far from the best where gains diminish (Leskovec et al. 2007, "Cost-effective Outbreak
/// Detection in Networks", §3), as those of `ln det` do.
const COST_POWERS: [f64; 4] = [0.0, 0.25, 0.5, 1.0];

/// Chooses runs for a law.
///
/// With a number of runs, exactly so many; with a budget too, so many within it; with a budget alone, as many as it
/// allows. Equal problems give equal plans, on any number of threads.
///
/// # Errors
/// Limits that cannot be met, values that do not fit the form, variables that candidates or runs lack, or candidates
/// that tell nothing about the law.
pub fn optimal(problem: &Problem<'_>, options: &Options) -> Result<Plan, PlanError> {
    let sets = expectation::informations(problem)?;
    let used = repeated(problem.candidates, problem.existing);
    let purse = Purse::new(problem.candidates.costs(), options.limit, options.repeats, &used)?;
    let powers = if purse.has_budget() {
        &COST_POWERS[..]
    } else {
        &COST_POWERS[..1]
    };
    let start = State::new(&sets, options.criterion);
    let mut best: Option<(f64, Purse)> = None;
    let mut keep = |search: Search<'_>| {
        let score = search.state.score();
        if best.as_ref().is_none_or(|(most, _)| score > *most) {
            best = Some((score, search.purse));
        }
    };
    for &power in powers {
        let mut search = Search {
            state: start.clone(),
            purse: purse.clone(),
            power,
            price: 0.0,
        };
        search.fill();
        search.exchange();
        keep(search);
    }
    if purse.has_budget() && purse.has_count() {
        priced(&start, &purse).into_iter().for_each(keep);
    }
    let chosen = best.map(|(_, purse)| purse).unwrap_or(purse);
    plan(problem, options, &sets, &chosen)
}

/// Choices of a number of runs within a budget by way of a price on cost, which exchanges find their way more freely by
/// than along the edge of a budget: the lowest price at which the choice is within the budget, by bisection.
fn priced<'a>(start: &State<'a>, purse: &Purse) -> Vec<Search<'a>> {
    const STEPS: usize = 10;
    // Around the score that a run adds, over what it costs on average.
    let (mut low, mut high) = (1e-3 / purse.budget(), 1e3 / purse.budget());
    let mut found = Vec::new();
    let mut search = Search {
        state: start.clone(),
        purse: purse.relaxed(),
        power: 0.5,
        price: 0.0,
    };
    search.fill();
    for _ in 0..STEPS {
        search.price = (low * high).sqrt();
        search.exchange();
        if search.purse.spent() > purse.budget() {
            low = search.price;
            continue;
        }
        high = search.price;
        let mut within = Search {
            state: start.clone(),
            purse: purse.clone(),
            power: 0.0,
            price: 0.0,
        };
        for &index in search.purse.chosen() {
            within.add(index);
        }
        within.exchange();
        found.push(within);
    }
    found
}

fn plan(
    problem: &Problem<'_>,
    options: &Options,
    sets: &[Information],
    purse: &Purse,
) -> Result<Plan, PlanError> {
    let order = in_order(State::new(sets, options.criterion), purse.chosen());
    let mut state = State::new(sets, Criterion::D);
    let before = state.log_det();
    let chosen = order.iter().map(|&candidate| {
        state.add(candidate);
        Chosen {
            candidate,
            training_flop: purse.cost(candidate),
            log_det_gain: state.log_det() - before,
        }
    });
    let chosen: Vec<Chosen> = chosen.collect();
    Ok(Plan {
        criterion: options.criterion,
        training_flop: purse.spent(),
        d_efficiency: efficiency::at_least(&state, sets, purse),
        expectation: expectation::of(problem, sets, &order)?,
        chosen,
    })
}

/// The runs, each the one that adds most to those before it.
fn in_order(mut state: State<'_>, chosen: &[usize]) -> Vec<usize> {
    let mut left = chosen.to_vec();
    left.sort_unstable();
    let mut order = Vec::new();
    while !left.is_empty() {
        let gains = state.gains(|index| left.binary_search(&index).is_ok());
        let Some((next, _)) = greatest(left.iter().map(|&index| (index, gains[index]))) else {
            break;
        };
        state.add(next);
        order.push(next);
        if let Ok(position) = left.binary_search(&next) {
            left.remove(position);
        }
    }
    order
}

/// The index of the greatest value, the first of equals; NaN is least.
fn greatest(values: impl Iterator<Item = (usize, f64)>) -> Option<(usize, f64)> {
    let mut best: Option<(usize, f64)> = None;
    for (index, value) in values {
        if best.is_none_or(|(_, most)| value > most || most.is_nan()) {
            best = Some((index, value));
        }
    }
    best
}

struct Search<'a> {
    state: State<'a>,
    purse: Purse,
    /// The power of cost that gains are divided by.
    power: f64,
    /// What a FLOP costs in units of the score.
    price: f64,
}

impl Search<'_> {
    /// The best run to add, with what it is worth.
    fn best(&self, power: f64) -> Option<(usize, f64)> {
        let allowance = self.purse.allowance()?;
        let allowed = |index: usize| self.purse.allows(allowance, index);
        let gains = self.state.gains(allowed);
        let worth = |index: usize| self.worth(index, &gains) / self.purse.cost(index).powf(power);
        let worths = (0..gains.len())
            .filter(|&index| allowed(index))
            .map(|index| (index, worth(index)));
        greatest(worths)
    }

    /// The gain less its price.
    fn worth(&self, index: usize, gains: &[f64]) -> f64 {
        gains[index] - self.price * self.purse.cost(index)
    }

    fn add(&mut self, index: usize) {
        self.purse.add(index);
        self.state.add(index);
    }

    /// Adds the best run again and again, until no more are wanted or none can be paid.
    fn fill(&mut self) {
        while let Some((index, _)) = self.best(self.power) {
            self.add(index);
        }
    }

    /// Lets each run give way to better ones, until none does.
    fn exchange(&mut self) {
        let rounds = if self.purse.has_count() {
            ROUNDS
        } else {
            OPEN_ROUNDS
        };
        for _ in 0..rounds {
            let mut changed = false;
            let mut position = 0;
            while position < self.purse.chosen().len() {
                changed |= if self.purse.has_count() {
                    self.swap(position)
                } else {
                    self.replace(position)
                };
                position += 1;
            }
            if !changed {
                return;
            }
        }
    }

    /// The best candidate in the place of one run; whether it is another.
    fn swap(&mut self, position: usize) -> bool {
        let old = self.purse.remove(position);
        self.state.choose(self.purse.chosen());
        let kept = self.worth(old, &self.state.gains(|index| index == old));
        let better = self.best(0.0).filter(|(_, worth)| *worth > kept + LEAST_GAIN);
        self.purse.insert(position, better.map_or(old, |(new, _)| new));
        better.is_some()
    }

    /// Whatever the budget allows in the place of one run; whether that is better.
    fn replace(&mut self, position: usize) -> bool {
        self.state.choose(self.purse.chosen());
        let (score, before) = (self.state.score(), self.purse.clone());
        self.purse.remove(position);
        self.state.choose(self.purse.chosen());
        self.fill();
        if self.state.score() > score + LEAST_GAIN {
            return true;
        }
        self.purse = before;
        false
    }
}
