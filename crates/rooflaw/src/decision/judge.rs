//! Probabilities, regrets and the worth of knowledge, from what becomes of candidates in all draws.
//!
//! Law and latencies are independent, so expectations are taken over all pairs of a member and a draw of latencies. With
//! `L` a candidate's loss under a member, `w` whether it meets the budgets in a draw, `F` the fallback's loss with the
//! penalty, its cost is `w·L + (1 − w)·F`:
//!
//! - expected: `P(w)·E[L] + (1 − P(w))·E[F]`;
//! - were the device known, its coefficients that is, and not the scatter of each candidate: in each draw the least
//!   `P(w)·E[L] + (1 − P(w))·E[F]`, with the probability under the draw's coefficients;
//! - were latencies known: in each draw the least `w·E[L] + (1 − w)·E[F]`;
//! - were the law known: for each member the least `P(w)·L + (1 − P(w))·F`;
//! - were both: in each pair the least cost, which is the lowest loss within the budgets but where the fallback misses
//!   them too. Regret is cost above this, so that none is negative and knowledge never costs.

use super::band::{self, Sorted};
use super::draws::{Found, Outcomes, Uncertain};
use super::{Choice, Coverage, Decision, Information, REGRET_QUANTILE, SAFE};
use crate::law::fit::parallel;

/// The mean of numbers; NaN of none.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / count
}

/// The place of the least number that is not NaN, the first of equals.
fn least(values: impl Iterator<Item = (usize, f64)>) -> Option<usize> {
    values
        .filter(|(_, value)| !value.is_nan())
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(place, _)| place)
}

impl Outcomes {
    pub(super) fn draw(&self, draw: usize) -> std::ops::Range<usize> {
        draw * self.n..(draw + 1) * self.n
    }

    pub(super) fn losses(&self, member: usize) -> &[f64] {
        &self.losses[self.draw(member)]
    }

    fn within(&self, draw: usize) -> &[bool] {
        &self.is_within[self.draw(draw)]
    }
}

pub(super) fn judge(
    uncertain: &Uncertain<'_>,
    candidates: Vec<Found>,
    coverage: Coverage,
    outcomes: &Outcomes,
) -> Decision {
    let options = uncertain.question.options;
    let (n, n_draws, n_members) = (candidates.len(), options.draws, uncertain.members.len());
    let expected: Vec<f64> = (0..n)
        .map(|j| mean((0..n_members).map(|member| outcomes.losses(member)[j])))
        .collect();
    let within: Vec<f64> = (0..n)
        .map(|j| mean((0..n_draws).map(|draw| f64::from(u8::from(outcomes.within(draw)[j])))))
        .collect();
    let fallback = fallback(&expected, &within);
    let missed = |losses: &[f64]| fallback.map_or(f64::NAN, |place| losses[place] + options.miss_penalty);
    let missed_expected = missed(&expected);
    let cost = |p: f64, loss: f64, missed: f64| {
        // A certain choice does not ask for the fallback.
        if p >= 1.0 {
            loss
        } else {
            p * loss + (1.0 - p) * missed
        }
    };
    let costs: Vec<f64> = (0..n)
        .map(|j| cost(within[j], expected[j], missed_expected))
        .collect();
    let best = best_of_pairs(outcomes, n_draws, n_members, &missed);
    let floor = mean(best.iter().copied());
    let law_known = mean((0..n_members).map(|member| {
        let losses = outcomes.losses(member);
        let costs = (0..n).map(|j| cost(within[j], losses[j], missed(losses)));
        costs.fold(f64::INFINITY, f64::min)
    }));
    let latencies_known = mean((0..n_draws).map(|draw| {
        let costs = outcomes.within(draw).iter().zip(&expected);
        costs
            .map(|(&is_within, &loss)| if is_within { loss } else { missed_expected })
            .fold(f64::INFINITY, f64::min)
    }));
    let device_known = mean((0..n_draws).map(|draw| {
        let chances = outcomes.chances[outcomes.draw(draw)].iter().zip(&expected);
        chances
            .map(|(&chance, &loss)| cost(chance, loss, missed_expected))
            .fold(f64::INFINITY, f64::min)
    }));
    let (on_frontier, band) = band::frontiers(uncertain, &candidates, outcomes);
    let high = high_regrets(uncertain, outcomes, &best, &missed);
    let mut choices: Vec<(usize, Choice)> = candidates
        .into_iter()
        .enumerate()
        .map(|(j, (position, candidate))| {
            let choice = Choice {
                position,
                candidate,
                expected_loss: expected[j],
                on_frontier: on_frontier[j],
                within_budgets: within[j],
                // Below 0 by rounding only.
                expected_regret: (costs[j] - floor).max(0.0),
                high_regret: high[j],
            };
            (j, choice)
        })
        .collect();
    let nominal = nominal(uncertain, &choices);
    choices.sort_by(|(_, a), (_, b)| a.expected_regret.total_cmp(&b.expected_regret));
    let place = |wanted: Option<usize>| {
        wanted.and_then(|wanted| choices.iter().position(|(place, _)| *place == wanted))
    };
    let least_cost = costs.iter().copied().fold(f64::INFINITY, f64::min);
    let nothing = mean((0..n_draws).map(|draw| {
        let any = outcomes.within(draw).iter().any(|is_within| *is_within);
        f64::from(u8::from(!any))
    }));
    Decision {
        options,
        n_members: uncertain.n_members(),
        are_latencies_uncertain: uncertain.are_latencies_uncertain(),
        nominal: place(nominal),
        cautious: least(
            choices
                .iter()
                .enumerate()
                .map(|(place, (_, choice))| (place, choice.high_regret)),
        ),
        fallback: place(fallback),
        nothing_within_budgets: nothing,
        information: Information {
            regret: (least_cost - floor).max(0.0),
            regret_law_known: (law_known - floor).max(0.0),
            // Its chances are means over the scatter, the others' shares of draws: in between but for their noise.
            regret_device_known: device_known
                .clamp(latencies_known.min(least_cost), least_cost)
                .max(floor)
                - floor,
            regret_latencies_known: (latencies_known - floor).max(0.0),
        },
        coverage,
        band,
        choices: choices.into_iter().map(|(_, choice)| choice).collect(),
    }
}

