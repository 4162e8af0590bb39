//! What to say when nothing meets the budgets.

use super::Args;
use crate::input::{BUDGET_FLAGS, budgeted};
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
        if outcome.n_architectures == 0 {
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
            found.best.is_some() || found.n_feasible > 0 && within.all(|c| !c.evaluation.loss.is_finite())
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
