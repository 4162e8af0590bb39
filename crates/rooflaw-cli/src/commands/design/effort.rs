//! How a space was searched, in words.

use super::Design;
use crate::output;
use rooflaw::search::{Gap, Method, Outcome, Reason};
use std::time::Duration;

/// How many combinations there are, how they were searched, and whether the frontier is exact.
pub fn combinations(outcome: &Outcome) -> String {
    let effort = &outcome.effort;
    let way = match (effort.method, effort.enumerated_because) {
        (Method::Bounds, _) => "by bounds",
        (_, Some(Reason::NoBounds)) => "enumerated, as the law has no valid bounds",
        _ => "enumerated",
    };
    let exactness = if effort.is_exact { "exact" } else { "not exact" };
    format!(
        "{} combinations {way}: {exactness}",
        output::thousands(outcome.n_combinations)
    )
}

/// How much was evaluated.
pub fn evaluated(outcome: &Outcome) -> String {
    let effort = &outcome.effort;
    let n = outcome.n_architectures.unwrap_or(effort.n_evaluations);
    let mut text = format!("{} architectures evaluated", output::thousands(n));
    if effort.method == Method::Bounds {
        text += &format!(", {} boxes bounded", output::thousands(effort.n_boxes));
    }
    text
}

/// How long it took.
pub fn time(outcome: &Outcome, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    let evaluations = outcome.effort.n_evaluations as f64;
    if outcome.effort.method == Method::Bounds {
        return format!("{seconds:.2} s");
    }
    format!("{seconds:.2} s ({:.1} M/s)", evaluations / seconds / 1e6)
}

/// How far from exact the frontiers of a search that was stopped can be.
pub fn gaps(design: &Design<'_>) -> Vec<String> {
    let outcome = &design.outcome;
    if outcome.effort.is_exact {
        return Vec::new();
    }
    if outcome.effort.method != Method::Bounds {
        return vec!["stopped: architectures that were not evaluated may be better by any amount".to_owned()];
    }
    let of_format = |found: &rooflaw::search::FormatOutcome| {
        let gap = found.gap.as_ref()?;
        Some(format!(
            "stopped, with {} weights: {}",
            found.formats.weights,
            sentence(gap, design)
        ))
    };
    outcome.by_format.iter().filter_map(of_format).collect()
}

fn sentence(gap: &Gap, design: &Design<'_>) -> String {
    let latency = design.objective.latency_name();
    let mut text = match gap.loss {
        Some(loss) => {
            format!("no architecture has a loss lower by more than {loss:.4} at the same {latency}")
        }
        None => "nothing was found".to_owned(),
    };
    text += &format!(", and none is faster than {}", output::seconds(gap.latency_s));
    if let Some(share) = gap.hypervolume {
        // Rounded down: it is proven.
        text += &format!(
            "; the frontier found dominates at least {:.2} % of what the exact one does",
            (1e4 * share).floor() / 1e2
        );
    }
    text
}