/// The lowest expected loss among those that meet the budgets all but certainly, else the one that does most probably.
fn fallback(expected: &[f64], within: &[f64]) -> Option<usize> {
    let safe = within.iter().enumerate().filter(|(_, p)| **p >= SAFE);
    least(safe.map(|(j, _)| (j, expected[j]))).or_else(|| {
        let most = within.iter().copied().fold(0.0, f64::max);
        let likeliest = within.iter().enumerate().filter(|(_, p)| **p == most);
        least(likeliest.map(|(j, _)| (j, expected[j])))
    })
}

/// What is best if nothing is uncertain.
fn nominal(uncertain: &Uncertain<'_>, choices: &[(usize, Choice)]) -> Option<usize> {
    let question = uncertain.question;
    let evaluators: Vec<_> = question
        .settings
        .iter()
        .map(|setting| setting.evaluator.clone())
        .collect();
    let budgets = uncertain.budgets(&evaluators);
    let admitted = choices
        .iter()
        .filter(|(_, choice)| budgets.admit(&choice.candidate.evaluation));
    least(admitted.map(|(place, choice)| (*place, choice.candidate.evaluation.loss)))
}

/// The least cost of each pair, members varying fastest.
fn best_of_pairs(
    outcomes: &Outcomes,
    n_draws: usize,
    n_members: usize,
    missed: &(impl Fn(&[f64]) -> f64 + Sync),
) -> Vec<f64> {
    let orders: Vec<Vec<usize>> = (0..n_members)
        .map(|member| {
            let losses = outcomes.losses(member);
            let mut order: Vec<usize> = (0..outcomes.n).filter(|&j| !losses[j].is_nan()).collect();
            order.sort_by(|&a, &b| losses[a].total_cmp(&losses[b]));
            order
        })
        .collect();
    let of_draw = parallel::map(
        n_draws,
        || (),
        |(), draw| {
            let within = outcomes.within(draw);
            let all_within = within.iter().all(|is_within| *is_within);
            let of_member = |(member, order): (usize, &Vec<usize>)| {
                let losses = outcomes.losses(member);
                let first = order.iter().find(|&&j| within[j]);
                let met = first.map_or(f64::INFINITY, |&j| losses[j]);
                if all_within { met } else { met.min(missed(losses)) }
            };
            orders.iter().enumerate().map(of_member).collect::<Vec<f64>>()
        },
    );
    of_draw.into_iter().flatten().collect()
}

/// The regret that each candidate exceeds in one of ten draws, each draw with one member.
fn high_regrets(
    uncertain: &Uncertain<'_>,
    outcomes: &Outcomes,
    best: &[f64],
    missed: &impl Fn(&[f64]) -> f64,
) -> Vec<f64> {
    let (n_draws, n_members) = (uncertain.question.options.draws, uncertain.members.len());
    let mut regrets = vec![0.0; n_draws];
    (0..outcomes.n)
        .map(|j| {
            for (draw, regret) in regrets.iter_mut().enumerate() {
                let member = uncertain.member_of(draw);
                let losses = outcomes.losses(member);
                let cost = if outcomes.within(draw)[j] {
                    losses[j]
                } else {
                    missed(losses)
                };
                *regret = cost - best[draw * n_members + member];
            }
            let place = ((n_draws as f64 * REGRET_QUANTILE) as usize).min(n_draws.saturating_sub(1));
            if regrets.is_empty() {
                return f64::NAN;
            }
            *regrets.select_nth_unstable_by(place, f64::total_cmp).1
        })
        .collect()
}

/// A draw's candidates in the order of their latencies.
pub(super) fn sorted(uncertain: &Uncertain<'_>, outcomes: &Outcomes, draw: usize) -> Sorted {
    let losses = outcomes.losses(uncertain.member_of(draw));
    let range = outcomes.draw(draw);
    let (latencies, admitted) = (&outcomes.latency_s[range.clone()], &outcomes.is_admitted[range]);
    let mut points: Vec<(f64, f64, usize)> = (0..outcomes.n)
        .filter(|&j| admitted[j] && !losses[j].is_nan())
        .map(|j| (latencies[j], losses[j], j))
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    points
}
