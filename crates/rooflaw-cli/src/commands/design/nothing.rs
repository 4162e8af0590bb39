//! What to say when nothing meets the budgets.

use super::Args;
use crate::input::{BUDGET_FLAGS, budgeted};
use crate::output;
use rooflaw::device::Device;
use rooflaw::law::LossLaw;
use rooflaw::search::{Budgets, FormatOutcome, Outcome};

impl Args {
    /// Which budgets are out of reach, who set them, and what would be within.
    pub(super) fn nothing_fits(
        &self,
        outcome: &Outcome,
        budgets: &Budgets,
        space: &str,
        device: &Device,
        law: &LossLaw,
    ) -> anyhow::Error {
        if !outcome.effort.is_exact {
            return anyhow::anyhow!(
                "stopped before any architecture of the space `{space}` within the budgets was found, after {} evaluations: \
                 give it more time with --time-limit",
                output::thousands(outcome.effort.n_evaluations)
            );
        }
        // Bounds do not count architectures, but where there are any some have the least parameters.
        let is_empty = match outcome.n_architectures {
            Some(n) => n == 0,
            None => (outcome.by_format.iter()).all(|found| found.least.total_parameters.is_none()),
        };
        if is_empty {
            return anyhow::anyhow!(
                "the space `{space}` is empty: its constraints exclude all {} combinations",
                outcome.n_combinations
            );
        }
        let flags = self.budgets.flags().entries();
        let mut reasons = Vec::new();
        for (position, (name, budget)) in budgets.entries().into_iter().enumerate() {
            let least = outcome
                .by_format
                .iter()
                .filter_map(|found| found.least.entries()[position].1)
                .fold(f64::INFINITY, f64::min);
            let Some(budget) = budget.filter(|&budget| least > budget) else {
                continue;
            };
            // A budget may be the flag's, or a lower one: of the device, the application, the reference.
            let source = match (flags[position].1, name, self.budgets.application()) {
                (Some(asked), ..) if asked <= budget => BUDGET_FLAGS[position].to_owned(),
                (_, "memory", _) => "the device's".to_owned(),
                (_, _, Some(application)) => format!("--application {}", application.name()),
                _ => format!(
                    "{}'s; set another with {}",
                    self.reference, BUDGET_FLAGS[position]
                ),
            };
            reasons.push(format!(
                "{name} at most {} ({source}), where the least possible is {}",
                budgeted(position, budget),
                budgeted(position, least)
            ));
        }
        let met = |found: &FormatOutcome| {
            let mut within = found.frontier.iter();
            let any = found.n_feasible.map_or(!found.frontier.is_empty(), |n| n > 0);
            found.best.is_some() || any && within.all(|c| !c.evaluation.loss.is_finite())
        };
        if reasons.is_empty() && outcome.by_format.iter().any(met) {
            return anyhow::anyhow!(
                "the law `{}` gives no finite loss for any architecture of the space `{space}` within the budgets",
                law.id
            );
        }
        if reasons.is_empty() {
            reasons.push("each of them can be met, but not all together".to_owned());
        }
        anyhow::anyhow!(
            "no architecture of the space `{space}` meets the budgets on {}: {}",
            device.name,
            reasons.join("; ")
        )
    }
}
