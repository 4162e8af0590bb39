//! What `rooflaw plan-runs` says on the terminal.

use super::{Args, Method, Planned};
use crate::commands::fit::tables::significant;
use crate::commands::models::ffn;
use crate::input::shell_word;
use crate::output::{self, MeasuredTable};
use anyhow::Result;
use rooflaw::architecture::KvProjection;
use rooflaw::plan::{Criterion, Expectation};

/// Prints the plan.
pub fn print(args: &Args, planned: &Planned) -> Result<()> {
    output::heading(&title(planned))?;
    output::line(&summary(planned))?;
    output::line("")?;
    output::table(&runs_table(planned))?;
    output::line("")?;
    output::line(&cost_text(planned))?;
    match &planned.method {
        Method::Optimal { plan, .. } => {
            output::line("")?;
            output::heading("Errors to expect of the law fitted to them")?;
            output::table(&expectation_table(&plan.expectation))?;
            output::line("")?;
        }
        Method::Filling { .. } => {}
    }
    for line in expectations(planned) {
        output::line(&line)?;
    }
    if let Some(warning) = &planned.unseen_experts {
        output::warning(warning)?;
    }
    match &args.out {
        Some(out) => output::line(&format!(
            "Written to {}: train what its folders hold, fill the losses into {1}, then `rooflaw fit {1}`.",
            out.display(),
            shell_word(&out.join("runs.csv").to_string_lossy())
        )),
        None => {
            output::line("Add `--out DIR` for a config.json for each run and a table to fill with losses.")
        }
    }
}

/// What was planned, in a line.
pub fn title(planned: &Planned) -> String {
    let runs = planned.runs.len();
    let plural = if runs == 1 { "run" } else { "runs" };
    match &planned.law {
        Some(law) => format!("{runs} {plural} for the law {law}"),
        None => format!("{runs} {plural} over the space {}", planned.space),
    }
}

/// How, and out of what.
pub fn summary(planned: &Planned) -> String {
    let beside = match planned.n_existing {
        0 => String::new(),
        n => format!(", beside the {n} runs that are in"),
    };
    format!(
        "{}, of {} candidates of the space {}{beside}; the most telling first.",
        capitalised(&planned.method.text()),
        output::thousands(planned.n_candidates as u64),
        planned.space,
    )
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map(|first| first.to_uppercase().chain(characters).collect())
        .unwrap_or_default()
}

/// What all of it costs.
pub fn cost_text(planned: &Planned) -> String {
    let per = if planned.runs.iter().all(|run| run.tokens.is_some()) {
        "FLOP of training (three times the forward pass, attention and head counted)"
    } else {
        "FLOP for each training token; --tokens gives the cost of whole trainings"
    };
    format!("Together {:.2e} {per}.", planned.training_flop)
}

/// The runs.
pub fn runs_table(planned: &Planned) -> MeasuredTable {
    let headers = [
        "run",
        "layers",
        "hidden",
        "heads",
        "FFN k/E×w",
        "total",
        "active",
        "tokens",
        "FLOP",
        "share",
    ];
    let mut table = MeasuredTable::new(&headers, &[4]);
    for (index, run) in planned.runs.iter().enumerate() {
        let architecture = &run.architecture;
        let parameters = architecture.parameters();
        let n_kv_heads = match architecture.attention.kv {
            KvProjection::Grouped { n_kv_heads, .. } => n_kv_heads.to_string(),
            KvProjection::Latent { .. } => "–".to_owned(),
        };
        table.push(vec![
            (index + 1).to_string(),
            architecture.n_layers.to_string(),
            architecture.hidden_size.to_string(),
            format!("{}/{n_kv_heads}", architecture.attention.n_heads),
            ffn(architecture),
            output::parameters(parameters.total),
            output::parameters(parameters.active),
            run.tokens
                .map_or_else(|| "–".to_owned(), |tokens| output::parameters(tokens as u64)),
            format!("{:.1e}", run.training_flop),
            format!("{:.0} %", 100.0 * run.training_flop / planned.training_flop),
        ]);
    }
    table
}

fn error_text(error: Option<f64>, percent: bool) -> String {
    match error {
        None => "undetermined".to_owned(),
        // An error of the number's logarithm: of this size it is no share of it.
        Some(error) if percent && error > 1.0 => format!("a factor of {}", significant(error.exp(), 2)),
        Some(error) if percent => format!("{:.1} %", 100.0 * error),
        Some(error) => format!("±{error:.4}"),
    }
}

/// Standard errors of the law's numbers before and after.
pub fn expectation_table(expectation: &Expectation) -> MeasuredTable {
    let mut table = MeasuredTable::new(&["standard error of", "now", "with these runs"], &[0]);
    for parameter in &expectation.parameters {
        let percent = !matches!(parameter.parameter, rooflaw::law::fit::Parameter::Exponent(_));
        table.push(vec![
            parameter.name.clone(),
            error_text(parameter.before, percent),
            error_text(parameter.after, percent),
        ]);
    }
    let prediction = |error: Option<rooflaw::plan::PredictionError>| {
        error.map_or_else(
            || "undetermined".to_owned(),
            |error| format!("{:.2} % (most {:.2} %)", 100.0 * error.rms, 100.0 * error.max),
        )
    };
    table.push(vec![
        "predicted losses, over the space".to_owned(),
        prediction(expectation.before),
        prediction(expectation.after),
    ]);
    table
}

/// What to expect, in sentences.
pub fn expectations(planned: &Planned) -> Vec<String> {
    match &planned.method {
        Method::Filling { filling } => vec![format!(
            "Farthest architecture from any run: {:.2} of the space's width along each variable (root mean square {:.2}).",
            filling.max_distance, filling.mean_distance
        )],
        Method::Optimal { plan, random_rms, .. } => {
            let mut lines = vec![format!(
                "For a scatter of runs of {:.2} % about the law. These are bounds (Cramér and Rao) at the law's numbers: fits \
                 to few runs err more.",
                100.0 * plan.expectation.noise.sd()
            )];
            let mut known: Vec<f64> = random_rms.iter().copied().flatten().collect();
            known.sort_by(f64::total_cmp);
            let after = plan.expectation.after.map(|after| after.rms);
            if let (Some(after), Some(median)) = (after, known.get(known.len() / 2)) {
                lines.push(format!(
                    "As many runs drawn at random ({} of {} draws determine the law): {:.2} % in the median, {:.2} times as \
                     much.",
                    known.len(),
                    random_rms.len(),
                    100.0 * median,
                    median / after
                ));
            }
            if plan.expectation.after.is_none() {
                lines.push(format!(
                    "These runs do not determine all of the law's {} numbers: it takes more --runs, or those that are in, \
                     --existing.",
                    plan.expectation.parameters.len()
                ));
            } else if plan.criterion == Criterion::D {
                lines.push(format!(
                    "D-efficiency at least {:.0} % of the best possible within these limits.",
                    100.0 * plan.d_efficiency
                ));
            }
            lines
        }
    }
}
