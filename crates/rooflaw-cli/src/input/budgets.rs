//! The objective and the budgets of the commands that search.

use crate::output;
use anyhow::{Result, bail};
use clap::Args;
use rooflaw::search::{Application, Budgets, Objective};

/// What is minimised, and what a candidate may take.
#[derive(Args, Clone)]
#[command(next_help_heading = "Objective and budgets")]
pub struct BudgetArgs {
    /// The latency to minimise together with the loss: prefill (TTFT), decode (TPOT) or total [default: the one with a
    /// budget, else total]
    #[arg(long, value_parser = objective)]
    objective: Option<Objective>,
    /// Budget on the time to first token, such as 200ms
    #[arg(long, value_name = "TIME", value_parser = super::seconds, allow_hyphen_values = true)]
    max_ttft: Option<f64>,
    /// Budget on the time per output token, such as 20ms
    #[arg(long, value_name = "TIME", value_parser = super::seconds, allow_hyphen_values = true)]
    max_tpot: Option<f64>,
    /// Budget on the total latency, such as 0.5s
    #[arg(long, value_name = "TIME", value_parser = super::seconds, allow_hyphen_values = true)]
    max_total: Option<f64>,
    /// Budget on memory, such as 4GB or 4GiB [default: the device's]
    #[arg(long, value_name = "SIZE", value_parser = super::bytes, allow_hyphen_values = true)]
    max_memory: Option<f64>,
    /// Budget on parameters, such as 3B
    #[arg(long, value_name = "COUNT", value_parser = super::count, allow_hyphen_values = true)]
    max_parameters: Option<f64>,
    /// Budget on the parameters a token uses, such as 500M
    #[arg(long, value_name = "COUNT", value_parser = super::count, allow_hyphen_values = true)]
    max_active_parameters: Option<f64>,
    /// A target of arXiv 2602.10377: embodied-ai (TPOT 20 ms), driving (total 100 ms), smart-home (total 500 ms),
    /// private-serving (total 2 s)
    #[arg(long, value_name = "NAME")]
    application: Option<Application>,
}

fn objective(text: &str) -> Result<Objective, String> {
    Objective::ALL
        .into_iter()
        .find(|objective| objective.name() == text)
        .ok_or_else(|| "expected prefill, decode or total".to_owned())
}

/// The flags that set the budgets, in the order of `Budgets::entries`.
pub const BUDGET_FLAGS: [&str; 6] = [
    "--max-ttft",
    "--max-tpot",
    "--max-total",
    "--max-memory",
    "--max-parameters",
    "--max-active-parameters",
];

/// A budgeted quantity, by its position in `Budgets::entries`, with its unit.
pub fn budgeted(position: usize, value: f64) -> String {
    match position {
        0..=2 => output::seconds(value),
        3 => output::gigabytes(value),
        _ => output::parameters(value as u64),
    }
}

impl BudgetArgs {
    /// The budgets that flags set.
    pub const fn flags(&self) -> Budgets {
        Budgets {
            ttft_s: self.max_ttft,
            tpot_s: self.max_tpot,
            total_s: self.max_total,
            memory_bytes: self.max_memory,
            total_parameters: self.max_parameters,
            active_parameters: self.max_active_parameters,
        }
    }

    /// The application whose target is a budget.
    pub const fn application(&self) -> Option<Application> {
        self.application
    }

    /// The objective, and the budgets with the application's.
    pub fn objective_and_budgets(&self) -> Result<(Objective, Budgets)> {
        let mut budgets = self.flags();
        let Some(application) = self.application else {
            // Whoever budgets one latency and names none cares about that one.
            let budgeted: Vec<Objective> = Objective::ALL
                .into_iter()
                .filter(|objective| budgets.latency(*objective).is_some())
                .collect();
            let usual = if let [only] = budgeted[..] {
                only
            } else {
                Objective::Total
            };
            return Ok((self.objective.unwrap_or(usual), budgets));
        };
        let (objective, limit) = application.target();
        if self.objective.is_some_and(|asked| asked != objective) {
            bail!(
                "--application {} is about {}: leave out --objective",
                application.name(),
                objective.latency_name()
            );
        }
        let budget = budgets.latency_mut(objective);
        *budget = Some(budget.map_or(limit, |asked| asked.min(limit)));
        Ok((objective, budgets))
    }
}
