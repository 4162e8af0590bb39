//! The study's numbers as CSV, and the tables of its page.

use crate::fixed::{BUDGETS, MISFIT_NUMBERS, Method, NUMBERS, budget};
use crate::measure::Measured;
use crate::sequential::STAGES;
use crate::setup::Setup;
use rooflaw::law::fit::Form;

/// One line for each way to choose and limit.
pub fn csv(form: &Form, measured: &[Measured]) -> String {
    let mut text = "experiment,method,limit,trials,failed_fits,median_runs,median_training_flop,\
                    expected_rmse,rmse_median,rmse_p90,max_error_median,max_error_p90"
        .to_owned();
    let names = form
        .free_parameters()
        .into_iter()
        .map(|free| form.parameter_name(free));
    for name in names.clone() {
        text += &format!(",median error of {name}");
    }
    text.push('\n');
    for row in measured {
        let failed = row.trials.iter().filter(|trial| trial.errors.is_none()).count();
        text += &format!(
            "{},\"{}\",{},{},{failed},{},{:.4e},{:.4e}",
            row.experiment,
            row.method,
            row.limit,
            row.trials.len(),
            row.median(|trial| trial.runs as f64),
            row.median(|trial| trial.training_flop),
            row.median(|trial| trial.expected.unwrap_or(f64::INFINITY)),
        );
        for share in [0.5, 0.9] {
            text += &format!(",{:.4e}", row.of_errors(share, |errors| errors.rmse));
        }
        for share in [0.5, 0.9] {
            text += &format!(",{:.4e}", row.of_errors(share, |errors| errors.max));
        }
        for parameter in 0..names.len() {
            text += &format!(
                ",{:.3e}",
                row.of_errors(0.5, |errors| errors.parameters[parameter])
            );
        }
        text.push('\n');
    }
    text
}

/// Median and 90th percentile of the RMSE, thousandths of a nat.
fn cell(row: &Measured) -> String {
    let [median, high] = [0.5, 0.9].map(|share| 1e3 * row.of_errors(share, |errors| errors.rmse));
    format!("{} ({})", significant(median), significant(high))
}

/// Two digits at least.
fn significant(value: f64) -> String {
    if value >= 9.95 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

fn table(first: &str, columns: &[String], rows: &[(String, Vec<String>)]) -> String {
    let mut text = format!(
        "| {first} | {} |\n|---|{}\n",
        columns.join(" | "),
        "--:|".repeat(columns.len())
    );
    for (name, cells) in rows {
        text += &format!("| {name} | {} |\n", cells.join(" | "));
    }
    text
}

/// The page's tables.
pub fn tables(
    setup: &Setup,
    number: &[Measured],
    cost: &[Measured],
    sequential: &[Measured],
    misfit: &[Measured],
) -> String {
    let find = |rows: &'static str, measured: &[Measured], method: &str, limit: &str| -> String {
        let row = measured
            .iter()
            .find(|row| row.method == method && row.limit == limit);
        row.map_or_else(
            || "–".to_owned(),
            |row| match rows {
                "rmse" => cell(row),
                "expected" => significant(row.median(|trial| 1e3 * trial.expected.unwrap_or(f64::INFINITY))),
                "flop" => format!("{:.1}", 1e-21 * row.median(|trial| trial.training_flop)),
                "runs" => format!("{}", row.median(|trial| trial.runs as f64)),
                _ => String::new(),
            },
        )
    };
    let numbers: Vec<String> = NUMBERS.iter().map(usize::to_string).collect();
    let methods: Vec<&str> = Method::ALL.iter().map(|method| method.name()).collect();
    let by_number = |what: &'static str| {
        let row = |method: &&str| {
            let cells = numbers.iter().map(|limit| find(what, number, method, limit));
            ((*method).to_owned(), cells.collect())
        };
        table("runs", &numbers, &methods.iter().map(row).collect::<Vec<_>>())
    };
    let mut text = String::from("### By number of runs, the true law known\n\n");
    text +=
        "RMSE of the refitted law over the held-out architectures, 10⁻³ nats: median (90th percentile).\n\n";
    text += &by_number("rmse");
    text += "\nWhat the linearised law lets expect (root mean variance), 10⁻³ nats:\n\n";
    text += &by_number("expected");
    text += "\nTraining, 10²¹ FLOP, median:\n\n";
    text += &by_number("flop");
    for runs in BUDGETS {
        let budget = budget(setup, runs);
        text += &format!(
            "\n### At equal cost: {:.1}·10²¹ FLOP, what {runs} runs of the paper's grid cost on average\n\n",
            1e-21 * budget
        );
        let columns = [
            format!("{runs} runs: RMSE"),
            "10²¹ FLOP".to_owned(),
            "any number: RMSE".to_owned(),
            "runs".to_owned(),
        ];
        let row = |method: &&str| {
            let exactly = format!("{runs} within {budget:.2e}");
            let any = format!("any within {budget:.2e}");
            let cells = vec![
                find("rmse", cost, method, &exactly),
                find("flop", cost, method, &exactly),
                find("rmse", cost, method, &any),
                find("runs", cost, method, &any),
            ];
            ((*method).to_owned(), cells)
        };
        text += &table("", &columns, &methods.iter().map(row).collect::<Vec<_>>());
    }
    text += "\n### In batches, the law unknown\n\n";
    text += "12 runs by space filling; then the law is fitted, the next batch chosen, done, and the law refitted.\n\n";
    let stages: Vec<String> = STAGES.iter().map(usize::to_string).collect();
    let mut strategies: Vec<&str> = sequential.iter().map(|row| row.method.as_str()).collect();
    strategies.dedup();
    let row = |method: &&str| {
        let cells = stages.iter().map(|limit| find("rmse", sequential, method, limit));
        ((*method).to_owned(), cells.collect())
    };
    text += &table("runs", &stages, &strategies.iter().map(row).collect::<Vec<_>>());
    text += "\n### The truth not of the law's form\n\n";
    text += "All runs chosen at once for the published law; the truth has an interaction of depth and width too.\n\n";
    let numbers: Vec<String> = MISFIT_NUMBERS.iter().map(usize::to_string).collect();
    let row = |method: &&str| {
        let cells = numbers.iter().map(|limit| find("rmse", misfit, method, limit));
        ((*method).to_owned(), cells.collect())
    };
    text += &table("runs", &numbers, &methods.iter().map(row).collect::<Vec<_>>());
    text
}
